"""The mayor's decisions: which of them are in force, when, and for which camera. Pure.

Times are microseconds UTC, intervals half-open. Whatever is doubtful is read so that less is recorded, never more: no
decision works before the day it was taken, and one that another ends stops at the earliest day that this one names.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from vms.rules.local_time import midnight_us

Kind = Literal["designation", "extension", "withdrawal", "replacement", "merge", "deployment"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ENDS_OTHERS: frozenset[Kind] = frozenset({"withdrawal", "replacement", "merge"})
Outline = tuple[tuple[float, float], ...]
"""(latitude, longitude) corners in order round the edge, not closed."""


@dataclass(frozen=True, slots=True)
class Period:
    """start_us None: the document gives no start. end_us None: it gives no end."""

    start_us: int | None
    end_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """numbers: its own registration numbers. cited: numbers of decisions that it ends, extends or builds on.

    cited_on: days of such decisions, where only those are given. cameras: the ids it names.
    """

    id: int
    kind: Kind
    numbers: tuple[str, ...] = ()
    decided_on: tuple[date, ...] = ()
    periods: tuple[Period, ...] = ()
    locations: tuple[str, ...] = ()
    outline: Outline | None = None
    cameras: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()
    cited_on: tuple[date, ...] = ()

    @property
    def label(self) -> str:
        """As people call it."""
        return " / ".join(self.numbers) or f"#{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a camera hangs. area, placement: names, empty = not given. lat, lon: both or neither."""

    camera_id: str
    area: str = ""
    placement: str = ""
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A decision in force in [start_us, end_us). end_us None: until further notice."""

    start_us: int
    end_us: int | None
    decision: Decision

    def holds(self, at_us: int) -> bool:
        return self.start_us <= at_us and (self.end_us is None or at_us < self.end_us)


def windows(decisions: Sequence[Decision], zone: ZoneInfo) -> list[Window]:
    """When each decision is in force, by start. One with several periods comes several times."""
    enders = [one for one in decisions if one.kind in _ENDS_OTHERS]
    found = [window for decision in decisions for window in _windows_of(decision, enders, zone)]
    return sorted(found, key=lambda window: (window.start_us, window.decision.id))


def in_force(known: Iterable[Window], at_us: int) -> list[Window]:
    return [window for window in known if window.holds(at_us)]


def covers(decision: Decision, place: Place) -> bool:
    """Does it speak of this place? What it names all has to fit: its cameras, its outline; without both, its locations.

    Locations in words must be the camera's area or placement by name: nobody guesses where a street is.
    """
    if decision.cameras and place.camera_id not in decision.cameras:
        return False
    if decision.outline is not None:
        return place.lat is not None and place.lon is not None and _inside((place.lat, place.lon), decision.outline)
    if decision.cameras:
        return True
    names = {_plain(name) for name in (place.area, place.placement) if name}
    return any(_plain(location) in names for location in decision.locations)


def _windows_of(decision: Decision, enders: Sequence[Decision], zone: ZoneInfo) -> Iterator[Window]:
    if decision.kind == "withdrawal" or not decision.decided_on:
        return
    decided_us = midnight_us(min(decision.decided_on), zone)
    ends = [_takes_effect_us(ender, zone) for ender in enders if _ends(ender, decision)]
    for period in decision.periods:
        start_us = decided_us if period.start_us is None else max(period.start_us, decided_us)
        end_us = min([*ends, *([] if period.end_us is None else [period.end_us])], default=None)
        if end_us is None or end_us > start_us:
            yield Window(start_us, end_us, decision)


def _ends(ender: Decision, other: Decision) -> bool:
    """By number. A withdrawal without one ends what was decided before at a place it names, on a day that it cites."""
    if ender.id == other.id or not ender.decided_on or not other.decided_on:
        return False
    if ender.cited:
        return any(number in other.numbers for number in ender.cited)
    if ender.kind != "withdrawal" or min(other.decided_on) > max(ender.decided_on):
        return False
    if ender.cited_on and not set(ender.cited_on) & set(other.decided_on):
        return False
    return any(_names(place, location) for place in ender.locations for location in other.locations)


def _takes_effect_us(ender: Decision, zone: ZoneInfo) -> int:
    starts = [period.start_us for period in ender.periods if period.start_us is not None]
    return min(starts) if starts else midnight_us(min(ender.decided_on), zone)


def _names(place: str, location: str) -> bool:
    """The whole street stands for each of its parts."""
    wanted, other = _plain(place), _plain(location)
    return other == wanted or other.startswith(f"{wanted} ")


def _plain(name: str) -> str:
    return " ".join(name.casefold().strip(" ,;.-").split())


def _inside(point: tuple[float, float], outline: Outline) -> bool:
    lat, lon = point
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (lon_a > lon) != (lon_b > lon) and lat < (lat_b - lat_a) * (lon - lon_a) / (lon_b - lon_a) + lat_a:
            inside = not inside
    return inside
