"""Between pixels of a turning camera's picture and directions round the camera. Pure.

The pinhole of `ptz_geometry`: square pixels, pan to the right, tilt upwards, degrees and pixels from the top left.
"""

import math

import numpy as np

from vms.rules.ptz_geometry import Floats, FrameSize, ViewDeg, camera_axes

_BEHIND = 1e-3
_STEPS = 3
"""Of the way to where points lie: each leaves a hundredth of what was off."""


def focal_px(view: ViewDeg, size: FrameSize) -> float:
    return size.width / 2 / math.tan(math.radians(view.hfov_deg) / 2)


def hfov_of_focal_deg(focal: float, size: FrameSize) -> float:
    return math.degrees(2 * math.atan(size.width / 2 / focal))


def unit_directions(pan_tilt_deg: Floats) -> Floats:
    """(n, 2) degrees → (n, 3) unit vectors."""
    pan, tilt = np.radians(pan_tilt_deg[:, 0]), np.radians(pan_tilt_deg[:, 1])
    return np.stack([np.cos(tilt) * np.sin(pan), np.sin(tilt), np.cos(tilt) * np.cos(pan)], axis=1)


def directions_of_pixels(view: ViewDeg, pixels: Floats, size: FrameSize) -> Floats:
    """(n, 2) pixels → (n, 2) degrees of pan and tilt."""
    focal = focal_px(view, size)
    rays = np.stack(
        [(pixels[:, 0] - size.width / 2) / focal, (size.height / 2 - pixels[:, 1]) / focal, np.ones(len(pixels))],
        axis=1,
    )
    world = rays @ camera_axes(view)
    pan = np.degrees(np.arctan2(world[:, 0], world[:, 2]))
    tilt = np.degrees(np.arctan2(world[:, 1], np.hypot(world[:, 0], world[:, 2])))
    return np.stack([pan, tilt], axis=1)


def pixels_of_directions(view: ViewDeg, directions: Floats, size: FrameSize) -> Floats:
    """(n, 3) unit vectors → (n, 2) pixels; NaN for what lies behind the lens."""
    seen = directions @ camera_axes(view).T
    depth = np.where(seen[:, 2] > _BEHIND, seen[:, 2], np.nan)
    scale = focal_px(view, size) / depth
    return np.stack([size.width / 2 + seen[:, 0] * scale, size.height / 2 - seen[:, 1] * scale], axis=1)


def aimed_anew(view: ViewDeg, directions: Floats, pixels: Floats, size: FrameSize) -> ViewDeg:
    """The view at which these directions lie at these pixels; `view` is near it. All points count alike.

    One step: repeated from its own answer it converges, perspective and all. Raises ZeroDivisionError for one point.
    """
    expected = pixels_of_directions(view, directions, size)
    ahead = np.isfinite(expected[:, 0])
    was, now = (points[ahead, 0] + 1j * points[ahead, 1] for points in (expected, pixels))
    from_middle = was - was.mean()
    growth = complex((from_middle.conj() * (now - now.mean())).sum() / (abs(from_middle) ** 2).sum())
    centre = was.mean() + (complex(size.width / 2, size.height / 2) - now.mean()) / growth
    return aimed_at(view, (float(centre.real), float(centre.imag)), abs(growth), size)


def carried(view: ViewDeg, before_px: Floats, now_px: Floats, size: FrameSize) -> ViewDeg:
    """Where a picture was taken, from the one before it (taken at `view`) and points that lie in both."""
    directions = unit_directions(directions_of_pixels(view, before_px, size))
    for _ in range(_STEPS):
        view = aimed_anew(view, directions, now_px, size)
    return view


def aimed_at(view: ViewDeg, centre_px: tuple[float, float], magnified: float, size: FrameSize) -> ViewDeg:
    """The view whose centre is the point `centre_px` of this view's picture, `magnified` times as large."""
    ((pan_deg, tilt_deg),) = directions_of_pixels(view, np.array([centre_px]), size)
    return ViewDeg(float(pan_deg), float(tilt_deg), hfov_of_focal_deg(focal_px(view, size) * magnified, size))
