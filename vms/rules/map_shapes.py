"""What a map shows of a camera: which way it looks and how wide; and what an outline may not be. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vms.packet import PtzPose
from vms.rules.masks import LensCalibration, Point, crosses_itself
from vms.rules.ptz_geometry import view_of_pose

_LEAST_AREA_DEG2 = 1e-10
"""About a square metre."""


@dataclass(frozen=True, slots=True)
class MapView:
    """direction_deg: of the middle of the picture, clockwise from north, 0…360. hfov_deg: width of the picture."""

    direction_deg: float
    hfov_deg: float


def fixed_view(bearing_deg: float | None, hfov_deg: float | None) -> MapView | None:
    """None: nobody told."""
    if bearing_deg is None or hfov_deg is None:
        return None
    return MapView(bearing_deg % 360, hfov_deg)


def turning_view(bearing_deg: float | None, lens: LensCalibration | None, pose: PtzPose | None) -> MapView | None:
    """bearing_deg: of pan 0. None: not known (any more); a guess would send people to the wrong street."""
    if bearing_deg is None or lens is None or pose is None:
        return None
    view = view_of_pose(lens, pose)
    return MapView((bearing_deg + view.pan_deg) % 360, view.hfov_deg)


def outline_problem(outline: Sequence[Point]) -> str | None:
    """outline: (latitude, longitude), not closed."""
    closed = [*outline, outline[0]]
    if crosses_itself(closed):
        return "crosses itself; give the corners in order round the edge"
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(_near_zero(closed))) / 2
    return "has no area" if abs(area) < _LEAST_AREA_DEG2 else None


def _near_zero(points: Sequence[Point]) -> list[Point]:
    """The same shape round the first corner: products of whole degrees would drown a street."""
    lat, lon = points[0]
    return [(a - lat, b - lon) for a, b in points]
