"""Trails of who was followed along the cameras, each its follower's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.rules.follow_trail import TrailStep
from vms.store.schema import TrailRow, TrailStepRow
from vms.units import us_from_utc, utc_from_us


@dataclass(frozen=True, slots=True)
class Trail:
    """ended_at None: it still goes on. steps: oldest first."""

    id: int
    owner: str
    name: str
    started_at: datetime
    ended_at: datetime | None
    steps: tuple[TrailStep, ...]


def open_of(tx: Session, owner: str) -> Trail | None:
    """The one that this person has not ended."""
    query = select(TrailRow).where(TrailRow.owner == owner, TrailRow.ended_at.is_(None)).order_by(TrailRow.id.desc())
    row = tx.scalars(query).first()
    return _trail(tx, row) if row else None


def of(tx: Session, trail_id: int) -> Trail | None:
    row = tx.get(TrailRow, trail_id)
    return _trail(tx, row) if row else None


def begin(tx: Session, owner: str, started_at: datetime, keep_from: datetime) -> Trail:
    """Also forgets those of before keep_from: their footage is gone."""
    old = select(TrailRow.id).where(TrailRow.started_at < keep_from)
    tx.execute(delete(TrailStepRow).where(TrailStepRow.trail_id.in_(old)))
    tx.execute(delete(TrailRow).where(TrailRow.started_at < keep_from))
    row = TrailRow(owner=owner, name="", started_at=started_at, ended_at=None)
    tx.add(row)
    tx.flush()
    return _trail(tx, row)


def add_steps(tx: Session, trail_id: int, steps: Sequence[TrailStep]) -> Trail:
    for step in steps:
        tx.add(TrailStepRow(trail_id=trail_id, camera_id=step.camera_id, at=utc_from_us(step.at_us)))
        tx.flush()  # in order: a step's id is its place
    return _trail(tx, tx.get_one(TrailRow, trail_id))


def rename(tx: Session, trail_id: int, name: str) -> Trail:
    row = tx.get_one(TrailRow, trail_id)
    row.name = name
    return _trail(tx, row)


def end(tx: Session, trail_id: int, ended_at: datetime) -> Trail:
    row = tx.get_one(TrailRow, trail_id)
    row.ended_at = ended_at
    return _trail(tx, row)


def since(tx: Session, start: datetime, most: int) -> list[Trail]:
    """Everybody's that began from then on, newest first."""
    query = select(TrailRow).where(TrailRow.started_at >= start).order_by(TrailRow.started_at.desc()).limit(most)
    return [_trail(tx, row) for row in tx.scalars(query)]


def _trail(tx: Session, row: TrailRow) -> Trail:
    found = tx.scalars(select(TrailStepRow).where(TrailStepRow.trail_id == row.id).order_by(TrailStepRow.id))
    steps = tuple(TrailStep(step.camera_id, us_from_utc(step.at)) for step in found)
    return Trail(row.id, row.owner, row.name, row.started_at, row.ended_at, steps)
