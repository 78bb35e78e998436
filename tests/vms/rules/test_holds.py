from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vms.rules.coverage import Stretch
from vms.rules.holds import (
    MAX_HOLD,
    SETTLE,
    HoldRequest,
    case_problems,
    extension_problems,
    may_release,
    missing,
    nothing_left,
    problems_of,
)
from vms.units import US_PER_SECOND, us_from_utc

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW_US = us_from_utc(NOW)
HOUR = timedelta(hours=1)
GOOD = HoldRequest(
    cameras=("markt-01",),
    start_at=NOW - 2 * HOUR,
    end_at=NOW - HOUR,
    case_number="PL2300-2026118822",
    basis="sv_126nd",
    legal_basis="",
    requester="B. Smits",
    review_at=NOW + timedelta(days=90),
)


def fields(request: HoldRequest) -> list[str]:
    found = problems_of(request, {"markt-01", "markt-02"}, NOW, 28)
    assert all(problem.nl and problem.en for problem in found)
    return [problem.field for problem in found]


def test_a_request_that_is_right_has_no_problem() -> None:
    assert fields(GOOD) == []
    assert fields(replace(GOOD, start_at=NOW - timedelta(days=30), end_at=NOW - timedelta(days=27))) == []
    assert fields(replace(GOOD, end_at=NOW + timedelta(seconds=30))) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cameras": ()}, "cameras"),
        ({"cameras": ("markt-01", "nergens-09")}, "cameras"),
        ({"cameras": tuple(f"c-{n}" for n in range(101))}, "cameras"),
        ({"end_at": NOW - 3 * HOUR}, "to"),
        ({"end_at": NOW - 2 * HOUR}, "to"),
        ({"end_at": NOW + HOUR}, "to"),
        ({"start_at": NOW - HOUR - MAX_HOLD - timedelta(seconds=1)}, "to"),
        ({"start_at": NOW - timedelta(days=30), "end_at": NOW - timedelta(days=28)}, "from"),
        ({"basis": "because"}, "basis"),
        ({"basis": "other"}, "legal_basis"),
        ({"legal_basis": "twee\nregels"}, "legal_basis"),
        ({"legal_basis": "x" * 401}, "legal_basis"),
        ({"requester": " "}, "requester"),
        ({"requester": "B.\x1bSmits"}, "requester"),
        ({"review_at": NOW}, "review"),
        ({"review_at": NOW + timedelta(days=366)}, "review"),
    ],
)
def test_each_thing_that_is_wrong_is_named_with_its_field(change: dict[str, object], field: str) -> None:
    assert fields(replace(GOOD, **change)) == [field]  # type: ignore[arg-type]


@pytest.mark.parametrize("case", ["PL2300-2026118822", "BVH 2026/118822", "a", "2026_1.2", "x" * 60])
def test_case_numbers_as_police_write_them_are_taken(case: str) -> None:
    assert list(case_problems(case)) == []


NO_CASE_NUMBERS = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/../b",
    "a..b",
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@x",
    "<script>alert(1)</script>",
    "a;rm -rf",
    "$(id)",
    "a'b",
    "casé",
    "zaak\u202e1",
    "a\x00",
    "a\nb",
]


@pytest.mark.parametrize("case", ["", "  ", "x" * 61, *NO_CASE_NUMBERS])
def test_a_path_a_formula_or_a_script_is_no_case_number(case: str) -> None:
    [problem] = case_problems(case)
    assert problem.field == "case_number"


def test_a_hold_only_gets_longer_and_brings_nothing_back() -> None:
    def extended(start: timedelta, old_end: timedelta, new_end: timedelta) -> list[str]:
        return [p.field for p in extension_problems(NOW - start, NOW - old_end, NOW - new_end, NOW, 28)]

    assert extended(3 * HOUR, 2 * HOUR, HOUR) == []
    assert extended(3 * HOUR, 2 * HOUR, 2 * HOUR) == []
    assert extended(3 * HOUR, HOUR, 2 * HOUR) == ["to"]
    assert extended(3 * HOUR, 2 * HOUR, -HOUR) == ["to"]
    assert extended(timedelta(days=8), timedelta(days=4), HOUR) == ["to"]
    assert extended(timedelta(days=31), timedelta(days=29), timedelta(days=27)) == ["to"]


def stretch(start_s: int, end_s: int, kind: str, reason: str = "") -> Stretch:
    return Stretch(NOW_US + start_s * US_PER_SECOND, NOW_US + end_s * US_PER_SECOND, kind, reason)  # type: ignore[arg-type]


def test_what_is_missing_is_listed_with_its_reason_and_the_last_minutes_may_still_come() -> None:
    settle_s = round(SETTLE.total_seconds())
    told = [
        stretch(-9000, -8000, "expired"),
        stretch(-8000, -7000, "gap", "purging"),
        stretch(-7000, -6000, "recorded"),
        stretch(-6000, -5000, "gap", "unreachable"),
        stretch(-5000, -4000, "unknown"),
        stretch(-settle_s, 0, "unknown"),
    ]
    found = missing("markt-01", told, NOW)
    assert [lack.reason for lack in found] == ["expired", "purging", "unreachable", "unknown"]
    assert found[0].start_us == NOW_US - 9000 * US_PER_SECOND
    assert nothing_left(told, NOW) is None


def test_an_interval_of_which_nothing_is_left_is_refused_with_why() -> None:
    gone = [stretch(-9000, -8000, "expired"), stretch(-8000, -7000, "gap", "unreachable")]
    purging = [*gone, stretch(-7000, -6000, "gap", "purging")]
    nothing, begun = nothing_left(gone, NOW), nothing_left(purging, NOW)
    assert nothing is not None
    assert "recorded" in nothing.en
    assert begun is not None
    assert "purge of this footage has begun" in begun.en
    assert nothing_left([stretch(-60, 0, "unknown")], NOW) is None
    assert nothing_left([stretch(-60, -30, "not_installed")], NOW) is None, (
        "a camera's first minute is still being written"
    )


def test_whoever_set_a_hold_does_not_release_it() -> None:
    assert may_release("e.officer", "e.officer") is not None
    assert may_release("e.officer", "second") is None
