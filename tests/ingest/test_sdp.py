import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sdp import parse_sdp, resolve_control
from tests.ingest.rtp_script import H264_PPS, H264_SPS
from vms.errors import ProtocolError

SPROP = base64.b64encode(H264_SPS).decode() + "," + base64.b64encode(H264_PPS).decode()


def sdp(*media: str, session: str = "a=control:*") -> bytes:
    return "\r\n".join(["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", session, *media, ""]).encode()


AUDIO = ("m=audio 0 RTP/AVP 0", "a=control:audio")
METADATA = ("m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000", "a=control:meta")
H264 = (
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    f"a=fmtp:96 packetization-mode=1; profile-level-id=42c016; sprop-parameter-sets={SPROP}",
    "a=control:trackID=1",
)


def test_only_the_video_track_is_taken():
    track = parse_sdp(sdp(*AUDIO, *METADATA, *H264, *AUDIO))
    assert (track.codec, track.payload_type, track.control, track.session_control) == ("h264", 96, "trackID=1", "*")
    assert track.parameter_sets == (H264_SPS, H264_PPS)


def test_h265_with_its_three_sets():
    names = [base64.b64encode(bytes((kind << 1, 1, 2, 3))).decode() for kind in (32, 33, 34)]
    lines = (
        "m=video 0 RTP/AVP 98",
        "a=rtpmap:98 H265/90000",
        f"a=fmtp:98 sprop-vps={names[0]};sprop-sps={names[1]};sprop-pps={names[2]}",
    )
    track = parse_sdp(sdp(*lines))
    assert (track.codec, [nal[0] >> 1 for nal in track.parameter_sets]) == ("h265", [32, 33, 34])


def test_a_second_video_track_serves_when_the_first_is_jpeg():
    track = parse_sdp(sdp("m=video 0 RTP/AVP 26", "a=control:jpeg", *H264))
    assert track.control == "trackID=1"


@pytest.mark.parametrize(
    ("media", "says"),
    [
        (("m=video 0 RTP/AVP 26",), "JPEG"),
        (("m=video 0 RTP/AVP 97", "a=rtpmap:97 MP4V-ES/90000"), "MP4V-ES"),
        (AUDIO, "no video"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/1000"), "clock rate"),
        ((*H264[:2], "a=fmtp:96 packetization-mode=2"), "transport libav"),
    ],
)
def test_what_cannot_be_recorded_says_why(media, says):
    with pytest.raises(ProtocolError, match=says):
        parse_sdp(sdp(*media))


@pytest.mark.parametrize(
    "sprop", ["", ",", "!!!,???", "Zw=", SPROP[:20] + ",é", base64.b64encode(b"x" * 20_000).decode()]
)
def test_unreadable_parameter_sets_are_left_out(sprop):
    text = "a=fmtp:96 sprop-parameter-sets=" + sprop
    assert len(parse_sdp(sdp(*H264[:2], text)).parameter_sets) <= 1


def test_start_codes_inside_sprop_are_taken_off():
    text = "a=fmtp:96 sprop-parameter-sets=" + base64.b64encode(b"\0\0\0\1" + H264_SPS).decode()
    assert parse_sdp(sdp(*H264[:2], text)).parameter_sets == (H264_SPS,)


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://h/a", "trackID=1", "rtsp://h/a/trackID=1"),
        ("rtsp://h/a/", "trackID=1", "rtsp://h/a/trackID=1"),
        ("rtsp://h/a?x=1", "trackID=1", "rtsp://h/a?x=1/trackID=1"),
        ("rtsp://h:8554/a", "/b/c", "rtsp://h:8554/b/c"),
        ("rtsp://h/a", "rtsp://10.0.0.1/b", "rtsp://10.0.0.1/b"),
        ("rtsp://h/a/", "*", "rtsp://h/a/"),
        ("rtsp://h/a", "", "rtsp://h/a"),
    ],
)
def test_control_urls_as_cameras_write_them(base, control, url):
    assert resolve_control(base, control) == url


@pytest.mark.parametrize("control", ["a b", "x\r\nTEARDOWN", "é", "rtsp://[::1"])
def test_a_control_that_is_no_url_is_refused(control):
    with pytest.raises(ProtocolError):
        resolve_control("rtsp://h/a", control)


line = st.one_of(
    st.text(max_size=40),
    st.builds("m=video 0 RTP/AVP {}".format, st.text(max_size=8)),
    st.builds("a=rtpmap:{} H264/90000".format, st.text(max_size=5)),
    st.builds("a=fmtp:96 {}".format, st.text(max_size=30)),
    st.builds("a=control:{}".format, st.text(max_size=20)),
    st.sampled_from(H264),
)


@given(st.lists(line, max_size=10).map("\r\n".join))
@settings(max_examples=120, deadline=None)
def test_noise_raises_nothing_but_protocol_error(text):
    try:
        track = parse_sdp(text.encode("utf-8", "replace"))
        resolve_control(resolve_control("rtsp://h/a", track.session_control), track.control)
    except ProtocolError:
        pass
