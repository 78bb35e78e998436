"""What a volume holds and gets per day, counted from the catalog, for the forecast of when it is full."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.rules.disk_forecast import SECONDS_PER_DAY, Written
from vms.store import catalog
from vms.store.holds import EvidenceHold
from vms.store.schema import SegmentRow

_DAY = timedelta(days=1)
_LEAST_S = 600.0
"""A volume that was written to for less says nothing about its rate."""
PastDays = dict[tuple[str, date], int]


def count_written(
    tx: Session,
    volume_uuid: str,
    holding: Sequence[EvidenceHold],
    now: datetime,
    retention_days: int,
    past: PastDays,
) -> Written | None:
    """None while too little was written to tell. past: remembers days that do not change any more, for the next call.

    Millions of rows are then read once, and two or three days of them each time.
    """
    oldest = catalog.oldest(tx, volume_uuid, None, 1)
    if not oldest:
        return None
    written_s = min(SECONDS_PER_DAY, (now - oldest[0].start_at).total_seconds())
    if written_s < _LEAST_S:
        return None
    expiring: dict[int, int] = {}
    for age in range(retention_days + 1):
        day = now.astimezone(UTC).date() - age * _DAY
        size = _bytes_of(tx, volume_uuid, day, past, is_settled=age > 1 and day > oldest[0].start_at.date())
        slot = min(age, retention_days - 1)
        expiring[slot] = expiring.get(slot, 0) + max(0, size - _held_bytes(tx, volume_uuid, holding, day))
    return Written(_bytes_between(tx, volume_uuid, now - _DAY, now) / written_s, expiring)


def _bytes_of(tx: Session, volume_uuid: str, day: date, past: PastDays, *, is_settled: bool) -> int:
    known = past.get((volume_uuid, day))
    if known is not None and is_settled:
        return known
    start = datetime.combine(day, time(), UTC)
    past[volume_uuid, day] = _bytes_between(tx, volume_uuid, start, start + _DAY)
    return past[volume_uuid, day]


def _held_bytes(tx: Session, volume_uuid: str, holding: Sequence[EvidenceHold], day: date) -> int:
    """Of footage that begins on that day. Holds that overlap count twice, which errs on the safe side."""
    start = datetime.combine(day, time(), UTC)
    return sum(
        _bytes_between(tx, volume_uuid, max(start, hold.start_at), min(start + _DAY, hold.end_at), hold.cameras)
        for hold in holding
        if hold.start_at < start + _DAY and start < hold.end_at
    )


def _bytes_between(
    tx: Session, volume_uuid: str, start: datetime, end: datetime, cameras: Sequence[str] | None = None
) -> int:
    """Of recorded footage that begins in [start, end), of some cameras or of all."""
    total = select(func.coalesce(func.sum(SegmentRow.bytes), 0)).where(
        SegmentRow.state == "recorded",
        SegmentRow.start_at >= start,
        SegmentRow.start_at < end,
        SegmentRow.volume_uuid == volume_uuid,
    )
    if cameras is not None:
        total = total.where(SegmentRow.camera_id.in_(cameras))
    return int(tx.scalars(total).one())
