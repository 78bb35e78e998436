"""When did something move here? Sample tables say which seconds are worth it; only those are decoded and compared."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from recorder.boxes import read_index
from recorder.clip import SegmentReader
from vms.errors import FootageMissing, KeyUnavailable, StorageError
from vms.rules.activity import Activity, Hit, HitList, Span, promising, quiet_bytes
from vms.store.catalog import Segment
from vms.units import US_PER_SECOND, us_from_utc
from web.live.masked import PaintedFrame
from web.live.region_motion import Polygon, RegionMotion

log = logging.getLogger(__name__)

MAX_DECODED_US = 30 * 60 * US_PER_SECOND
"""Of footage, per search. One that stops there says where, and goes on from there when asked again."""
_TABLE_BYTES = 1024
_PROGRESS_US = 20 * US_PER_SECOND

Pictures = Callable[[Segment, int, int], Iterator[PaintedFrame]]
"""Painted pictures of a segment between two moments."""


@dataclass(slots=True)
class SearchState:
    """until_us: everything before it was looked at. recorded_us: how much footage that was; decoded_us: how much of it
    was decoded, because something stood out. unreadable: segments that could not be read."""

    until_us: int
    recorded_us: int = 0
    decoded_us: int = 0
    unreadable: int = 0
    hits: list[Hit] = field(default_factory=list)

    def line(self, *, ended: bool = False) -> bytes:
        """JSON, with what was found since the last line."""
        told = asdict(self) | {"ended": ended}
        self.hits = []
        return json.dumps(told).encode() + b"\n"


def activity_of(reader: SegmentReader, segment: Segment) -> list[Activity]:
    """From the sample tables: nothing is decoded. Raises FootageMissing, KeyUnavailable, StorageError."""
    with reader.open(segment, _TABLE_BYTES) as file:
        index = read_index(file)
    start_us = us_from_utc(segment.start_at)

    def at(ticks: int) -> int:
        return start_us + ticks * US_PER_SECOND // index.timescale

    return [
        Activity(
            at(fragment.start_ticks),
            at(fragment.start_ticks + fragment.duration_ticks),
            fragment.other_bytes / fragment.other_samples if fragment.other_samples else None,
            fragment.keyframe_bytes,
        )
        for fragment in index.fragments
    ]


class MotionSearch:
    """One search through segments of one camera, by time. Iterate `lines` in one thread; closing it ends the work."""

    def __init__(self, reader: SegmentReader, pictures: Pictures, region: Polygon) -> None:
        self._reader = reader
        self._pictures = pictures
        self._motion = RegionMotion(region)
        self._found = HitList()

    def lines(self, segments: Sequence[Segment], from_us: int, to_us: int) -> Iterator[bytes]:
        """JSON per line: progress with what was found so far, the last one with ended = true."""
        state = SearchState(from_us)
        yield state.line()
        by_hour: dict[datetime, list[tuple[Segment, list[Activity]]]] = {}
        for segment in segments:
            activity = self._activity(segment, from_us, to_us, state)
            by_hour.setdefault(segment.start_at.replace(minute=0, second=0, microsecond=0), []).append(
                (segment, activity)
            )
        for hour in by_hour.values():
            quiet = quiet_bytes([each for _, activity in hour for each in activity])
            for segment, activity in hour:
                yield from self._segment(segment, activity, quiet, (from_us, to_us), state)
                if state.decoded_us >= MAX_DECODED_US:
                    yield self._end(state)
                    return
        state.until_us = to_us
        yield self._end(state)

    def _activity(self, segment: Segment, from_us: int, to_us: int, state: SearchState) -> list[Activity]:
        try:
            activity = activity_of(self._reader, segment)
        except (FootageMissing, KeyUnavailable, StorageError) as error:
            log.warning("activity_not_read", extra={"segment": segment.id, "detail": str(error)})
            state.unreadable += 1
            return []
        return [each for each in activity if each.end_us > from_us and each.start_us < to_us]

    def _segment(
        self, segment: Segment, activity: Sequence[Activity], quiet: float, asked: tuple[int, int], state: SearchState
    ) -> Iterator[bytes]:
        first = max(asked[0], us_from_utc(segment.start_at))
        last = min(asked[1], us_from_utc(segment.end_at))
        for span in promising(activity, quiet):
            part = Span(max(span.start_us, first), min(span.end_us, last))
            if part.start_us < part.end_us:
                yield from self._part(segment, part, state)
                if state.decoded_us >= MAX_DECODED_US:
                    return
        state.recorded_us += sum(each.end_us - each.start_us for each in activity)
        state.until_us = max(state.until_us, last)
        yield state.line()

    def _part(self, segment: Segment, span: Span, state: SearchState) -> Iterator[bytes]:
        told_us = span.start_us
        try:
            for painted in self._pictures(segment, span.start_us, span.end_us):
                if not self._motion.wants(painted.taken_us):
                    continue
                if (share := self._motion.share(painted)) and (hit := self._found.add(painted.taken_us, share)):
                    state.hits.append(hit)
                if painted.taken_us - told_us > _PROGRESS_US:
                    told_us = state.until_us = painted.taken_us
                    yield state.line()
        except (FootageMissing, KeyUnavailable, StorageError) as error:
            log.warning("footage_not_searched", extra={"segment": segment.id, "detail": str(error)})
            state.unreadable += 1
        state.decoded_us += span.end_us - span.start_us
        state.until_us = max(state.until_us, span.end_us)

    def _end(self, state: SearchState) -> bytes:
        if (hit := self._found.finish()) is not None:
            state.hits.append(hit)
        return state.line(ended=True)
