"""The evidence store's register: which segments were copied for which hold, and the copies in place of the originals.

A row here promises a copy that is whole on disk, until its hold is released. Functions take the caller's transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, func, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from vms.rules import merkle
from vms.rules.chain import canonical_json
from vms.store import catalog
from vms.store.catalog import MAX_SEGMENT, Segment
from vms.store.holds import EvidenceHold
from vms.store.schema import EvidenceItemRow, HoldRow, SegmentRow
from vms.units import PROFILES, CameraId, Profile, us_from_utc, utc_from_us


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """The columns of EvidenceItemRow explain each field."""

    hold_id: int
    segment_id: int
    camera_id: CameraId
    profile: Profile
    start_at: datetime
    end_at: datetime
    codec: str
    source_sha256: str
    source_chain_hash: str
    is_intact: bool
    volume_uuid: str
    path: str
    bytes: int
    sha256: str
    sidecar_sha256: str | None
    key_id: str
    copied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem(NewItem):
    id: int
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Secured:
    """What the evidence store has for a hold. damaged: copies of originals that no longer fitted their hash."""

    files: int = 0
    bytes: int = 0
    damaged: int = 0


_FIELDS = tuple(EvidenceItem.__dataclass_fields__)


def add(tx: Session, new: NewItem) -> None:
    tx.add(EvidenceItemRow(**asdict(new)))
    tx.flush()


def items(tx: Session, hold_id: int, after_id: int = 0, limit: int | None = None) -> list[EvidenceItem]:
    """Of a hold, by id, erased ones too."""
    rows = select(EvidenceItemRow).where(EvidenceItemRow.hold_id == hold_id, EvidenceItemRow.id > after_id)
    return [_item(row) for row in tx.scalars(rows.order_by(EvidenceItemRow.id).limit(limit))]


def unerased(tx: Session, hold_id: int, limit: int) -> list[EvidenceItem]:
    rows = select(EvidenceItemRow).where(EvidenceItemRow.hold_id == hold_id, EvidenceItemRow.erased_at.is_(None))
    return [_item(row) for row in tx.scalars(rows.order_by(EvidenceItemRow.id).limit(limit))]


def set_erased(tx: Session, item_ids: Collection[int], at: datetime) -> None:
    tx.execute(update(EvidenceItemRow).where(EvidenceItemRow.id.in_(item_ids)).values(erased_at=at))


def volumes(tx: Session) -> list[str]:
    """Uuids of every evidence store that holds something."""
    rows = select(EvidenceItemRow.volume_uuid).where(EvidenceItemRow.erased_at.is_(None)).distinct()
    return list(tx.scalars(rows))


def secured(tx: Session) -> dict[int, Secured]:
    """By hold, what is there now."""
    rows = select(
        EvidenceItemRow.hold_id,
        func.count(EvidenceItemRow.id),
        func.sum(EvidenceItemRow.bytes),
        func.count(EvidenceItemRow.id).filter(EvidenceItemRow.is_intact.is_(False)),
    ).where(EvidenceItemRow.erased_at.is_(None))
    found = tx.execute(rows.group_by(EvidenceItemRow.hold_id))
    return {hold_id: Secured(int(files), int(size), int(damaged)) for hold_id, files, size, damaged in found}


def uncopied(tx: Session, hold: EvidenceHold, limit: int) -> list[Segment]:
    """Footage that the hold keeps and of which it has no copy yet, the oldest first."""
    found: list[Segment] = []
    copied = select(EvidenceItemRow.segment_id).where(EvidenceItemRow.hold_id == hold.id)
    for camera_id in hold.cameras:
        for profile in PROFILES:
            rows = _overlapping(camera_id, profile, hold.start_at, hold.end_at).where(
                SegmentRow.start_at > hold.expired_before,
                SegmentRow.state == "recorded",
                SegmentRow.id.not_in(copied),
            )
            found += [catalog.from_row(row) for row in tx.scalars(rows.limit(limit))]
    return sorted(found, key=lambda segment: (segment.start_at, segment.id))[:limit]


def root(tx: Session, hold_id: int) -> str:
    """Merkle root (hex) over what was copied for a hold, in order of time: one hash for the whole."""
    known = sorted(items(tx, hold_id), key=lambda item: (item.camera_id, item.profile, item.start_at))
    return merkle.root([canonical_json(facts(item)) for item in known]).hex()


def facts(item: NewItem) -> dict[str, Any]:
    """What the hold's hash and the ledger say of a copy."""
    return {
        "camera": item.camera_id,
        "profile": item.profile,
        "start_us": us_from_utc(item.start_at),
        "end_us": us_from_utc(item.end_at),
        "bytes": item.bytes,
        "sha256": item.sha256,
        "source_sha256": item.source_sha256,
        "source_chain_hash": item.source_chain_hash,
        "sidecar_sha256": item.sidecar_sha256,
    }


def stand_in(tx: Session, segment: Segment) -> Segment | None:
    """The copy of a segment whose original may not be shown any more: the same footage, where it lies now."""
    rows = _copies().where(EvidenceItemRow.segment_id == segment.id)
    rows = rows.where(EvidenceItemRow.source_chain_hash == segment.chain_hash)
    row = tx.scalars(rows.limit(1)).first()
    return None if row is None else _relocated(segment, row)


def stand_ins(tx: Session, camera_id: str, profile: str, start: datetime, end: datetime) -> dict[int, Segment]:
    """By segment id, every copy of what overlaps [start, end)."""
    rows = _copies().where(
        EvidenceItemRow.camera_id == camera_id,
        EvidenceItemRow.profile == profile,
        EvidenceItemRow.start_at > start - MAX_SEGMENT,
        EvidenceItemRow.start_at < end,
        EvidenceItemRow.end_at > start,
    )
    copies = {row.segment_id: row for row in tx.scalars(rows)}
    if not copies:
        return {}
    overlapping = tx.scalars(_overlapping(camera_id, profile, start, end))
    originals = {row.id: catalog.from_row(row) for row in overlapping}
    return {
        segment_id: _relocated(originals[segment_id], row)
        for segment_id, row in copies.items()
        if segment_id in originals and originals[segment_id].chain_hash == row.source_chain_hash
    }


def readable(tx: Session, camera_id: str, profile: str, start: datetime, end: datetime) -> list[Segment]:
    """What overlaps [start, end) and can be opened: originals, and copies of those that are gone. By start."""
    originals = catalog.segments(tx, camera_id, profile, start, end)
    there = {segment.id for segment in originals}
    copies = [copy for copy in stand_ins(tx, camera_id, profile, start, end).values() if copy.id not in there]
    return sorted([*originals, *copies], key=lambda segment: (segment.start_at, segment.end_at))


def copied_spans(tx: Session, camera_id: str, profile: str, start_us: int, end_us: int) -> set[tuple[int, int]]:
    """(start_us, end_us) of the segments that have a copy and overlap [start_us, end_us)."""
    start, end = utc_from_us(start_us), utc_from_us(end_us)
    rows = (
        select(
            type_coerce(EvidenceItemRow.start_at, BigInteger()),
            type_coerce(EvidenceItemRow.end_at, BigInteger()),
        )
        .join(HoldRow, HoldRow.id == EvidenceItemRow.hold_id)
        .where(
            HoldRow.released_at.is_(None),
            EvidenceItemRow.camera_id == camera_id,
            EvidenceItemRow.profile == profile,
            EvidenceItemRow.start_at < end,
            EvidenceItemRow.end_at > start,
        )
    )
    return {(int(first_us), int(last_us)) for first_us, last_us in tx.execute(rows)}


def paths(tx: Session) -> dict[str, EvidenceItem]:
    """Every copy that must be there, by its path in the evidence store; also those of a hold just released.

    A copy that was erased while its hold is in force is one of them: it must be there.
    """
    rows = select(EvidenceItemRow).join(HoldRow, HoldRow.id == EvidenceItemRow.hold_id)
    rows = rows.where(or_(EvidenceItemRow.erased_at.is_(None), HoldRow.released_at.is_(None)))
    return {row.path: _item(row) for row in tx.scalars(rows)}


def _copies() -> Select[EvidenceItemRow]:
    """Of unreleased holds; where several have one, of the first."""
    rows = select(EvidenceItemRow).join(HoldRow, HoldRow.id == EvidenceItemRow.hold_id)
    return rows.where(HoldRow.released_at.is_(None)).order_by(EvidenceItemRow.id)


def _overlapping(camera_id: str, profile: str, start: datetime, end: datetime) -> Select[SegmentRow]:
    rows = select(SegmentRow).where(
        SegmentRow.camera_id == camera_id,
        SegmentRow.profile == profile,
        SegmentRow.start_at > start - MAX_SEGMENT,
        SegmentRow.start_at < end,
        SegmentRow.end_at > start,
    )
    return rows.order_by(SegmentRow.start_at, SegmentRow.id)


def _relocated(segment: Segment, row: EvidenceItemRow) -> Segment:
    return replace(
        segment,
        volume_uuid=row.volume_uuid,
        path=row.path,
        key_id=row.key_id,
        bytes=row.bytes,
        sha256=row.sha256,
        state="recorded",
    )


def _item(row: EvidenceItemRow) -> EvidenceItem:
    return EvidenceItem(**{name: getattr(row, name) for name in _FIELDS})


def all_settled(tx: Session, cameras: Sequence[str], until: datetime) -> bool:
    """Does every stream of these cameras that ever recorded reach `until` in the catalog?"""
    ends = [catalog.last_end(tx, camera_id, profile) for camera_id in cameras for profile in PROFILES]
    return all(end is None or end >= until for end in ends) and any(end is not None for end in ends)
