"""One masked picture of recorded footage: a thumbnail while somebody drags along the timeline, or a photo."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from vms.clock import Clock
from vms.errors import FootageMissing
from vms.units import US_PER_SECOND, us_from_utc
from web.live.masked import MaskState, PaintedFrame, mask_state
from web.live.painter import jpeg, scaled
from web.live.playback import Playback

THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 240, 180
_THUMBNAIL_QUALITY, _PHOTO_QUALITY = 70, 92
_LONGEST_US = 30 * US_PER_SECOND
"""From keyframe to keyframe."""
CACHE_BYTES = 8 * 1024 * 1024
FRESH_S = 60.0
"""Masks can be set with hindsight."""


@dataclass(frozen=True, slots=True)
class FootageStill:
    """taken_us: of the very picture. mask: ok, fault (then it is grey) or none."""

    jpeg: bytes
    taken_us: int
    mask: MaskState


class FootageStills:
    """Thread-safe. What is kept is bounded and given only while its segment is there."""

    def __init__(self, playback: Playback, clock: Clock) -> None:
        self._playback = playback
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], tuple[FootageStill, float]] = OrderedDict()
        self._bytes = 0

    def thumbnail(self, segment_id: int, at_us: int) -> FootageStill:
        """The keyframe at or before the moment, small. Raises FootageMissing, FootageExpired, StorageError."""
        segment = self._playback.segment(segment_id)
        key = (segment_id, at_us)
        if (kept := self._get(key)) is not None:
            return kept
        pictures = self._playback.pictures(segment, at_us, at_us + _LONGEST_US, from_keyframe=True)
        found = next(pictures, None)
        if found is None:
            raise FootageMissing("no picture at this moment")
        still = _still(scaled(found, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT), _THUMBNAIL_QUALITY)
        self._put(key, still)
        return still

    def photo(self, segment_id: int, at_us: int) -> FootageStill:
        """The picture that is on screen at the moment, as it was recorded. Raises like thumbnail."""
        segment = self._playback.segment(segment_id)
        shown: PaintedFrame | None = None
        end_us = min(at_us, us_from_utc(segment.end_at)) + 1
        for painted in self._playback.pictures(segment, at_us, end_us, from_keyframe=True):
            shown = painted
        if shown is None:
            raise FootageMissing("no picture at this moment")
        return _still(shown, _PHOTO_QUALITY)

    def _get(self, key: tuple[int, int]) -> FootageStill | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or self._clock.monotonic_s() - kept[1] > FRESH_S:
                return None
            self._kept.move_to_end(key)
            return kept[0]

    def _put(self, key: tuple[int, int], still: FootageStill) -> None:
        with self._lock:
            if (before := self._kept.pop(key, None)) is not None:
                self._bytes -= len(before[0].jpeg)
            self._kept[key] = still, self._clock.monotonic_s()
            self._bytes += len(still.jpeg)
            while self._bytes > CACHE_BYTES:
                _, (oldest, _) = self._kept.popitem(last=False)
                self._bytes -= len(oldest.jpeg)


def _still(painted: PaintedFrame, quality: int) -> FootageStill:
    return FootageStill(jpeg(painted, quality), painted.taken_us, mask_state(painted.decision))
