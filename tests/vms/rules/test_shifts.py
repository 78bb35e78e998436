"""When a shift is on, and the hours it makes: also in the nights when the clock is set."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from vms.rules.shifts import HOUR_US, LONGEST_US, Shift, by_hour, hours, local_hours, months, needs_shift
from vms.units import us_from_utc

ZONE = ZoneInfo("Europe/Amsterdam")


def local_us(text: str) -> int:
    return us_from_utc(datetime.fromisoformat(text).replace(tzinfo=ZONE))


def shift(start: str, end: str | None = None, username: str = "a", *colleagues: str) -> Shift:
    return Shift(
        id=1, username=username, colleagues=colleagues, coordinator="B. Smits", workstation="1",
        started_us=local_us(start), ended_us=local_us(end) if end else None, note="",
    )  # fmt: skip


def test_a_shift_is_on_until_somebody_closes_it_or_twelve_hours_are_over() -> None:
    forgotten = shift("2026-11-27T22:00")
    assert forgotten.is_on(forgotten.started_us)
    assert forgotten.is_on(forgotten.started_us + LONGEST_US - 1)
    assert not forgotten.is_on(forgotten.started_us + LONGEST_US)
    closed = shift("2026-11-27T22:00", "2026-11-28T06:00")
    assert not closed.is_on(local_us("2026-11-28T06:00"))


def test_only_who_watches_as_an_observer_needs_one() -> None:
    assert needs_shift(["observer"], "live.watch")
    assert needs_shift(["observer", "technician"], "snapshot.view")
    assert not needs_shift(["police_reviewer"], "live.watch")
    assert not needs_shift(["technician"], "snapshot.view")
    assert not needs_shift(["observer"], "cameras.list")


def test_two_at_a_desk_make_twice_the_hours_of_one_and_nobody_counts_twice_at_a_time() -> None:
    year = local_us("2026-01-01T00:00"), local_us("2027-01-01T00:00"), local_us("2027-01-01T00:00")
    two = shift("2026-05-01T20:00", "2026-05-02T02:00", "a", "b")
    made = hours([two], *year)
    assert (made.manned_us, made.person_us) == (6 * HOUR_US, 12 * HOUR_US)
    own_too = shift("2026-05-01T21:00", "2026-05-02T03:00", "b")
    made = hours([two, own_too], *year)
    assert (made.manned_us, made.person_us) == (7 * HOUR_US, 13 * HOUR_US)


def test_a_shift_over_new_year_is_divided_and_the_future_is_not_counted() -> None:
    night = shift("2025-12-31T22:00", "2026-01-01T06:00")
    new_year, now_us = local_us("2026-01-01T00:00"), local_us("2026-12-01T00:00")
    assert hours([night], local_us("2025-01-01T00:00"), new_year, now_us).person_us == 2 * HOUR_US
    assert hours([night], new_year, local_us("2027-01-01T00:00"), now_us).person_us == 6 * HOUR_US
    assert hours([night], new_year, local_us("2027-01-01T00:00"), local_us("2026-01-01T01:00")).person_us == HOUR_US


def test_a_night_shift_lasts_an_hour_less_in_spring_and_one_more_in_autumn() -> None:
    for start, end, lasted in (
        ("2026-03-28T22:00", "2026-03-29T06:00", 7),
        ("2026-10-24T22:00", "2026-10-25T06:00", 9),
    ):
        night = shift(start, end)
        assert hours([night], night.started_us, night.over_us, night.over_us).person_us == lasted * HOUR_US
    spring = local_hours(local_us("2026-03-29T00:00"), local_us("2026-03-30T00:00"))
    autumn = local_hours(local_us("2026-10-25T00:00"), local_us("2026-10-26T00:00"))
    assert (len(spring), len(autumn)) == (23, 25)


def test_months_join_and_make_the_year() -> None:
    bounds = months(2026, ZONE)
    assert len(bounds) == 12
    assert all(end == following for (_, end), (following, _) in pairwise(bounds))
    assert (bounds[0][0], bounds[-1][1]) == (local_us("2026-01-01T00:00"), local_us("2027-01-01T00:00"))


def test_an_interval_is_divided_at_the_hour() -> None:
    hour_us = 500_000 * HOUR_US
    assert by_hour(hour_us - 3, hour_us + 2) == [(hour_us - HOUR_US, 3), (hour_us, 2)]
    assert by_hour(hour_us, hour_us + 1) == [(hour_us, 1)]
