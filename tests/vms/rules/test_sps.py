"""Sizes read from parameter sets that real encoders made, compared with what a real decoder shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sps import MAX_PICTURE_SIDE, is_sps, parse_sps
from tests.ingest.rtp_script import H264_SPS, annexb, decode_all, encoded
from vms.errors import ProtocolError


def sps_of(codec, unit):
    return next(nal for nal in unit if is_sps(codec, nal))


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize(("width", "height"), [(320, 180), (640, 360), (1920, 1080), (322, 242), (704, 576)])
def test_size_is_what_a_decoder_shows(codec, width, height):
    (unit,) = encoded(codec, 1, width=width, height=height)
    (frame,) = decode_all(codec, [annexb(unit)])
    info = parse_sps(codec, sps_of(codec, unit))
    assert (info.width, info.height) == (frame.width, frame.height) == (width, height)
    assert info.reorder == 0


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_every_h264_profile_a_camera_uses(profile):
    (unit,) = encoded("h264", 1, width=1280, height=720, profile=profile)
    info = parse_sps("h264", sps_of("h264", unit))
    assert (info.width, info.height) == (1280, 720)


def test_b_pictures_are_announced():
    units = encoded("h264", 8, tune="film", bf="2", b_strategy="0", preset="veryfast", **{"rc-lookahead": "4"})
    assert parse_sps("h264", sps_of("h264", units[0])).reorder == 2


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_cut_off_set_is_an_error(codec):
    (unit,) = encoded(codec, 1)
    with pytest.raises(ProtocolError):
        parse_sps(codec, sps_of(codec, unit)[:6])


@given(
    st.sampled_from(["h264", "h265"]),
    st.one_of(
        st.binary(max_size=100), st.builds(lambda n, b: H264_SPS[:n] + b, st.integers(0, 20), st.binary(max_size=60))
    ),
)
@settings(max_examples=200, deadline=None)
def test_noise_raises_nothing_but_protocol_error_and_never_a_silly_size(codec, nal):
    try:
        info = parse_sps(codec, nal)
    except ProtocolError:
        return
    assert 0 < info.width <= MAX_PICTURE_SIDE
    assert 0 < info.height <= MAX_PICTURE_SIDE
    assert 0 <= info.reorder <= 16
