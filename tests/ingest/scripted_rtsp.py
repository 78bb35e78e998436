"""An RTSP camera of a few lines that does exactly what a test tells it, also what no camera should."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ingest.rtsp_message import InterleavedSplitter, RtspMessage
from tests.ingest.rtp_script import H264_PPS, H264_SPS, framed, picture_packets, slice_nal
from vms.errors import ProtocolError

SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=cam\r\nt=0 0\r\na=control:*\r\n"
    "m=audio 0 RTP/AVP 0\r\na=control:audio\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:meta\r\n"
)


@dataclass
class Asked:
    method: str
    url: str
    headers: dict[str, str]


@dataclass
class RtspCamera:
    """answers: by method, overriding the default. `media` is sent right after the reply to PLAY."""

    answers: dict[str, Callable[[Asked], bytes | None]] = field(default_factory=dict)
    sdp: str = SDP
    media: bytes = b""
    transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1"
    session: str = "12345678;timeout=60"
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    playing: threading.Event = field(default_factory=threading.Event)
    _socket: socket.socket | None = None
    _stopping: bool = False

    @property
    def url(self) -> str:
        return f"{'rtsps' if self.tls else 'rtsp'}://127.0.0.1:{self.port}/stream"

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def send(self, data: bytes) -> None:
        """To the client that is connected."""
        assert self._socket is not None
        self._socket.sendall(data)

    def hang_up(self) -> None:
        assert self._socket is not None
        self._socket.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        while not self._stopping:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                with connection:
                    self._socket = connection
                    self._converse(connection)
            except (OSError, ProtocolError):
                connection.close()

    def _converse(self, connection: socket.socket) -> None:
        splitter = InterleavedSplitter()
        while not self._stopping:
            data = connection.recv(65_536)
            if not data:
                return
            frames, messages = splitter.feed(data)
            self.frames += frames
            for message in messages:
                if message.status is None:
                    reply = self._reply(message)
                    if reply is None:
                        return
                    connection.sendall(reply)

    def _reply(self, message: RtspMessage) -> bytes | None:
        method, url, _ = message.start_line.split(" ")
        asked = Asked(method, url, dict(message.headers))
        self.asked.append(asked)
        answer = self.answers.get(method, self.usual)
        reply = answer(asked)
        if method == "PLAY" and reply is not None and b" 200 " in reply[:20]:
            self.playing.set()
            return reply + self.media
        return reply

    def usual(self, asked: Asked) -> bytes:
        if asked.method == "OPTIONS":
            return ok(asked, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        if asked.method == "DESCRIBE":
            return ok(asked, "Content-Type: application/sdp", body=self.sdp.encode())
        if asked.method == "SETUP":
            return ok(asked, f"Transport: {self.transport}", f"Session: {self.session}")
        return ok(asked)


def ok(asked: Asked, *headers: str, body: bytes = b"", status: str = "200 OK") -> bytes:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {asked.headers['cseq']}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def demanding(challenge: str, check: Callable[[str], bool] = lambda _: True) -> Callable[[Asked], bytes | None]:
    """An answer to OPTIONS: 401 until credentials come that `check` likes."""

    def answer(asked: Asked) -> bytes:
        given = asked.headers.get("authorization", "")
        if given and check(given):
            return ok(asked)
        return ok(asked, f"WWW-Authenticate: {challenge}", status="401 Unauthorized")

    return answer


def authorized_field(header: str, name: str) -> str:
    found = re.search(rf'\b{name}="?([^",]*)', header)
    return found[1] if found else ""


def media(pictures: int, *, first: int = 0, gop: int = 10, size: int = 3000, channel: int = 0) -> bytes:
    """H.264 pictures 40 ms apart, framed; 3 packets each (4 with parameter sets)."""
    frames: list[bytes] = []
    sequence = first * 3 + -(-first // gop)  # 3 packets each, 4 with parameter sets
    for n in range(first, first + pictures):
        key = n % gop == 0
        nals = [H264_SPS, H264_PPS] if key else []
        nals.append(slice_nal(size, key=key, fill=n % 200 + 2))
        packets = picture_packets("h264", nals, sequence, n * 3600)
        sequence += len(packets)
        frames += [framed(channel, packet) for packet in packets]
    return b"".join(frames)


@contextmanager
def rtsp_camera(camera: RtspCamera | None = None) -> Iterator[RtspCamera]:
    camera = camera or RtspCamera()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        camera.port = listener.getsockname()[1]
        thread = threading.Thread(target=camera.serve, args=(listener,))
        thread.start()
        try:
            yield camera
        finally:
            camera._stopping = True
            listener.shutdown(socket.SHUT_RDWR)
            if camera._socket is not None:
                with suppress(OSError):
                    camera._socket.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            assert not thread.is_alive()
