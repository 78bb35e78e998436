# ruff: noqa: SLF001 - aiortc's private state is this module's business; a contract test guards it
"""A lean RTP sender in the place of aiortc's: payloads come ready-made, nothing is awaited per packet.

It replaces `RTCRtpSender._run_rtp`, `_retransmit` and `_send_keyframe` of aiortc 1.16.0 and uses its private state
for sender reports; tests/web/live/test_sender_contract.py fails when another version arranges that differently.
All in the event loop.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import pylibsrtp
from aiortc import RTCRtpSender
from aiortc.rtcdtlstransport import State

from vms.clock import Clock
from web.live.masked import MaskedPacket

HISTORY_PACKETS = 1024
"""Kept for retransmission: some 2 s of a 4 Mbit/s stream."""
BURST_PACKETS = 48
PACE_S = 0.004
"""At most BURST_PACKETS per viewer each PACE_S: a cached group of pictures must not overrun a receiver's buffer."""
MAX_QUEUED = 8000
MAX_RETRANSMITS_PER_S = 600
SQUEEZED_90K = 90
"""Pictures of a cached group follow each other by 1 ms, so the newest is shown at once."""
MAX_STEP_90K = 10 * 90_000
_NTP_OFFSET_S = 2_208_988_800
_SEQUENCES = 1 << 16
_TICKS = 1 << 32

PRIVATE = (
    "rtp_started",
    "rtp_exited",
    "ntp_timestamp",
    "rtp_timestamp",
    "octet_count",
    "packet_count",
    "rtx_payload_type",
    "rtx_sequence_number",
)


class LeanSender:
    """The Viewer of one peer connection. on_ready: connected, send away. on_keyframe_wanted: PLI or FIR."""

    def __init__(
        self,
        rtp_sender: RTCRtpSender,
        clock: Clock,
        on_ready: Callable[[], None],
        on_keyframe_wanted: Callable[[], None],
    ) -> None:
        self._rtp = cast(Any, rtp_sender)
        self._clock = clock
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._payload_type = 0
        self._running = False
        self._waiting_for_keyframe = True
        self._sequence = 0
        self._offset_90k: int | None = None
        self._last_90k = 0
        self._last_sent_s = clock.monotonic_s()
        self._queue: deque[tuple[bytes, int, bool]] = deque()
        self._credit, self._credit_at_s = float(BURST_PACKETS), clock.monotonic_s()
        self._pump_handle: asyncio.TimerHandle | None = None
        self._history: list[tuple[int, int, bool, bytes] | None] = [None] * HISTORY_PACKETS
        self._retransmits = 0
        self._retransmits_since_s = 0.0
        self._counted_us = 0
        self.frames = 0
        """Different ones: a repeat does not count."""
        self.newest: MaskedPacket | None = None
        self._rtp._run_rtp = self._run
        self._rtp._retransmit = self._retransmit
        self._rtp._send_keyframe = on_keyframe_wanted

    @property
    def rtp_timestamp(self) -> int:
        """As the receiver sees it, of the newest picture."""
        return self._last_90k % _TICKS

    def send(self, packet: MaskedPacket) -> None:
        """One live picture. Dropped until connected, and until a keyframe after anything was dropped."""
        if not self._running or (self._waiting_for_keyframe and not packet.is_keyframe):
            return
        if len(self._queue) + len(packet.payloads) > MAX_QUEUED:
            self._queue.clear()
            self._waiting_for_keyframe = True
            return
        self._waiting_for_keyframe = False
        self._enqueue(packet, self._timestamp(packet))

    def send_gop(self, gop: list[MaskedPacket]) -> None:
        if not self._running or not gop or not gop[0].is_keyframe:
            return
        self._queue.clear()
        newest_90k = max(self._elapsed_90k(), self._last_90k + SQUEEZED_90K * (len(gop) + 1))
        self._offset_90k = newest_90k - gop[-1].pts_90k
        self._waiting_for_keyframe = False
        for index, packet in enumerate(gop):
            self._enqueue(packet, newest_90k - SQUEEZED_90K * (len(gop) - 1 - index))

    def restart(self) -> None:
        """Another stream follows: its clock has nothing to do with the last one's."""
        self._queue.clear()
        self._offset_90k = None
        self._waiting_for_keyframe = True
        self._counted_us = 0
        self.newest = None

    def _timestamp(self, packet: MaskedPacket) -> int:
        if self._offset_90k is not None and not packet.starts_run:
            at_90k = packet.pts_90k + self._offset_90k
            if 0 < at_90k - self._last_90k < MAX_STEP_90K:
                return at_90k
        at_90k = max(self._elapsed_90k(), self._last_90k + SQUEEZED_90K)
        self._offset_90k = at_90k - packet.pts_90k
        return at_90k

    def _elapsed_90k(self) -> int:
        return self._last_90k + round((self._clock.monotonic_s() - self._last_sent_s) * 90_000)

    def _enqueue(self, packet: MaskedPacket, at_90k: int) -> None:
        last = len(packet.payloads) - 1
        for index, payload in enumerate(packet.payloads):
            self._queue.append((payload, at_90k % _TICKS, index == last))
        self._last_90k, self._last_sent_s = at_90k, self._clock.monotonic_s()
        self.newest = packet
        if packet.taken_us > self._counted_us:
            self._counted_us = packet.taken_us
            self.frames += 1
        if self._pump_handle is None:
            self._pump()

    def _pump(self) -> None:
        self._pump_handle = None
        path = self._path()
        if path is None:
            self._queue.clear()
            return
        protect, send, address = path
        octets, ssrc = 0, self._rtp._ssrc
        count = min(len(self._queue), self._take_credit(len(self._queue)))
        for _ in range(count):
            payload, at_90k, is_last = self._queue.popleft()
            sequence = self._sequence
            self._sequence = (sequence + 1) % _SEQUENCES
            self._history[sequence % HISTORY_PACKETS] = (sequence, at_90k, is_last, payload)
            header = _header(self._payload_type, is_last, sequence, at_90k, ssrc)
            send(protect(header + payload), address)
            octets += len(payload)
        if count:
            self._report(at_90k, count, octets)
        if self._queue:
            self._pump_handle = self._loop.call_later(PACE_S, self._pump)

    def _take_credit(self, wanted: int) -> int:
        """How many packets may go now: BURST_PACKETS at once, and as many again each PACE_S."""
        now_s = self._clock.monotonic_s()
        earned = (now_s - self._credit_at_s) / PACE_S * BURST_PACKETS
        self._credit_at_s = now_s
        self._credit = min(float(BURST_PACKETS), self._credit + earned)
        granted = min(wanted, int(self._credit))
        self._credit -= granted
        return granted

    def _path(self) -> tuple[Callable[[bytes], bytes], Callable[[bytes, Any], None], Any] | None:
        """How to reach the viewer now; None when that is over, or its socket is full."""
        transport = self._rtp.transport
        pair = transport.transport._connection._nominated.get(1)
        if not self._running or transport._state != State.CONNECTED or pair is None:
            return None
        socket = pair.protocol.transport
        if socket.is_closing() or socket.get_write_buffer_size() > 1 << 20:
            self._waiting_for_keyframe = True
            return None
        return transport._tx_srtp.protect, socket.sendto, pair.remote_addr

    def _report(self, at_90k: int, packets: int, octets: int) -> None:
        """What aiortc's sender reports tell."""
        seconds, micros = divmod(self._clock.now_us(), 1_000_000)
        self._set("ntp_timestamp", (seconds + _NTP_OFFSET_S) << 32 | (micros << 32) // 1_000_000)
        self._set("rtp_timestamp", at_90k)
        self._set("octet_count", self._get("octet_count") + octets)
        self._set("packet_count", self._get("packet_count") + packets)

    async def _run(self, codec: Any) -> None:
        """Started by aiortc once the connection is secure; cancelled by it at the end."""
        self._payload_type = codec.payloadType
        self._sequence = self._get("rtx_sequence_number")
        self._last_90k = self._rtp._ssrc  # a random start, as RFC 3550 wants
        self._last_sent_s = self._clock.monotonic_s()
        self._running = True
        self._get("rtp_started").set()
        try:
            self._on_ready()
            await self._loop.create_future()
        except asyncio.CancelledError:
            pass
        finally:
            self._running = False
            if self._pump_handle is not None:
                self._pump_handle.cancel()
            self._queue.clear()
            self._get("rtp_exited").set()

    async def _retransmit(self, sequence: int) -> None:
        kept = self._history[sequence % HISTORY_PACKETS]
        path = self._path()
        if kept is None or kept[0] != sequence or path is None or not self._may_retransmit():
            return
        _, at_90k, is_last, payload = kept
        protect, send, address = path
        rtx_type = self._get("rtx_payload_type")
        if rtx_type is None:
            packet = _header(self._payload_type, is_last, sequence, at_90k, self._rtp._ssrc) + payload
        else:
            rtx_sequence = self._get("rtx_sequence_number")
            self._set("rtx_sequence_number", (rtx_sequence + 1) % _SEQUENCES)
            header = _header(rtx_type, is_last, rtx_sequence, at_90k, self._rtp._rtx_ssrc)
            packet = header + sequence.to_bytes(2, "big") + payload
        try:
            send(protect(packet), address)
        except pylibsrtp.Error:
            return

    def _may_retransmit(self) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - self._retransmits_since_s >= 1:
            self._retransmits_since_s, self._retransmits = now_s, 0
        self._retransmits += 1
        return self._retransmits <= MAX_RETRANSMITS_PER_S

    def _get(self, name: str) -> Any:
        return getattr(self._rtp, f"_RTCRtpSender__{name}")

    def _set(self, name: str, value: int) -> None:
        setattr(self._rtp, f"_RTCRtpSender__{name}", value)


def _header(payload_type: int, is_last: bool, sequence: int, at_90k: int, ssrc: int) -> bytes:
    return struct.pack("!BBHLL", 0x80, payload_type | (0x80 if is_last else 0), sequence, at_90k, ssrc)
