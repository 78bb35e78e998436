"""Which decisions hold when and where: a real year day by day, and both nights when the clock is set."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests import venlo
from vms.rules.decision_document import DecisionProblems, cited_days, read_decision, unclear
from vms.rules.decisions import Decision, Place, covers, in_force, windows
from vms.rules.gating import Gate, expiry_warning, gate_at, windows_of_place
from vms.units import us_from_utc

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
MARKT = Place("markt-01", area="Markt")


def decision(number: int = 1, **fields: Any) -> Decision:
    document = {
        "kind": "designation",
        "decided_on": ["2023-01-01"],
        "locations": ["Markt"],
        "registration_numbers": [f"100{number}"],
        "periods": [{"start": "2023-02-01", "end": "2023-03-01"}],
    }
    return read_decision(document | fields, number, AMSTERDAM)


def us(*parts: int) -> int:
    """Of a clock on the wall in Amsterdam."""
    return us_from_utc(datetime(*parts, tzinfo=AMSTERDAM))  # type: ignore[misc, arg-type]


def gate(at_us: int, *decisions: Decision, place: Place = MARKT) -> Gate:
    return gate_at(windows_of_place(decisions, place, AMSTERDAM), at_us)


def test_every_day_of_a_real_year_has_the_rows_that_hold_then() -> None:
    rows = [read_decision(row, number, AMSTERDAM) for number, row in enumerate(venlo.documents(), 1)]
    known = windows(rows, AMSTERDAM)
    day = date(2023, 1, 1)
    while day.year == 2023:
        first_us = us(day.year, day.month, day.day)
        after = day + timedelta(days=1)
        last_us = us(after.year, after.month, after.day) - 1
        for at_us in (first_us, (first_us + last_us) // 2, last_us):
            assert {window.decision.id for window in in_force(known, at_us)} == venlo.rows_on(day), day
        day = after


def test_a_camera_at_every_place_of_a_real_year_records_on_exactly_the_days_of_its_rows() -> None:
    documents = venlo.documents()
    rows = [read_decision(row, number, AMSTERDAM) for number, row in enumerate(documents, 1)]
    named = {location.strip() for row in documents for location in row["locations"]}
    assert len(named) > 20
    for location in named:
        here = {number for number, row in enumerate(documents, 1) if location in {x.strip() for x in row["locations"]}}
        known = windows_of_place(rows, Place("flex-01", placement=location), AMSTERDAM)
        day = date(2023, 1, 1)
        while day.year == 2023:
            found = gate_at(known, us(day.year, day.month, day.day, 12))
            expected = venlo.rows_on(day) & here
            assert found.is_open == bool(expected), (location, day)
            assert not found.is_open or found.decision_id in expected, (location, day)
            day += timedelta(days=1)


def test_every_row_of_a_real_year_says_what_is_unclear_of_it() -> None:
    found = {
        number: unclear(row, read_decision(row, number, AMSTERDAM), AMSTERDAM)
        for number, row in enumerate(venlo.documents(), 1)
    }
    assert len(found) == 28
    assert found[3][:1] == ["several_decision_dates"]
    assert "several_periods" in found[3]
    assert {"decision_year_doubtful", "flex_and_fixed"} <= set(found[5])
    assert "decision_year_doubtful" in found[6]
    assert "decision_year_doubtful" not in found[7]
    assert {"cites_by_date", "no_count", "source_note"} <= set(found[13])
    assert "no_end" not in found[13]
    assert "another_date_after_start" in found[14]
    assert "decided_after_start" not in found[14]
    assert "cites_by_name" in found[16]
    assert {"no_start", "cites_none"} <= set(found[18])
    assert {"several_periods", "several_numbers"} <= set(found[22])
    assert "decided_after_start" in found[27]
    assert found[28] == []


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2023, 3, 26), 23), (date(2023, 10, 29), 25), (date(2023, 6, 1), 24)], ids=str
)
def test_a_day_opens_and_closes_at_midnight_also_when_the_clock_is_set(day: date, hours: int) -> None:
    event = decision(periods=[{"start": day.isoformat(), "end": day.isoformat()}])
    known = windows_of_place([event], MARKT, AMSTERDAM)
    midnight_us = us(day.year, day.month, day.day)
    opened = [
        at_us
        for minute in range(-24 * 60, 49 * 60)
        if gate_at(known, at_us := midnight_us + minute * MINUTE_US).is_open
    ]
    assert opened[0] == midnight_us
    assert len(opened) == hours * 60
    assert opened[-1] == midnight_us + hours * 3_600_000_000 - MINUTE_US


def test_a_match_evening_opens_and_closes_to_the_minute() -> None:
    match = decision(periods=[{"start": "2023-03-10T18:30", "end": "2023-03-11T00:15"}])
    assert not gate(us(2023, 3, 10, 18, 30) - 1, match).is_open
    assert gate(us(2023, 3, 10, 18, 30), match).is_open
    assert gate(us(2023, 3, 11, 0, 15) - 1, match).is_open
    assert not gate(us(2023, 3, 11, 0, 15), match).is_open


def test_a_clock_time_that_comes_twice_or_never_is_read_so_that_less_is_recorded() -> None:
    autumn = decision(periods=[{"start": "2023-10-29T02:30", "end": "2023-10-29T05:00"}])
    assert autumn.periods[0].start_us == us_from_utc(datetime(2023, 10, 29, 1, 30, tzinfo=UTC))
    ends = decision(periods=[{"start": "2023-10-29", "end": "2023-10-29T02:30"}])
    assert ends.periods[0].end_us == us_from_utc(datetime(2023, 10, 29, 0, 30, tzinfo=UTC))
    spring = decision(periods=[{"start": "2023-03-26T02:30", "end": "2023-03-26T05:00"}])
    assert spring.periods[0].start_us == us_from_utc(datetime(2023, 3, 26, 1, 30, tzinfo=UTC))
    told = {"kind": "deployment", "periods": [{"start": "2023-10-29T02:30+01:00", "end": "2023-10-29T05:00"}]}
    assert "clock_time_doubtful" not in unclear(told, read_decision(told, 1, AMSTERDAM), AMSTERDAM)
    doubtful = {"kind": "deployment", "periods": [{"start": "2023-10-29T02:30", "end": None}]}
    assert "clock_time_doubtful" in unclear(doubtful, read_decision(doubtful, 1, AMSTERDAM), AMSTERDAM)


def test_before_between_and_after_the_tile_has_a_number_and_a_time() -> None:
    two = decision(periods=[{"start": "2023-02-01", "end": "2023-02-01"}, {"start": "2023-02-08", "end": "2023-02-08"}])
    begins_us, ends_us, again_us = us(2023, 2, 1), us(2023, 2, 2), us(2023, 2, 8)
    assert gate(us(2023, 1, 15), two) == Gate("pending", "1001", 1, begins_us, begins_us)
    assert gate(us(2023, 2, 1, 12), two) == Gate("open", "1001", 1, begins_us, ends_us)
    assert gate(us(2023, 2, 5), two) == Gate("expired", "1001", 1, ends_us, again_us)
    assert gate(us(2023, 2, 9), two) == Gate("expired", "1001", 1, us(2023, 2, 9), None)
    assert gate(us(2023, 2, 1, 12), two, place=Place("x", area="Parade")) == Gate("none")


def test_an_extension_that_joins_leaves_no_hole() -> None:
    first = decision(1)
    longer = decision(2, kind="extension", periods=[{"start": "2023-03-02", "end": "2023-05-01"}])
    assert gate(us(2023, 2, 20), first, longer).until_us == us(2023, 5, 2)
    assert gate(us(2023, 3, 2) - 1, first, longer).number == "1001"
    assert gate(us(2023, 3, 2), first, longer).number == "1002"


def test_a_withdrawal_ends_what_it_cites_and_nothing_else() -> None:
    one, other = decision(1), decision(2)
    ends = decision(3, kind="withdrawal", cites_numbers=["1001"], periods=[{"start": "2023-02-10T14:05", "end": None}])
    at_us = us(2023, 2, 10, 14, 5)
    assert gate(at_us - 1, one, ends).is_open
    assert gate(at_us, one, ends) == Gate("expired", "1001", 1, at_us, None)
    assert gate(at_us, one, other, ends).number == "1002"


def test_a_withdrawal_that_cites_nothing_ends_all_that_it_may_mean() -> None:
    square = decision(1, locations=["Markt tussen kerk en stadhuis"])
    later = decision(2, decided_on=["2023-02-20"], locations=["Markt"])
    ends = decision(3, kind="withdrawal", decided_on=["2023-02-09"], periods=[{"start": "2023-02-10", "end": None}])
    held = in_force(windows([square, later, ends], AMSTERDAM), us(2023, 2, 25))
    assert [window.decision.id for window in held] == [2]


def test_a_replacement_ends_only_what_it_cites_by_number() -> None:
    old = decision(1)
    unnamed = decision(2, kind="replacement", periods=[{"start": "2023-02-10", "end": "2023-06-01"}])
    named = decision(3, kind="replacement", cites_numbers=["1001"], periods=unnamed_periods())
    assert {w.decision.id for w in in_force(windows([old, unnamed], AMSTERDAM), us(2023, 2, 15))} == {1, 2}
    assert {w.decision.id for w in in_force(windows([old, named], AMSTERDAM), us(2023, 2, 15))} == {3}


def unnamed_periods() -> list[dict[str, str]]:
    return [{"start": "2023-02-10", "end": "2023-06-01"}]


def test_without_a_day_of_decision_nothing_holds() -> None:
    assert windows([decision(decided_on=[])], AMSTERDAM) == []


def test_a_place_is_covered_by_camera_by_outline_or_by_name_and_never_by_guess() -> None:
    box = [[51.36, 6.16], [51.36, 6.18], [51.38, 6.18], [51.38, 6.16]]
    inside, outside = Place("a", "Markt", lat=51.37, lon=6.17), Place("b", "Markt", lat=51.40, lon=6.17)
    assert covers(decision(outline=box), inside)
    assert not covers(decision(outline=box), outside)
    assert not covers(decision(outline=box), Place("c", "Markt"))
    assert covers(decision(cameras=["a"]), Place("a", "elsewhere"))
    assert not covers(decision(cameras=["a"]), outside)
    assert not covers(decision(cameras=["b"], outline=box), outside)
    assert covers(decision(), Place("d", "markt "))
    assert covers(decision(), Place("d", "", placement="Markt"))
    assert not covers(decision(), Place("d", "Marktplein"))
    assert not covers(decision(), Place("d"))


@pytest.mark.parametrize(
    ("days_left", "expected"), [(200, None), (180, "six_months"), (50, "eight_weeks"), (6, "one_week")]
)
def test_the_end_is_announced_in_three_steps(days_left: int, expected: str | None) -> None:
    (year,) = windows([decision(periods=[{"start": "2023-01-01", "end": "2024-12-31"}])], AMSTERDAM)
    assert year.end_us is not None
    assert expiry_warning(year, year.end_us - days_left * DAY_US) == expected


def test_an_evening_announces_no_end() -> None:
    (evening,) = windows([decision(periods=[{"start": "2023-02-01", "end": "2023-02-01"}])], AMSTERDAM)
    assert expiry_warning(evening, evening.start_us + MINUTE_US) is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": "wish"}, "kind: must be one of"),
        ({"decided_on": "2023-01-01"}, "decided_on: must be a list"),
        ({"decided_on": ["19dec22"]}, "decided_on: must be a list"),
        ({"periods": [{"start": "tomorrow"}]}, "periods: must be a list"),
        ({"periods": [{"start": "2023-01-01T10:00:30"}]}, "periods: must be a list"),
        ({"periods": ["2023"]}, "periods: must be a list"),
        ({"outline": [[0, 0], [1, 1]]}, "outline: needs 3"),
        ({"outline": [[0, 0], [99, 0], [99, 1]]}, "outline: lies outside"),
        ({"locations": ["", "x"]}, "locations: must be a list"),
        ({"cameras": "markt-01"}, "cameras: must be a list"),
    ],
)
def test_what_is_no_decision_says_why(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DecisionProblems, match=problem):
        decision(**fields)


def test_cited_days_are_read_from_words() -> None:
    assert cited_days("Verlenging besluit 3/30 januari 2023") == (date(2023, 1, 3), date(2023, 1, 30))
    assert cited_days("Intrekking besluit 19 December 2022") == (date(2022, 12, 19),)
    assert cited_days("gebiedsaanwijzing voetbalseizoen 2022-2023, 31 februari 2023") == ()
