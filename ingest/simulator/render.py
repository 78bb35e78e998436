"""One camera's picture of the street: pinhole projection of the panorama, moving figures, overlay.

At rest the projected background is kept and only figures and overlay are drawn: that is what makes a dozen live
cameras affordable. A Renderer belongs to one thread; the Street is shared.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.model import Faults, SimCameraSpec, ViewDeg
from ingest.simulator.overlay import TextBlock, draw_clock
from ingest.simulator.street import BOTTOM_TILT_DEG, TOP_TILT_DEG, Figure, Panorama, Street
from ingest.simulator.street_figures import blend
from ingest.simulator.street_ground import CAMERA_HEIGHT_M
from vms.units import US_PER_SECOND

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
Floats = npt.NDArray[np.float32]

_GRID_PX = 16
_POLE_TILT_DEG = -75.0
_DETAIL_FROM = 1.3
"""Views finer than the panorama by this factor get a part painted for them, once they stand still."""
_DETAIL_MARGIN = 1.25
_MAX_DETAIL_PX_PER_DEG = 260.0
_NEAR_M = 0.5


class Pinhole:
    """Projection of one view: square pixels, focal length from the horizontal field of view."""

    def __init__(self, view: ViewDeg, width: int, height: int) -> None:
        self.view, self.width, self.height = view, width, height
        self.focal_px = width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
        self._sin, self._cos = math.sin(math.radians(view.tilt_deg)), math.cos(math.radians(view.tilt_deg))

    @property
    def px_per_deg(self) -> float:
        return self.focal_px * math.radians(1)

    def pixel(self, x: float, y: float, z: float) -> tuple[float, float] | None:
        """Picture position of a point in the square (metres), None when it lies behind the camera."""
        pan = math.radians(self.view.pan_deg)
        side = x * math.cos(pan) - y * math.sin(pan)
        ahead = x * math.sin(pan) + y * math.cos(pan)
        up = z - CAMERA_HEIGHT_M
        depth = ahead * self._cos + up * self._sin
        if depth < _NEAR_M:
            return None
        rise = up * self._cos - ahead * self._sin
        return self.width / 2 + self.focal_px * side / depth, self.height / 2 - self.focal_px * rise / depth

    def pixel_of_direction(self, pan_deg: float, tilt_deg: float) -> tuple[float, float] | None:
        """Picture position of a direction on the sphere, None when behind the camera."""
        pan, tilt = math.radians(pan_deg), math.radians(tilt_deg)
        flat = 100 * math.cos(tilt)
        return self.pixel(flat * math.sin(pan), flat * math.cos(pan), CAMERA_HEIGHT_M + 100 * math.sin(tilt))

    def directions(self, column: Floats, row: Floats) -> tuple[Floats, Floats]:
        """Pan relative to the view's pan, and tilt, in degrees, of columns × rows of pixels."""
        side = ((column - self.width / 2) / self.focal_px)[None, :]
        rise = ((self.height / 2 - row) / self.focal_px)[:, None]
        ahead = self._cos - rise * self._sin
        up = self._sin + rise * self._cos
        pan = np.degrees(np.arctan2(side, ahead))
        tilt = np.degrees(np.arctan2(up, np.hypot(side, ahead)))
        return pan.astype(np.float32), tilt.astype(np.float32)


def project(source: Panorama, view: ViewDeg, width: int, height: int) -> Planes:
    """The view as 4:2:0 planes, taken from a panorama that covers it."""
    pinhole = Pinhole(view, width, height)
    y = _project_plane(source.y, source.px_per_deg, source, pinhole, 1)
    u = _project_plane(source.u, source.px_per_deg / 2, source, pinhole, 2)
    v = _project_plane(source.v, source.px_per_deg / 2, source, pinhole, 2)
    return y, u, v


def _project_plane(plane: Plane, px_per_deg: float, source: Panorama, pinhole: Pinhole, step: int) -> Plane:
    width, height = pinhole.width // step, pinhole.height // step
    half_diagonal = math.degrees(math.atan(math.hypot(pinhole.width, pinhole.height) / 2 / pinhole.focal_px))
    exact = pinhole.view.tilt_deg - half_diagonal < _POLE_TILT_DEG
    grid = 1 if exact else _GRID_PX
    # Directions are smooth: computed on a coarse grid (one cell beyond each edge), interpolated in between.
    columns = (np.arange(-1, width // grid + 2, dtype=np.float32) + 0.5) * grid * step
    rows = (np.arange(-1, height // grid + 2, dtype=np.float32) + 0.5) * grid * step
    pan, tilt = pinhole.directions(columns, rows)
    left = (pinhole.view.pan_deg - source.left_deg) % 360
    if left * px_per_deg > plane.shape[1]:
        left -= 360
    x = (left + pan) * px_per_deg - 0.5
    y = np.clip((source.top_deg - tilt) * px_per_deg - 0.5, 0, plane.shape[0] - 1)
    x, y = (_refined(coarse, grid, width, height) for coarse in (x, y))
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _refined(coarse: Floats, grid: int, width: int, height: int) -> Floats:
    if grid == 1:
        return np.ascontiguousarray(coarse[1 : height + 1, 1 : width + 1], dtype=np.float32)
    size = (coarse.shape[1] * grid, coarse.shape[0] * grid)
    fine = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(fine[grid : grid + height, grid : grid + width], dtype=np.float32)


@dataclass(slots=True)
class _Background:
    view: ViewDeg
    planes: Planes
    is_detailed: bool


class Renderer:
    def __init__(self, street: Street, spec: SimCameraSpec) -> None:
        self._street = street
        self._spec = spec
        self._backgrounds: dict[tuple[int, int], _Background] = {}
        self._texts: dict[int, TextBlock] = {}
        self._detail: Panorama | None = None

    def view(
        self, at_us: int, view: ViewDeg, faults: Faults, width: int, height: int, frame_number: int = 0
    ) -> Planes:
        """The picture taken at `at_us`. width and height even. The planes belong to the caller."""
        knocked = faults.knocked_deg
        seen = ViewDeg(view.pan_deg + knocked[0], view.tilt_deg + knocked[1], view.hfov_deg)
        y, u, v = (plane.copy() for plane in self._background(seen, width, height))
        pinhole = Pinhole(seen, width, height)
        for figure in self._street.figures(at_us):
            _draw_figure((y, u, v), pinhole, figure)
        if width not in self._texts:
            self._texts[width] = TextBlock(width, self._spec.name)
        utc_us = at_us + round(faults.clock_offset_s * US_PER_SECOND)
        self._texts[width].draw(y, u, v, utc_us, frame_number)
        if not self._spec.loop:
            draw_clock(y, u, v, utc_us, frame_number)
        return y, u, v

    def _background(self, view: ViewDeg, width: int, height: int) -> Planes:
        known = self._backgrounds.get((width, height))
        stands = known is not None and known.view == view
        if known is not None and stands and known.is_detailed:
            return known.planes
        source, is_detailed = self._source(view, width, height, stands=stands)
        planes = project(source, view, width, height)
        if len(self._backgrounds) > 4:
            self._backgrounds.clear()
        self._backgrounds[width, height] = _Background(view, planes, is_detailed)
        return planes

    def _source(self, view: ViewDeg, width: int, height: int, *, stands: bool) -> tuple[Panorama, bool]:
        """What to project from, and whether that is as sharp as it gets."""
        panorama = self._street.panorama
        wanted = Pinhole(view, width, height).px_per_deg
        if wanted < 0.7 * panorama.px_per_deg:
            return self._street.half, True
        if wanted < _DETAIL_FROM * panorama.px_per_deg or view.tilt_deg < -45:
            return panorama, True
        detail = self._detail
        if detail is not None and _covers(detail, view, width, height) and detail.px_per_deg > 0.6 * wanted:
            return detail, True
        if not stands:  # focus comes when the camera rests, as with real lenses
            return panorama, False
        self._detail = self._paint_detail(view, height / width, min(wanted, _MAX_DETAIL_PX_PER_DEG))
        return self._detail, True

    def _paint_detail(self, view: ViewDeg, aspect: float, px_per_deg: float) -> Panorama:
        half_pan, half_tilt = _half_spans(view, aspect)
        return self._street.paint(
            view.pan_deg - half_pan * _DETAIL_MARGIN,
            view.pan_deg + half_pan * _DETAIL_MARGIN,
            min(TOP_TILT_DEG, view.tilt_deg + half_tilt * _DETAIL_MARGIN),
            max(BOTTOM_TILT_DEG, view.tilt_deg - half_tilt * _DETAIL_MARGIN),
            px_per_deg,
        )


def _half_spans(view: ViewDeg, aspect: float) -> tuple[float, float]:
    """Half the pan and tilt that a view takes on the sphere, with room for its corners."""
    half_tilt = view.hfov_deg / 2 * aspect * 1.05 + 0.05
    lean = max(math.cos(math.radians(abs(view.tilt_deg) + half_tilt)), 0.3)
    return view.hfov_deg / 2 / lean + 0.05, half_tilt


def _covers(part: Panorama, view: ViewDeg, width: int, height: int) -> bool:
    half_pan, half_tilt = _half_spans(view, height / width)
    part_pan, part_tilt = part.y.shape[1] / part.px_per_deg, part.y.shape[0] / part.px_per_deg
    left = (view.pan_deg - half_pan - part.left_deg + 180) % 360 - 180
    below = part.top_deg - part_tilt
    inside = left >= 0 and left + 2 * half_pan <= part_pan and view.tilt_deg - half_tilt >= below
    return inside and view.tilt_deg + half_tilt <= part.top_deg


def _draw_figure(planes: Planes, pinhole: Pinhole, figure: Figure) -> None:
    away = math.hypot(figure.x, figure.y)
    half = figure.sprite.width_m / 2
    right_x, right_y = figure.y / away * half, -figure.x / away * half
    height = figure.sprite.height_m
    top_left = pinhole.pixel(figure.x - right_x, figure.y - right_y, height)
    top_right = pinhole.pixel(figure.x + right_x, figure.y + right_y, height)
    foot_left = pinhole.pixel(figure.x - right_x, figure.y - right_y, 0.0)
    if top_left is None or top_right is None or foot_left is None:
        return
    if max(top_left[0], top_right[0]) < 0 or min(top_left[0], top_right[0]) > pinhole.width:
        return
    blend(planes, figure.sprite, (top_left, top_right, foot_left), mirrored=figure.mirrored)
