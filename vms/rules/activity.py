"""Where in recorded footage something may have moved, from the sizes of its pictures alone. Pure.

A picture that is no keyframe holds what changed since the one before: in a quiet street it is small. So the sample
tables that the recorder writes anyway are an index of activity that costs nothing and goes with the footage. Only what
stands out from the quietest moments is worth decoding; footage without a quiet moment is decoded whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vms.units import US_PER_SECOND

QUIET_SHARE = 0.05
"""So much of the time is taken to be quiet, unless..."""
QUIET_OF_KEYFRAME = 0.06
"""...its pictures are larger than this share of a keyframe: a street that is never quiet, a camera that always sends as
much as it may."""
STANDS_OUT = 1.25
"""Larger than quiet by this much, and by..."""
LEAST_BYTES = 16
"""...this many bytes a picture: where nothing moves, sizes of ten bytes differ by halves."""
MARGIN_US = US_PER_SECOND
JOIN_US = 2 * US_PER_SECOND


@dataclass(frozen=True, slots=True)
class Activity:
    """Of one fragment, a second or so. picture_bytes: of its pictures that are no keyframe, on average; None = all
    are keyframes, so that nothing is known. keyframe_bytes: of the keyframe it starts with, 0 = it does not."""

    start_us: int
    end_us: int
    picture_bytes: float | None
    keyframe_bytes: int


@dataclass(frozen=True, slots=True)
class Span:
    """[start_us, end_us)"""

    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Hit:
    """Something moved inside the region. share: of the region's pixels, at most at once."""

    start_us: int
    end_us: int
    share: float


def quiet_bytes(activity: Sequence[Activity]) -> float:
    """What a picture takes where next to nothing moves."""
    known = sorted(each.picture_bytes for each in activity if each.picture_bytes is not None)
    keyframes = sorted(each.keyframe_bytes for each in activity if each.keyframe_bytes)
    if not known or not keyframes:
        return 0.0
    return min(known[int(len(known) * QUIET_SHARE)], keyframes[len(keyframes) // 2] * QUIET_OF_KEYFRAME)


def promising(activity: Sequence[Activity], quiet: float) -> list[Span]:
    """Spans worth decoding, by time, with a margin. What is not known is worth it."""
    limit = max(quiet * STANDS_OUT, quiet + LEAST_BYTES)
    spans: list[Span] = []
    for each in activity:
        if each.picture_bytes is not None and each.picture_bytes <= limit:
            continue
        start_us, end_us = each.start_us - MARGIN_US, each.end_us + MARGIN_US
        if spans and start_us <= spans[-1].end_us:
            spans[-1] = Span(spans[-1].start_us, max(spans[-1].end_us, end_us))
        else:
            spans.append(Span(start_us, end_us))
    return spans


class HitList:
    """Moments of movement become hits: those that join are one."""

    def __init__(self) -> None:
        self._open: Hit | None = None

    def add(self, at_us: int, share: float) -> Hit | None:
        """The hit before, when this moment does not join it."""
        last = self._open
        if last is not None and at_us - last.end_us <= JOIN_US:
            self._open = replace(last, end_us=at_us, share=max(last.share, share))
            return None
        self._open = Hit(at_us, at_us, share)
        return last

    def finish(self) -> Hit | None:
        last, self._open = self._open, None
        return last
