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
_NEAR = 0.02
"""Clip plane in front of the lens, as a share of the distance: directions 88.9° off the axis."""
_HULL_SPAN_DEG = 25.0
"""A convex mask up to this size is grown into the convex hull of its grown edges: one polygon instead of many."""
_FRAME_SLACK_PX = 4.0
_QUARTERS = np.array([-0.75, -0.25, 0.25, 0.75]) * math.pi
_SAME_ANGLE_RAD = 0.02


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
    cosine = float(np.dot(direction(a.pan_deg, a.tilt_deg), direction(b.pan_deg, b.tilt_deg)))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def half_diagonal_tan(hfov_deg: float, size: FrameSize) -> float:
    """Tangent of the angle between the optical axis and a corner of the picture."""
    return math.tan(math.radians(hfov_deg) / 2) * math.hypot(size.width, size.height) / size.width


def direction(pan_deg: float, tilt_deg: float) -> Floats:
    """Unit vector: x to the right of pan 0, y up, z along pan 0."""
    pan, tilt = math.radians(pan_deg), math.radians(tilt_deg)
    return np.array([math.cos(tilt) * math.sin(pan), math.sin(tilt), math.cos(tilt) * math.cos(pan)])


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


def project_all(masks: Sequence[SphereMask], view: ViewDeg, size: FrameSize, margin_deg: float) -> list[Floats]:
    """Polygons in the picture, shape (n, 2) in pixels, whose union covers the masks grown by margin_deg.

    Each is to be filled on its own. Masks out of the picture give none. margin_deg must be below 45.
    """
    axes = _camera_axes(view)
    focal_px = size.width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
    reach = 1.5 * math.radians(margin_deg) + math.atan(half_diagonal_tan(view.hfov_deg, size))
    found: list[Floats] = []
    for mask in masks:
        if reach + mask.radius_rad < math.pi and mask.centre @ axes[2] < math.cos(reach + mask.radius_rad):
            continue
        found += _project_one(mask, axes, focal_px, size, margin_deg)
    return found


def project(mask: SphereMask, view: ViewDeg, size: FrameSize, margin_deg: float) -> list[Floats]:
    """The same for one mask."""
    return project_all([mask], view, size, margin_deg)


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


def _camera_axes(view: ViewDeg) -> Floats:
    """Rows: right, up, forward."""
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


def _project_one(mask: SphereMask, axes: Floats, focal_px: float, size: FrameSize, margin_deg: float) -> list[Floats]:
    quads = _edge_quads(mask, margin_deg) @ axes.T
    if not mask.is_small_convex:
        pieces = [mask.starts @ axes.T, *quads]
        found = [_clip_to_frame(_to_pixels(_clip_near(piece), focal_px, size), size) for piece in pieces]
        return [polygon for polygon in found if len(polygon) >= 3]
    points = quads.reshape(-1, 3)
    if points[:, 2].min() > _NEAR:
        corners = _to_pixels(mask.corners @ axes.T, focal_px, size)
        outline = _circumscribed(_to_pixels(points, focal_px, size), corners)
    else:
        points = np.concatenate([*(_clip_near(quad) for quad in quads), np.empty((0, 3))])
        outline = _hull(_to_pixels(points, focal_px, size))
    polygon = _clip_to_frame(outline, size)
    return [polygon] if len(polygon) >= 3 else []


def _edge_quads(mask: SphereMask, margin_deg: float) -> Floats:
    """Each edge widened and lengthened by the margin, shape (n, 4, 3): together they hold every point that is
    within the margin of the outline."""
    reach = math.tan(math.radians(margin_deg)) * 1.02
    along, aside = mask.along * reach, mask.aside * reach
    back, ahead = mask.starts - along, mask.ends + along
    return np.stack([back + aside, ahead + aside, ahead - aside, back - aside], axis=1)


def _circumscribed(points: Floats, corners: Floats) -> Floats:
    """A convex polygon round all points: support lines along the mask's own edges and half-way between them.

    It holds their convex hull, and is hardly larger.
    """
    edges = corners[_next(len(corners))] - corners
    angles = np.sort(
        np.concatenate([np.arctan2(-edges[:, 0], edges[:, 1]), np.arctan2(edges[:, 0], -edges[:, 1]), _QUARTERS])
    )
    angles = np.sort(np.concatenate([angles, (angles[1:] + angles[:-1]) / 2]))
    angles = angles[np.append(angles[1:] - angles[:-1] > _SAME_ANGLE_RAD, True)]
    if angles[0] + 2 * math.pi - angles[-1] < _SAME_ANGLE_RAD:
        angles = angles[:-1]
    x, y = np.cos(angles), np.sin(angles)
    reach = (points @ np.stack([x, y])).max(axis=0)
    after = _next(len(angles))
    next_x, next_y, next_reach = x[after], y[after], reach[after]
    turn = x * next_y - y * next_x
    return np.stack([(reach * next_y - next_reach * y) / turn, (next_reach * x - reach * next_x) / turn], axis=1)


def _next(count: int) -> npt.NDArray[np.int64]:
    """Index of the next one, round the end."""
    found = np.arange(1, count + 1)
    found[-1] = 0
    return found


def _to_pixels(points: Floats, focal_px: float, size: FrameSize) -> Floats:
    if len(points) == 0:
        return np.empty((0, 2))
    scale = focal_px / points[:, 2]
    return np.stack([size.width / 2 + points[:, 0] * scale, size.height / 2 - points[:, 1] * scale], axis=1)


def _clip_near(polygon: Floats) -> Floats:
    return _clip_half(polygon, polygon[:, 2] - _NEAR)


def _clip_to_frame(polygon: Floats, size: FrameSize) -> Floats:
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
