"""Whether something moved inside a drawn region, between painted pictures. What is masked is grey, and never moves."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vms.rules.masking import BlankFrame
from web.live.masked import PaintedFrame
from web.live.painter import luma

COMPARE_US = 240_000
_LONGEST_US = 2_000_000
"""Pictures further apart are not compared: the light changes."""
_WIDTH = 320
_STEP = 22
"""In levels of 255, above the noise of a camera at night."""
_LEAST_SHARE = 0.004
_LEAST_PIXELS = 8
_TURNED_SHARE = 0.55
"""When so much of the whole picture changes, the camera turned or the light switched."""

Grey = npt.NDArray[np.uint8]
Polygon = Sequence[tuple[float, float]]


class RegionMotion:
    """Pictures of one camera by time. region: x, y in 0…1 from the top left."""

    def __init__(self, region: Polygon) -> None:
        self._region = np.asarray(region, np.float64)
        self._inside: Grey | None = None
        self._before: Grey | None = None
        self._before_us = 0

    def wants(self, at_us: int) -> bool:
        return not 0 <= at_us - self._before_us < COMPARE_US

    def share(self, painted: PaintedFrame) -> float:
        """Of the region that changed since the picture before; 0 = nothing to speak of."""
        if isinstance(painted.decision, BlankFrame):
            self._before = None
            return 0.0
        now = _shrunk(luma(painted.frame))
        before, since_us = self._before, painted.taken_us - self._before_us
        self._before, self._before_us = now, painted.taken_us
        if before is None or before.shape != now.shape or not 0 < since_us <= _LONGEST_US:
            return 0.0
        changed = (cv2.absdiff(now, before) > _STEP).astype(np.uint8)
        inside = self._mask(now.shape[1], now.shape[0])
        if float(changed.mean()) > _TURNED_SHARE:
            return 0.0
        pixels, total = int(np.count_nonzero(changed & inside)), int(np.count_nonzero(inside))
        share = pixels / max(1, total)
        return share if pixels >= _LEAST_PIXELS and share >= _LEAST_SHARE else 0.0

    def _mask(self, width: int, height: int) -> Grey:
        if self._inside is None or self._inside.shape != (height, width):
            self._inside = np.zeros((height, width), np.uint8)
            points = np.round(self._region * (width, height) - 0.5).astype(np.int32)
            cv2.fillPoly(self._inside, [points], 1)
        return self._inside


def _shrunk(plane: Grey) -> Grey:
    height, width = plane.shape
    if width > _WIDTH:
        plane = np.asarray(cv2.resize(plane, (_WIDTH, max(2, height * _WIDTH // width)), interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.GaussianBlur(plane, (3, 3), 0), np.uint8)
