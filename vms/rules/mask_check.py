"""What is wrong with a set of masks although each polygon is one: it hides everything, nothing, or the unseen. Pure."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vms.rules.masks import LensCalibration, Mask, Point

MAX_COVERED_SHARE = 0.95
MIN_IMAGE_AREA = 0.0001
"""Of the picture: about 10 × 10 pixels of 1280 × 720."""
MIN_SPHERE_AREA_DEG2 = 0.02
_ASPECT = 16 / 9
_STEPS = 48

Bools = npt.NDArray[np.bool_]


def check_masks(masks: Sequence[Mask], lens: LensCalibration | None, *, can_turn: bool) -> list[str]:
    """Every problem of a drawing, as `where: sentence`. Empty: it may be proposed."""
    problems = set_problems(masks, lens, can_turn=can_turn)
    for index, mask in enumerate(masks):
        if area(mask) < (MIN_IMAGE_AREA if mask.space == "image" else MIN_SPHERE_AREA_DEG2):
            problems.append(f"masks[{index}]: covers next to nothing; make it larger or remove it")
        elif mask.space == "sphere" and lens is not None and not _can_be_seen(mask, lens):
            problems.append(f"masks[{index}]: lies outside what the camera can see by its calibration")
    return problems


def set_problems(masks: Sequence[Mask], lens: LensCalibration | None, *, can_turn: bool) -> list[str]:
    """What no set may be, wherever it comes from; masks that merely are of no use pass."""
    problems: list[str] = []
    for index, mask in enumerate(masks):
        if can_turn and mask.space == "image":
            problems.append(
                f"masks[{index}]: picture coordinates cannot follow a turning camera; draw it on the sphere"
            )
        elif not can_turn and mask.space == "sphere":
            problems.append(f"masks[{index}]: a fixed camera tells no direction; draw it in picture coordinates")
    if covered_share(masks, lens) > MAX_COVERED_SHARE:
        problems.append("masks: cover everything the camera sees; close the camera instead")
    return problems


def area(mask: Mask) -> float:
    """Square degrees at the horizon, or share of the picture."""
    closed = [*mask.polygon, mask.polygon[0]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(closed))) / 2


def covered_share(masks: Sequence[Mask], lens: LensCalibration | None) -> float:
    """Of the picture, or of all directions that the camera can look at; on a grid."""
    in_picture = [mask.polygon for mask in masks if mask.space == "image"]
    on_sphere = [mask.polygon for mask in masks if mask.space == "sphere"]
    shares = [0.0]
    if in_picture:
        shares.append(_share(in_picture, (0.0, 1.0), (0.0, 1.0)))
    if on_sphere and lens is not None:
        pans, tilts = seen_ranges_deg(lens)
        shifted = [
            tuple((pan + turn, tilt) for pan, tilt in polygon) for polygon in on_sphere for turn in (-360, 0, 360)
        ]
        shares.append(_share(shifted, pans, tilts))
    return max(shares)


def seen_ranges_deg(lens: LensCalibration) -> tuple[Point, Point]:
    """(pan, tilt) ranges in which anything can come into the picture, at the widest zoom."""
    half_width_deg = max(hfov for _, hfov in lens.hfov_deg_at_zoom) / 2
    half_height_deg = math.degrees(math.atan(math.tan(math.radians(half_width_deg)) / _ASPECT))
    pans = (lens.pan_range_deg[0] - half_width_deg, lens.pan_range_deg[1] + half_width_deg)
    if pans[1] - pans[0] >= 360:
        pans = (-180.0, 180.0)
    tilts = (lens.tilt_range_deg[0] - half_height_deg, lens.tilt_range_deg[1] + half_height_deg)
    return pans, (max(-90.0, tilts[0]), min(90.0, tilts[1]))


def _can_be_seen(mask: Mask, lens: LensCalibration) -> bool:
    (pan_low, pan_high), (tilt_low, tilt_high) = seen_ranges_deg(lens)
    pans, tilts = [pan for pan, _ in mask.polygon], [tilt for _, tilt in mask.polygon]
    if max(tilts) < tilt_low or min(tilts) > tilt_high:
        return False
    return any(max(pans) + turn >= pan_low and min(pans) + turn <= pan_high for turn in (-720, -360, 0, 360, 720))


def _share(polygons: Sequence[Sequence[Point]], xs: Point, ys: Point) -> float:
    centres = (np.arange(_STEPS) + 0.5) / _STEPS
    x, y = np.meshgrid(xs[0] + centres * (xs[1] - xs[0]), ys[0] + centres * (ys[1] - ys[0]))
    covered = np.zeros(x.shape, np.bool_)
    for polygon in polygons:
        covered |= _inside(polygon, x, y)
    return float(covered.mean())


def _inside(polygon: Sequence[Point], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Bools:
    """Even-odd, for every point of a grid."""
    inside = np.zeros(x.shape, np.bool_)
    for (ax, ay), (bx, by) in pairwise([*polygon, polygon[0]]):
        if ay == by:
            continue
        inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside
