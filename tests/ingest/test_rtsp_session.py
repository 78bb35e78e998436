"""Our client against a scripted camera: the dialogue, and everything a camera does wrong."""

import hashlib
import threading
import time
from contextlib import closing, contextmanager
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rtcp import parse_rtcp
from ingest.rtsp import RtspSession, RtspTiming
from ingest.rtsp_connection import StopRequested
from ingest.rtsp_url import check_url
from ingest.simulator.rtp import SenderReport
from ingest.source import StreamSource
from tests.fakes import T0_US
from tests.ingest.rtp_script import framed
from tests.ingest.scripted_rtsp import SDP, RtspCamera, authorized_field, demanding, media, ok, rtsp_camera
from vms.clock import SystemClock
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable, ProtocolError
from vms.units import CameraId

TIMING = RtspTiming(connect_timeout_s=2, reply_timeout_s=0.5)
PASSWORD = "zeer geheim"


class SkippingClock(SystemClock):
    """The real clock; `skip_s` moves it on."""

    skip_s = 0.0

    def monotonic_s(self):
        return super().monotonic_s() + self.skip_s


def source_of(camera, **changes):
    fields = {"url": camera.url, "username": "vms", "password": PASSWORD} | changes
    return StreamSource(CameraId("markt-01"), "main", **fields)


def open_session(camera, clock=None, stop=None, **changes):
    return RtspSession.open(source_of(camera, **changes), clock or SystemClock(), stop or threading.Event(), TIMING)


@contextmanager
def playing(camera, clock=None, **changes):
    with rtsp_camera(camera), closing(open_session(camera, clock, **changes)) as session:
        yield session


def read_units(session, count, timeout_s=5.0):
    units, reports, until = [], [], time.monotonic() + timeout_s
    while len(units) < count and time.monotonic() < until:
        read = session.read()
        units += read.units
        reports += read.reports
    return units, reports


def wait_for(condition, timeout_s=3.0):
    until = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def test_only_video_is_set_up_and_every_picture_comes():
    camera = RtspCamera(media=media(25))
    with playing(camera) as session:
        units, _ = read_units(session, 25)
    assert [unit.rtp_timestamp for unit in units] == [n * 3600 for n in range(25)]
    assert [n for n, unit in enumerate(units) if unit.is_keyframe] == [0, 10, 20]
    assert [(a.method, a.url) for a in camera.asked[:4]] == [
        ("OPTIONS", camera.url),
        ("DESCRIBE", camera.url),
        ("SETUP", camera.url + "/video"),
        ("PLAY", camera.url),
    ]
    assert camera.asked[2].headers["transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1"
    assert camera.asked[3].headers["session"] == "12345678"


def test_pictures_sent_before_the_reply_to_play_are_not_lost():
    camera = RtspCamera()
    camera.answers["PLAY"] = lambda asked: media(5) + ok(asked)
    with playing(camera) as session:
        units, _ = read_units(session, 5)
    assert len(units) == 5


def test_replies_between_frames_and_frames_split_anywhere():
    camera = RtspCamera()
    with playing(camera) as session:
        stream = media(7) + b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n" + media(8, first=7)

        def drip():
            for at in range(0, len(stream), 997):
                camera.send(stream[at : at + 997])

        sender = threading.Thread(target=drip)
        sender.start()
        units, _ = read_units(session, 15)
        sender.join()
    assert [unit.rtp_timestamp for unit in units] == [n * 3600 for n in range(15)]


def test_other_channels_than_asked_are_honoured():
    camera = RtspCamera(transport="RTP/AVP/TCP;interleaved=4-5", media=media(3, channel=0) + media(3, channel=4))
    with playing(camera) as session:
        units, _ = read_units(session, 3)
        assert len(units) == 3
        assert session.read().units == []


def test_the_digest_answers_with_the_request_it_signs_and_never_the_password():
    def right(header):
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()

        uri, nonce = authorized_field(header, "uri"), authorized_field(header, "nonce")
        tail = f"{nonce}:{authorized_field(header, 'nc')}:{authorized_field(header, 'cnonce')}:auth"
        wanted = md5(f"{md5(f'vms:cam:{PASSWORD}')}:{tail}:{md5(f'OPTIONS:{uri}')}")
        return authorized_field(header, "response") == wanted

    camera = RtspCamera(answers={"OPTIONS": demanding('Digest realm="cam", nonce="abc", qop="auth"', right)})
    with playing(camera):
        pass
    assert camera.methods()[:3] == ["OPTIONS", "OPTIONS", "DESCRIBE"]
    assert [authorized_field(a.headers["authorization"], "nc") for a in camera.asked[1:5]] == [
        f"0000000{n}" for n in range(1, 5)
    ]
    assert authorized_field(camera.asked[3].headers["authorization"], "uri") == camera.url + "/video"
    assert not any(PASSWORD in value for asked in camera.asked for value in asked.headers.values())


def test_a_camera_that_hangs_up_after_its_401_is_called_again():
    camera = RtspCamera(media=media(2))

    def answer(asked):
        if "authorization" in asked.headers:
            return ok(asked)
        challenge = 'WWW-Authenticate: Digest realm="r", nonce="n"'
        return ok(asked, challenge, "Connection: close", status="401 Unauthorized")

    camera.answers["OPTIONS"] = answer
    with playing(camera) as session:
        assert len(read_units(session, 2)[0]) == 2
    assert camera.connections == 2


class NoisyConnection:
    """Answers every request, then brings the bytes of a script in the pieces of the script."""

    def __init__(self, pieces):
        sdp = SDP.encode()
        self.pieces = [
            b"RTSP/1.0 200 OK\r\n\r\n",
            b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(sdp), sdp),
            b"RTSP/1.0 200 OK\r\nSession: 1;timeout=5\r\n\r\n",
            b"RTSP/1.0 200 OK\r\n\r\n",
            *pieces,
        ]

    def send(self, data, timeout_s):
        pass

    def recv(self, timeout_s):
        return self.pieces.pop(0) if self.pieces else b""

    def close(self):
        pass


header = st.sampled_from(
    [b"CSeq: 5", b"Location: rtsp://x/", b'WWW-Authenticate: Digest nonce="2"', b"Content-Length: 2"]
)
noise = st.one_of(
    st.binary(max_size=40),
    st.builds(framed, st.integers(0, 2), st.binary(max_size=60)),
    st.builds(
        lambda line, headers: b"\r\n".join([line, *headers]) + b"\r\n\r\n",
        st.sampled_from(
            [b"RTSP/1.0 401 No", b"RTSP/1.0 999 ?", b"RTSP/1.0 200", b"SET_PARAMETER * RTSP/1.0", b"X Y Z"]
        ),
        st.lists(header, max_size=3),
    ),
    st.integers(0, 30).map(lambda n: media(2)[: n * 50]),
)


@given(st.lists(noise, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_playing_camera_that_sends_noise_ends_in_a_camera_error_or_goes_on(pieces):
    clock = SkippingClock()
    source = StreamSource(CameraId("markt-01"), "main", "rtsp://192.0.2.1/x", "vms", PASSWORD)
    with mock.patch("ingest.rtsp.Connection.open", return_value=NoisyConnection(pieces)):
        session = RtspSession.open(source, clock, threading.Event(), TIMING)
    try:
        for _ in range(len(pieces) + 1):
            clock.skip_s += 3
            session.read()
    except CameraError:
        pass
    session.close()


def test_a_wrong_password_is_sent_once_and_no_more():
    camera = RtspCamera(answers={"OPTIONS": demanding('Digest realm="cam", nonce="abc"', lambda _: False)})
    with rtsp_camera(camera), pytest.raises(CameraUnauthorized, match="refused") as caught:
        open_session(camera)
    assert sum("authorization" in asked.headers for asked in camera.asked) == 1
    assert PASSWORD not in str(caught.value)


def test_a_camera_that_calls_every_nonce_stale_ends_too():
    def answer(asked):
        challenge = f'WWW-Authenticate: Digest realm="r", nonce="{asked.headers["cseq"]}", stale=true'
        return ok(asked, challenge, status="401 Unauthorized")

    camera = RtspCamera(answers={"OPTIONS": answer})
    with rtsp_camera(camera), pytest.raises(CameraUnauthorized, match="stale"):
        open_session(camera)
    assert len(camera.asked) == 3


def test_basic_in_the_clear_is_refused_before_anything_is_sent():
    camera = RtspCamera(answers={"OPTIONS": demanding('Basic realm="cam"')})
    with rtsp_camera(camera), pytest.raises(CameraUnauthorized, match="digest"):
        open_session(camera)
    assert not any("authorization" in asked.headers for asked in camera.asked)


def test_sender_reports_arrive_with_their_numbers():
    report = SenderReport(ssrc=0x0BADCAFE, utc_us=T0_US, timestamp=3600, packets=9, octets=9).to_bytes()
    with playing(RtspCamera(media=framed(1, report) + media(2))) as session:
        _, reports = read_units(session, 2)
    assert [(r.rtp_timestamp, r.utc_us(T0_US)) for r in reports] == [(3600, T0_US)]


def test_receiver_reports_and_keep_alives_go_out_in_time():
    camera = RtspCamera(session="12345678;timeout=20", media=media(3))
    clock = SkippingClock()
    with playing(camera, clock) as session:
        read_units(session, 3)
        clock.skip_s = 5.1
        session.read()
        wait_for(lambda: camera.frames)
        assert camera.frames[0][0] == 1
        assert camera.frames[0][1][:2] == b"\x81\xc9"
        assert parse_rtcp(camera.frames[0][1]).goodbye is False
        assert "GET_PARAMETER" not in camera.methods()
        clock.skip_s = 9.0  # before half of the 20 s
        session.read()
        wait_for(lambda: "GET_PARAMETER" in camera.methods())
        assert camera.asked[-1].headers["session"] == "12345678"
        camera.send(media(2, first=3))
        assert len(read_units(session, 2)[0]) == 2


def test_a_camera_that_refuses_get_parameter_is_kept_alive_with_options():
    camera = RtspCamera(session="1;timeout=20")
    camera.answers["GET_PARAMETER"] = lambda asked: ok(asked, status="405 Method Not Allowed")
    clock = SkippingClock()
    with playing(camera, clock) as session:
        for turn in (1, 2):
            clock.skip_s = 8.1 * turn
            session.read()
            wait_for(lambda: len(camera.asked) == 4 + turn)  # noqa: B023
            session.read()
    assert camera.methods()[4:6] == ["GET_PARAMETER", "OPTIONS"]


def test_a_nonce_that_expires_while_playing_is_renewed():
    fresh = 'Digest realm="cam", nonce="new", stale=true'
    camera = RtspCamera(session="1;timeout=20", answers={"OPTIONS": demanding('Digest realm="cam", nonce="old"')})
    camera.answers["GET_PARAMETER"] = demanding(fresh, lambda header: 'nonce="new"' in header)
    camera.answers["OPTIONS"] = demanding('Digest realm="cam", nonce="old"')
    camera.answers["DESCRIBE"] = camera.usual
    clock = SkippingClock()
    with rtsp_camera(camera), closing(open_session(camera, clock)) as session:
        session._methods |= {"GET_PARAMETER"}
        clock.skip_s = 8.1
        session.read()
        wait_for(lambda: camera.methods()[-1] == "GET_PARAMETER")
        session.read()
        wait_for(lambda: camera.methods()[-2:] == ["GET_PARAMETER"] * 2)
    assert 'nonce="new"' in [a for a in camera.asked if a.method == "GET_PARAMETER"][1].headers["authorization"]


def test_a_forgotten_session_ends():
    camera = RtspCamera()
    with playing(camera) as session:
        camera.send(b"RTSP/1.0 454 Session Not Found\r\nCSeq: 50\r\n\r\n")
        with pytest.raises(CameraUnreachable, match="454"):
            read_units(session, 1, 2)


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n", CameraUnreachable, "ended"),
        (b"REDIRECT rtsp://x RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://evil/\r\n\r\n", ProtocolError, "redirects"),
        (framed(1, b"\x81\xcb\x00\x01\0\0\0\1"), CameraUnreachable, "BYE"),
        (b"\x00\x01\x02\x03\x04", ProtocolError, "neither"),
    ],
)
def test_what_ends_a_playing_session(data, error, says):
    camera = RtspCamera()
    with playing(camera) as session:
        camera.send(data)
        with pytest.raises(error, match=says):
            read_units(session, 1, 2)


def test_requests_of_the_camera_are_answered():
    camera = RtspCamera()
    with playing(camera) as session:
        camera.send(b"GET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\n\r\nPAUSE * RTSP/1.0\r\nCSeq: 6\r\n\r\n" + media(1))
        assert len(read_units(session, 1)[0]) == 1


def test_the_connection_that_ends_is_noticed():
    camera = RtspCamera()
    with playing(camera) as session:
        camera.hang_up()
        with pytest.raises(CameraUnreachable, match="closed the connection"):
            read_units(session, 1, 2)


def test_a_redirect_on_the_same_host_is_followed():
    camera = RtspCamera()

    def moved(asked):
        if asked.url.endswith("/new"):
            return camera.usual(asked)
        return ok(asked, f"Location: rtsp://127.0.0.1:{camera.port}/new", status="302 Moved")

    camera.answers["DESCRIBE"] = moved
    with playing(camera):
        assert camera.asked[-1].url.endswith("/new")
    assert camera.connections == 2


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("rtsp://169.254.169.254/x", "another host"),
        ("http://127.0.0.1/x", "not an RTSP URL"),
        ("", "not an RTSP URL"),
    ],
)
def test_a_redirect_elsewhere_is_refused(location, says):
    camera = RtspCamera()
    camera.answers["DESCRIBE"] = lambda asked: ok(asked, f"Location: {location}", status="302 Moved")
    with rtsp_camera(camera), pytest.raises(ProtocolError, match=says):
        open_session(camera)


def test_an_endless_redirect_ends():
    camera = RtspCamera()
    camera.answers["DESCRIBE"] = lambda asked: ok(asked, f"Location: {camera.url}", status="301 Moved")
    with rtsp_camera(camera), pytest.raises(ProtocolError, match="redirects"):
        open_session(camera)


@pytest.mark.parametrize(
    ("method", "status", "error", "says"),
    [
        ("DESCRIBE", "404 Not Found", ProtocolError, "check the path"),
        ("DESCRIBE", "403 Forbidden", CameraUnauthorized, "403"),
        ("SETUP", "461 Unsupported Transport", ProtocolError, "transport libav"),
        ("SETUP", "453 Not Enough Bandwidth", CameraUnreachable, "busy"),
        ("PLAY", "500 Internal", CameraUnreachable, "busy"),
        ("PLAY", "455 Method\x1b[31m Not Valid", ProtocolError, r"455 Method\[31m Not"),
    ],
)
def test_a_refusal_says_what_to_do(method, status, error, says):
    camera = RtspCamera(answers={method: lambda asked: ok(asked, status=status)})
    with rtsp_camera(camera), pytest.raises(error, match=says):
        open_session(camera)


@pytest.mark.parametrize("method", ["OPTIONS", "PLAY"])
def test_silence_ends_in_time(method):
    camera = RtspCamera(answers={method: lambda asked: b""})
    before_s = time.monotonic()
    with rtsp_camera(camera), pytest.raises(CameraUnreachable, match=f"no reply to {method}"):
        open_session(camera)
    assert time.monotonic() - before_s < 2


def test_a_malformed_session_identifier_is_refused():
    camera = RtspCamera(session="a b")
    with rtsp_camera(camera), pytest.raises(ProtocolError, match="session identifier"):
        open_session(camera)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/x",
        "file:///etc/passwd",
        "rtsp://",
        "rtsp://h:99999/x",
        "rtsp://h/a b",
        "rtsp://h/\r\nX: y",
        "rtsp://u:p@h/x",
    ],
)
def test_urls_that_are_not_for_us(url):
    with pytest.raises(ProtocolError) as caught:
        check_url(url)
    assert "u:p" not in str(caught.value)


def test_nobody_listens():
    with rtsp_camera() as camera:
        pass
    with pytest.raises(CameraUnreachable, match="cannot connect"):
        open_session(camera)


def test_stopping_interrupts_the_wait_for_a_reply():
    camera = RtspCamera(answers={"DESCRIBE": lambda asked: b""})
    stop = threading.Event()
    slow = RtspTiming(reply_timeout_s=30)
    threading.Timer(0.2, stop.set).start()
    before_s = time.monotonic()
    with rtsp_camera(camera), pytest.raises(StopRequested):
        RtspSession.open(source_of(camera), SystemClock(), stop, slow)
    assert time.monotonic() - before_s < 1
