"""Recorded footage as people may have it: within retention, held, or as the copy that was secured; otherwise gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vms.clock import Clock, now_utc
from vms.errors import FootageExpired, FootageMissing
from vms.rules.retention import Erase, decide_purge
from vms.rules.terms import Terms
from vms.store import Store, catalog, evidence, holds, terms
from vms.store.catalog import Gap, Segment, SegmentState
from vms.store.holds import EvidenceHold
from vms.units import Profile
from web.time_range import TimeRange

ERASED_EARLY = "disk_pressure"
"""Reason of a gap where footage went before its time."""
_EVERY_STATE: tuple[SegmentState, ...] = ("recorded", "purging", "purged")


@dataclass(frozen=True, slots=True)
class Window:
    """What a stream has to show in an interval. retention_from: nothing older plays, unless held."""

    retention_from: datetime
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]
    holds: tuple[EvidenceHold, ...]


def erased_early(segments: Sequence[Segment]) -> list[Gap]:
    """Segments, by time, that went before their time, as gaps: those that join are one."""
    gaps: list[Gap] = []
    for segment in segments:
        if gaps and gaps[-1].end_at == segment.start_at:
            gaps[-1] = replace(gaps[-1], end_at=segment.end_at)
        else:
            profile, start, end = segment.profile, segment.start_at, segment.end_at
            gaps.append(Gap(0, segment.camera_id, profile, start, end, ERASED_EARLY, "erased early: the disk was full"))
    return gaps


def _is_told(segment: Segment, gaps: Sequence[Gap]) -> bool:
    """A gap says what became of it: its disk is lost, say."""
    return any(g.start_at <= segment.start_at and g.end_at is not None and segment.end_at <= g.end_at for g in gaps)


class Footage:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(self, store: Store, clock: Clock, configured: Terms, ahead: timedelta = timedelta(0)) -> None:
        """ahead: how long before its limit footage is due; from then on nobody sees it, erased or not."""
        self._store = store
        self._clock = clock
        self._terms = configured
        self._ahead = ahead

    def segment(self, segment_id: int) -> Segment:
        """One that may be played now. Raises FootageMissing, or FootageExpired even before the purge ran."""
        with self._store.reading() as tx:
            found = catalog.segment(tx, segment_id)
            held = holds.active(tx, found.start_at, found.end_at)
            now = now_utc(self._clock) + self._ahead
            if not _is_gone(found, held, now, terms.acting(tx, self._terms, now, found.camera_id)):
                return found
            copy = evidence.stand_in(tx, found)
        if copy is None:
            raise FootageExpired("the retention period of this footage is over")
        return copy

    def window(self, camera_id: str, profile: Profile, span: TimeRange) -> Window:
        """Expired footage is not in it, whether erased or not."""
        now = now_utc(self._clock) + self._ahead
        with self._store.reading() as tx:
            covered = catalog.coverage(tx, camera_id, profile, span.start, span.end)
            erased = catalog.segments(tx, camera_id, profile, span.start, span.end, ("purging", "purged"))
            held = holds.for_camera(holds.active(tx, span.start, span.end), camera_id)
            acting = terms.acting(tx, self._terms, now, camera_id)
            copies = evidence.stand_ins(tx, camera_id, profile, span.start, span.end)
        playable = _playable([*covered.segments, *erased], held, copies, now, acting)
        limit = acting.oldest_allowed(camera_id, now)
        unexplained = [
            segment
            for segment in erased
            if segment.start_at > limit and segment.id not in copies and not _is_told(segment, covered.gaps)
        ]
        early = erased_early(unexplained)
        gaps = tuple(sorted((*covered.gaps, *early), key=lambda gap: gap.start_at))
        return Window(limit, playable, gaps, tuple(held))

    def for_export(self, camera_id: str, profile: Profile, span: TimeRange) -> tuple[Segment, ...]:
        """Every segment of the interval. Raises FootageExpired if any is gone, FootageMissing if there is none."""
        now = now_utc(self._clock) + self._ahead
        with self._store.reading() as tx:
            found = catalog.segments(tx, camera_id, profile, span.start, span.end, _EVERY_STATE)
            held = holds.active(tx, span.start, span.end)
            acting = terms.acting(tx, self._terms, now, camera_id)
            copies = evidence.stand_ins(tx, camera_id, profile, span.start, span.end)
        playable = _playable(found, held, copies, now, acting)
        if len(playable) < len(found):
            raise FootageExpired("the retention period of a part of this interval is over")
        if not found and acting.is_expired(camera_id, span.start, now):
            raise FootageExpired("the interval begins before the retention limit")
        if not found:
            raise FootageMissing("nothing was recorded in this interval")
        return playable

    def expiries(self, segments: Sequence[Segment]) -> list[datetime]:
        """When the retention of each is over (holds aside)."""
        with self._store.reading() as tx:
            acting = terms.acting(tx, self._terms, now_utc(self._clock))
        return [acting.expires_at(one.camera_id, one.start_at) - self._ahead for one in segments]


def _playable(
    known: Sequence[Segment], held: list[EvidenceHold], copies: Mapping[int, Segment], now: datetime, acting: Terms
) -> tuple[Segment, ...]:
    """By start: originals, and in place of those that are gone their copies."""
    found = [copies.get(one.id) if _is_gone(one, held, now, acting) else one for one in known]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.start_at, one.end_at)))


def _is_gone(segment: Segment, held: list[EvidenceHold], now: datetime, acting: Terms) -> bool:
    """Erased, being erased, or due to be."""
    return segment.state != "recorded" or isinstance(decide_purge(segment, held, now, acting), Erase)
