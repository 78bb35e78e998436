"""Patrols that were started and not stopped: they go on after a restart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.store.schema import PatrolRow


@dataclass(frozen=True, slots=True)
class StartedPatrol:
    camera_id: str
    name: str
    started_by: str
    started_at: datetime


def started(tx: Session) -> list[StartedPatrol]:
    rows = tx.scalars(select(PatrolRow).order_by(PatrolRow.camera_id))
    return [StartedPatrol(row.camera_id, row.name, row.started_by, row.started_at) for row in rows]


def start(tx: Session, patrol: StartedPatrol) -> None:
    """In place of another one of the same camera."""
    row = tx.get(PatrolRow, patrol.camera_id) or PatrolRow(camera_id=patrol.camera_id)
    row.name, row.started_by, row.started_at = patrol.name, patrol.started_by, patrol.started_at
    tx.add(row)


def stop(tx: Session, camera_id: str) -> None:
    """Stopped already is fine."""
    row = tx.get(PatrolRow, camera_id)
    if row is not None:
        tx.delete(row)
