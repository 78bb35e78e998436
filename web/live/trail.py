"""What the camera's coder may have left of a home where it was some pictures ago, while the camera turned.

A picture between keyframes is built from the ones before it. Where little was sent of it, it still shows what was
there before: blocks of a window, beside where the window is now. So a turning camera's masks draw a trail until the
next keyframe: grey where they were a moment ago, without colour where they were before that. After a turn so fast that
blocks may be carried anywhere, nothing of the picture has colour.
"""

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from vms.rules.masking import BlankFrame, MaskPlan, PaintPolygons
from vms.rules.ptz_geometry import Floats, FrameSize, ViewDeg, apart_deg

GREY_PICTURES = 1
"""Most of what is left comes from the last one; of what comes from before that, a window's colour is what tells it."""
REACH = 0.025
"""Share of the width: so far a coder's blocks carry colour along when the picture moves."""
FAST_SHARE = 0.1
"""Of the field of view, from one picture to the next: a camera that turns faster sends little of each picture."""
DECAYED_US = 2_000_000
"""A camera that has stood so long has sent everything anew, also without a keyframe."""

Marks = npt.NDArray[np.uint8]


class MaskTrail:
    """Of one stream's pictures, in order. One thread."""

    def __init__(self) -> None:
        self._recent: deque[tuple[Floats, ...]] = deque(maxlen=GREY_PICTURES)
        self._older: Marks | None = None
        self._view: ViewDeg | None = None
        self._moved_us: int | None = None
        self._damaged = False
        self._size = FrameSize(0, 0)

    def follow(
        self, plan: MaskPlan, size: FrameSize, at_us: int, *, is_keyframe: bool, is_damaged: bool
    ) -> tuple[MaskPlan, Marks | None]:
        """What to paint on this picture, and where to take the colour away (chroma samples that are not 0).

        is_damaged: something of this picture, or of one it builds on, never came.
        """
        if size != self._size or (is_keyframe and not is_damaged):
            self._begin(size)
        self._damaged = self._damaged or is_damaged
        if not isinstance(plan, PaintPolygons):
            if isinstance(plan, BlankFrame):
                self._step_away(at_us)
                self._all()
            return plan, self._older
        moved = bool(self._recent) and not _same(self._recent[-1], plan.polygons)
        if moved:
            self._step_away(at_us)
            self._mark(self._recent[-1])
            self._mark(plan.polygons)
        if _is_fast(self._view, plan.view):
            self._step_away(at_us)
            self._marks()[:] = 1
        self._view = plan.view
        trail = [polygons for polygons in self._recent if not _same(polygons, plan.polygons)]
        self._recent.append(plan.polygons)
        if not self._damaged and self._moved_us is not None and at_us - self._moved_us > DECAYED_US:
            self._moved_us, self._older, trail = None, None, []
        if self._damaged and self._moved_us is not None:
            detail = "pictures were lost while the camera turned: what shows now may be from before"
            return BlankFrame("damaged", detail), None
        if not trail:
            return plan, self._older
        return replace(plan, polygons=(*plan.polygons, *(p for polygons in trail for p in polygons))), self._older

    def _begin(self, size: FrameSize) -> None:
        self._recent.clear()
        self._older = self._moved_us = self._view = None
        self._damaged = False
        self._size = size

    def _step_away(self, at_us: int) -> None:
        self._moved_us = at_us

    def _mark(self, polygons: tuple[Floats, ...]) -> None:
        marks = self._marks()
        for polygon in polygons:
            fixed = np.rint(np.clip(polygon / 2, -16_000, 16_000)).astype(np.int32)
            cv2.fillPoly(marks, [fixed], 1)
            cv2.polylines(marks, [fixed], True, 1, 2 * round(self._size.width * REACH / 2) + 1)

    def _all(self) -> None:
        """Where homes are in a blank picture is not known."""
        self._recent.clear()
        self._marks()[:] = 1

    def _marks(self) -> Marks:
        if self._older is None:
            self._older = np.zeros(((self._size.height + 1) // 2, (self._size.width + 1) // 2), np.uint8)
        return self._older


def _is_fast(before: ViewDeg | None, view: ViewDeg | None) -> bool:
    return before is not None and view is not None and apart_deg(before, view) > FAST_SHARE * view.hfov_deg


def _same(one: tuple[Floats, ...], other: tuple[Floats, ...]) -> bool:
    """A camera at rest gives the very same polygons again; a little growth and back is no movement either."""
    return len(one) == len(other) and all(a is b or np.array_equal(a, b) for a, b in zip(one, other, strict=True))
