# ruff: noqa: SLF001 - aiortc's private state is this module's business; a contract test guards it
"""RTCP sender reports (RFC 3550) of one viewer, in the place of aiortc's `RTCRtpSender._run_rtcp`: fewer and cheaper.

A receiver of a single stream needs them for little, and each wakes both ends.
"""

import asyncio
import random
import struct
from typing import Any, cast

from aiortc import RTCRtpSender

from vms.clock import Clock

FIRST_AFTER_S = 0.5
REPORT_EVERY_S = 4.0
"""On average: each wait is half to one and a half of it, so that viewers who came together do not report together."""
PRIVATE = (
    "rtcp_started",
    "rtcp_exited",
    "ntp_timestamp",
    "rtp_timestamp",
    "packet_count",
    "octet_count",
    "lsr",
    "lsr_time",
    "cname",
)
_STARTED, _EXITED, _NTP, _RTP, _PACKETS, _OCTETS, _LSR, _LSR_TIME, _CNAME = (
    f"_RTCRtpSender__{name}" for name in PRIVATE
)
_REPORT = struct.Struct("!BBHLQLLL")
_CHUNK = struct.Struct("!BBHL")
_SR, _SDES, _BYE = 200, 202, 203
_32_BITS = 0xFFFFFFFF


class SenderReports:
    """loop only. Shares aiortc's private state with what reads receiver reports."""

    def __init__(self, rtp_sender: RTCRtpSender, clock: Clock) -> None:
        self._rtp = cast(Any, rtp_sender)
        self._state: dict[str, Any] = vars(rtp_sender)
        self._clock = clock
        self._rtp._run_rtcp = self._run

    async def _run(self) -> None:
        """Started by aiortc once the connection is secure; cancelled by it at the end."""
        self._state[_STARTED].set()
        wait_s = FIRST_AFTER_S
        try:
            while True:
                await asyncio.sleep(wait_s)
                await self._send(self._report())
                wait_s = REPORT_EVERY_S * (0.5 + random.random())  # noqa: S311 - not a secret
        except asyncio.CancelledError:
            pass
        await self._send(_CHUNK.pack(0x81, _BYE, 1, self._rtp._ssrc))
        self._state[_EXITED].set()

    def _report(self) -> bytes:
        """SR and SDES; remembers when, for the round trip that a receiver report tells."""
        state, ssrc = self._state, self._rtp._ssrc
        state[_LSR], state[_LSR_TIME] = state[_NTP] >> 16 & _32_BITS, self._clock.now_us() / 1e6
        counts = state[_PACKETS] & _32_BITS, state[_OCTETS] & _32_BITS
        report = _REPORT.pack(0x80, _SR, 6, ssrc, state[_NTP], state[_RTP], *counts)
        name = (state[_CNAME] or "").encode()[:255]
        items = bytes((1, len(name))) + name
        items += bytes(4 - len(items) % 4)
        return report + _CHUNK.pack(0x81, _SDES, 1 + len(items) // 4, ssrc) + items

    async def _send(self, packet: bytes) -> None:
        try:
            await self._rtp.transport._send_rtp(packet)
        except ConnectionError:
            return  # the connection ended meanwhile; its own end tells
