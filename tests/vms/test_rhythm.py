"""What a crash may cost follows from when streams are read and written."""

import pytest

from vms.rhythm import READ_EVERY_S, WRITE_AFTER_S, until_next_s

LAST_PICTURE_S = 0.04


def test_what_was_read_is_on_disk_before_a_crash_could_cost_a_second() -> None:
    assert READ_EVERY_S + WRITE_AFTER_S + LAST_PICTURE_S < 1


@pytest.mark.parametrize(
    ("now_s", "after_s", "expected_s"),
    [(1400.0, 0.0, 0.7), (1400.1, 0.0, 0.6), (1400.1, 0.15, 0.05), (1400.15, 0.15, 0.7), (1400.5, 0.15, 0.35)],
)
def test_all_who_ask_wait_for_the_same_moment(now_s: float, after_s: float, expected_s: float) -> None:
    assert until_next_s(now_s, 0.7, after_s) == pytest.approx(expected_s, abs=1e-9)


def test_without_a_rhythm_nobody_waits() -> None:
    assert until_next_s(1400.1, 0.0) == 0
