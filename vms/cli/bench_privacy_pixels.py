"""What the privacy bench sees in a decoded picture: the homes' reserved colour, and mask grey. On 4:2:0 planes."""

from dataclasses import dataclass

import av
import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.bool_]

LEAK_COLOUR = 60
"""Blue and red both exceed green by more than this: a quarter of the pure colour."""
_EVEN = 78
"""And the lesser by at least so many hundredths of the other: a coder's bright red car has less blue, a dulled window
(both shrink alike) never less than 80."""
_PREFILTER = 10
_GREY = 128
_GREY_LUMA, _GREY_CHROMA = 6, 4
"""What encoding does to the mask's uniform grey."""
_BLANK_STD = 2.0


@dataclass(frozen=True, slots=True)
class Planes:
    """Views of a picture's memory; u and v are half as wide and high as y."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def size(self) -> tuple[int, int]:
        """Width, height."""
        return int(self.y.shape[1]), int(self.y.shape[0])


def planes_of(frame: av.VideoFrame) -> Planes:
    """Raises ValueError for anything but 4:2:0."""
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        raise ValueError(f"a picture in {frame.format.name}; the bench reads 4:2:0")
    found = []
    for plane in frame.planes:
        rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        found.append(rows[: plane.height, : plane.width])
    return Planes(*found)


def window_colour(planes: Planes, limit: int = LEAK_COLOUR) -> Marks:
    """Chroma samples (four pixels each) of the reserved colour."""
    likely: Marks = (planes.u > _GREY + _PREFILTER) & (planes.v > _GREY + _PREFILTER)
    if not likely.any():
        return likely
    u, v = planes.u.astype(np.int32) - _GREY, planes.v.astype(np.int32) - _GREY
    red_over_green, blue_over_green = 2409 * v + 391 * u, 2408 * u + 813 * v  # BT.601, thousandths
    less, more = np.minimum(red_over_green, blue_over_green), np.maximum(red_over_green, blue_over_green)
    found: Marks = likely & (less > 1000 * limit) & (100 * less > _EVEN * more)
    return found


def leaked_pixels(planes: Planes) -> int:
    return 4 * int(np.count_nonzero(window_colour(planes)))


def is_blank(planes: Planes) -> bool:
    """One grey from edge to edge."""
    return float(planes.y[::2, ::2].std()) < _BLANK_STD


def mask_grey(planes: Planes) -> Marks:
    """Pixels that look like a mask."""
    luma = _near(planes.y, _GREY_LUMA)
    chroma = (_near(planes.u, _GREY_CHROMA) & _near(planes.v, _GREY_CHROMA)).astype(np.uint8)
    doubled = cv2.resize(chroma, (luma.shape[1], luma.shape[0]), interpolation=cv2.INTER_NEAREST)
    return luma & (doubled > 0)


def as_bright_as_a_mask(planes: Planes) -> Marks:
    """Pixels that encoding, or taking their colour away, could make look like one."""
    return _near(planes.y, 3 * _GREY_LUMA)


def _near(plane: Plane, reach: int) -> Marks:
    return (plane >= _GREY - reach) & (plane <= _GREY + reach)
