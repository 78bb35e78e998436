"""Where a camera hangs, and when it hangs somewhere else: masks belong to a placement. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SAME_PLACE_M = 5.0
"""Coordinates that differ by less are a better measurement of the same place."""
_EARTH_RADIUS_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Placement:
    """name: what the technician calls place and mounting. lat, lon: WGS 84 degrees, None = not given."""

    name: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """A camera at a place, until its next one begins. start_us: UTC microseconds; None: since nobody knows when.

    area: its camera group there. decision_id: under which it was hung there.
    """

    id: int
    camera_id: str
    placement: Placement
    area: str
    decision_id: int | None
    start_us: int | None
    author: str
    reason: str


def is_moved(then: Placement | None, now: Placement) -> bool:
    """Is this another placement? then None: it was not noted, so nothing can be said.

    Coordinates that are filled in for the first time, or left out, tell nothing; a name does.
    """
    if then is None:
        return False
    if then.name != now.name:
        return True
    return distance_m(then, now) > SAME_PLACE_M


def placement_document(placement: Placement | None) -> dict[str, Any] | None:
    if placement is None:
        return None
    return {"name": placement.name, "lat": placement.lat, "lon": placement.lon}


def placement_of_document(document: Mapping[str, Any] | None) -> Placement | None:
    if document is None:
        return None
    lat, lon = document.get("lat"), document.get("lon")
    return Placement(
        str(document.get("name", "")), None if lat is None else float(lat), None if lon is None else float(lon)
    )


def distance_m(a: Placement, b: Placement) -> float:
    """0 where one of them has no coordinates."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return 0.0
    north = math.radians(b.lat - a.lat)
    east = math.radians(b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return _EARTH_RADIUS_M * math.hypot(north, east)
