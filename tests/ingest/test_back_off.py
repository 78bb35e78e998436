import pytest

from ingest.back_off import BackOff


def back_off():
    return BackOff(jitter=lambda: 0.5)


def test_steps_rise_to_fifteen_seconds_and_stay():
    waits = back_off()
    assert [waits.next_s("unreachable", 0) for _ in range(7)] == [1, 2, 4, 8, 15, 15, 15]


def test_a_steady_stream_starts_the_steps_again_and_a_flapping_one_does_not():
    waits = back_off()
    assert [waits.next_s("stalled", up_s) for up_s in (0, 3, 3, 11, 3)] == [1, 2, 4, 1, 2]


def test_after_three_refusals_the_account_is_left_alone_for_a_minute():
    waits = BackOff(jitter=lambda: 0.0)
    assert [waits.next_s("unauthorized", 0) >= 60 for _ in range(5)] == [False, False, True, True, True]


def test_new_credentials_are_tried_at_once():
    waits = back_off()
    for _ in range(4):
        waits.next_s("unauthorized", 0)
    waits.credentials_changed()
    assert waits.next_s("unauthorized", 0) < 20


@pytest.mark.parametrize("state", ["unreachable", "unauthorized"])
def test_jitter_spreads_and_never_shortens_the_minute(state):
    waits = BackOff()
    for _ in range(5):
        waits.next_s(state, 0)
    got = {waits.next_s(state, 0) for _ in range(50)}
    assert len(got) > 40
    low, high = (60, 75) if state == "unauthorized" else (15 * 0.75, 15 * 1.25)
    assert all(low <= wait <= high for wait in got)
