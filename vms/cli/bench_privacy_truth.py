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

_NEAR = 0.05
_EDGE_PX = 3
_MIN_WINDOW_PX = 60
_BARE_STD = 4.0
_BARE_SHIFT = 12.0
_FAR_PX = 20_000


@dataclass(frozen=True, slots=True)
class Windows:
    """Of the homes in one picture. bare: of those large enough to tell, how many are not covered in grey.

    marks: their pixels, frames included.
    """

    seen: int
    bare: int
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
        seen = bare = 0
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
            bare += bool(pixels.std() > _BARE_STD or abs(float(pixels.mean()) - 128) > _BARE_SHIFT)
        return Windows(seen, bare, whole > 0)

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


def _bounds(outline: npt.NDArray[np.int32], width: int, height: int) -> tuple[int, int, int, int]:
    left, top = np.maximum(outline.min(axis=0), 0).tolist()
    right, bottom = outline.max(axis=0).tolist()
    return left, top, max(left, min(right + 1, width)), max(top, min(bottom + 1, height))
