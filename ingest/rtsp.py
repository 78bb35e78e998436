"""RTSP 1.0 client (RFC 2326) for one video stream over TCP: DESCRIBE, SETUP, PLAY, then large reads.

Only the video track is set up; audio and metadata are never requested. All sizes and waits are bounded, a
redirect to another host is refused, and no credential leaves except as a digest (or Basic inside TLS).
"""

import contextlib
import logging
import re
import secrets
import threading
from dataclasses import dataclass

from ingest.depacketize import depacketizer
from ingest.rtcp import Reception, SenderReport, parse_rtcp, receiver_report
from ingest.rtsp_auth import Authenticator
from ingest.rtsp_connection import READ_BYTES, Connection, StopRequested, tls_context
from ingest.rtsp_message import InterleavedFrame, InterleavedSplitter, RtspMessage, format_message
from ingest.rtsp_url import DEFAULT_PORTS, check_url, is_rtsp_url
from ingest.sdp import VideoTrack, parse_sdp, resolve_control
from ingest.source import FeedRead, StreamSource
from vms.clock import Clock
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable, ProtocolError

log = logging.getLogger(__name__)

_USER_AGENT = "Uitkijk"
_DEFAULT_SESSION_TIMEOUT_S = 60
_MIN_KEEP_ALIVE_S = 2.0
_MAX_KEEP_ALIVE_S = 30.0
_RECEIVER_REPORT_EVERY_S = 5.0
_READ_TIMEOUT_S = 0.5
_PLAYING_SEND_TIMEOUT_S = 0.1
"""Some hundred bytes in half a minute: a camera that has no room for them is gone, and others wait for this thread."""
_MAX_REDIRECTS = 3
_MAX_CHALLENGES = 3
_MAX_EARLY_BYTES = 16 * 1024 * 1024
_MAX_UNANSWERED = 32
_SESSION_ID = re.compile(r"[!-:<-~]{1,256}")
_INTERLEAVED = re.compile(r"interleaved=([0-9]{1,3})(?:-([0-9]{1,3}))?")
_OK, _UNAUTHORIZED, _SESSION_NOT_FOUND = 200, 401, 454


@dataclass(frozen=True, slots=True)
class RtspTiming:
    connect_timeout_s: float = 5.0
    reply_timeout_s: float = 5.0
    goodbye_timeout_s: float = 0.2


class RtspSession:
    """A playing session (a PolledFeed). Made by `open`; one thread; close it."""

    def __init__(
        self, source: StreamSource, clock: Clock, stop: threading.Event, timing: RtspTiming | None = None
    ) -> None:
        self._source = source
        self._clock = clock
        self._stop = stop
        self._timing = timing or RtspTiming()
        self._parts = check_url(source.url)
        self._url = source.url
        self._encrypted = self._parts.scheme == "rtsps"
        self._authenticator = Authenticator(source.username, source.password, encrypted=self._encrypted)
        self._splitter = InterleavedSplitter()
        self._early: list[InterleavedFrame] = []
        self._cseq = 0
        self._unanswered: dict[int, str] = {}
        self._methods: frozenset[str] = frozenset()
        self._session_id = ""
        self._session_timeout_s = _DEFAULT_SESSION_TIMEOUT_S
        self._rtp_channel, self._rtcp_channel = 0, 1
        self._play_url = source.url
        self._send_timeout_s = self._timing.reply_timeout_s
        self._ssrc = secrets.randbits(32)
        self._last_report: tuple[SenderReport, float] | None = None
        self._reported: Reception | None = None
        self._next_receiver_report_s = 0.0
        self._next_keep_alive_s = 0.0
        self._connection = self._connect()

    @classmethod
    def open(
        cls, source: StreamSource, clock: Clock, stop: threading.Event, timing: RtspTiming | None = None
    ) -> "RtspSession":
        """Connect, authenticate and start playing.

        Raises CameraUnreachable, CameraUnauthorized, ProtocolError or StopRequested.
        """
        session = cls(source, clock, stop, timing)
        try:
            session._start()
        except BaseException:
            session._connection.close()
            raise
        return session

    # Starting

    def _connect(self) -> Connection:
        host = self._parts.hostname or ""
        return Connection.open(
            host,
            self._parts.port or DEFAULT_PORTS[self._parts.scheme],
            tls=tls_context(self._source.ca_file) if self._encrypted else None,
            timeout_s=self._timing.connect_timeout_s,
            clock=self._clock,
            stop=self._stop,
        )

    def _start(self) -> None:
        self._ask_options()
        track, base_url = self._describe()
        self.codec = track.codec
        self.parameter_sets = track.parameter_sets
        self._depacketizer = depacketizer(track.codec, track.payload_type)
        self._play_url = resolve_control(base_url, track.session_control)
        self._setup(resolve_control(base_url, track.control))
        reply = self._request("PLAY", self._play_url, ("Range", "npt=0.000-"))
        _expect_ok(reply, "PLAY")
        now_s = self._clock.monotonic_s()
        self._next_keep_alive_s = now_s + self._keep_alive_every_s()
        self._next_receiver_report_s = now_s + _RECEIVER_REPORT_EVERY_S
        self._send_timeout_s = _PLAYING_SEND_TIMEOUT_S

    def _ask_options(self) -> None:
        reply = self._request("OPTIONS", self._url)
        if reply.status == _OK:
            public = reply.header("public") or ""
            self._methods = frozenset(word.strip().upper() for word in public.split(","))

    def _describe(self) -> tuple[VideoTrack, str]:
        for _ in range(_MAX_REDIRECTS):
            reply = self._request("DESCRIBE", self._url, ("Accept", "application/sdp"))
            status = reply.status or 0
            if not 300 <= status < 400:
                _expect_ok(reply, "DESCRIBE")
                base_url = reply.header("content-base") or reply.header("content-location") or ""
                return parse_sdp(reply.body), base_url if is_rtsp_url(base_url) else self._url
            self._redirect(reply.header("location") or "")
        raise ProtocolError(f"more than {_MAX_REDIRECTS} redirects")

    def _redirect(self, location: str) -> None:
        """Follow to another path or port of the same host, never elsewhere and never out of TLS."""
        parts = check_url(location)
        if parts.hostname != self._parts.hostname:
            raise ProtocolError("the camera redirects to another host: refused")
        if self._encrypted and parts.scheme != "rtsps":
            raise ProtocolError("the camera redirects from rtsps to rtsp: refused")
        self._url, self._parts = location, parts
        self._encrypted = parts.scheme == "rtsps"
        self._reconnect()
        self._authenticator = Authenticator(self._source.username, self._source.password, encrypted=self._encrypted)

    def _reconnect(self) -> None:
        self._connection.close()
        self._splitter = InterleavedSplitter()
        self._unanswered.clear()
        self._connection = self._connect()

    def _setup(self, url: str) -> None:
        reply = self._request("SETUP", url, ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"))
        if reply.status == 461:
            raise ProtocolError("the camera refuses RTP over TCP: use transport libav")
        _expect_ok(reply, "SETUP")
        session_id, *options = (reply.header("session") or "").split(";")
        self._session_id = session_id.strip()
        if self._session_id and not _SESSION_ID.fullmatch(self._session_id):
            raise ProtocolError("RTSP session identifier is malformed")
        for option in options:
            name, _, value = option.strip().partition("=")
            if name.lower() == "timeout" and re.fullmatch(r"[0-9]{1,6}", value):
                self._session_timeout_s = int(value)
        transport = reply.header("transport") or ""
        channels = _INTERLEAVED.search(transport)
        if transport and not channels and "/TCP" not in transport.upper():
            raise ProtocolError("the camera answers RTP over TCP with another transport: use transport libav")
        if channels:
            first = int(channels[1])
            second = int(channels[2]) if channels[2] else first + 1
            if first > 255 or second > 255:
                raise ProtocolError("interleaved channel out of range")
            self._rtp_channel, self._rtcp_channel = first, second

    # Requests

    def _send_request(self, method: str, url: str, *extra: tuple[str, str]) -> int:
        self._cseq += 1
        headers = [("CSeq", str(self._cseq)), ("User-Agent", _USER_AGENT), *extra]
        if self._session_id:
            headers.append(("Session", self._session_id))
        authorization = self._authenticator.header(method, url)
        if authorization is not None:
            headers.append(("Authorization", authorization))
        data = format_message(f"{method} {url} RTSP/1.0", headers)
        self._connection.send(data, self._send_timeout_s)
        return self._cseq

    def _request(self, method: str, url: str, *extra: tuple[str, str]) -> RtspMessage:
        """Send and wait for the reply; answers challenges. Frames that come meanwhile are kept."""
        for _ in range(_MAX_CHALLENGES):
            cseq = self._send_request(method, url, *extra)
            reply = self._await_reply(cseq, method)
            if reply.status != _UNAUTHORIZED:
                return reply
            self._authenticator.challenged(reply.all("www-authenticate"))
            if (reply.header("connection") or "").lower() == "close":
                self._reconnect()
        raise CameraUnauthorized("RTSP 401: the camera calls every answer stale")

    def _await_reply(self, cseq: int, method: str) -> RtspMessage:
        deadline_s = self._clock.monotonic_s() + self._timing.reply_timeout_s
        found: RtspMessage | None = None
        early_bytes = 0
        while found is None:
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0:
                raise CameraUnreachable(f"no reply to {method}")
            frames, messages = self._splitter.feed(self._connection.recv(left_s))
            self._early += frames
            early_bytes += sum(len(packet) for _, packet in frames)
            if early_bytes > _MAX_EARLY_BYTES:
                raise ProtocolError(f"media instead of a reply to {method}")
            for message in messages:
                if message.status is not None and found is None and message.cseq in (cseq, None):
                    found = message
                else:
                    self._handle(message)
        return found

    # Playing

    def fileno(self) -> int:
        return self._connection.fileno()

    def read_now(self) -> FeedRead:
        return self.read(timeout_s=0.0)

    def read(self, timeout_s: float = _READ_TIMEOUT_S) -> FeedRead:
        """One large read; also keeps the session alive and reports reception."""
        # What came before the reply to PLAY goes first, even if the connection has ended since.
        data = b"" if self._early else self._connection.recv(timeout_s)
        depacketizer = self._depacketizer
        early, self._early = self._early, []
        for number, packet in early:
            if number == self._rtp_channel:
                depacketizer.push(packet)
        frames, messages = self._splitter.feed(data, depacketizer, self._rtp_channel)
        frames = early + frames
        units = depacketizer.take()
        reports = self._sender_reports(frames)
        for message in messages:
            self._handle(message)
        self._stay_alive()
        return FeedRead(units, reports, has_more=len(data) >= READ_BYTES)

    def _sender_reports(self, frames: list[InterleavedFrame]) -> list[SenderReport]:
        reports: list[SenderReport] = []
        for number, packet in frames:
            if number == self._rtcp_channel:
                summary = parse_rtcp(packet)
                if summary.goodbye:
                    raise CameraUnreachable("the camera ended the stream (RTCP BYE)")
                if summary.report is not None:
                    self._last_report = (summary.report, self._clock.monotonic_s())
                    reports.append(summary.report)
        return reports

    def _handle(self, message: RtspMessage) -> None:
        """A late reply to a keep-alive, or a request of the camera."""
        if message.status is None:
            self._answer(message)
            return
        method = self._unanswered.pop(message.cseq or 0, "")
        if message.status == _SESSION_NOT_FOUND:
            raise CameraUnreachable("the camera forgot the session (RTSP 454)")
        if message.status == _UNAUTHORIZED and method:
            self._authenticator.challenged(message.all("www-authenticate"))
            self._next_keep_alive_s = 0.0
        elif message.status >= 400 and method == "GET_PARAMETER":
            self._methods -= {"GET_PARAMETER"}

    def _answer(self, message: RtspMessage) -> None:
        if message.method == "TEARDOWN":
            raise CameraUnreachable("the camera ended the session")
        if message.method == "REDIRECT":
            raise ProtocolError("the camera redirects a playing stream: refused")
        known = message.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE")
        line = "RTSP/1.0 200 OK" if known else "RTSP/1.0 501 Not Implemented"
        reply = format_message(line, [("CSeq", str(message.cseq or 0))])
        self._connection.send(reply, self._send_timeout_s)

    def _keep_alive_every_s(self) -> float:
        """Before half of the session's time-out."""
        return min(max(self._session_timeout_s * 0.4, _MIN_KEEP_ALIVE_S), _MAX_KEEP_ALIVE_S)

    def _stay_alive(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_keep_alive_s:
            self._next_keep_alive_s = now_s + self._keep_alive_every_s()
            method = "GET_PARAMETER" if "GET_PARAMETER" in self._methods else "OPTIONS"
            if len(self._unanswered) >= _MAX_UNANSWERED:
                self._unanswered.clear()
            self._unanswered[self._send_request(method, self._play_url)] = method
        if now_s >= self._next_receiver_report_s:
            self._next_receiver_report_s = now_s + _RECEIVER_REPORT_EVERY_S
            self._send_receiver_report(now_s)

    def _send_receiver_report(self, now_s: float) -> None:
        reception = self._depacketizer.reception()
        report, since_s = None, 0.0
        if self._last_report is not None:
            report, since_s = self._last_report[0], now_s - self._last_report[1]
        packet = receiver_report(self._ssrc, reception, self._reported, report, since_s)
        self._reported = reception
        frame = bytes((0x24, self._rtcp_channel)) + len(packet).to_bytes(2, "big") + packet
        self._connection.send(frame, self._send_timeout_s)

    @property
    def malformed(self) -> int:
        """RTP packets and NAL units that made no sense and were left out."""
        return self._depacketizer.malformed

    def close(self) -> None:
        """Send TEARDOWN if the connection still takes it; wait for nothing."""
        with contextlib.suppress(CameraError, StopRequested):
            if self._session_id:
                self._send_timeout_s = self._timing.goodbye_timeout_s
                self._send_request("TEARDOWN", self._play_url)
        self._connection.close()


def _expect_ok(reply: RtspMessage, method: str) -> None:
    """Raises what the status means for whoever must mend it."""
    status = reply.status or 0
    if 200 <= status < 300:
        return
    words = reply.start_line.split(" ", 2)
    reason = re.sub(r"[^ -~]", "", words[2])[:80] if len(words) > 2 else ""
    text = f"RTSP {status} {reason} on {method}".replace("  ", " ")
    if status == 403:
        raise CameraUnauthorized(text + ": this account may not see the stream")
    if status == 404:
        raise ProtocolError(text + ": check the path of the URL")
    if status in (453, 500, 503):
        raise CameraUnreachable(text + ": the camera is busy, or serves its most viewers already")
    raise ProtocolError(text)
