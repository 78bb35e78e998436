from tests.fakes import T0_US
from vms.rules.follow_trail import LEAD_US, RESTS_US, TrailStep, follow, is_over

NOW = T0_US
S = 1_000_000


def test_the_first_step_begins_with_the_camera_that_was_looked_at() -> None:
    left = TrailStep("markt", NOW - 20 * S)
    assert follow(None, left, "parade", NOW) == [left, TrailStep("parade", NOW)]


def test_what_was_looked_at_long_before_is_no_part_of_it() -> None:
    [first, _] = follow(None, TrailStep("markt", 0), "parade", NOW)
    assert first.at_us == NOW - LEAD_US


def test_the_next_step_adds_one_camera() -> None:
    last = TrailStep("parade", NOW - 90 * S)
    assert follow(last, TrailStep("parade", NOW - 5 * S), "plein", NOW) == [TrailStep("plein", NOW)]


def test_a_camera_called_up_in_between_is_part_of_it_and_times_never_go_back() -> None:
    last = TrailStep("parade", NOW - 30 * S)
    added = follow(last, TrailStep("station", NOW - 90 * S), "plein", NOW)
    assert added == [TrailStep("station", NOW - 30 * S), TrailStep("plein", NOW)]
    [first, _] = follow(None, TrailStep("station", NOW + 90 * S), "plein", NOW)
    assert first.at_us == NOW


def test_a_trail_that_rested_half_an_hour_is_over() -> None:
    last = TrailStep("parade", NOW - RESTS_US)
    assert is_over(last, NOW)
    assert not is_over(last, NOW - 1)
