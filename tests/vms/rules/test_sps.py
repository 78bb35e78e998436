"""Sizes read from parameter sets that real encoders made, compared with what a real decoder shows."""

import contextlib
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.rtp_script import H264_SPS, annexb, decode_all, encoded
from vms.errors import ProtocolError
from vms.rules.codec_string import nal_units
from vms.rules.sps import MAX_PICTURE_SIDE, check_set, is_sps, parse_sps

ENDLESS_SPS = bytes.fromhex("420101040800000362206e6f2d616e616c797a652d7372632d70696373206465626c6f636b3d303a302073")
"""Damaged text of an encoder, taken for parameters: found by fuzzing."""


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


X265_OPTIONS = [
    "bframes=0",
    "bframes=3:ref=5",
    "scaling-list=default",
    "hrd=1:vbv-maxrate=500:vbv-bufsize=500",
    "temporal-layers=3:bframes=3",
    "aud=1:vui-timing-info=1:range=full:colorprim=bt709",
    "ctu=16:min-cu-size=8",
]


@pytest.mark.parametrize("options", X265_OPTIONS)
def test_sets_of_every_kind_of_h265_stream_are_good_for_a_muxer(options):
    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 192, 128, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {
        "preset": "ultrafast",
        "x265-params": f"log-level=none:pools=none:frame-threads=1:repeat-headers=1:{options}",
    }
    packets = encoder.encode(av.VideoFrame(192, 128, "yuv420p")) + encoder.encode(None)
    nals = list(nal_units(bytes(packets[0])))
    for nal in nals:
        check_set("h265", nal)
    sps = sps_of("h265", nals)
    for size in range(2, len(sps) // 2):
        with pytest.raises(ProtocolError):
            check_set("h265", sps[:size])


def test_a_set_that_ends_inside_its_reference_pictures_is_kept_from_the_muxer():
    """libavformat counts on with what lies behind the end, for more than a minute: such a set never gets that far."""
    with pytest.raises(ProtocolError):
        check_set("h265", ENDLESS_SPS)


X264_OPTIONS = [
    {"profile": "baseline"},
    {"profile": "main", "bf": "2"},
    {"profile": "high", "x264-params": "8x8dct=1:cqm=jvt:weightp=2:ref=5"},
    {"x264-params": "nal-hrd=cbr:vbv-maxrate=500:vbv-bufsize=500:aud=1"},
    {"x264-params": "interlaced=1"},
]


@pytest.mark.parametrize("options", X264_OPTIONS, ids=str)
def test_sets_of_every_kind_of_h264_stream_are_good_for_a_muxer_and_cut_off_ones_are_not(options):
    sets = [nal for nal in encoded("h264", 1, **options)[0] if nal[0] & 0x1F in (7, 8)]
    assert len(sets) == 2
    for nal in sets:
        check_set("h264", nal)
        for size in range(2, 4):
            with pytest.raises(ProtocolError):
                check_set("h264", nal[: min(size, len(nal) - 1)])


def test_h264_sets_that_name_what_cannot_be_are_kept_from_the_muxer():
    for wrong in ("67 42 c0 1e 00 00 00 00 01", "68 00 00 00 80", "68 c4 70 00 01 00 00 ff"):
        with pytest.raises(ProtocolError):
            check_set("h264", bytes.fromhex(wrong))


@pytest.mark.parametrize(("codec", "firsts"), [("h264", [0x67, 0x68]), ("h265", [0x40, 0x42])])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_checking_noise_raises_nothing_but_protocol_error(codec, firsts, data):
    nal = bytes((data.draw(st.sampled_from(firsts)), 1)) + data.draw(st.binary(max_size=120))
    with contextlib.suppress(ProtocolError):
        check_set(codec, nal)
