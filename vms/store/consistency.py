"""Queries that look for contradictions within the database itself, for `vms check`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import BigInteger, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from vms.store import ledger
from vms.store.catalog import MAX_SEGMENT, Segment, from_row, segment, under_key
from vms.store.gaps import Gap, gap_from_row
from vms.store.schema import GapRow, LedgerRow, SegmentRow, UtcDateTime
from vms.units import PROFILES

_MAX_SEGMENT_US = int(MAX_SEGMENT.total_seconds()) * 1_000_000


def paths(tx: Session, volume_uuid: str, directory: str) -> set[str]:
    """Of all rows, in any state, whose file lies below this directory of the volume."""
    rows = select(SegmentRow.path).where(SegmentRow.volume_uuid == volume_uuid)
    if tx.get_bind().dialect.name == "sqlite":
        rows = rows.where(SegmentRow.path >= f"{directory}/", SegmentRow.path < f"{directory}0")
    else:
        rows = rows.where(SegmentRow.path.startswith(f"{directory}/", autoescape=True))
    return set(tx.scalars(rows))


def has_rows_of_day_key(tx: Session, camera_id: str, day: date, name: str) -> bool:
    """Did footage under this key ever stand in the catalog? Also when it is erased by now.

    name: what the key's id begins with.
    """
    midnight = datetime.combine(day, time(), UTC)
    rows = select(SegmentRow.id).where(
        SegmentRow.camera_id == camera_id,
        SegmentRow.profile.in_(PROFILES),
        SegmentRow.start_at >= midnight - MAX_SEGMENT,
        SegmentRow.start_at < midnight + timedelta(days=1) + MAX_SEGMENT,
        SegmentRow.key_id.like(under_key(name), escape="!"),
    )
    return tx.scalars(rows.limit(1)).first() is not None


def overlapping_segments(tx: Session, limit: int) -> list[tuple[Segment, datetime]]:
    """(segment, end of the one before it in time, which is later than its start)."""
    before = func.lag(SegmentRow.end_at).over(
        partition_by=(SegmentRow.camera_id, SegmentRow.profile), order_by=(SegmentRow.start_at, SegmentRow.id)
    )
    ordered = (
        select(SegmentRow.id, SegmentRow.start_at, type_coerce(before, UtcDateTime()).label("end_before"))
        .where(SegmentRow.state == "recorded")
        .subquery()
    )
    found = select(ordered.c.id, ordered.c.end_before).where(ordered.c.end_before > ordered.c.start_at)
    return [(segment(tx, row.id), row.end_before) for row in tx.execute(found.order_by(ordered.c.id).limit(limit))]


def gaps_over_footage(tx: Session, limit: int) -> list[tuple[Gap, Segment]]:
    """Gaps in which there is footage after all, with one of those segments each time."""
    overlap = (
        (SegmentRow.camera_id == GapRow.camera_id)
        & (SegmentRow.profile == GapRow.profile)
        & (SegmentRow.state == "recorded")
        & (type_coerce(SegmentRow.start_at, BigInteger) > type_coerce(GapRow.start_at, BigInteger) - _MAX_SEGMENT_US)
        & (SegmentRow.end_at > GapRow.start_at)
        & or_(GapRow.end_at.is_(None), SegmentRow.start_at < GapRow.end_at)
    )
    pairs = select(GapRow, SegmentRow).join(SegmentRow, overlap).order_by(GapRow.id, SegmentRow.start_at).limit(limit)
    return [(gap_from_row(gap), from_row(row)) for gap, row in tx.execute(pairs)]


def streams_with_several_open_gaps(tx: Session) -> list[tuple[str, str, int]]:
    """(camera, profile, how many)."""
    number = func.count(GapRow.id)
    rows = select(GapRow.camera_id, GapRow.profile, number).where(GapRow.end_at.is_(None))
    groups = tx.execute(rows.group_by(GapRow.camera_id, GapRow.profile).having(number > 1))
    return [(camera_id, profile, int(count)) for camera_id, profile, count in groups]


def unfinished_intents(tx: Session, before: datetime) -> Iterator[tuple[int, datetime]]:
    """(segment, time) of erasures that the ledger announced before then and never reported as done or failed."""
    announced: dict[int, datetime] = {}
    rows = select(LedgerRow.kind, LedgerRow.at, LedgerRow.segment_id, LedgerRow.payload)
    rows = rows.where(LedgerRow.kind.in_(("intent", "done", "failed"))).order_by(LedgerRow.seq)
    for kind, at, segment_id, payload in tx.execute(rows.execution_options(yield_per=1000)):
        for one in ledger.segments_of(segment_id, payload):
            if kind == "intent":
                announced[one] = at
            else:
                announced.pop(one, None)
    yield from ((segment_id, at) for segment_id, at in announced.items() if at < before)
