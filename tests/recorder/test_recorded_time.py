"""The time of footage: through wraps, leaps, daylight saving and a server clock that steps (fault list F4 and F7)."""

import itertools
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.packet_builder import PacketBuilder
from tests.fakes import T0_US
from tests.ingest.test_packet_builder import H264, IDR, SETS, P, unit
from tests.recorder.encoded import PICTURE_90K, brightness, restart, stream
from tests.recorder.ingested import CameraStream
from tests.recorder.test_change_and_damage import encoded
from vms.rules.timestamps import StreamTimeline
from vms.units import us_from_utc, utc_from_us

HOUR_US = 3_600_000_000
YEARS_10_US = 10 * 365 * 24 * HOUR_US


def record(site, packets, **changes):
    recorder = site.recorder(**changes)
    for packet in packets:
        assert recorder.offer(packet)
        recorder.pump()
    recorder.close()
    assert site.journal.stop()
    return site.segments()


def no_overlap(segments):
    for segment in segments:
        assert segment.end_at > segment.start_at
    for one, after in pairwise(segments):
        assert one.end_at <= after.start_at


def moved(packets, *, ticks=0, us=0):
    return [
        p._replace(pts_90k=p.pts_90k + ticks, dts_90k=p.dts_90k + ticks, received_us=p.received_us + us)
        for p in packets
    ]


@pytest.mark.parametrize("bits", [32, 33])
def test_a_stream_goes_on_over_the_wrap_of_its_clock_without_a_cut(site, bits):
    """2³² at 90 kHz is 13.3 hours of RTP, 2³³ is 26.5 hours: what an MPEG clock would hold."""
    packets = moved(stream(40), ticks=2**bits - 7_000_000 - 15 * PICTURE_90K)
    [segment] = record(site, packets, segment_s=60)
    assert segment.duration_90k == 40 * PICTURE_90K
    assert [at for at, _ in brightness(site.reader, segment)] == pytest.approx([n / 10 for n in range(40)])


def test_four_days_of_rtp_time_are_never_cut_or_repaired():
    """Seven wraps in the timeline itself, one packet every nine seconds."""
    timeline = StreamTimeline()
    steps = range(0, 4 * 24 * 3600 * 90_000, 9 * 90_000)
    stamps = [timeline.stamp(at % 2**32) for at in steps]
    assert [stamp.pts_90k for stamp in stamps] == list(steps)
    assert (timeline.repaired, timeline.leaps) == (0, 0)


NIGHTS = [
    datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC),
]
"""The moments before summer time begins and ends in Amsterdam: one hour is missing, one comes twice."""


@pytest.mark.parametrize("night", NIGHTS)
def test_the_nights_of_daylight_saving_are_ordinary_nights(site, night):
    before, after = (
        at.astimezone(ZoneInfo("Europe/Amsterdam")).utcoffset() for at in (night, night + timedelta(minutes=1))
    )
    assert before != after
    segments = record(site, stream(300, start_us=us_from_utc(night)), segment_s=5)
    assert segments[0].start_at == night
    assert all(one.end_at == two.start_at for one, two in pairwise(segments))
    assert segments[-1].end_at == night + timedelta(seconds=30)
    assert len({segment.path for segment in segments}) == 6
    assert [n for s in segments for _, n in brightness(site.reader, s)] == [n % 100 for n in range(300)]


@pytest.mark.parametrize("step_us", [HOUR_US, -HOUR_US, -YEARS_10_US, YEARS_10_US, 3_000_000, -3_000_000])
def test_a_step_of_the_servers_clock_overlaps_nothing_and_loses_nothing(site, step_us):
    packets = stream(75) + moved(stream(150, first=75), us=step_us)
    segments = record(site, packets, segment_s=5)
    no_overlap(segments)
    assert sum(segment.duration_90k for segment in segments) == 225 * PICTURE_90K
    assert [n for s in segments for _, n in brightness(site.reader, s)] == [n % 100 for n in range(225)]


@pytest.mark.parametrize("step_us", [-HOUR_US, -YEARS_10_US])
def test_a_clock_set_back_during_an_outage_keeps_order_and_its_gap_is_no_nonsense(site, step_us):
    recorder = site.recorder()
    for packet in stream(20):
        recorder.offer(packet)
    recorder.pump()
    recorder.source_down("unreachable", "no route", T0_US + 3_000_000 + step_us)
    recorder.pump()
    recorder.source_down("stalled", "still nothing", T0_US + 9_000_000 + step_us)
    recorder.pump()
    for packet in restart(moved(stream(20, first=200), us=step_us)):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    segments = site.segments()
    no_overlap(segments)
    assert [len(brightness(site.reader, segment)) for segment in segments] == [20, 20]
    for gap in site.gaps():
        assert gap.end_at is None or gap.start_at <= gap.end_at
        assert all(gap.start_at >= s.end_at or (gap.end_at or gap.start_at) <= s.start_at for s in segments)


def test_a_restart_with_the_clock_set_back_ten_years_continues_behind_what_is_there(site):
    before = site.recorder()
    for packet in stream(20):
        before.offer(packet)
    before.close()
    end_us = T0_US + 2_000_000
    record(site, restart(moved(stream(20, first=300), us=-YEARS_10_US)), last_end_us=end_us)
    first, second = site.segments()
    assert (first.end_at, second.start_at) == (utc_from_us(end_us), utc_from_us(end_us))


def test_equal_and_backward_timestamps_stay_one_run_and_play_in_order(site):
    """The camera repeats a timestamp, and lets one fall back by 20 ms."""
    camera = CameraStream("h264")
    packets = camera.send(encoded("h264", 10))
    for step in (0, -1800):
        camera._at_90k += step - 3600
        packets += camera.send(encoded("h264", 10))
    segments = record(site, packets, segment_s=60)
    assert camera._builder.timeline.repaired == 2
    assert [s.starts_run for s in segments] == [True]
    times = [at for at, _ in brightness(site.reader, segments[0])]
    assert len(times) == 30
    assert times == sorted(set(times))


def test_a_leap_of_the_cameras_clock_cuts_a_run_at_the_next_keyframe(site):
    camera = CameraStream("h264")
    packets = camera.send(encoded("h264", 15))
    camera.rtp_start += 3600 * 90_000
    packets += camera.send(encoded("h264", 20))
    segments = record(site, packets, segment_s=60)
    assert camera._builder.timeline.leaps == 1
    assert [s.starts_run for s in segments] == [True, True]
    assert sum(len(brightness(site.reader, s)) for s in segments) == 35
    assert abs((segments[1].start_at - segments[0].end_at).total_seconds()) < 0.1


def test_the_cameras_clock_skew_stands_in_the_row_also_when_the_report_came_later(site):
    """No sender report before the first picture: the segment's row tells the skew all the same."""
    packets = stream(100)
    packets = [p._replace(camera_utc_us=None if n < 30 else p.received_us + 7_250_000) for n, p in enumerate(packets)]
    first, second = record(site, packets, segment_s=5)
    assert (first.skew_ms, second.skew_ms) == (7250, 7250)


def test_a_camera_that_tells_no_time_has_no_skew(site):
    [segment] = record(site, [p._replace(camera_utc_us=None) for p in stream(20)])
    assert segment.skew_ms is None


def test_reads_in_batches_do_not_change_the_skew(site):
    """Packets are read up to a quarter of a second late; the camera's clock is five seconds slow."""
    packets = [
        p._replace(received_us=p.received_us + n % 3 * 100_000, camera_utc_us=p.received_us - 5_000_000)
        for n, p in enumerate(stream(100))
    ]
    segments = record(site, packets, segment_s=5)
    assert [segment.skew_ms for segment in segments] == [-5000, -5000]


steps_90k = st.lists(
    st.one_of(st.integers(1, 9000), st.sampled_from([0, -1, -3600, -45_000, -45_001, 900_000, 900_001, 2**31])),
    max_size=40,
)


@given(steps_90k, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_whatever_the_cameras_clock_does_every_picture_becomes_a_packet_in_rising_order(steps, first):
    builder = PacketBuilder(H264, SETS)
    times = list(itertools.accumulate(steps, initial=first))
    units = [unit(IDR if n % 5 == 0 else P, at=at % 2**32) for n, at in enumerate(times)]
    packets = builder.build(units, T0_US)
    assert len(packets) == len(units)
    for one, after in pairwise(packets):
        assert after.starts_run or after.dts_90k > one.dts_90k
