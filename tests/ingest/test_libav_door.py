"""libav reaches the camera that is configured and no other address, whatever the camera answers."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.libav_source import LibavFeed
from ingest.rtsp_screen import AnswerScreen, RequestScreen
from tests.ingest.rtp_script import encoded, framed, picture_packets
from tests.ingest.scripted_rtsp import Asked, RtspCamera, demanding, ok, rtsp_camera
from tests.ingest.test_rtsp_session import source_of
from vms.clock import SystemClock
from vms.errors import CameraError, CameraUnauthorized, ProtocolError


def only(transport: str, camera: RtspCamera) -> Callable[[Asked], bytes]:
    def answer(asked: Asked) -> bytes:
        wanted = "TCP" if "TCP" in asked.headers["transport"] else "UDP"
        return camera.usual(asked) if wanted == transport else ok(asked, status="461 Unsupported Transport")

    return answer


def opened(camera: RtspCamera, **changes: str) -> LibavFeed:
    return LibavFeed.open(source_of(camera, transport="libav", **changes), SystemClock(), threading.Event())


def packets() -> list[bytes]:
    made: list[bytes] = []
    for n, nals in enumerate(encoded("h264", 40, width=96, height=64)):
        made += picture_packets("h264", nals, len(made), n * 3600)
    return made


def pictures() -> bytes:
    return b"".join(framed(0, packet) for packet in packets())


class Canary:
    """Another host on the network: it hears TCP and UDP."""

    def __init__(self, tcp: socket.socket, udp: socket.socket) -> None:
        self.port = tcp.getsockname()[1]
        self._tcp, self._udp = tcp, udp

    def heard(self) -> int:
        """Connections and datagrams that are there by now."""
        count = 0
        for sock, take in ((self._tcp, self._tcp.accept), (self._udp, lambda: self._udp.recv(100))):
            sock.setblocking(False)
            try:
                take()
                count += 1
            except BlockingIOError:
                continue
        return count


@contextmanager
def canary() -> Iterator[Canary]:
    with socket.create_server(("127.0.0.2", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.2", tcp.getsockname()[1]))
        yield Canary(tcp, udp)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP"])
@pytest.mark.parametrize("scheme", ["rtsp", "http", "file"])
def test_a_redirect_is_refused_and_the_other_host_hears_nothing(method: str, scheme: str) -> None:
    with canary() as other:
        location = f"Location: {scheme}://127.0.0.2:{other.port}/x"
        camera = RtspCamera(answers={method: lambda asked: ok(asked, location, status="302 Moved")})
        with rtsp_camera(camera), pytest.raises(ProtocolError, match="another address"):
            opened(camera)
        assert other.heard() == 0


def test_a_transport_that_names_another_source_gets_no_packet() -> None:
    with canary() as other:
        transport = f"RTP/AVP;unicast;client_port=5000-5001;source=127.0.0.2;server_port={other.port}-{other.port + 1}"
        camera = RtspCamera(transport=transport)
        camera.answers["SETUP"] = only("UDP", camera)
        camera.answers["PLAY"] = lambda asked: None  # it has sent what it sends before it plays
        with rtsp_camera(camera), pytest.raises(CameraError):
            opened(camera)
        assert "SETUP" in camera.methods()
        assert other.heard() == 0


def test_the_password_is_never_sent_in_the_clear() -> None:
    camera = RtspCamera(answers={"DESCRIBE": demanding('Basic realm="cam"'), "OPTIONS": demanding('Basic realm="cam"')})
    with rtsp_camera(camera), pytest.raises(CameraUnauthorized):
        opened(camera)
    assert [asked for asked in camera.asked if "authorization" in asked.headers] == []


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_no_request_carries_the_password_in_the_clear(method: str) -> None:
    camera = RtspCamera(media=pictures())
    camera.answers["SETUP"] = only("TCP", camera)
    refuse = demanding('Basic realm="cam"')
    camera.answers[method] = lambda asked: refuse(asked) if method == asked.method else None
    with rtsp_camera(camera), pytest.raises(CameraUnauthorized):
        opened(camera)
    assert method in camera.methods()
    assert [asked for asked in camera.asked if "authorization" in asked.headers] == []


def test_pictures_come_through_with_a_digest() -> None:
    challenge = 'Basic realm="cam"\r\nWWW-Authenticate: Digest realm="cam", nonce="n"'
    camera = RtspCamera(media=pictures())
    camera.answers["OPTIONS"] = demanding(challenge)
    camera.answers["SETUP"] = only("TCP", camera)
    with rtsp_camera(camera), closing(opened(camera)) as feed:
        assert feed.codec == "h264"
        assert next(feed._packets).size
    sent = [asked.headers["authorization"] for asked in camera.asked if "authorization" in asked.headers]
    assert sent
    assert all(one.startswith("Digest ") for one in sent)


def test_pictures_come_over_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.1", 0))
        rtp.settimeout(10)
        port = rtp.getsockname()[1]
        camera, client = RtspCamera(), []

        def setup(asked: Asked) -> bytes:
            [ports] = re.findall(r"client_port=(\d+)-", asked.headers["transport"])
            client.append(int(ports))
            transport = f"RTP/AVP/UDP;unicast;client_port={ports}-{int(ports) + 1};server_port={port}-{port + 1}"
            return ok(asked, f"Transport: {transport}", "Session: 1")

        def play(asked: Asked) -> bytes:
            rtp.recv(100)  # libav opens the way for what comes: at the camera, not at our door
            for packet in packets():
                rtp.sendto(packet, ("127.0.0.1", client[0]))
            return ok(asked)

        camera.answers = {"SETUP": setup, "PLAY": play}
        with rtsp_camera(camera), closing(opened(camera)) as feed:
            assert feed.codec == "h264"
            assert next(feed._packets).size


def screened(*pieces: bytes) -> bytes:
    screen = AnswerScreen("10.0.0.7", allow_basic=False)
    return b"".join(screen.feed(piece) for piece in pieces)


@pytest.mark.parametrize(
    "line",
    [
        b"RTSP/1.0 302 Moved",
        b"RTSP/1.0  302 Moved",
        b"RTSP/1.0\t302",
        b"RTSP/1.0 +302 Moved",
        b"RTSP/1.0 0302",
        b"RT\rSP/1.0 3\r02",
        b"v=0 without an endRTSP/1.0 301 x",
        b"RTSP/2.0 307 x",
        b"RTSP/1.0 3020",
        b"RTSP/1.0",
    ],
)
def test_no_spelling_of_a_redirect_passes(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        screened(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", line, b"\r\nLocation: rtsp://10.0.0.8/\r\n\r\n")


@pytest.mark.parametrize(
    "hidden",
    [
        b'$\0\0\x03abcWWW-Authenticate: Basic realm="x"',
        b"$\0\0\0Transport: RTP/AVP/UDP;unicast;source=10.0.0.8;server_port=1-2",
        b"\r$\r\0\0\0Transport: RTP/AVP/UDP;unicast;source=10.0.0.8;server_port=1-2",
        b"$\0\0\x05ab\ncdTransport: RTP/AVP/UDP;unicast;source=10.0.0.8;server_port=1-2",
        b"$",
    ],
)
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_no_header_hides_behind_an_interleaved_packet(hidden: bytes, end: bytes) -> None:
    with pytest.raises(ProtocolError, match="before it was asked to play"):
        screened(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n", hidden, end)


def test_no_answer_hides_behind_a_body_without_end_and_an_interleaved_packet() -> None:
    body = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nv=0"
    with pytest.raises(ProtocolError, match="before it was asked to play"):
        screened(body, b"\r", b"$\0\0\x03abcRTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n")


def test_a_dollar_within_a_line_is_none_of_our_business() -> None:
    answer = b"RTSP/1.0 200 OK\r\nSession: 12$34\r\n\r\ns=cam $1\r\n"
    assert screened(answer) == answer


REQUESTS = (
    b"OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    b'PLAY rtsp://cam/ RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Digest username="basic"\r\n\r\n',
    b"$\0\0\x1a\r\n\r\nAuthorization: Basic x",
    b"$\0\0\0",
    b"TEARDOWN rtsp://cam/ RTSP/1.0\r\nCSeq: 3\r\n\r\n",
)
WITH_PASSWORD = b"PLAY rtsp://cam/ RTSP/1.0\r\nCSeq: 4\r\nauthorization:Basic eDp5\r\n\r\n"


@given(st.lists(st.integers(0, sum(map(len, REQUESTS))), max_size=12))
def test_requests_and_packets_go_out_whole_wherever_they_were_cut(cuts: list[int]) -> None:
    asked, screen = b"".join(REQUESTS), RequestScreen(allow_basic=False)
    places = [0, *sorted(cuts), len(asked)]
    assert tuple(one for a, b in pairwise(places) for one in screen.feed(asked[a:b])) == REQUESTS


@given(st.integers(0, len(WITH_PASSWORD)))
def test_of_a_request_with_the_password_no_byte_goes_out_unless_encrypted(cut: int) -> None:
    screen = RequestScreen(allow_basic=False)
    with pytest.raises(CameraUnauthorized):
        assert [*screen.feed(WITH_PASSWORD[:cut]), *screen.feed(WITH_PASSWORD[cut:])] == []
    assert RequestScreen(allow_basic=True).feed(WITH_PASSWORD) == [WITH_PASSWORD]


def test_a_request_without_end_is_refused() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        RequestScreen(allow_basic=False).feed(b"x" * 200_000)


ANSWER = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n"
    b"WWW-Authenticate: Basic realm=x\r\nwww-authenticate: Digest realm=x\r\n\r\n"
    b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/UDP;unicast;SOURCE=10.0.0.8;destination=10.0.0.9;server_port=1-2\r\n\r\n"
    b"v=0\r\na=control:trackID"
)
PASSED = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nwww-authenticate: Digest realm=x\r\n\r\n"
    b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/UDP;unicast;server_port=1-2;source=10.0.0.7\r\n\r\n"
    b"v=0\r\na=control:trackID"
)


@given(st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_the_cuts_of_the_network_change_nothing(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(ANSWER)]
    assert screened(*(ANSWER[a:b] for a, b in pairwise(places))) == PASSED


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        screened(b"Transport: " + b"x" * 100_000)
