# ruff: noqa: SLF001 - aiortc's private state is this module's business; a contract test guards it
"""RTCP sender reports (RFC 3550) of one viewer, in the place of aiortc's `RTCRtpSender._run_rtcp`: fewer and cheaper.

A receiver of a single stream needs them for little, and a timer for each would wake the process between two rounds of
pictures. So a report that is due leaves behind the next picture; where no picture leaves there is nothing to report.
"""

import asyncio
import contextlib
import random
import struct
from dataclasses import dataclass
from typing import Any, cast

from aiortc import RTCRtpSender

from vms.clock import Clock
from web.live.rtp_wire import RtpWire

FIRST_AFTER_S = 0.5
REPORT_EVERY_S = 4.0
"""On average: each wait is half to one and a half of it, so that viewers who came together do not report together."""
PRIVATE = ("rtcp_started", "rtcp_exited", "cname")
_STARTED, _EXITED, _CNAME = (f"_RTCRtpSender__{name}" for name in PRIVATE)
_NTP_OFFSET_S = 2_208_988_800
_REPORT = struct.Struct("!BBHLQLLL")
_CHUNK = struct.Struct("!BBHL")
_SR, _SDES, _BYE = 200, 202, 203
_32_BITS, _64_BITS = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


@dataclass(slots=True)
class SentMedia:
    """What one viewer was sent so far. at_90k: RTP time of the newest picture, at_s: when it went (monotonic)."""

    at_90k: int = 0
    at_s: float = 0.0
    packets: int = 0
    octets: int = 0

    def add(self, at_90k: int, at_s: float, packets: int, octets: int) -> None:
        self.at_90k, self.at_s = at_90k, at_s
        self.packets += packets
        self.octets += octets


class SenderReports:
    """loop only. due_s: when the next report may go (monotonic)."""

    def __init__(self, rtp_sender: RTCRtpSender, clock: Clock, sent: SentMedia) -> None:
        self._sent = sent
        self._rtp = cast(Any, rtp_sender)
        self._state: dict[str, Any] = vars(rtp_sender)
        self._clock = clock
        self.due_s = clock.monotonic_s() + FIRST_AFTER_S
        self._rtp._run_rtcp = self._run

    def send(self, wire: RtpWire, now_s: float) -> None:
        """SR and SDES; and when the next ones are due."""
        self.due_s = now_s + REPORT_EVERY_S * (0.5 + random.random())  # noqa: S311 - not a secret
        wire.send_control(self._report())

    async def _run(self) -> None:
        """Started by aiortc once the connection is secure; cancelled by it at the end."""
        self._state[_STARTED].set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()
        with contextlib.suppress(ConnectionError):  # the connection ended meanwhile; its own end tells
            await self._rtp.transport._send_rtp(_CHUNK.pack(0x81, _BYE, 1, self._rtp._ssrc))
        self._state[_EXITED].set()

    def _report(self) -> bytes:
        sent, ssrc = self._sent, self._rtp._ssrc
        sent_us = self._clock.now_us() - round((self._clock.monotonic_s() - sent.at_s) * 1e6)
        seconds, micros = divmod(sent_us, 1_000_000)
        ntp = (seconds + _NTP_OFFSET_S) << 32 | (micros << 32) // 1_000_000
        report = _REPORT.pack(
            0x80, _SR, 6, ssrc, ntp & _64_BITS, sent.at_90k, sent.packets & _32_BITS, sent.octets & _32_BITS
        )
        name = (self._state[_CNAME] or "").encode()[:255]
        items = bytes((1, len(name))) + name
        items += bytes(4 - len(items) % 4)
        return report + _CHUNK.pack(0x81, _SDES, 1 + len(items) // 4, ssrc) + items
