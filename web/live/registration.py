"""How one picture of a camera lies on another: whether the camera stood, and otherwise how far it turned.

Grey pictures only, shrunk; the top and bottom edges, where cameras burn in names and clocks, are left out. Two ways:
`Still` compares blocks with a picture of before, which is nearly free and exact to a few hundredths of a degree;
`turned` follows points from picture to picture. Both go by what most of the picture does, so people and cars that
pass do not count. One thread each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from vms.rules.ptz_geometry import Floats, FrameSize

Grey = npt.NDArray[np.uint8]
_Single = npt.NDArray[np.float32]

FINE_WIDTH = 320
_BLOCK = 10
"""Pixels of the coarse picture, which is half as wide as the fine one."""
_TOP, _BOTTOM = 0.16, 0.90
"""Rows outside these shares are the camera's own writing."""
_MIN_TEXTURE = 1.2
"""Least eigenvalue of a block's structure, per pixel: less, and noise decides where it seems to go."""
_MIN_BLOCKS = 10
_MIN_COLUMNS = 4
"""Blocks with texture, in so many different columns: fewer, and the picture tells nothing (dark, blurred, sky)."""
_MAX_RESIDUAL = 0.35
_MAX_SHIFT_PX = 2.0
_AGREE_PX = 0.3
_STILL_SHARE = 0.5
_POINTS = 60
_EXPECTED_PX = 4.0
"""A turn that goes on as expected is found nearby, at half the price; whatever ends elsewhere is looked for anew."""
_MIN_INLIERS = 14
_MIN_INLIER_SHARE = 0.6
_MAX_ERROR = 18.0
"""Grey levels that a followed point's surroundings may differ by, on average."""
_BORNE_OUT_PX, _BORNE_OUT_SHARE = 2.5, 0.8
"""Where a façade repeats, up to half of the points find a likeness one window on; where it is right, nearly all."""
_MAX_TURN_PX = 90.0
_MAX_SCALE = 1.5
cv2.setNumThreads(1)


@dataclass(frozen=True, slots=True)
class _Search:
    """levels: of the pyramid, each of which doubles the reach."""

    levels: int
    window_px: int
    steps: int


_NEARBY = _Search(2, 11, 8)
_FAR = _Search(4, 13, 12)

StillAnswer = Literal["still", "changed", "unclear"]


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """One picture at the two sizes that are compared. size: of the fine one."""

    fine: Grey
    coarse: Grey

    @property
    def size(self) -> FrameSize:
        return FrameSize(self.fine.shape[1], self.fine.shape[0])


@dataclass(frozen=True, slots=True)
class StillReading:
    """shift_px: where the picture's content went since the anchor, in fine pixels; only for "still"."""

    answer: StillAnswer
    shift_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """centre_px: what is in the middle now lay there in the picture before. magnified: content grew by this.

    inliers: share of the points that agree. before_px, now_px: where they lay and lie, (n, 2).
    """

    centre_px: tuple[float, float]
    magnified: float
    inliers: float
    before_px: Floats
    now_px: Floats


def shrink(luma: Grey) -> Shrunk:
    """luma: the Y plane of a picture of any size."""
    height = max(2, round(FINE_WIDTH * luma.shape[0] / luma.shape[1]) // 2 * 2)
    step = max(
        1, luma.shape[1] // (2 * FINE_WIDTH)
    )  # averaging every pixel of a large picture costs more than it tells
    fine = cv2.resize(np.ascontiguousarray(luma[::step, ::step]), (FINE_WIDTH, height), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(fine, (FINE_WIDTH // 2, height // 2), interpolation=cv2.INTER_AREA)
    return Shrunk(np.asarray(fine, np.uint8), np.asarray(coarse, np.uint8))


class Still:
    """A picture to compare later ones with: how its blocks would change for a small shift is computed once.

    Inverse compositional Lucas-Kanade per block, brightness and contrast apart; everything is a mean over blocks.
    """

    def __init__(self, picture: Shrunk) -> None:
        self._shape = picture.coarse.shape
        image = _smooth(picture)
        across = self._centred(cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8))
        down = self._centred(cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8))
        self._across, self._down, self._image = across, down, self._centred(image)
        self._xx, self._yy, self._xy = _mean(across * across), _mean(down * down), _mean(across * down)
        self._det = np.maximum(self._xx * self._yy - self._xy * self._xy, 1e-9)
        self._contrast = _mean(self._image * self._image)
        self._own_x, self._own_y = _mean(across * self._image), _mean(down * self._image)
        least = (self._xx + self._yy) / 2 - np.hypot((self._xx - self._yy) / 2, self._xy)
        self._textured = least > _MIN_TEXTURE
        self._count = int(self._textured.sum())
        self.tells = self._count >= _MIN_BLOCKS and int(self._textured.any(axis=0).sum()) >= _MIN_COLUMNS
        """False: too little to go by."""

    def read(self, picture: Shrunk) -> StillReading:
        if not self.tells:
            return StillReading("unclear")
        if picture.coarse.shape != self._shape:
            return StillReading("changed")
        image = _part(_smooth(picture))
        mean = _mean(image)
        contrast = np.maximum(_mean(image * image) - mean * mean, 1e-3)
        gain = np.sqrt(self._contrast / contrast).clip(0.5, 2.0)
        along_x = gain * _mean(self._across * image) - self._own_x
        along_y = gain * _mean(self._down * image) - self._own_y
        changed = gain * gain * contrast - 2 * gain * _mean(self._image * image) + self._contrast
        x = (self._xy * along_y - self._yy * along_x) / self._det
        y = (self._xy * along_x - self._xx * along_y) / self._det
        fits = self._textured & (changed + x * along_x + y * along_y < _MAX_RESIDUAL * self._contrast)
        fits &= (np.abs(x) < _MAX_SHIFT_PX) & (np.abs(y) < _MAX_SHIFT_PX)
        if fits.sum() < _STILL_SHARE * self._count:
            return StillReading("changed")
        middle = float(np.median(x[fits])), float(np.median(y[fits]))
        agree = fits & (np.hypot(x - middle[0], y - middle[1]) < _AGREE_PX)
        if agree.sum() < _STILL_SHARE * self._count:
            return StillReading("changed")
        return StillReading("still", (2 * float(x[agree].mean()), 2 * float(y[agree].mean())))

    @staticmethod
    def _centred(image: npt.NDArray[Any]) -> _Single:
        """Its compared part, without each block's mean."""
        part = _part(np.asarray(image, np.float32))
        return part - np.kron(_mean(part), np.ones((_BLOCK, _BLOCK), np.float32))


def turned(before: Shrunk, now: Shrunk, guess_px: tuple[float, float] = (0.0, 0.0)) -> Turn | None:
    """None: it cannot be told. guess_px: how far the content is expected to have moved."""
    if before.fine.shape != now.fine.shape:
        return None
    points = _points(before.coarse)
    if len(points) < _MIN_INLIERS:
        return None
    found = _followed(before, now, points, guess_px, _NEARBY)
    if found is not None and _is_expected(found, guess_px, before.size):
        return found
    found = _followed(before, now, points, guess_px, _FAR)
    if found is None:
        found = _followed(before, now, points, _whole_shift_px(before, now), _FAR)
    return found


Moved = Callable[[Floats], Floats]
"""Where pixels (n, 2) of the picture before are in the one now, as somebody claims."""


def bears_out(before: Shrunk, now: Shrunk, moved: Moved) -> bool:
    """Whether the two pictures lie on each other as is claimed.

    For a claim from elsewhere: points are only looked for where they are to be, so that leaps too far to be followed
    can still be confirmed.
    """
    if before.fine.shape != now.fine.shape:
        return False
    points = _points(before.coarse)
    expected = (moved(points.astype(np.float64) + 0.5) - 0.5).astype(np.float32) if len(points) else points
    inside = ((expected >= 0) & (expected < (now.size.width, now.size.height))).all(axis=1)
    points, expected = points[inside], expected[inside]
    if len(points) < _MIN_INLIERS:
        return False
    found, kept = _flow(before, now, points, expected, _NEARBY)
    near = kept & (np.hypot(*(found - expected).T) < _BORNE_OUT_PX)
    return int(near.sum()) >= max(_MIN_INLIERS, _BORNE_OUT_SHARE * len(points))


def _is_expected(turn: Turn, guess_px: tuple[float, float], size: FrameSize) -> bool:
    moved_px = size.width / 2 - turn.centre_px[0], size.height / 2 - turn.centre_px[1]
    return bool(np.hypot(moved_px[0] - guess_px[0], moved_px[1] - guess_px[1]) < _EXPECTED_PX)


def _followed(
    before: Shrunk, now: Shrunk, points: npt.NDArray[np.float32], guess_px: tuple[float, float], search: _Search
) -> Turn | None:
    start = points + np.array(guess_px, np.float32)
    inside = ((start >= 0) & (start < (now.size.width, now.size.height))).all(axis=1)
    points, start = points[inside], start[inside]
    if len(points) < _MIN_INLIERS:
        return None
    found, kept = _flow(before, now, points, start, search)
    if kept.sum() < _MIN_INLIERS:
        return None
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[kept], found[kept], method=cv2.RANSAC, ransacReprojThreshold=2.5, maxIters=200
    )
    if matrix is None or inliers.sum() < max(_MIN_INLIERS, _MIN_INLIER_SHARE * len(points)):
        return None
    centre = centre_of(np.asarray(matrix, np.float64), before.size, _MAX_TURN_PX)
    if centre is None:
        return None
    agree = inliers[:, 0] == 1
    pairs = (np.asarray(one[kept][agree] + 0.5, np.float64) for one in (points, found))
    return Turn(*centre, float(inliers.sum()) / len(points), *pairs)


def _flow(
    before: Shrunk, now: Shrunk, points: _Single, start: _Single, search: _Search
) -> tuple[_Single, npt.NDArray[np.bool_]]:
    """Where each point went, looked for from `start` on; and which of them look alike there."""
    found, followed, error = cv2.calcOpticalFlowPyrLK(
        before.fine,
        now.fine,
        points,
        start.copy(),
        winSize=(search.window_px, search.window_px),
        maxLevel=search.levels - 1,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, search.steps, 0.03),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found, np.float32), (followed[:, 0] == 1) & (error[:, 0] < _MAX_ERROR)


def _whole_shift_px(before: Shrunk, now: Shrunk) -> tuple[float, float]:
    """Phase correlation: coarse, but it bridges leaps."""
    one, other = (_part(np.asarray(picture.coarse, np.float32)) for picture in (before, now))
    window = cv2.createHanningWindow((one.shape[1], one.shape[0]), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(np.ascontiguousarray(one), np.ascontiguousarray(other), window)
    return 2 * float(x), 2 * float(y)


def centre_of(matrix: Floats, size: FrameSize, most_px: float) -> tuple[tuple[float, float], float] | None:
    """Where the middle lay before, and the magnification. None for more than is believable.

    matrix: 2×3, from the picture before to the one now.
    """
    growth = complex(matrix[0, 0], matrix[1, 0])  # turns and magnifies, nothing else
    magnified = abs(growth)
    if not 1 / _MAX_SCALE < magnified < _MAX_SCALE:
        return None
    middle = complex(size.width / 2, size.height / 2)
    centre = (middle - complex(matrix[0, 2], matrix[1, 2])) / growth
    return ((centre.real, centre.imag), magnified) if abs(centre - middle) <= most_px else None


def _points(coarse: Grey) -> npt.NDArray[np.float32]:
    """Corners of the picture, in fine pixels, away from the camera's own writing."""
    rows = _rows(coarse)
    corners: Any = cv2.goodFeaturesToTrack(coarse[rows], _POINTS, 0.02, 5)
    if corners is None:
        return np.empty((0, 2), np.float32)
    return np.asarray((corners.reshape(-1, 2) + np.array([0.5, rows.start + 0.5])) * 2 - 0.5, np.float32)


def _rows(image: npt.NDArray[np.generic]) -> slice:
    top, bottom = round(image.shape[0] * _TOP), round(image.shape[0] * _BOTTOM)
    return slice(top, top + (bottom - top) // _BLOCK * _BLOCK)


def _smooth(picture: Shrunk) -> _Single:
    """A little: sharper edges than a pixel would seem to jump."""
    return np.asarray(cv2.blur(picture.coarse, (3, 3)), np.float32)


def _part(image: _Single) -> _Single:
    """Whole blocks between the camera's own writing."""
    return image[_rows(image), : image.shape[1] // _BLOCK * _BLOCK]


def _mean(part: _Single) -> _Single:
    """Of each block."""
    size = (part.shape[1] // _BLOCK, part.shape[0] // _BLOCK)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
