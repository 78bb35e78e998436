import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import T0_US, packet
from vms.errors import ProtocolError
from vms.rules import segmenting
from vms.rules.codec_string import avc_codec_string, format_id, hevc_codec_string, nal_units
from vms.rules.segmenting import OpenSegment, decide_cut

START = 1_000_000
OPEN = OpenSegment(start_us=T0_US, first_dts_90k=START, last_dts_90k=START + 9 * 7200, next_sequence=10, format_id=b"A")


def following(after_90k: int = 7200, **changes: object):
    dts = OPEN.last_dts_90k + after_90k
    base = packet(10, keyframe=False)._replace(pts_90k=dts, dts_90k=dts)
    return base._replace(**changes)  # type: ignore[arg-type]


def test_a_file_starts_with_a_keyframe_only() -> None:
    assert decide_cut(None, packet(0, keyframe=True), b"A", 60) == "start"
    assert decide_cut(None, packet(1, keyframe=False), None, 60) == "discard"


@pytest.mark.parametrize(
    ("changes", "format_seen", "expected"),
    [
        ({}, None, "append"),
        ({"is_keyframe": True}, b"A", "append"),
        ({"is_keyframe": True}, b"B", "format"),
        ({"is_keyframe": True, "starts_run": True}, b"A", "run"),
        ({"starts_run": True}, None, "break"),
        ({"is_keyframe": True, "sequence": 12}, b"A", "hole"),
        ({"sequence": 12}, None, "break"),
        ({"is_keyframe": True, "after_90k": 0}, b"A", "run"),
        ({"after_90k": -7200}, None, "break"),
        ({"is_keyframe": True, "after_90k": 31 * 90_000}, b"A", "run"),
    ],
)
def test_what_ends_a_segment_early(changes: dict[str, object], format_seen: bytes | None, expected: str) -> None:
    assert decide_cut(OPEN, following(**changes), format_seen, 60) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("length_s", "expected"), [(9.99, "append"), (10, "length"), (11, "length")])
def test_the_first_keyframe_at_or_after_the_target_cuts(length_s: float, expected: str) -> None:
    due = START + round(length_s * 90_000)
    before = replace(OPEN, last_dts_90k=due - 7200)
    assert decide_cut(before, following(is_keyframe=True, pts_90k=due, dts_90k=due), b"A", 10) == expected
    assert decide_cut(before, following(pts_90k=due, dts_90k=due), None, 10) == "append"


def test_a_stream_that_never_sends_a_keyframe_is_cut_in_the_end() -> None:
    due = START + segmenting.MAX_SEGMENT_90K
    long = replace(OPEN, last_dts_90k=due - 7200)
    assert decide_cut(long, following(pts_90k=due, dts_90k=due), None, 10) == "break"


@settings(max_examples=200)
@given(st.integers(1, 200 * 90_000), st.integers(-(10**13), 10**13))
def test_the_correction_never_passes_500_ppm_nor_turns_time_round(duration_90k: int, error_us: int) -> None:
    end_us = segmenting.corrected_end_us(T0_US, duration_90k, error_us)
    plain_us = duration_90k * 100 // 9
    assert abs(end_us - T0_US - plain_us) <= plain_us * 500 // 1_000_000
    assert abs(end_us - T0_US - plain_us) <= abs(error_us)
    assert end_us > T0_US


def test_time_never_goes_back_before_the_last_segments_end() -> None:
    assert segmenting.run_start_us(T0_US, None) == T0_US
    assert segmenting.run_start_us(T0_US, T0_US - 5) == T0_US
    assert segmenting.run_start_us(T0_US, T0_US + 5) == T0_US + 5


def test_lateness_is_measured_by_the_packet_that_came_soonest() -> None:
    delay_us = T0_US - START * 100 // 9
    assert segmenting.clock_error_us(T0_US, START, delay_us + 7) == pytest.approx(7, abs=1)
    assert segmenting.is_clock_step(6_000_000)
    assert not segmenting.is_clock_step(-3_600_000_000)


SPS = b"\x67\x64\x00\x1f\xac"
IDR = b"\x65\x88\x84"


def test_format_is_told_by_the_parameter_sets_before_the_picture() -> None:
    keyframe = b"\0\0\0\1" + SPS + b"\0\0\1\x68\xee" + b"\0\0\0\1" + IDR
    other = keyframe.replace(b"\x1f", b"\x28")
    assert list(nal_units(keyframe)) == [SPS, b"\x68\xee", IDR]
    assert format_id("h264", keyframe) == format_id("h264", keyframe + b"\0\0\0\1\x06sei")
    assert format_id("h264", keyframe) != format_id("h264", other)
    with pytest.raises(ProtocolError):
        format_id("h264", b"\0\0\0\1" + IDR)
    with pytest.raises(ProtocolError):
        format_id("h264", b"")


def test_codec_strings_as_browsers_want_them() -> None:
    assert avc_codec_string(b"\x64\x00\x1f\xff") == "avc1.64001f"
    main_l93 = bytes.fromhex("016000000090000000000 05d".replace(" ", ""))
    assert hevc_codec_string(main_l93) == "hev1.1.6.L93.90"
    with pytest.raises(ProtocolError):
        hevc_codec_string(b"\1")


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_split_without_harm(data: bytes) -> None:
    for nal in nal_units(data):
        assert b"\0\0\1" not in nal
    for codec in ("h264", "h265"):
        with contextlib.suppress(ProtocolError):
            assert format_id(codec, data)
