"""One camera's picture of the street: pinhole projection of the panorama, moving figures, overlay.

At rest the projected background is kept and only figures and overlay are drawn: that is what makes a dozen live
cameras affordable. A Renderer belongs to one thread; the Street is shared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.model import Faults, SimCameraSpec, ViewDeg
from ingest.simulator.overlay import TextBlock, clock_box, draw_clock
from ingest.simulator.picture import Picture, Plane, Planes
from ingest.simulator.street import BOTTOM_TILT_DEG, TOP_TILT_DEG, Figure, Panorama, Street
from ingest.simulator.street_figures import Box, blend
from ingest.simulator.street_ground import CAMERA_HEIGHT_M
from vms.units import US_PER_SECOND

Floats = npt.NDArray[np.float32]

_GRID_PX = 16
_POLE_TILT_DEG = -75.0
_DETAIL_FROM = 1.3
"""Views finer than the panorama by this factor get a part painted for them, once they stand still."""
_DETAIL_MARGIN = 1.25
_MAX_DETAIL_PX_PER_DEG = 260.0
_NEAR_M = 0.5
_MAX_SIZES = 4


class Pinhole:
    """Projection of one view: square pixels, focal length from the horizontal field of view."""

    def __init__(self, view: ViewDeg, width: int, height: int) -> None:
        self.view, self.width, self.height = view, width, height
        self.focal_px = width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
        self._sin, self._cos = math.sin(math.radians(view.tilt_deg)), math.cos(math.radians(view.tilt_deg))
        self._sin_pan, self._cos_pan = math.sin(math.radians(view.pan_deg)), math.cos(math.radians(view.pan_deg))

    @property
    def px_per_deg(self) -> float:
        return self.focal_px * math.radians(1)

    def pixel(self, x: float, y: float, z: float) -> tuple[float, float] | None:
        """Picture position of a point in the square (metres), None when it lies behind the camera."""
        side = x * self._cos_pan - y * self._sin_pan
        ahead = x * self._sin_pan + y * self._cos_pan
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
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.uint8)


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


class _Scene:
    """The picture of one size as last drawn: remembers what lies over the background, to wipe only that."""

    def __init__(self, width: int, height: int) -> None:
        self.picture = Picture(width, height)
        self.at_us = 0
        self.view: ViewDeg | None = None
        self.background: Planes | None = None
        self.figures: list[Box] = []
        """What may differ from the background, overlay apart."""
        self._clean: list[tuple[Plane, Plane]] = []

    def begin(self, at_us: int, view: ViewDeg, background: Planes) -> None:
        """Back to the bare background."""
        self.wipe_overlay()
        if background is self.background:
            for box in self.figures:
                for plane, source, step in zip(self.picture.planes, background, (1, 2, 2), strict=True):
                    part = _part(box, step)
                    plane[part] = source[part]
        else:
            for plane, source in zip(self.picture.planes, background, strict=True):
                np.copyto(plane, source)
        self.background, self.figures = background, []
        self.at_us, self.view = at_us, view

    def draw(self, pinhole: Pinhole, figures: list[Figure]) -> None:
        """The farthest first. Standing things are in the background: they are drawn again before what moves only."""
        moving: list[Box] = []
        for figure in figures:
            box = _draw_figure(self.picture.planes, pinhole, figure, None if figure.moves else moving)
            if box is not None:
                self.figures.append(box)
                if figure.moves:
                    moving.append(box)

    def shrink_from(self, larger: "_Scene") -> None:
        """The same picture in this size. Over the same background only what moved is shrunk."""
        larger.wipe_overlay()
        self.wipe_overlay()
        times, rest = divmod(larger.picture.width, self.picture.width)
        known = self.background is not None and self.background is larger.background and not rest
        whole = (0, 0, larger.picture.width, larger.picture.height)
        for box in _then_and_now(self.figures, larger.figures) if known else (whole,):
            wide = _aligned(box, 2 * times) if known else box
            for plane, source, step in zip(self.picture.planes, larger.picture.planes, (1, 2, 2), strict=True):
                target = plane[_part(wide, step * times)] if known else plane
                size = (target.shape[1], target.shape[0])
                cv2.resize(source[_part(wide, step)], size, dst=target, interpolation=cv2.INTER_AREA)
        self.background, self.figures = larger.background, larger.figures.copy()
        self.at_us, self.view = larger.at_us, larger.view

    def keep_clean(self, boxes: Sequence[Box]) -> None:
        """Remember what an overlay will cover."""
        for box in boxes:
            for plane, step in zip(self.picture.planes, (1, 2, 2), strict=True):
                part = plane[_part(box, step)]
                self._clean.append((part, part.copy()))

    def wipe_overlay(self) -> None:
        for part, clean in self._clean:
            np.copyto(part, clean)
        self._clean.clear()


def _part(box: Box, step: int) -> tuple[slice, slice]:
    """Rows and columns of a plane that is `step` times as coarse as the box's pixels."""
    left, top, right, bottom = box
    return slice(top // step, bottom // step), slice(left // step, right // step)


def _then_and_now(then: list[Box], now: list[Box]) -> list[Box]:
    """Boxes that cover both. Mostly the same figures, each a little further."""
    if len(then) != len(now):
        return then + now
    pairs = zip(then, now, strict=True)
    return [(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])) for a, b in pairs]


def _aligned(box: Box, step: int) -> Box:
    left, top, right, bottom = box
    return left // step * step, top // step * step, -(-right // step) * step, -(-bottom // step) * step


class Renderer:
    def __init__(self, street: Street, spec: SimCameraSpec) -> None:
        self._street = street
        self._spec = spec
        self._backgrounds: dict[tuple[int, int], _Background] = {}
        self._texts: dict[int, TextBlock] = {}
        self._detail: Panorama | None = None
        self._scenes: dict[tuple[int, int], _Scene] = {}
        self._last_scene: _Scene | None = None

    def view(
        self, at_us: int, view: ViewDeg, faults: Faults, width: int, height: int, frame_number: int = 0
    ) -> Picture:
        """The picture taken at `at_us`. width and height even. Good until the next call."""
        knocked = faults.knocked_deg
        seen = ViewDeg(view.pan_deg + knocked[0], view.tilt_deg + knocked[1], view.hfov_deg)
        scene = self._scene(at_us, seen, width, height)
        planes = scene.picture.planes
        if width not in self._texts:
            self._texts[width] = TextBlock(width, self._spec.name)
        utc_us = at_us + round(faults.clock_offset_s * US_PER_SECOND)
        text = self._texts[width]
        boxes = [text.box] if self._spec.loop else [text.box, clock_box(width, height)]
        scene.keep_clean(boxes)
        text.draw(*planes, utc_us, frame_number)
        if not self._spec.loop:
            draw_clock(*planes, utc_us, frame_number)
        return scene.picture

    def _scene(self, at_us: int, view: ViewDeg, width: int, height: int) -> _Scene:
        """Everything but the overlay. A smaller picture of the same moment is the larger one, shrunk."""
        scene = self._scenes.get((width, height))
        if scene is None:
            if len(self._scenes) >= _MAX_SIZES:
                self._scenes.clear()
            scene = self._scenes[width, height] = _Scene(width, height)
        last = self._last_scene
        if last is not None and (last.at_us, last.view) == (at_us, view):
            size = last.picture.width, last.picture.height
            if size[0] > width and size[0] * height == size[1] * width:
                scene.shrink_from(last)
                return scene
        scene.begin(at_us, view, self._background(view, width, height))
        pinhole = Pinhole(view, width, height)
        scene.draw(pinhole, self._street.figures(at_us))
        self._last_scene = scene
        return scene

    def _background(self, view: ViewDeg, width: int, height: int) -> Planes:
        known = self._backgrounds.get((width, height))
        stands = known is not None and known.view == view
        if known is not None and stands and known.is_detailed:
            return known.planes
        source, is_detailed = self._source(view, width, height, stands=stands)
        planes = project(source, view, width, height)
        if len(self._backgrounds) > _MAX_SIZES:
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


def _draw_figure(planes: Planes, pinhole: Pinhole, figure: Figure, clips: list[Box] | None) -> Box | None:
    middle = pinhole.pixel(figure.x, figure.y, 0.0)
    away = math.hypot(figure.x, figure.y)
    half = figure.sprite.width_m / 2
    reach = 3 * pinhole.focal_px * half / max(away, 1.0)
    if middle is None or not -reach < middle[0] < pinhole.width + reach:
        return None
    right_x, right_y = figure.y / away * half, -figure.x / away * half
    height = figure.sprite.height_m
    top_left = pinhole.pixel(figure.x - right_x, figure.y - right_y, height)
    top_right = pinhole.pixel(figure.x + right_x, figure.y + right_y, height)
    foot_left = pinhole.pixel(figure.x - right_x, figure.y - right_y, 0.0)
    if top_left is None or top_right is None or foot_left is None:
        return None
    return blend(planes, figure.sprite, (top_left, top_right, foot_left), mirrored=figure.mirrored, clips=clips)
