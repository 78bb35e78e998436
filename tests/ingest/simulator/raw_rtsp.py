"""A tiny blocking RTSP client for tests: shows every byte, hides nothing."""

import hashlib
import re
import socket
import struct
from dataclasses import dataclass, field


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()


@dataclass
class Reply:
    status: int
    headers: dict
    body: str


@dataclass
class RawRtsp:
    """with RawRtsp(port, path, user, password) as client: client.play()"""

    port: int
    path: str
    username: str = ""
    password: str = ""
    qop: bool = True
    timeout_s: float = 10.0
    buffer: bytearray = field(default_factory=bytearray)
    cseq: int = 0
    challenge: dict = field(default_factory=dict)
    session: str = ""

    def __enter__(self):
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout_s)
        self.url = f"rtsp://127.0.0.1:{self.port}/{self.path}"
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _fill(self):
        data = self.sock.recv(1 << 20)
        if not data:
            raise ConnectionError("closed by the server")
        self.buffer += data

    def _authorization(self, method, url):
        realm, nonce = self.challenge["realm"], self.challenge["nonce"]
        ha1, ha2 = _md5(f"{self.username}:{realm}:{self.password}"), _md5(f"{method}:{url}")
        start = f'Digest username="{self.username}", realm="{realm}", nonce="{nonce}", uri="{url}", '
        if self.qop:
            response = _md5(f"{ha1}:{nonce}:00000001:abc:auth:{ha2}")
            return start + f'qop=auth, nc=00000001, cnonce="abc", response="{response}"'
        return start + f'response="{_md5(f"{ha1}:{nonce}:{ha2}")}"'

    def send(self, method, url=None, headers=None):
        url = url or self.url
        self.cseq += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.cseq}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self.challenge and self.username:
            lines.append(f"Authorization: {self._authorization(method, url)}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def reply(self):
        while True:
            while self.buffer[:1] == b"$":
                self._frame()
            end = self.buffer.find(b"\r\n\r\n")
            if end >= 0:
                break
            self._fill()
        first, *rest = bytes(self.buffer[:end]).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        total = end + 4 + int(headers.get("content-length", 0))
        while len(self.buffer) < total:
            self._fill()
        body = bytes(self.buffer[end + 4 : total]).decode()
        del self.buffer[:total]
        return Reply(int(first.split()[1]), headers, body)

    def ask(self, method, url=None, headers=None):
        """Send, and answer one digest challenge."""
        self.send(method, url, headers)
        reply = self.reply()
        if reply.status == 401 and self.username and not self.challenge:
            self.challenge = dict(re.findall(r'(\w+)="([^"]*)"', reply.headers["www-authenticate"]))
            self.send(method, url, headers)
            reply = self.reply()
        return reply

    def play(self):
        """DESCRIBE, SETUP (interleaved), PLAY; returns the SDP."""
        sdp = self.ask("DESCRIBE", headers={"Accept": "application/sdp"}).body
        setup = self.ask("SETUP", self.url + "/trackID=0", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        assert setup.status == 200, setup
        self.session = setup.headers["session"].partition(";")[0]
        assert self.ask("PLAY").status == 200
        return sdp

    def _frame(self):
        while len(self.buffer) < 4 or len(self.buffer) < 4 + int.from_bytes(self.buffer[2:4], "big"):
            self._fill()
        total = 4 + int.from_bytes(self.buffer[2:4], "big")
        channel, payload = self.buffer[1], bytes(self.buffer[4:total])
        del self.buffer[:total]
        return channel, payload

    def frame(self):
        """The next interleaved frame: (channel, bytes)."""
        while True:
            if self.buffer[:1] == b"$":
                return self._frame()
            if self.buffer:
                self.reply()
            else:
                self._fill()


@dataclass(frozen=True)
class Rtp:
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @staticmethod
    def parse(data):
        assert data[0] == 0x80
        assert data[1] & 0x7F == 96
        sequence, timestamp, ssrc = struct.unpack(">HII", data[2:12])
        return Rtp(bool(data[1] & 0x80), sequence, timestamp, ssrc, data[12:])
