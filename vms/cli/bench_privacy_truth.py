"""What the privacy bench knows of the street: where every home window is in a picture, and what no mask would hide.

Its geometry is the simulator's own, not the product's: an error in the product's must show.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.model import Faults, SimCameraSpec, ViewDeg
from ingest.simulator.overlay import TextBlock, clock_box
from ingest.simulator.render import Pinhole, Renderer
from ingest.simulator.street import Street
from vms.cli.bench_privacy_pixels import Marks, Planes, as_bright_as_a_mask, mask_grey

Floats = npt.NDArray[np.float64]
Luma = npt.NDArray[np.uint8]

_NEAR = 0.05
_EDGE_PX = 3
_MIN_WINDOW_PX = 60
_BARE_STD = 4.0
_BARE_SHIFT = 12.0
_FAR_PX = 20_000
_CLEARLY = 8.0
"""Grey levels from the mask's grey: what was nearer to it cannot be told from it."""
_SHOWN_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Bare:
    """left, top: of the part of the picture that `inside` (1 = well within the window) is for."""

    left: int
    top: int
    inside: Marks


@dataclass(frozen=True, slots=True)
class Windows:
    """Of the homes in one picture. bare: of those large enough to tell, those that are not covered in grey.

    marks: their pixels, frames included.
    """

    seen: int
    bare: tuple[Bare, ...]
    marks: Marks


@dataclass(frozen=True, slots=True)
class Hidden:
    """Pixels of the street, and how many of them are masked needlessly."""

    hidden: int
    street: int

    @property
    def share(self) -> float:
        return self.hidden / self.street if self.street else 0.0


class StreetTruth:
    """One camera's; one thread."""

    def __init__(self, street: Street, spec: SimCameraSpec) -> None:
        self._spec = spec
        self._renderer = Renderer(street, spec)
        corners = np.radians(np.array([window.points for window in street.window_polygons()], np.float64))
        pan, tilt = corners[:, :, 0], corners[:, :, 1]
        self._corners = np.stack([np.cos(tilt) * np.sin(pan), np.cos(tilt) * np.cos(pan), np.sin(tilt)], axis=2)

    def windows(self, planes: Planes, view: ViewDeg) -> Windows:
        width, height = planes.size
        outlines = [np.rint(outline).astype(np.int32) for outline in self._outlines(view, width, height)]
        whole = np.zeros((height, width), np.uint8)
        for outline in outlines:
            cv2.fillConvexPoly(whole, outline, 1)
        seen, bare = 0, []
        for outline in outlines:
            left, top, right, bottom = _bounds(outline, width, height)
            if (right - left) * (bottom - top) < _MIN_WINDOW_PX:
                continue
            inside = np.zeros((bottom - top, right - left), np.uint8)
            cv2.fillConvexPoly(inside, outline - (left, top), 1)
            inside = np.asarray(cv2.erode(inside, np.ones((2 * _EDGE_PX + 1,) * 2, np.uint8)), np.uint8)
            if np.count_nonzero(inside) < _MIN_WINDOW_PX:
                continue
            pixels = planes.y[top:bottom, left:right][inside > 0]
            seen += 1
            if pixels.std() > _BARE_STD or abs(float(pixels.mean()) - 128) > _BARE_SHIFT:
                bare.append(Bare(left, top, inside > 0))
        return Windows(seen, tuple(bare), whole > 0)

    def shown(self, planes: Planes, windows: Windows, at_us: int, view: ViewDeg) -> int:
        """How many of the bare windows show anything of what the camera saw there: the rest has its grey disturbed by
        the coder of what was beside it before. Only for pictures whose moment is exactly known."""
        if not windows.bare:
            return 0
        picture = self._renderer.view(at_us, view, Faults(), *planes.size)
        return sum(_shows(planes.y, Planes(*picture.planes).y, window) for window in windows.bare)

    def hidden(self, planes: Planes, windows: Marks, at_us: int, view: ViewDeg) -> Hidden:
        """Of the street's pixels (all but home windows), how many are masked though nobody lives there.

        Compared with the picture that the camera took then; what was as bright as a mask in it anyway does not count.
        """
        width, height = planes.size
        picture = self._renderer.view(at_us, view, Faults(), width, height)
        counted = ~windows & ~as_bright_as_a_mask(Planes(*picture.planes))
        for box in (TextBlock(width, self._spec.name).box, clock_box(width, height)):
            counted[box[1] : box[3], box[0] : box[2]] = False
        return Hidden(int(np.count_nonzero(counted & mask_grey(planes))), int(np.count_nonzero(counted)))

    def _outlines(self, view: ViewDeg, width: int, height: int) -> list[Floats]:
        """Of the windows that lie in the picture at least in part."""
        pinhole = Pinhole(view, width, height)
        pan, tilt = np.radians(view.pan_deg), np.radians(view.tilt_deg)
        x, y, z = self._corners[:, :, 0], self._corners[:, :, 1], self._corners[:, :, 2]
        side, ahead = x * np.cos(pan) - y * np.sin(pan), x * np.sin(pan) + y * np.cos(pan)
        depth, rise = ahead * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - ahead * np.sin(tilt)
        in_front = depth.min(axis=1) > _NEAR
        depth = np.where(depth > _NEAR, depth, 1.0)
        columns = width / 2 + pinhole.focal_px * side / depth - 0.5
        rows = height / 2 - pinhole.focal_px * rise / depth - 0.5
        across = (columns.max(axis=1) >= 0) & (columns.min(axis=1) < width)
        down = (rows.max(axis=1) >= 0) & (rows.min(axis=1) < height)
        points = np.clip(np.stack([columns, rows], axis=2), -_FAR_PX, _FAR_PX)
        return list(points[in_front & across & down])


def _shows(y: Luma, truth: Luma, window: Bare) -> bool:
    """Some of the pixels are nearer to what was there than to grey, where the two differ clearly."""
    height, width = window.inside.shape
    part = slice(window.top, window.top + height), slice(window.left, window.left + width)
    seen, true = (plane[part][window.inside].astype(np.float64) for plane in (y, truth))
    nearer = (np.abs(true - 128) > _CLEARLY) & (np.abs(seen - true) < np.abs(seen - 128))
    return bool(nearer.mean() > _SHOWN_SHARE)


def _bounds(outline: npt.NDArray[np.int32], width: int, height: int) -> tuple[int, int, int, int]:
    left, top = np.maximum(outline.min(axis=0), 0).tolist()
    right, bottom = outline.max(axis=0).tolist()
    return left, top, max(left, min(right + 1, width)), max(top, min(bottom + 1, height))
