"""Where the demo's cameras hang: an invented town, in no existing street."""

import math

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, SimCameraSpec
from vms.rules.ptz_geometry import hfov_deg_at

AREAS = ("Binnenstad", "Stationsgebied", "Uitgaansgebied")
_TOWN = (51.3702, 6.1722)
_AREA_AT = ((0.0, 0.0), (0.1, 1.0), (-0.88, 0.5))
"""(north, east) of the town's middle, by area; 1 = so far that two areas do not touch."""
_STEP_M = 95.0
_GOLDEN_ANGLE_DEG = 137.508
_MARGIN_M = 45.0
_REACH_M = 110.0
_METRES_PER_DEG = 111_320.0
_CORNERS_DEG = (20, 75, 110, 165, 215, 250, 300, 340)


def area_of(index: int, count: int) -> str:
    return AREAS[_area_index(index, count)]


def placed(index: int, count: int, spec: SimCameraSpec) -> list[str]:
    """Lines of its configuration. Pan 0 of the simulated street is north."""
    north_m, east_m = _place_m(index, count)
    lat, lon = _degrees(north_m, east_m)
    lines = [f"lat = {lat}", f"lon = {lon}", f"reach_m = {_REACH_M:g}"]
    if spec.ptz:
        return [*lines, "bearing_deg = 0"]
    return [*lines, f"bearing_deg = {spec.pan_deg % 360:g}", f"hfov_deg = {hfov_deg_at(HFOV_DEG_AT_ZOOM, spec.zoom):g}"]


def area_outlines(count: int) -> list[str]:
    """A section of the configuration per area that has cameras."""
    found = []
    for number in sorted({_area_index(index, count) for index in range(count)}):
        north_m, east_m = _middle_m(number, count)
        radius_m = _radius_m(count)
        corners = [
            list(
                _degrees(north_m + radius_m * math.cos(math.radians(d)), east_m + radius_m * math.sin(math.radians(d)))
            )
            for d in _CORNERS_DEG
        ]
        found.append(f'[[areas]]\nname = "{AREAS[number]}"\noutline = {corners}\n')
    return found


def _area_index(index: int, count: int) -> int:
    return index * len(AREAS) // count


def _radius_m(count: int) -> float:
    return _STEP_M * math.sqrt(count / len(AREAS)) + _MARGIN_M


def _middle_m(area: int, count: int) -> tuple[float, float]:
    north, east = _AREA_AT[area]
    apart_m = 2.2 * _radius_m(count)
    return north * apart_m, east * apart_m


def _place_m(index: int, count: int) -> tuple[float, float]:
    """(north, east): like seeds in a sunflower round the middle of its area, so that none hides another."""
    area = _area_index(index, count)
    within = index - next(first for first in range(count) if _area_index(first, count) == area)
    turn, distance_m = math.radians(within * _GOLDEN_ANGLE_DEG), _STEP_M * math.sqrt(within)
    north_m, east_m = _middle_m(area, count)
    return north_m + distance_m * math.cos(turn), east_m + distance_m * math.sin(turn)


def _degrees(north_m: float, east_m: float) -> tuple[float, float]:
    lat = _TOWN[0] + north_m / _METRES_PER_DEG
    return round(lat, 6), round(_TOWN[1] + east_m / (_METRES_PER_DEG * math.cos(math.radians(lat))), 6)
