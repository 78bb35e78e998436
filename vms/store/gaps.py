"""Gaps: time without footage, with its reason. Used through `vms.store.catalog`. Intervals are half-open."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.store.schema import GapRow
from vms.units import CameraId, Profile

GapReason = Literal[
    "unreachable", "unauthorized", "stalled", "overflow", "restart", "disk", "protocol_error", "no_decision"
]
"""Why nothing was recorded. no_decision: nothing might be."""
LossReason = Literal["volume_lost"]
"""It was recorded, and the disk it lay on is lost."""
_MAX_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """No footage in [start_at, end_at), and why. end_at None: it lasts still."""

    id: int
    camera_id: CameraId
    profile: Profile
    start_at: datetime
    end_at: datetime | None
    reason: str
    detail: str


def open_gap(tx: Session, camera_id: str, profile: str, start_at: datetime, reason: GapReason, detail: str = "") -> Gap:
    """From start_at on there is no footage. One gap is open per stream: another reason ends the one before."""
    now_open = _open_gap_row(tx, camera_id, profile)
    if now_open is not None:
        if now_open.reason == reason:
            return gap_from_row(now_open)
        now_open.end_at = max(start_at, now_open.start_at)
    return add_gap(tx, camera_id, profile, start_at, None, reason, detail)


def add_gap(
    tx: Session,
    camera_id: str,
    profile: str,
    start_at: datetime,
    end_at: datetime | None,
    reason: GapReason | LossReason,
    detail: str = "",
) -> Gap:
    """A gap that is over already (or, with end_at None, an open one)."""
    text = detail.replace("\0", "")[:_MAX_DETAIL]
    row = GapRow(camera_id=camera_id, profile=profile, start_at=start_at, end_at=end_at, reason=reason, detail=text)
    tx.add(row)
    tx.flush()
    return gap_from_row(row)


def lengthen_gap(
    tx: Session,
    camera_id: str,
    profile: str,
    start_at: datetime,
    end_at: datetime,
    reason: GapReason | LossReason,
    detail: str = "",
) -> Gap:
    """A gap that is over; one of the same reason that ends where it starts grows instead."""
    joining = select(GapRow).where(
        GapRow.camera_id == camera_id, GapRow.profile == profile, GapRow.end_at == start_at, GapRow.reason == reason
    )
    row = tx.scalars(joining.limit(1)).first()
    if row is None:
        return add_gap(tx, camera_id, profile, start_at, end_at, reason, detail)
    row.end_at = end_at
    tx.flush()
    return gap_from_row(row)


def close_gap(tx: Session, camera_id: str, profile: str, end_at: datetime) -> Gap | None:
    """Footage again from end_at on. None when no gap was open."""
    row = _open_gap_row(tx, camera_id, profile)
    if row is None:
        return None
    row.end_at = max(end_at, row.start_at)
    tx.flush()
    return gap_from_row(row)


def cut_out_of_gaps(tx: Session, camera_id: str, profile: str, start: datetime, end: datetime) -> int:
    """There is footage in [start, end) after all: gaps end before it, begin behind it, or go. How many changed."""
    rows = select(GapRow).where(GapRow.camera_id == camera_id, GapRow.profile == profile, GapRow.start_at < end)
    found = list(tx.scalars(rows.where(GapRow.end_at.is_(None) | (GapRow.end_at > start))))
    for row in found:
        gap_end = row.end_at
        if gap_end is None or gap_end > end:
            if row.start_at < start:
                add_gap(tx, camera_id, profile, row.start_at, start, cast(GapReason, row.reason), row.detail)
            row.start_at = end
        elif row.start_at < start:
            row.end_at = start
        else:
            tx.delete(row)
    tx.flush()
    return len(found)


def note_restart(tx: Session, camera_id: str, profile: str, last_end: datetime | None, detail: str) -> None:
    """The recorder starts: since its last footage there was none, unless another reason stands there already."""
    if last_end is not None and current_gap(tx, camera_id, profile) is None:
        open_gap(tx, camera_id, profile, last_end, "restart", detail)


def close_older_gaps(tx: Session, camera_id: str, profile: str) -> None:
    """One gap is open per stream: the older ones end where the next of them begins."""
    rows = select(GapRow).where(GapRow.camera_id == camera_id, GapRow.profile == profile, GapRow.end_at.is_(None))
    for older, newer in pairwise(list(tx.scalars(rows.order_by(GapRow.start_at, GapRow.id)))):
        older.end_at = newer.start_at
    tx.flush()


def current_gap(tx: Session, camera_id: str, profile: str) -> Gap | None:
    row = _open_gap_row(tx, camera_id, profile)
    return gap_from_row(row) if row else None


def _open_gap_row(tx: Session, camera_id: str, profile: str) -> GapRow | None:
    rows = select(GapRow).where(GapRow.camera_id == camera_id, GapRow.profile == profile, GapRow.end_at.is_(None))
    return tx.scalars(rows.order_by(GapRow.id.desc()).limit(1)).first()


def gaps(tx: Session, camera_id: str, profile: str, start: datetime, end: datetime) -> list[Gap]:
    """Those that overlap [start, end), by start; open ones last until told otherwise."""
    rows = select(GapRow).where(GapRow.camera_id == camera_id, GapRow.profile == profile, GapRow.start_at < end)
    found = [*tx.scalars(rows.where(GapRow.end_at > start)), *tx.scalars(rows.where(GapRow.end_at.is_(None)))]
    return [gap_from_row(row) for row in sorted(found, key=lambda row: (row.start_at, row.id))]


def gap_from_row(row: GapRow) -> Gap:
    profile = cast(Profile, row.profile)
    return Gap(row.id, CameraId(row.camera_id), profile, row.start_at, row.end_at, row.reason, row.detail)
