"""Shifts of observers: when one is on, whose it is, and how many hours they make. Pure.

Times are microseconds UTC, intervals half-open.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from vms.rules.access import Action, Allow, decide
from vms.rules.local_time import midnight_us
from vms.units import us_from_utc, utc_from_us

HOUR_US = 3_600_000_000
LONGEST_US = 12 * HOUR_US
"""A shift that nobody closed is over after this: a night and its hand-over fit, the next day does not."""
NEEDS_SHIFT: frozenset[Action] = frozenset({"live.watch", "ptz.steer", "snapshot.view", "incidents.write"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """username: who signed in. colleagues: usernames of who sits there too. note: for who comes after.

    ended_us None: nobody closed it.
    """

    id: int
    username: str
    colleagues: tuple[str, ...]
    coordinator: str
    workstation: str
    started_us: int
    ended_us: int | None
    note: str

    @property
    def people(self) -> tuple[str, ...]:
        return (self.username, *self.colleagues)

    @property
    def over_us(self) -> int:
        """When it is over, or will be at the latest."""
        return self.started_us + LONGEST_US if self.ended_us is None else self.ended_us

    def is_on(self, at_us: int) -> bool:
        return self.started_us <= at_us < self.over_us


def needs_shift(roles: Collection[str], action: Action) -> bool:
    """It is as an observer that this person may do it. Police on duty report elsewhere."""
    return action in NEEDS_SHIFT and decide(roles, action) == Allow("observer")


@dataclass(frozen=True, slots=True)
class ShiftHours:
    """manned_us: with a shift on, however many. person_us: of every person, each counted once at a time."""

    manned_us: int
    person_us: int


def hours(shifts: Iterable[Shift], from_us: int, to_us: int, now_us: int) -> ShiftHours:
    """Inside the interval, up to now."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for shift in shifts:
        start_us, end_us = max(shift.started_us, from_us), min(shift.over_us, to_us, now_us)
        if start_us < end_us:
            for person in set(shift.people):
                spans.setdefault(person, []).append((start_us, end_us))
    everybody = [span for of_person in spans.values() for span in of_person]
    return ShiftHours(_covered_us(everybody), sum(_covered_us(of_person) for of_person in spans.values()))


def months(year: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """The bounds of its twelve months."""
    firsts = [datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone).date() for month in range(13)]
    bounds = [midnight_us(first, zone) for first in firsts]
    return list(pairwise(bounds))


def local_hours(from_us: int, to_us: int) -> list[int]:
    """The starts of the clock hours that overlap the interval; a day has 23 to 25."""
    first = utc_from_us(from_us).replace(minute=0, second=0, microsecond=0)
    count = -(-(to_us - us_from_utc(first)) // HOUR_US)
    return [us_from_utc(first + timedelta(hours=number)) for number in range(count)]


def by_hour(from_us: int, to_us: int) -> list[tuple[int, int]]:
    """(start of the clock hour, microseconds of the interval in it)."""
    found = []
    for hour_us in local_hours(from_us, to_us):
        inside_us = min(to_us, hour_us + HOUR_US) - max(from_us, hour_us)
        if inside_us > 0:
            found.append((hour_us, inside_us))
    return found


def _covered_us(spans: Iterable[tuple[int, int]]) -> int:
    covered_us, reached_us = 0, 0
    for start_us, end_us in sorted(spans):
        covered_us += max(0, end_us - max(start_us, reached_us))
        reached_us = max(reached_us, end_us)
    return covered_us
