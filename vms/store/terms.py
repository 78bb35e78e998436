"""Which retention term acted on a camera's footage, and until when: written by the purge, read by all who show footage.

The configuration says what is meant now. What it said before is kept here, so that a longer term never brings back
what had gone, and footage of a camera that left the configuration still goes when it was promised to.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.terms import LONGEST_DAYS, EarlierTerm, Terms
from vms.store.schema_terms import RetentionTermRow


@dataclass(frozen=True, slots=True)
class NotedTerm:
    """until None: it acts."""

    camera_id: str
    purpose: str
    days: int
    since: datetime
    until: datetime | None


def acting(tx: Session, configured: Terms, now: datetime, camera_id: str | None = None) -> Terms:
    """With what acted before, for one camera or for all. What ended longer ago than any term lasts has no say."""
    row = RetentionTermRow
    known = select(row.camera_id, row.purpose, row.days, row.until).where(
        row.until.is_(None) | (row.until > now - timedelta(days=LONGEST_DAYS))
    )
    if camera_id is not None:
        known = known.where(row.camera_id == camera_id)
    earlier: dict[str, list[EarlierTerm]] = {}
    for camera, purpose, days, until in tx.execute(known.order_by(row.id)):
        earlier.setdefault(camera, []).append(EarlierTerm(purpose, days, until))
    return replace(configured, earlier={camera: tuple(found) for camera, found in earlier.items()})


def note(tx: Session, configured: Terms, now: datetime) -> list[tuple[NotedTerm, NotedTerm]]:
    """What is configured acts from now on; (before, now) of each camera for which that is a change.

    A camera that left the configuration makes nothing more; what it made goes by the term that it had.
    """
    row = RetentionTermRow
    standing = {one.camera_id: one for one in tx.scalars(select(row).where(row.until.is_(None)))}
    changed = []
    for camera_id, term in configured.cameras.items():
        before = standing.get(camera_id)
        if before is not None and (before.purpose, before.days) == (term.purpose, term.days):
            continue
        after = row(camera_id=camera_id, purpose=term.purpose, days=term.days, since=now, until=None)
        tx.add(after)
        if before is not None:
            before.until = now
            changed.append((_noted(before), _noted(after)))
    for camera_id, before in standing.items():
        if camera_id not in configured.cameras:
            before.until = now
    tx.flush()
    return changed


def history(tx: Session) -> list[NotedTerm]:
    """By camera, the oldest first."""
    rows = select(RetentionTermRow).order_by(RetentionTermRow.camera_id, RetentionTermRow.id)
    return [_noted(row) for row in tx.scalars(rows)]


def _noted(row: RetentionTermRow) -> NotedTerm:
    return NotedTerm(row.camera_id, row.purpose, row.days, row.since, row.until)
