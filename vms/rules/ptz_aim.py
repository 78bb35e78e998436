"""Where a camera must look to bring a place in its picture to the middle, and to fill the picture with it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vms.rules.masks import LensCalibration
from vms.rules.ptz_geometry import camera_axes, view_of


@dataclass(frozen=True, slots=True)
class PtzPosition:
    """ONVIF's generic position: pan and tilt −1…1, zoom 0…1."""

    pan: float
    tilt: float
    zoom: float


@dataclass(frozen=True, slots=True)
class PictureBox:
    """Its middle from the top left, and its width, all as shares of the picture. width 1 keeps the zoom.

    aspect: width of the picture by its height.
    """

    x: float
    y: float
    width: float
    aspect: float


def aim(lens: LensCalibration, now: PtzPosition, box: PictureBox) -> PtzPosition:
    """Stays within the camera's ranges: a place beyond them is approached as far as they go."""
    view = view_of(lens, now.pan, now.tilt, now.zoom)
    half_tan = math.tan(math.radians(view.hfov_deg) / 2)
    across, upward = (box.x - 0.5) * 2 * half_tan, (0.5 - box.y) * 2 * half_tan / box.aspect
    east, up, north = np.array([across, upward, 1.0]) @ camera_axes(view)
    pan_deg = math.degrees(math.atan2(east, north))
    tilt_deg = math.degrees(math.atan2(up, math.hypot(east, north)))
    hfov_deg = 2 * math.degrees(math.atan(half_tan * box.width))
    return PtzPosition(
        _generic(_turned_into(pan_deg, lens.pan_range_deg), lens.pan_range_deg),
        _generic(tilt_deg, lens.tilt_range_deg),
        now.zoom if box.width >= 1 else _zoom_for(lens.hfov_deg_at_zoom, hfov_deg),
    )


def _turned_into(pan_deg: float, bounds: tuple[float, float]) -> float:
    """The same direction, whole turns away, within the range or nearest to it."""
    turns = [pan_deg + 360 * turn for turn in (-1, 0, 1)]
    return min(turns, key=lambda deg: max(bounds[0] - deg, 0.0) + max(deg - bounds[1], 0.0))


def _generic(value_deg: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(max((value_deg - low) / (high - low) * 2 - 1, -1.0), 1.0) if high > low else 0.0


def _zoom_for(table: Sequence[tuple[float, float]], hfov_deg: float) -> float:
    """The table falls from wide to tele; beyond its ends they hold."""
    for (zoom_0, hfov_0), (zoom_1, hfov_1) in pairwise(table):
        if hfov_deg >= hfov_1 and hfov_0 > hfov_1:
            return zoom_0 + (zoom_1 - zoom_0) * min(1.0, max(0.0, (hfov_0 - hfov_deg) / (hfov_0 - hfov_1)))
    return table[-1][0]
