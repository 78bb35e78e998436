"""Shifts of observers. A row is written at the sign-in and closed once; neither changes afterwards."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.shifts import LONGEST_US, Shift
from vms.store.schema_shifts import ShiftRow
from vms.units import us_from_utc, utc_from_us

_LONGEST = timedelta(microseconds=LONGEST_US)


def begin(tx: Session, shift: Shift) -> Shift:
    """shift.id is left out of account."""
    row = ShiftRow(
        username=shift.username,
        colleagues=list(shift.colleagues),
        coordinator=shift.coordinator,
        workstation=shift.workstation,
        started_at=utc_from_us(shift.started_us),
        ended_at=None,
        note="",
    )
    tx.add(row)
    tx.flush()
    return _shift(row)


def end(tx: Session, shift_id: int, ended_us: int, note: str) -> Shift:
    row = tx.get_one(ShiftRow, shift_id)
    if row.ended_at is None:
        row.ended_at, row.note = utc_from_us(ended_us), note
    return _shift(row)


def on(tx: Session, at_us: int) -> list[Shift]:
    """Those that are on now, oldest first."""
    at = utc_from_us(at_us)
    rows = select(ShiftRow).where(ShiftRow.ended_at.is_(None), ShiftRow.started_at > at - _LONGEST)
    found = [_shift(row) for row in tx.scalars(rows.order_by(ShiftRow.id))]
    return [shift for shift in found if shift.is_on(at_us)]


def newest(tx: Session, limit: int, before_id: int | None = None) -> list[Shift]:
    rows = select(ShiftRow).order_by(ShiftRow.id.desc()).limit(limit)
    if before_id is not None:
        rows = rows.where(ShiftRow.id < before_id)
    return [_shift(row) for row in tx.scalars(rows)]


def last_of(tx: Session, username: str) -> Shift | None:
    """The last one to which this person signed in."""
    rows = select(ShiftRow).where(ShiftRow.username == username).order_by(ShiftRow.id.desc()).limit(1)
    row = tx.scalars(rows).first()
    return _shift(row) if row else None


def last_closed(tx: Session) -> Shift | None:
    """The last one that somebody closed: its note is for who comes now."""
    rows = select(ShiftRow).where(ShiftRow.ended_at.is_not(None)).order_by(ShiftRow.ended_at.desc()).limit(1)
    row = tx.scalars(rows).first()
    return _shift(row) if row else None


def between(tx: Session, from_us: int, to_us: int) -> list[Shift]:
    """Those that overlap it, oldest first."""
    earliest = utc_from_us(from_us) - _LONGEST
    rows = select(ShiftRow).where(ShiftRow.started_at < utc_from_us(to_us), ShiftRow.started_at > earliest)
    found = [_shift(row) for row in tx.scalars(rows.order_by(ShiftRow.id))]
    return [shift for shift in found if shift.over_us > from_us]


def _shift(row: ShiftRow) -> Shift:
    return Shift(
        id=row.id,
        username=row.username,
        colleagues=tuple(row.colleagues),
        coordinator=row.coordinator,
        workstation=row.workstation,
        started_us=us_from_utc(row.started_at),
        ended_us=None if row.ended_at is None else us_from_utc(row.ended_at),
        note=row.note,
    )
