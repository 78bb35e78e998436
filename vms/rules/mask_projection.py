"""A whole mask set into one picture: culled and projected together, because a turning camera needs it per picture.

`ptz_geometry` says what is right, mask by mask; here the same is done for all small convex masks at once. Pure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vms.rules.ptz_geometry import (
    NEAR,
    Floats,
    FrameSize,
    SphereMask,
    ViewDeg,
    camera_axes,
    clip_to_frame,
    half_diagonal_tan,
    margin_reach,
    project_one,
)

_SPACING_RAD = 0.02
"""Support lines are at least this far apart in direction: their crossings stay well defined."""
_QUARTERS = np.array([-0.75, -0.25, 0.25, 0.75]) * math.pi
_FAR_PX = 8000.0
"""Polygons that reach further than this are cut off; nearer ones the painter cuts."""

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Small convex masks with equally many corners.

    edges: shape (masks, 4, edges, 3): starts, ends, along, aside; short outlines repeat their last edge.
    corners: shape (masks, corners, 3). numbers: their places in the set.
    """

    numbers: Indices
    edges: Floats
    corners: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SphereSet:
    """Sphere masks made ready to be projected together. centres, radii_rad: a cap round each."""

    masks: tuple[SphereMask, ...]
    centres: Floats
    radii_rad: Floats
    groups: tuple[_Group, ...]
    others: Indices


def prepare_all(masks: Sequence[SphereMask]) -> SphereSet:
    """Once per mask set."""
    small = [number for number, mask in enumerate(masks) if mask.is_small_convex]
    counts = sorted({len(masks[number].corners) for number in small})
    return SphereSet(
        masks=tuple(masks),
        centres=np.array([mask.centre for mask in masks]).reshape(-1, 3),
        radii_rad=np.array([mask.radius_rad for mask in masks]),
        groups=tuple(_group(masks, [n for n in small if len(masks[n].corners) == count]) for count in counts),
        others=np.array([n for n, mask in enumerate(masks) if not mask.is_small_convex], np.intp),
    )


def project_set(known: SphereSet, view: ViewDeg, size: FrameSize, margin_deg: float) -> list[Floats]:
    """Polygons in the picture, shape (n, 2) in pixels, whose union covers the masks grown by margin_deg.

    Each is to be filled on its own; they may reach out of the picture. margin_deg must be below 45.
    """
    if not known.masks:
        return []
    axes = camera_axes(view)
    focal_px = size.width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
    reach_rad = 1.5 * math.radians(margin_deg) + math.atan(half_diagonal_tan(view.hfov_deg, size)) + known.radii_rad
    seen = (reach_rad >= math.pi) | (known.centres @ axes[2] >= np.cos(np.minimum(reach_rad, math.pi)))
    singly = [int(number) for number in known.others if seen[number]]
    found: list[Floats] = []
    for group in known.groups:
        outlines, behind = _outlines(group, np.flatnonzero(seen[group.numbers]), axes, focal_px, size, margin_deg)
        found += _in_picture(outlines, size)
        singly += behind
    for number in singly:
        found += project_one(known.masks[number], axes, focal_px, size, margin_deg)
    return found


def project(mask: SphereMask, view: ViewDeg, size: FrameSize, margin_deg: float) -> list[Floats]:
    """One mask, cut off at the edges of the picture (a few pixels outside)."""
    found = [clip_to_frame(outline, size) for outline in project_set(prepare_all([mask]), view, size, margin_deg)]
    return [polygon for polygon in found if len(polygon) >= 3]


def _group(masks: Sequence[SphereMask], numbers: list[int]) -> _Group:
    longest = max(len(masks[number].starts) for number in numbers)

    def padded(values: Floats) -> Floats:
        return np.concatenate([values, np.repeat(values[-1:], longest - len(values), axis=0)])

    edges = [[padded(part) for part in (m.starts, m.ends, m.along, m.aside)] for m in (masks[n] for n in numbers)]
    return _Group(np.array(numbers, np.intp), np.array(edges), np.array([masks[n].corners for n in numbers]))


def _outlines(
    group: _Group, chosen: Indices, axes: Floats, focal_px: float, size: FrameSize, margin_deg: float
) -> tuple[Floats, list[int]]:
    """(convex polygons, shape (masks, n, 2); numbers of the masks that reach behind the lens)."""
    if len(chosen) == 0:
        return np.empty((0, 0, 2)), []
    reach = margin_reach(margin_deg)
    edges = group.edges[chosen] @ axes.T
    along, aside = edges[:, 2] * reach, edges[:, 3] * reach
    back, ahead = edges[:, 0] - along, edges[:, 1] + along
    points = np.concatenate([back + aside, ahead + aside, ahead - aside, back - aside], axis=1)
    in_front = points[:, :, 2].min(axis=1) > NEAR
    behind: list[int] = []
    if not in_front.all():
        behind = [int(number) for number in group.numbers[chosen[~in_front]]]
        chosen, points = chosen[in_front], points[in_front]
    corners = _to_pixels(group.corners[chosen] @ axes.T, focal_px, size)
    return _circumscribed(_to_pixels(points, focal_px, size), corners), behind


def _to_pixels(points: Floats, focal_px: float, size: FrameSize) -> Floats:
    pixels: Floats = points[:, :, :2] * (focal_px / points[:, :, 2:])
    pixels *= (1.0, -1.0)
    pixels += (size.width / 2, size.height / 2)
    return pixels


def _circumscribed(points: Floats, corners: Floats) -> Floats:
    """A convex polygon round the points of each mask: support lines along its own edges and half-way between them.

    It holds their convex hull, and is hardly larger.
    """
    angles = _directions_rad(np.roll(corners, -1, axis=1) - corners)
    x, y = np.cos(angles), np.sin(angles)
    reach = (points @ np.stack([x, y], axis=1)).max(axis=1)
    next_x, next_y, next_reach = (np.roll(values, -1, axis=1) for values in (x, y, reach))
    turn = x * next_y - y * next_x
    return np.stack([(reach * next_y - next_reach * y) / turn, (next_reach * x - reach * next_x) / turn], axis=2)


def _directions_rad(edges: Floats) -> Floats:
    """Of the support lines' normals, rising, shape (masks, 4 · corners + 7), _SPACING_RAD or more apart."""
    normals = np.arctan2(-edges[:, :, 0], edges[:, :, 1])
    opposite = normals - np.copysign(math.pi, normals)
    quarters = np.broadcast_to(_QUARTERS, (len(edges), 4))
    angles = np.sort(np.concatenate([normals, opposite, quarters], axis=1), axis=1)
    angles = np.sort(np.concatenate([angles, (angles[:, 1:] + angles[:, :-1]) / 2], axis=1), axis=1)
    count = angles.shape[1]
    spacing = np.arange(count) * min(_SPACING_RAD, 1.8 * math.pi / count)
    first = angles[:, :1]
    apart = np.maximum.accumulate(angles - first - spacing, axis=1) + spacing
    spread: Floats = first + np.minimum(apart, 2 * math.pi - spacing[1] - spacing[::-1])
    return spread


def _in_picture(outlines: Floats, size: FrameSize) -> list[Floats]:
    if outlines.size == 0:
        return []
    low, high = outlines.min(axis=1), outlines.max(axis=1)
    inside = (high >= 0).all(axis=1) & (low <= (size.width, size.height)).all(axis=1)
    near = (low > -_FAR_PX).all(axis=1) & (high < _FAR_PX).all(axis=1)
    found = list(outlines[inside & near])
    for outline in outlines[inside & ~near]:
        polygon = clip_to_frame(outline, size)
        found += [polygon] if len(polygon) >= 3 else []
    return found
