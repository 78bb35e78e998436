"""What the catalog has on a volume, and its end. (`vms.store.catalog` registers volumes and lists them.)"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vms.rules.disk_pressure import Stored
from vms.rules.retention import holds_on
from vms.store import catalog, holds, ledger
from vms.store.catalog import Segment
from vms.store.gaps import lengthen_gap
from vms.store.holds import EvidenceHold
from vms.store.schema import SegmentRow, VolumeRow

_STILL_THERE = ("recorded", "purging")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Contents:
    """Footage that the catalog has there and that was not erased. first_at, end_at: None when there is none."""

    segments: int
    bytes: int
    cameras: int
    first_at: datetime | None
    end_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldThere:
    """How much of a hold's footage lies on the volume."""

    hold: EvidenceHold
    segments: int = 0
    bytes: int = 0


def stored(tx: Session, volume_uuid: str) -> Stored:
    """Of all footage there that was not erased, pose sidecars counted as files."""
    wanted = select(
        func.coalesce(func.sum(SegmentRow.bytes), 0), func.count(SegmentRow.id), func.count(SegmentRow.sidecar_sha256)
    ).where(SegmentRow.volume_uuid == volume_uuid, SegmentRow.state.in_(_STILL_THERE))
    size, segments, sidecars = tx.execute(wanted).one()
    return Stored(int(size), int(segments) + int(sidecars))


def stored_in(segment: Segment) -> Stored:
    return Stored(segment.bytes, 1 if segment.sidecar_sha256 is None else 2)


def contents(tx: Session, volume_uuid: str) -> Contents:
    wanted = select(
        func.count(SegmentRow.id),
        func.coalesce(func.sum(SegmentRow.bytes), 0),
        func.count(SegmentRow.camera_id.distinct()),
        func.min(SegmentRow.start_at),
        func.max(SegmentRow.end_at),
    ).where(SegmentRow.volume_uuid == volume_uuid, SegmentRow.state.in_(_STILL_THERE))
    number, size, cameras, first_at, end_at = tx.execute(wanted).one()
    return Contents(int(number), int(size), int(cameras), first_at, end_at)


def held_there(tx: Session, volume_uuid: str) -> list[HeldThere]:
    """The unreleased holds that have footage on this volume."""
    active = holds.active(tx)
    found = {hold.id: HeldThere(hold) for hold in active}
    for segment in _all(tx, volume_uuid) if active else ():
        for hold_id in holds_on(segment, active):
            known = found[hold_id]
            found[hold_id] = replace(known, segments=known.segments + 1, bytes=known.bytes + segment.bytes)
    return [known for known in found.values() if known.segments]


def give_up(tx: Session, volume_uuid: str, now: datetime) -> None:
    """It is lost for good: its path is free for another one."""
    tx.execute(update(VolumeRow).where(VolumeRow.uuid == volume_uuid).values(given_up_at=now))


def write_off(tx: Session, volume_uuid: str, now: datetime) -> int:
    """Some of its oldest footage is lost: a tombstone, a line in the ledger and a gap. How many; 0 = none is left."""
    lost = catalog.oldest(tx, volume_uuid, None, _PAGE)
    for segment in lost:
        catalog.set_state(tx, segment.id, "purged")
        ledger.append(tx, now, "done", segment.id, _loss(segment))
        detail = f"volume {volume_uuid} was given up as lost"
        span = segment.start_at, segment.end_at
        lengthen_gap(tx, segment.camera_id, segment.profile, *span, "volume_lost", detail)
    return len(lost)


def _all(tx: Session, volume_uuid: str) -> Iterator[Segment]:
    after = None
    while page := catalog.oldest(tx, volume_uuid, after, _PAGE):
        yield from page
        after = (page[-1].start_at, page[-1].id)


def _loss(segment: Segment) -> ledger.Payload:
    return {"reason": "volume_lost", "volume": segment.volume_uuid, **catalog.footage_facts(segment)}
