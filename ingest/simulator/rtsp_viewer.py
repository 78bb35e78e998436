"""One client watching one stream: RTP and RTCP out, over the RTSP connection or over UDP. Event loop only."""

import asyncio
import logging
import socket
from typing import Protocol

from ingest.simulator.feeds import CameraStream
from ingest.simulator.rtp import RtpFrame, SenderReport, interleave
from vms.units import US_PER_SECOND

log = logging.getLogger(__name__)

REPORT_EVERY_S = 1.5
_MAX_BUFFER_BYTES = 4 * 1024 * 1024
"""A client that reads too slowly loses whole GOPs beyond this much waiting data…"""
_MAX_LATE_S = 15.0
"""…and its connection when it does not catch up."""


class MediaPath(Protocol):
    """How packets reach the client."""

    def send_frame(self, frame: RtpFrame) -> None: ...
    def send_report(self, report: bytes) -> None: ...
    def waiting_bytes(self) -> int: ...
    def close(self) -> None: ...


class InterleavedPath:
    def __init__(self, transport: asyncio.Transport, channels: tuple[int, int]) -> None:
        self._transport = transport
        self._channels = channels

    def send_frame(self, frame: RtpFrame) -> None:
        self._transport.write(frame.interleaved(self._channels[0]))

    def send_report(self, report: bytes) -> None:
        self._transport.write(interleave(self._channels[1], report))

    def waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        """The connection is not this path's to close."""


class UdpPath:
    """Two UDP sockets of the server's own. heard: called when the client sends RTCP."""

    def __init__(self, host: str, client_host: str, client_ports: tuple[int, int]) -> None:
        self._rtp, self._rtcp = _udp_pair(host)
        self._client = [(client_host, port) for port in client_ports]
        self.server_ports = (self._rtp.getsockname()[1], self._rtcp.getsockname()[1])
        self.last_heard_s = asyncio.get_running_loop().time()
        asyncio.get_running_loop().add_reader(self._rtcp, self._read)

    def _read(self) -> None:
        try:
            _, sender = self._rtcp.recvfrom(2048)
        except (BlockingIOError, ConnectionRefusedError):
            return
        if sender[0] == self._client[1][0]:
            self.last_heard_s = asyncio.get_running_loop().time()

    def send_frame(self, frame: RtpFrame) -> None:
        for datagram in frame.datagrams():
            self._send(self._rtp, datagram, 0)

    def send_report(self, report: bytes) -> None:
        self._send(self._rtcp, report, 1)

    def _send(self, sock: socket.socket, data: bytes, index: int) -> None:
        try:
            sock.sendto(data, self._client[index])
        except OSError as error:  # full or refused: UDP loses, as UDP does
            log.debug("udp_not_sent", extra={"reason": str(error)})

    def waiting_bytes(self) -> int:
        return 0

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._rtcp)
        self._rtp.close()
        self._rtcp.close()


def _udp_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Two bound, non-blocking sockets; even and odd neighbours when possible, as RTP prefers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for attempt in range(20):
        rtp, rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        rtp.setblocking(False)
        rtcp.setblocking(False)
        rtp.bind((host, 0))
        port = rtp.getsockname()[1]
        try:
            rtcp.bind((host, port + 1 if port % 2 == 0 and port < 65_535 else 0))
        except OSError:
            rtcp.bind((host, 0))
        if attempt == 19 or rtcp.getsockname()[1] == port + 1:
            return rtp, rtcp
        rtp.close()
        rtcp.close()
    raise AssertionError("unreachable")


class StreamViewer:
    """Starts at a keyframe; sends a sender report before the first packet and then regularly."""

    def __init__(self, stream: CameraStream, path: MediaPath, drop_connection: "DropConnection") -> None:
        self.stream = stream
        self.path = path
        self.playing = False
        self.dropped_frames = 0
        self._drop_connection = drop_connection
        self._needs_keyframe = True
        self._report_due_s = 0.0
        self._late_since_s: float | None = None
        self._packets = 0
        self._octets = 0

    def play(self) -> None:
        if not self.playing:
            self.playing = True
            self._needs_keyframe = True
            self._report_due_s = 0.0
            self.stream.add(self)

    def pause(self) -> None:
        if self.playing:
            self.playing = False
            self.stream.remove(self)

    def close(self) -> None:
        self.pause()
        self.path.close()

    def send_frame(self, frame: RtpFrame) -> None:
        now_s = asyncio.get_running_loop().time()
        if self.path.waiting_bytes() > _MAX_BUFFER_BYTES:
            self._fall_behind(now_s)
            return
        if self._needs_keyframe and not frame.is_keyframe:
            return
        self._needs_keyframe = False
        self._late_since_s = None
        if now_s >= self._report_due_s:
            self._report(frame)
            self._report_due_s = now_s + REPORT_EVERY_S
        self.path.send_frame(frame)
        self._packets += frame.packet_count
        self._octets += frame.payload_bytes

    def _fall_behind(self, now_s: float) -> None:
        self.dropped_frames += 1
        self._needs_keyframe = True
        if self._late_since_s is None:
            self._late_since_s = now_s
        elif now_s - self._late_since_s > _MAX_LATE_S:
            log.warning("viewer_too_slow", extra={"camera": self.stream.camera.spec.id})
            self._drop_connection()

    def _report(self, frame: RtpFrame) -> None:
        offset_us = round(self.stream.camera.faults.clock_offset_s * US_PER_SECOND)
        report = SenderReport(frame.ssrc, frame.at_us + offset_us, frame.timestamp, self._packets, self._octets)
        self.path.send_report(report.to_bytes())


class DropConnection(Protocol):
    def __call__(self) -> None: ...
