"""What the catalog knows of a stretch of time, as bare numbers: quick enough for every camera's day at once.

Functions take a Session of `Store.reading()`. Times are microseconds UTC, intervals half-open.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from vms.rules.coverage import KnownGap
from vms.store.catalog import MAX_SEGMENT
from vms.store.schema import GapRow, SegmentRow
from vms.units import US_PER_SECOND, utc_from_us

SegmentSpan = tuple[int, int, str]
"""start_us, end_us, state."""

_MAX_SEGMENT_US = int(MAX_SEGMENT.total_seconds()) * US_PER_SECOND


def segment_spans(tx: Session, camera_id: str, profile: str, start_us: int, end_us: int) -> Sequence[SegmentSpan]:
    """In every state, those that overlap [start_us, end_us), by start. Answered from segment_by_span alone."""
    row = SegmentRow.__table__.c  # the table, not the class: half the cost per row
    rows = (
        select(_us(row.start_at), _us(row.end_at), row.state)
        .where(
            row.camera_id == camera_id,
            row.profile == profile,
            row.start_at > utc_from_us(max(0, start_us - _MAX_SEGMENT_US)),
            row.start_at < utc_from_us(end_us),
            row.end_at > utc_from_us(start_us),
        )
        .order_by(row.start_at, row.end_at)
    )
    return [(start, end, state) for start, end, state in tx.connection().execute(rows)]


@dataclass(frozen=True, slots=True)
class Shot:
    """Which camera a segment is of, and when; also when it is erased."""

    camera_id: str
    start_us: int
    end_us: int


def shots(tx: Session, segment_ids: Collection[int]) -> dict[int, Shot]:
    """By id; what is no segment is absent."""
    rows = select(SegmentRow.id, SegmentRow.camera_id, _us(SegmentRow.start_at), _us(SegmentRow.end_at))
    found = tx.execute(rows.where(SegmentRow.id.in_(segment_ids)))
    return {segment_id: Shot(camera_id, start_us, end_us) for segment_id, camera_id, start_us, end_us in found}


def gap_spans(tx: Session, camera_id: str, profile: str, start_us: int, end_us: int) -> list[KnownGap]:
    """Those that overlap [start_us, end_us), by start."""
    rows = (
        select(_us(GapRow.start_at), _us(GapRow.end_at), GapRow.reason, GapRow.detail)
        .where(
            GapRow.camera_id == camera_id,
            GapRow.profile == profile,
            GapRow.start_at < utc_from_us(end_us),
            GapRow.end_at.is_(None) | (GapRow.end_at > utc_from_us(start_us)),
        )
        .order_by(GapRow.start_at, GapRow.id)
    )
    return [KnownGap(*row) for row in tx.execute(rows)]


def first_known_us(tx: Session, camera_id: str, profile: str) -> int | None:
    """When the stream was first heard of: its first footage (erased or not) or its first gap."""
    of_segment = SegmentRow.camera_id == camera_id, SegmentRow.profile == profile
    of_gap = GapRow.camera_id == camera_id, GapRow.profile == profile
    footage_us = tx.scalar(select(func.min(_us(SegmentRow.start_at))).where(*of_segment))
    gap_us = tx.scalar(select(func.min(_us(GapRow.start_at))).where(*of_gap))
    return min((first_us for first_us in (footage_us, gap_us) if first_us is not None), default=None)


def _us(column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> ColumnElement[int]:
    """The stored number itself: no datetime is made of it."""
    return type_coerce(column, BigInteger())
