"""The catalog: which footage exists, where it lies, and why there is none.

Functions take a Session of `Store.transaction()` or `Store.reading()`; the caller owns the transaction. What they
return is frozen and detached. Intervals are half-open: [start, end).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vms.errors import FootageMissing
from vms.rules.chain import GENESIS, entry_hash
from vms.store.gaps import (
    Gap,
    GapReason,
    add_gap,
    close_gap,
    close_older_gaps,
    current_gap,
    cut_out_of_gaps,
    gaps,
    note_restart,
    open_gap,
)
from vms.store.schema import SegmentRow, VolumeRow
from vms.units import EPOCH, PROFILES, CameraId, Profile, us_from_utc

__all__ = [
    "Gap",
    "GapReason",
    "add_gap",
    "close_gap",
    "close_older_gaps",
    "current_gap",
    "cut_out_of_gaps",
    "gaps",
    "note_restart",
    "open_gap",
]

SegmentState = Literal["recorded", "purging", "purged"]

_US = timedelta(microseconds=1)
_PAGE = 1000
MAX_SEGMENT = timedelta(hours=1)
"""No segment is longer (the recorder cuts before), so a query by time can bound the start and use its index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A file that is complete on disk and has no row yet. The columns of SegmentRow explain each field."""

    camera_id: CameraId
    profile: Profile
    volume_uuid: str
    path: str
    start_at: datetime
    end_at: datetime
    duration_90k: int
    bytes: int
    codec: str
    width: int
    height: int
    sha256: str
    key_id: str | None
    sidecar_sha256: str | None
    starts_run: bool
    lost_packets: int = 0
    skew_ms: int | None = None
    placement_id: int | None = None
    decision_id: int | None = None
    purpose: str = "public_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(NewSegment):
    """A row of the catalog. Times are aware UTC."""

    id: int
    prev_hash: str
    chain_hash: str
    state: SegmentState


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a stream has in an interval: recorded segments and gaps, each in time order."""

    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class CatalogVolume:
    uuid: str
    path: str
    """Last seen mount point."""
    given_up_at: datetime | None
    """When somebody said that it is lost for good."""


_SEGMENT_FIELDS = tuple(Segment.__dataclass_fields__)


_STATE = func.coalesce(SegmentRow.state, "")
"""The state, in a form that no planner looks up in segment_by_expiry: for queries that another index serves. (Without
statistics SQLite took that one for a camera's day, and read the day of every camera.)"""
_COLUMNS = tuple(getattr(SegmentRow, name) for name in _SEGMENT_FIELDS)


def from_row(row: SegmentRow) -> Segment:
    return Segment(**{name: getattr(row, name) for name in _SEGMENT_FIELDS})


def _of_stream(camera_id: str, profile: str) -> Select[Any]:
    return select(*_COLUMNS).where(SegmentRow.camera_id == camera_id, SegmentRow.profile == profile)


def _segments(tx: Session, rows: Select[Any]) -> list[Segment]:
    """Of a select of _COLUMNS: a camera-day has 1 440 rows, and mapped objects would cost three times as much."""
    return [Segment(**dict(zip(_SEGMENT_FIELDS, row, strict=True))) for row in tx.execute(rows)]


def footage_facts(segment: NewSegment) -> dict[str, str | int]:
    """What chain and ledger say of a segment; survives erasure of the footage."""
    return {
        "camera": segment.camera_id,
        "profile": segment.profile,
        "start_us": us_from_utc(segment.start_at),
        "end_us": us_from_utc(segment.end_at),
        "bytes": segment.bytes,
        "sha256": segment.sha256,
    }


def chain_content(segment: NewSegment) -> dict[str, object]:
    """What a segment's chain hash vouches for."""
    return {**footage_facts(segment), "key_id": segment.key_id, "sidecar_sha256": segment.sidecar_sha256}


def last_chain_hash(tx: Session, camera_id: str, profile: str) -> str:
    """Head of the stream's chain: of the row added last, whatever its time; GENESIS when there is none."""
    newest = (
        select(SegmentRow.chain_hash)
        .where(SegmentRow.camera_id == camera_id, SegmentRow.profile == profile)
        .order_by(SegmentRow.id.desc())
        .limit(1)
    )
    return tx.scalars(newest).first() or GENESIS


def add(tx: Session, new: NewSegment) -> Segment:
    """Catalog a file that is closed, renamed and synced (invariant I1). Adding the same file twice is one row.

    Raises ValueError when the path is taken by a file with another hash, or the row breaks a constraint (unknown
    volume, no length): the transaction is then lost.
    """
    present = by_path(tx, new.volume_uuid, new.path)
    if present is not None:
        if present.sha256 != new.sha256:
            raise ValueError(f"{new.path} is catalogued with another hash")
        return present
    if new.end_at - new.start_at > MAX_SEGMENT:
        raise ValueError(f"{new.path} is longer than {MAX_SEGMENT}")
    prev_hash = last_chain_hash(tx, new.camera_id, new.profile)
    row = SegmentRow(
        **asdict(new), prev_hash=prev_hash, chain_hash=entry_hash(prev_hash, chain_content(new)), state="recorded"
    )
    tx.add(row)
    try:
        tx.flush()
    except IntegrityError as error:
        raise ValueError(f"{new.path}: the database refuses the row: {error.orig}") from error
    return from_row(row)


def segment(tx: Session, segment_id: int) -> Segment:
    """In any state. Raises FootageMissing."""
    row = tx.get(SegmentRow, segment_id)
    if row is None:
        raise FootageMissing(f"no segment {segment_id}")
    return from_row(row)


def by_path(tx: Session, volume_uuid: str, path: str) -> Segment | None:
    row = tx.scalars(select(SegmentRow).where(SegmentRow.volume_uuid == volume_uuid, SegmentRow.path == path)).first()
    return from_row(row) if row else None


def segments(
    tx: Session,
    camera_id: str,
    profile: str,
    start: datetime,
    end: datetime,
    states: Sequence[SegmentState] = ("recorded",),
) -> list[Segment]:
    """Those that overlap [start, end), by start."""
    rows = _of_stream(camera_id, profile).where(
        SegmentRow.start_at > start - MAX_SEGMENT,
        SegmentRow.start_at < end,
        SegmentRow.end_at > start,
        _STATE.in_(states),
    )
    return _segments(tx, rows.order_by(SegmentRow.start_at, SegmentRow.end_at))


def whole_stream(tx: Session, camera_id: str, profile: str) -> Iterator[Segment]:
    """Every recorded segment of a stream by time, page by page."""
    after = EPOCH
    while True:
        rows = _of_stream(camera_id, profile).where(SegmentRow.start_at > after, _STATE == "recorded")
        found = _segments(tx, rows.order_by(SegmentRow.start_at).limit(_PAGE))
        yield from found
        if not found:
            return
        after = found[-1].start_at


def next_segment(tx: Session, camera_id: str, profile: str, at: datetime) -> Segment | None:
    """The recorded segment that covers `at`, or else the first one after it."""
    covering = segments(tx, camera_id, profile, at, at + _US)
    if covering:
        return covering[0]
    rows = _of_stream(camera_id, profile).where(SegmentRow.start_at > at, _STATE == "recorded")
    return next(iter(_segments(tx, rows.order_by(SegmentRow.start_at, SegmentRow.end_at).limit(1))), None)


def expired(tx: Session, before: datetime, limit: int, camera_id: str | None = None) -> list[Segment]:
    """Oldest first: not yet erased (recorded, or left in purging by a stopped run) and start_at ≤ before.

    One query per state: each then reads its index in order and stops at the limit, however much has expired.
    """
    found: list[Segment] = []
    for state in ("purging", "recorded"):
        rows = select(*_COLUMNS).where(SegmentRow.state == state, SegmentRow.start_at <= before)
        if camera_id is not None:
            rows = rows.where(SegmentRow.camera_id == camera_id)
        found += _segments(tx, rows.order_by(SegmentRow.start_at, SegmentRow.id).limit(limit))
    return sorted(found, key=lambda segment: (segment.start_at, segment.id))[:limit]


def expired_of(tx: Session, camera_id: str, after: datetime, before: datetime, limit: int) -> list[Segment]:
    """The same of one camera, with after < start_at ≤ before. Its tombstones there are passed over in the index."""
    rows = select(*_COLUMNS).where(
        SegmentRow.camera_id == camera_id,
        SegmentRow.profile.in_(PROFILES),
        SegmentRow.start_at > after,
        SegmentRow.start_at <= before,
        _STATE != "purged",
    )
    return _segments(tx, rows.order_by(SegmentRow.start_at, SegmentRow.id).limit(limit))


def page(
    tx: Session,
    after_id: int = 0,
    limit: int = 1000,
    *,
    states: Sequence[SegmentState] = ("recorded", "purging", "purged"),
    volume_uuid: str | None = None,
    camera_id: str | None = None,
) -> list[Segment]:
    """By id, which is also the order of the chains. Ask again with the last id until it is empty."""
    rows = select(*_COLUMNS).where(SegmentRow.id > after_id, _STATE.in_(states))
    if volume_uuid is not None:
        rows = rows.where(SegmentRow.volume_uuid == volume_uuid)
    if camera_id is not None:
        rows = rows.where(SegmentRow.camera_id == camera_id)
    return _segments(tx, rows.order_by(SegmentRow.id).limit(limit))


def set_state(tx: Session, segment_id: int, state: SegmentState) -> None:
    """Raises FootageMissing."""
    row = tx.get(SegmentRow, segment_id)
    if row is None:
        raise FootageMissing(f"no segment {segment_id}")
    row.state = state
    tx.flush()


def set_states(tx: Session, segment_ids: Sequence[int], state: SegmentState) -> None:
    """In one statement, however many. Raises FootageMissing; the transaction is then lost."""
    changed = tx.execute(update(SegmentRow).where(SegmentRow.id.in_(segment_ids)).values(state=state))
    if cast("CursorResult[Any]", changed).rowcount != len(set(segment_ids)):
        raise FootageMissing(f"not all of {len(segment_ids)} segments are in the catalog")


def last_end(tx: Session, camera_id: str, profile: str) -> datetime | None:
    """Where the stream's footage ends, erased footage included; None when it never recorded."""
    newest = (
        select(SegmentRow.end_at)
        .where(SegmentRow.camera_id == camera_id, SegmentRow.profile == profile)
        .order_by(SegmentRow.start_at.desc())
        .limit(1)
    )
    return tx.scalars(newest).first()


def count(tx: Session, state: SegmentState = "recorded", camera_id: str | None = None) -> tuple[int, int]:
    """(segments, bytes) in that state."""
    total = select(func.count(SegmentRow.id), func.coalesce(func.sum(SegmentRow.bytes), 0)).where(
        SegmentRow.state == state
    )
    if camera_id is not None:
        total = total.where(SegmentRow.camera_id == camera_id)
    number, size = tx.execute(total).one()
    return int(number), int(size)


def coverage(tx: Session, camera_id: str, profile: str, start: datetime, end: datetime) -> Coverage:
    return Coverage(
        tuple(segments(tx, camera_id, profile, start, end)), tuple(gaps(tx, camera_id, profile, start, end))
    )


def register_volume(tx: Session, uuid: str, path: str, created_at: datetime) -> None:
    """Make the volume known, or note where it is mounted now."""
    if tx.get(VolumeRow, uuid) is None:
        tx.add(VolumeRow(uuid=uuid, path=path, created_at=created_at))
    else:
        tx.execute(update(VolumeRow).where(VolumeRow.uuid == uuid, VolumeRow.path != path).values(path=path))
    tx.flush()


def volumes(tx: Session) -> list[CatalogVolume]:
    rows = tx.scalars(select(VolumeRow).order_by(VolumeRow.created_at))
    return [CatalogVolume(row.uuid, row.path, row.given_up_at) for row in rows]


def under_key(name: str) -> str:
    """Pattern (escape "!") of the ids of a key of this name: it, a slash and eight digits."""
    return f"{name.replace('_', '!_')}/{'_' * 8}"


def needs_day_key(tx: Session, camera_id: str, day: date, name: str) -> bool:
    """Is there footage that only this camera's key of that day opens? A key serves segments that start on its day.

    name: what the key's id begins with.
    """
    midnight = datetime.combine(day, time(), UTC)
    rows = select(SegmentRow.id).where(
        SegmentRow.camera_id == camera_id,
        SegmentRow.profile.in_(PROFILES),
        SegmentRow.start_at >= midnight - MAX_SEGMENT,
        SegmentRow.start_at < midnight + timedelta(days=1) + MAX_SEGMENT,
        SegmentRow.key_id.like(under_key(name), escape="!"),
        SegmentRow.state != "purged",
    )
    return tx.scalars(rows.limit(1)).first() is not None


def oldest(tx: Session, volume_uuid: str, after: tuple[datetime, int] | None, limit: int) -> list[Segment]:
    """Segments of a volume that are still there, oldest first; also those whose erasure failed or was cut short.

    after: (start_at, id) of the last one seen.
    """
    states = ("recorded", "purging")
    rows = select(*_COLUMNS).where(SegmentRow.state.in_(states), SegmentRow.volume_uuid == volume_uuid)
    if after is not None:
        start_at, segment_id = after
        later = (SegmentRow.start_at == start_at) & (SegmentRow.id > segment_id)
        rows = rows.where((SegmentRow.start_at > start_at) | later)
    return _segments(tx, rows.order_by(SegmentRow.start_at, SegmentRow.id).limit(limit))
