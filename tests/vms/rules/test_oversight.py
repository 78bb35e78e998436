from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from vms.rules.oversight import Act, Bounds, Handled, Pattern, looked_at_since, patterns, places
from vms.rules.placements import Placement
from vms.rules.sampling import draw

ZONE = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BOUNDS = Bounds(
    watch_minutes=180, looks_back=3, refusals=4, office_from=time(6), office_to=time(22),
    round_the_clock=frozenset({"observer"}),
)  # fmt: skip


class Log:
    """Acts, numbered in the order in which they are written."""

    def __init__(self) -> None:
        self.acts: list[Act] = []

    def __call__(self, minutes: float, action: str, camera: str = "", **more: object) -> None:
        at = NOON + timedelta(minutes=minutes)
        known = {"actor": "jan", "roles": frozenset({"observer"}), "allowed": True, "profile": "", "workstation": "w1"}
        act = Act(seq=len(self.acts) + 1, at=at, action=action, camera=camera, **{**known, **more})  # type: ignore[arg-type]
        self.acts.append(act)

    def hero(self, minutes: float, camera: str, **more: object) -> None:
        self(minutes, "live.watch", camera, profile="hero", **more)

    def found(self, now_minutes: float = 600, handled: Handled | None = None, **places_: str) -> list[Pattern]:
        now = NOON + timedelta(minutes=now_minutes)
        return patterns(self.acts, BOUNDS, places_, ZONE, now, handled or {})


def test_one_camera_as_the_large_picture_for_hours_is_told_with_its_minutes() -> None:
    log = Log()
    log.hero(0, "markt")
    log.hero(100, "plein")
    log.hero(110, "markt")
    log(200, "logout")
    [pattern] = log.found()
    assert pattern == Pattern("long_watch", "jan", "markt", "2026-11-22", 190, 180, 1, 3)


def test_tiles_other_logins_and_a_login_that_ended_do_not_make_it_longer() -> None:
    log = Log()
    log.hero(0, "markt")
    log(10, "live.watch", "markt", profile="tile")
    log.hero(20, "plein", workstation="w2")
    log(170, "logout", workstation="w1")
    log(171, "logout", workstation="w2")
    assert log.found() == []
    still = Log()
    still.hero(0, "markt")
    assert [one.figure for one in still.found(now_minutes=240)] == [240]
    assert [one.figure for one in still.found(now_minutes=9999)] == [720], "no login lasts longer"


@pytest.mark.parametrize(
    "end",
    [
        {"action": "shifts.end", "workstation": "w9"},
        {"action": "session.end", "workstation": "w9", "whose": "jan"},
        {"action": "session.end", "actor": "manager", "whose": "jan"},
        {"action": "login.break_glass"},
    ],
)
def test_the_end_of_a_shift_or_a_session_ends_the_watching(end: dict[str, str]) -> None:
    log = Log()
    log.hero(0, "markt")
    log(5, "shifts.end", actor="piet")
    log(6, "session.end", whose="piet")
    log(7, "login", allowed=False)
    log(100, **end)
    log.hero(300, "markt")
    log(380, "logout")
    assert [one.figure for one in log.found()] == [180]


def test_what_was_looked_into_is_told_anew_only_for_as_much_again() -> None:
    log = Log()
    for number in range(8):
        log(number, "login", actor="guess", allowed=False)
        log.hero(100 * number, "markt")
        log(60 * number, "footage.view", "haven")
        log((17 if number < 4 else 18) * 60 + number, "login", actor="admin", roles=frozenset({"admin"}))
    whole = {one.code: (one.first_seq, one.last_seq, one.figure) for one in log.found(now_minutes=900)}
    assert whole["many_looks_back"] == (3, 31, 8)
    after: Handled = {
        ("refused_often", "guess", ""): 12, ("long_watch", "jan", "markt"): 12,
        ("many_looks_back", "jan", "haven"): 12, ("odd_hours", "admin", ""): 12,
    }  # fmt: skip
    again = {one.code: (one.first_seq, one.last_seq, one.figure) for one in log.found(900, after)}
    assert again["many_looks_back"] == (15, 31, 5)
    assert again["refused_often"] == (13, 29, 5)
    assert again["long_watch"] == (14, 30, 600)
    assert all(first > 12 for first, _, _ in again.values())
    late: Handled = dict.fromkeys(after, 24)
    assert {one.code for one in log.found(900, late)} == {"long_watch"}


def test_looks_count_by_the_week_that_they_were_in() -> None:
    log = Log()
    for hours in (0, 2, 14, 16, 18):  # NOON is a Sunday: week 48 begins after 12 hours
        log(hours * 60, "footage.view", "haven")
    assert [(one.period, one.figure) for one in log.found(now_minutes=2000)] == [("2026-W48", 3)]


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-29T23:59", "2026-11-16T00:00"),
        ("2026-11-30T00:00", "2026-11-23T00:00"),
        ("2026-11-25T12:00", "2026-11-16T00:00"),
        ("2026-10-28T12:00", "2026-10-19T00:00"),
    ],
)
def test_looked_at_are_whole_weeks_of_the_site(now: str, since: str) -> None:
    at, begins = (datetime.fromisoformat(one).replace(tzinfo=ZONE) for one in (now, since))
    assert looked_at_since(at.astimezone(UTC), ZONE) == begins


def test_looking_back_often_at_one_place_is_told_once_a_week() -> None:
    log = Log()
    for look in range(3):
        log(look * 60, "footage.search", "markt")
        log(look * 60 + 5, "footage.view", "markt-2")
    log(130, "footage.view", "haven")
    [pattern] = log.found(**{"markt-2": "markt"})
    assert pattern == Pattern("many_looks_back", "jan", "markt", "2026-W47", 3, 3, 1, 6)
    assert log.found() != [pattern], "two places, three looks each"
    assert {one.camera for one in log.found()} == {"markt", "markt-2"}


def test_refusals_within_an_hour_are_counted_whoever_it_is() -> None:
    log = Log()
    for minutes in (0, 50, 61, 100, 109, 119):
        log(minutes, "login", allowed=False, actor="guess")
    [pattern] = log.found()
    assert pattern == Pattern("refused_often", "guess", "", "2026-11-22T12", 4, 4, 2, 5)
    assert Log().found() == []


@pytest.mark.parametrize(
    ("local", "roles", "told"),
    [
        ("2026-11-22T05:59", {"admin"}, True),
        ("2026-11-22T06:00", {"admin"}, False),
        ("2026-11-22T21:59", {"admin"}, False),
        ("2026-11-22T22:00", {"policy_officer"}, True),
        ("2026-11-22T03:00", {"observer"}, False),
        ("2026-10-25T02:30", {"admin"}, True),
    ],
)
def test_a_login_of_an_office_role_at_night_is_told(local: str, roles: set[str], told: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)
    log = Log()
    log((at - NOON) / timedelta(minutes=1), "login", roles=frozenset(roles))
    assert [one.code for one in log.found()] == ["odd_hours"] * told
    emergency = Log()
    emergency((at - NOON) / timedelta(minutes=1), "login.break_glass", roles=frozenset(roles))
    assert [one.code for one in emergency.found()] == ["odd_hours"] * told, "also with a break-glass account"


def test_cameras_that_hang_near_each_other_are_one_place_also_by_way_of_a_third() -> None:
    cameras = {
        "a": Placement("", 51.3700, 6.17),
        "b": Placement("", 51.3703, 6.17),
        "c": Placement("", 51.3706, 6.17),
        "far": Placement("", 51.38, 6.17),
        "unknown": Placement("", None, None),
        "unknown-2": Placement("", None, None),
    }
    assert places(cameras, 50) == {
        "a": "a", "b": "a", "c": "a", "far": "far", "unknown": "unknown", "unknown-2": "unknown-2",
    }  # fmt: skip


def test_a_sample_can_be_drawn_again_and_not_be_steered() -> None:
    rows = [(number, f"{number:064x}") for number in range(1, 1001)]
    drawn = draw("seed", rows, 20)
    assert drawn == draw("seed", reversed(rows), 20) == sorted(drawn)
    assert len(set(drawn)) == 20
    assert draw("other", rows, 20) != drawn
    assert draw("seed", rows[:5], 20) == [1, 2, 3, 4, 5]
    assert draw("seed", [], 20) == []
