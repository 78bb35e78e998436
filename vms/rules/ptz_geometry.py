"""From directions on the sphere round a camera to polygons in its picture.

The camera is a pinhole with square pixels: it looks along (pan, tilt), f = (width / 2) / tan(hfov / 2).
Pan is positive to the right, tilt upwards. Everything in degrees and pixels; x to the right, y downwards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vms.packet import PtzPose
from vms.rules.masks import LensCalibration, Mask, Point

Floats = npt.NDArray[np.float64]

_EDGE_STEP_DEG = 2.0
"""Edges are straight in (pan, tilt), curved in the picture: at 2° steps the chord is off by less than 0.01°."""
NEAR = 0.02
"""Clip plane in front of the lens, as a share of the distance: directions 88.9° off the axis."""
_HULL_SPAN_DEG = 25.0
"""A convex mask up to this size is grown into the convex hull of its grown edges: one polygon instead of many."""
_FRAME_SLACK_PX = 4.0


@dataclass(frozen=True, slots=True)
class ViewDeg:
    """Where a camera looks. hfov_deg: horizontal field of view."""

    pan_deg: float
    tilt_deg: float
    hfov_deg: float


@dataclass(frozen=True, slots=True)
class FrameSize:
    """In pixels."""

    width: int
    height: int


_ASPECT = FrameSize(16, 9)


@dataclass(frozen=True, slots=True, eq=False)
class SphereMask:
    """A sphere mask made ready for projection.

    starts, ends: unit directions of its subdivided edges, shape (n, 3), in order.
    along, aside: unit vectors along each edge and across it. corners: its own points, without subdivision.
    centre, radius_rad: a cap that holds it. is_small_convex: see _HULL_SPAN_DEG.
    """

    starts: Floats
    ends: Floats
    along: Floats
    aside: Floats
    corners: Floats
    centre: Floats
    radius_rad: float
    is_small_convex: bool


def view_of(lens: LensCalibration, pan: float, tilt: float, zoom: float) -> ViewDeg:
    """From ONVIF's generic position (−1…1, −1…1, 0…1)."""
    return ViewDeg(
        _linear(pan, lens.pan_range_deg), _linear(tilt, lens.tilt_range_deg), hfov_deg_at(lens.hfov_deg_at_zoom, zoom)
    )


def view_of_pose(lens: LensCalibration, pose: PtzPose) -> ViewDeg:
    return view_of(lens, pose.pan, pose.tilt, pose.zoom)


def hfov_deg_at(table: Sequence[tuple[float, float]], zoom: float) -> float:
    """Linear between the rows; the end rows hold beyond them."""
    for (zoom_0, hfov_0), (zoom_1, hfov_1) in pairwise(table):
        if zoom <= zoom_1:
            return hfov_0 + (hfov_1 - hfov_0) * max(0.0, zoom - zoom_0) / (zoom_1 - zoom_0)
    return table[-1][1]


def angle_between_deg(a: ViewDeg, b: ViewDeg) -> float:
    """Between two optical axes, on the sphere."""
    tilt_a, tilt_b = math.radians(a.tilt_deg), math.radians(b.tilt_deg)
    across = math.cos(tilt_a) * math.cos(tilt_b) * math.sin(math.radians(a.pan_deg - b.pan_deg) / 2) ** 2
    chord = across + math.sin((tilt_a - tilt_b) / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(chord))))


def apart_deg(one: ViewDeg, other: ViewDeg) -> float:
    """Between two views, zoom included: how far off a corner of the picture would be."""
    corners = (math.degrees(math.atan(half_diagonal_tan(view.hfov_deg, _ASPECT))) for view in (one, other))
    zoom_deg = abs(next(corners) - next(corners))
    return angle_between_deg(one, other) + zoom_deg


def half_diagonal_tan(hfov_deg: float, size: FrameSize) -> float:
    """Tangent of the angle between the optical axis and a corner of the picture."""
    return math.tan(math.radians(hfov_deg) / 2) * math.hypot(size.width, size.height) / size.width


def prepare(mask: Mask) -> SphereMask:
    """Once per mask; the rest is per picture."""
    points = _subdivided(mask.polygon)
    starts = _directions(points)
    ends = np.roll(starts, -1, axis=0)
    along = _unit(ends - starts)
    centre = starts.mean(axis=0)
    length = float(np.linalg.norm(centre))
    centre = centre / length if length > 1e-6 else starts[0]
    radius = math.pi if length <= 1e-6 else float(np.arccos(np.clip(starts @ centre, -1, 1)).max())
    spans = points.max(axis=0) - points.min(axis=0)
    small = bool(spans.max() <= _HULL_SPAN_DEG) and bool(np.abs(points[:, 1]).max() <= 75)
    return SphereMask(
        starts=starts,
        ends=ends,
        along=along,
        aside=_unit(np.cross(starts, along)),
        corners=_directions(np.array(mask.polygon, np.float64)),
        centre=centre,
        radius_rad=radius,
        is_small_convex=small and _is_convex(mask.polygon),
    )


def project_one(mask: SphereMask, axes: Floats, focal_px: float, size: FrameSize, margin_deg: float) -> list[Floats]:
    """Polygons in the picture whose union covers one mask grown by margin_deg; each is to be filled on its own.

    The careful way, for masks that are wide, not convex or half behind the lens: mask_projection does the others.
    """
    quads = _edge_quads(mask, margin_deg) @ axes.T
    if mask.is_small_convex:
        points = np.concatenate([*(_clip_near(quad) for quad in quads), np.empty((0, 3))])
        pieces = [_hull(_to_pixels(points, focal_px, size))]
    else:
        pieces = [_to_pixels(_clip_near(piece), focal_px, size) for piece in [mask.starts @ axes.T, *quads]]
    found = [clip_to_frame(piece, size) for piece in pieces]
    return [polygon for polygon in found if len(polygon) >= 3]


def image_polygon(mask: Mask, size: FrameSize) -> Floats:
    """An image mask in pixels."""
    return np.array(mask.polygon, np.float64) * (size.width, size.height)


def _linear(value: float, bounds: tuple[float, float]) -> float:
    return bounds[0] + (value + 1) / 2 * (bounds[1] - bounds[0])


def _subdivided(polygon: Sequence[Point]) -> Floats:
    points: list[Point] = []
    for (pan_0, tilt_0), (pan_1, tilt_1) in pairwise([*polygon, polygon[0]]):
        steps = max(1, math.ceil(max(abs(pan_1 - pan_0), abs(tilt_1 - tilt_0)) / _EDGE_STEP_DEG))
        points += [
            (pan_0 + (pan_1 - pan_0) * step / steps, tilt_0 + (tilt_1 - tilt_0) * step / steps) for step in range(steps)
        ]
    return np.array(points, np.float64)


def _is_convex(polygon: Sequence[Point]) -> bool:
    count = len(polygon)
    turns = []
    for i in range(count):
        a, b, c = polygon[i], polygon[(i + 1) % count], polygon[(i + 2) % count]
        turns.append((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]))
    return min(turns) >= -1e-9 or max(turns) <= 1e-9


def camera_axes(view: ViewDeg) -> Floats:
    """Unit vectors. Rows: right, up, forward."""
    pan, tilt = math.radians(view.pan_deg), math.radians(view.tilt_deg)
    right = (math.cos(pan), 0.0, -math.sin(pan))
    up = (-math.sin(tilt) * math.sin(pan), math.cos(tilt), -math.sin(tilt) * math.cos(pan))
    forward = (math.cos(tilt) * math.sin(pan), math.sin(tilt), math.cos(tilt) * math.cos(pan))
    return np.array([right, up, forward])


def _directions(points_deg: Floats) -> Floats:
    pan, tilt = np.radians(points_deg[:, 0]), np.radians(points_deg[:, 1])
    return np.stack([np.cos(tilt) * np.sin(pan), np.sin(tilt), np.cos(tilt) * np.cos(pan)], axis=1)


def _unit(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)


def margin_reach(margin_deg: float) -> float:
    """How far a unit direction is pushed sideways to be the margin off, and a little more."""
    return math.tan(math.radians(margin_deg)) * 1.02


def _edge_quads(mask: SphereMask, margin_deg: float) -> Floats:
    """Each edge widened and lengthened by the margin, shape (n, 4, 3): together they hold every point that is
    within the margin of the outline."""
    reach = margin_reach(margin_deg)
    along, aside = mask.along * reach, mask.aside * reach
    back, ahead = mask.starts - along, mask.ends + along
    return np.stack([back + aside, ahead + aside, ahead - aside, back - aside], axis=1)


def _to_pixels(points: Floats, focal_px: float, size: FrameSize) -> Floats:
    if len(points) == 0:
        return np.empty((0, 2))
    scale = focal_px / points[:, 2]
    return np.stack([size.width / 2 + points[:, 0] * scale, size.height / 2 - points[:, 1] * scale], axis=1)


def _clip_near(polygon: Floats) -> Floats:
    return _clip_half(polygon, polygon[:, 2] - NEAR)


def clip_to_frame(polygon: Floats, size: FrameSize) -> Floats:
    low, right, bottom = -_FRAME_SLACK_PX, size.width + _FRAME_SLACK_PX, size.height + _FRAME_SLACK_PX
    for axis, limit, sign in ((0, low, 1), (0, right, -1), (1, low, 1), (1, bottom, -1)):
        if len(polygon) < 3:
            break
        polygon = _clip_half(polygon, (polygon[:, axis] - limit) * sign)
    return polygon


def _clip_half(polygon: Floats, inside: Floats) -> Floats:
    """Sutherland-Hodgman against one plane; inside: signed distance of each point, positive is kept."""
    if len(polygon) == 0 or inside.min() >= 0:
        return polygon
    if inside.max() < 0:
        return polygon[:0]
    kept: list[Floats] = []
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        if inside[i] >= 0:
            kept.append(polygon[i])
        if (inside[i] >= 0) != (inside[j] >= 0):
            kept.append(polygon[i] + (polygon[j] - polygon[i]) * (inside[i] / (inside[i] - inside[j])))
    return np.array(kept)


def _hull(points: Floats) -> Floats:
    """Convex hull (monotone chain)."""
    ordered = sorted(map(tuple, points.tolist()))
    halves: list[list[Point]] = []
    for sequence in (ordered, ordered[::-1]):
        chain: list[Point] = []
        for point in sequence:
            while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        halves.append(chain[:-1])
    return np.array(halves[0] + halves[1]).reshape(-1, 2)


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
