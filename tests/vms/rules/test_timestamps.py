"""The stream's time line, on scripted RTP timestamps."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import T0_US
from vms.rules.timestamps import MAX_BACKWARD_90k, MAX_FORWARD_90k, StreamTimeline, signed_step_90k

WRAP = 2**32


def stamps(timestamps, reorder=0):
    timeline = StreamTimeline(reorder)
    return [timeline.stamp(t % WRAP) for t in timestamps]


def test_a_wrap_is_no_jump():
    got = stamps([WRAP - 7200 + 3600 * n for n in range(5)])
    assert [s.pts_90k - got[0].pts_90k for s in got] == [0, 3600, 7200, 10_800, 14_400]
    assert [s.starts_run for s in got] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("step_90k", "new_run"),
    [
        (MAX_FORWARD_90k, False),
        (MAX_FORWARD_90k + 1, True),
        (-MAX_BACKWARD_90k, False),
        (-MAX_BACKWARD_90k - 1, True),
        (2**31 - 1, True),
        (-(2**31), True),
    ],
)
def test_a_leap_starts_a_run_and_a_pause_does_not(step_90k, new_run):
    _, second = stamps([5_000_000, 5_000_000 + step_90k])
    assert second.starts_run is new_run
    if new_run:
        assert second.pts_90k == (5_000_000 + step_90k) % WRAP


def test_equal_and_backward_timestamps_are_repaired_by_one_tick_and_counted():
    timeline = StreamTimeline()
    got = [timeline.stamp(t) for t in (1000, 4600, 4600, 4000, 8200)]
    assert [s.dts_90k for s in got] == [1000, 4600, 4601, 4602, 8200]
    assert [s.repaired for s in got] == [False, False, True, True, False]
    assert timeline.repaired == 2


def test_b_pictures_keep_their_display_time_and_get_a_decoding_time_before_it():
    f = 3600
    # Coding order I0 P3 B1 B2 P6 B4 B5: two pictures are decoded before their turn... one waits at most.
    got = stamps([90_000 + n * f for n in (0, 3, 1, 2, 6, 4, 5)], reorder=1)
    assert [(s.pts_90k - 90_000) // f for s in got] == [0, 3, 1, 2, 6, 4, 5]
    assert [(s.dts_90k - 90_000) // f for s in got] == [-1, 0, 1, 2, 3, 4, 5]
    assert not any(s.repaired for s in got)


def test_the_cameras_clock_follows_the_sender_reports():
    timeline = StreamTimeline()
    assert timeline.stamp(90_000).camera_utc_us is None
    timeline.sender_report(180_000, T0_US)
    assert timeline.stamp(93_600).camera_utc_us == T0_US - 960_000
    assert timeline.stamp(270_000).camera_utc_us == T0_US + 1_000_000
    timeline.sender_report(270_000, T0_US + 7_000_000)  # its clock was set
    assert timeline.stamp(273_600).camera_utc_us == T0_US + 7_040_000


def test_a_report_before_the_first_picture_counts_also_across_the_wrap():
    timeline = StreamTimeline()
    timeline.sender_report(WRAP - 45_000, T0_US)
    assert timeline.stamp(45_000).camera_utc_us == T0_US + 1_000_000


def test_one_report_serves_for_days():
    timeline = StreamTimeline()
    timeline.stamp(0)
    timeline.sender_report(0, T0_US)
    hours = 30
    steps = range(MAX_FORWARD_90k, hours * 3600 * 90_000 + 1, MAX_FORWARD_90k)
    last = [timeline.stamp(t % WRAP) for t in steps][-1]
    assert last.camera_utc_us == T0_US + hours * 3_600_000_000
    assert timeline.leaps == 0


def test_after_a_leap_the_old_report_is_worth_nothing_and_the_early_new_one_is_taken():
    timeline = StreamTimeline()
    timeline.stamp(0)
    timeline.sender_report(0, T0_US)
    assert timeline.stamp(900_000_000).camera_utc_us is None
    timeline.sender_report(1_800_000_000, T0_US + 5)  # sent just before the next leap
    assert timeline.stamp(1_800_000_000).camera_utc_us == T0_US + 5
    assert timeline.leaps == 2


def test_a_changed_format_starts_a_run_but_the_cameras_clock_goes_on():
    timeline = StreamTimeline()
    timeline.stamp(0)
    timeline.sender_report(0, T0_US)
    timeline.restart()
    stamp = timeline.stamp(90_000)
    assert (stamp.starts_run, stamp.camera_utc_us) == (True, T0_US + 1_000_000)
    assert timeline.leaps == 0


def test_a_leap_between_keyframes_waits_for_the_next_one_and_loses_no_picture():
    timeline = StreamTimeline()
    clock = [0, 3600, 7200, 9_000_000, 9_003_600, 9_007_200, 9_010_800]
    keys = [True, False, False, False, False, True, False]
    got = [timeline.stamp(t, is_keyframe=key) for t, key in zip(clock, keys, strict=True)]
    assert [s.pts_90k for s in got] == [0, 3600, 7200, 10_800, 14_400, 9_007_200, 9_010_800]
    assert [s.starts_run for s in got] == [True, False, False, False, False, True, False]
    assert timeline.leaps == 1


def test_a_report_between_the_leap_and_its_keyframe_serves_both_sides():
    timeline = StreamTimeline()
    timeline.stamp(0)
    timeline.sender_report(0, T0_US)
    assert timeline.stamp(9_000_000, is_keyframe=False).camera_utc_us == T0_US + 40_000
    timeline.sender_report(9_000_000, T0_US + 5_000_000)
    assert timeline.stamp(9_003_600, is_keyframe=False).camera_utc_us == T0_US + 5_040_000
    assert timeline.stamp(9_007_200).camera_utc_us == T0_US + 5_080_000


timestamps_90k = st.lists(
    st.one_of(st.integers(0, WRAP - 1), st.integers(0, 20_000), st.integers(WRAP - 20_000, WRAP - 1)),
    min_size=1,
    max_size=60,
)


@given(timestamps_90k, st.integers(0, 4), st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_within_a_run_dts_rises_strictly_and_never_passes_pts(timestamps, reorder, gop):
    timeline = StreamTimeline(reorder)
    got = [timeline.stamp(t, is_keyframe=n % gop == 0) for n, t in enumerate(timestamps)]
    assert got[0].starts_run
    assert all(n % gop == 0 for n, s in enumerate(got) if s.starts_run)
    for before, after in pairwise(got):
        assert after.starts_run or after.dts_90k > before.dts_90k
    assert all(s.dts_90k <= s.pts_90k for s in got)


@given(st.integers(0, WRAP - 1), st.lists(st.integers(1, MAX_FORWARD_90k), max_size=60))
@settings(max_examples=100, deadline=None)
def test_a_good_stream_passes_unchanged(first, steps):
    expected, timestamps = [first], [first]
    for step in steps:
        expected.append(expected[-1] + step)
        timestamps.append((timestamps[-1] + step) % WRAP)
    got = stamps(timestamps)
    assert [s.pts_90k for s in got] == [s.dts_90k for s in got] == expected
    assert [s.starts_run for s in got] == [True] + [False] * len(steps)


@given(st.integers(0, WRAP - 1), st.integers(-(2**31), 2**31 - 1))
def test_the_signed_step_goes_the_shorter_way_round(before, step):
    assert signed_step_90k((before + step) % WRAP, before) == step
