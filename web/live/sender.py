# ruff: noqa: SLF001 - aiortc's private state is this module's business; a contract test guards it
"""A lean RTP sender in the place of aiortc's: payloads come ready-made, nothing is awaited per packet.

It replaces `RTCRtpSender._run_rtp`, `_retransmit` and `_send_keyframe` of aiortc 1.16.0 and uses its private state
for sender reports; tests/web/live/test_sender_contract.py fails when another version arranges that differently.
All in the event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from aiortc import RTCRtpSender
from aiortc.rtcdtlstransport import State

from vms.clock import Clock
from web.live.masked import MaskedPacket
from web.live.rtp_wire import SEQUENCES, RtpWire
from web.live.sender_reports import SenderReports, SentMedia

HISTORY_PACKETS = 1024
"""Kept for retransmission: some 2 s of a 4 Mbit/s stream."""
BURST_PACKETS = 48
PACE_S = 0.004
"""At most BURST_PACKETS per viewer each PACE_S: a cached group of pictures must not overrun a receiver's buffer."""
MAX_QUEUED = 8000
"""Packets; more than a viewer can ever catch up with."""
MAX_BACKLOG_BYTES = 1 << 20
MAX_RETRANSMITS_PER_S = 600
SQUEEZED_90K = 90
"""Pictures of a cached group follow each other by 1 ms, so the newest is shown at once."""
MAX_STEP_90K = 10 * 90_000
_TICKS = 1 << 32

PRIVATE = ("rtp_started", "rtp_exited", "rtx_payload_type", "rtx_sequence_number")
_STARTED, _EXITED, _RTX_TYPE, _RTX_SEQUENCE = (f"_RTCRtpSender__{name}" for name in PRIVATE)


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
        self._state: dict[str, Any] = vars(rtp_sender)
        self._ssrc: int = self._rtp._ssrc
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
        self._queue: deque[tuple[tuple[bytes, ...], int]] = deque()
        self._queued = self._begun = 0  # packets in the queue; packets sent of its first picture
        self._dtls: Any = None
        self._nominated: dict[int, Any] = {}
        self._known_pair: Any = None
        self._known_wire: RtpWire | None = None
        self._credit, self._credit_at_s = float(BURST_PACKETS), clock.monotonic_s()
        self._pump_handle: asyncio.TimerHandle | None = None
        self._history: deque[tuple[int, int, tuple[bytes, ...]]] = deque()
        self._remembered = 0
        self._retransmits = 0
        self._retransmits_since_s = 0.0
        self._counted_us = 0
        self.frames = 0
        """Different ones: a repeat does not count."""
        self.newest: MaskedPacket | None = None
        self._sent = SentMedia()
        self._reports = SenderReports(rtp_sender, clock, self._sent)
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
        if self._queued + len(packet.payloads) > MAX_QUEUED:
            self._drop_queue()
            self._waiting_for_keyframe = True
            return
        self._waiting_for_keyframe = False
        now_s = self._clock.monotonic_s()
        at_90k = self._timestamp(packet, now_s)
        self._note(packet, at_90k, now_s)
        if not self._queued and now_s - self._credit_at_s >= PACE_S and len(packet.payloads) <= BURST_PACKETS:
            self._send_whole(packet.payloads, at_90k % _TICKS, now_s)
            return
        self._enqueue(packet, at_90k)
        if self._pump_handle is None:
            self._pump()

    def _send_whole(self, payloads: tuple[bytes, ...], at_90k: int, now_s: float) -> None:
        """Nearly every picture: nothing waits before it, and its packets may all go at once."""
        wire = self._wire()
        if wire is None:
            return
        count, sequence = len(payloads), self._sequence
        self._credit, self._credit_at_s = float(BURST_PACKETS - count), now_s
        self._remember(sequence, at_90k, payloads)
        octets = wire.send(self._payload_type, self._ssrc, sequence, at_90k, payloads, ends=True)
        self._sent.add(at_90k, now_s, count, octets)
        self._sequence = (sequence + count) % SEQUENCES
        if now_s >= self._reports.due_s:
            self._reports.send(wire, now_s)

    def send_gop(self, gop: list[MaskedPacket]) -> None:
        if not self._running or not gop or not gop[0].is_keyframe:
            return
        self._drop_queue()
        now_s = self._clock.monotonic_s()
        newest_90k = max(self._elapsed_90k(now_s), self._last_90k + SQUEEZED_90K * (len(gop) + 1))
        self._offset_90k = newest_90k - gop[-1].pts_90k
        self._waiting_for_keyframe = False
        for index, packet in enumerate(gop):
            at_90k = newest_90k - SQUEEZED_90K * (len(gop) - 1 - index)
            self._note(packet, at_90k, now_s)
            self._enqueue(packet, at_90k)
        if self._pump_handle is None:
            self._pump()

    def restart(self) -> None:
        """Another stream follows: its clock has nothing to do with the last one's."""
        self._drop_queue()
        self._offset_90k = None
        self._waiting_for_keyframe = True
        self._counted_us = 0
        self.newest = None

    def _timestamp(self, packet: MaskedPacket, now_s: float) -> int:
        if self._offset_90k is not None and not packet.starts_run:
            at_90k = packet.pts_90k + self._offset_90k
            if 0 < at_90k - self._last_90k < MAX_STEP_90K:
                return at_90k
        at_90k = max(self._elapsed_90k(now_s), self._last_90k + SQUEEZED_90K)
        self._offset_90k = at_90k - packet.pts_90k
        return at_90k

    def _elapsed_90k(self, now_s: float) -> int:
        return self._last_90k + round((now_s - self._last_sent_s) * 90_000)

    def _enqueue(self, packet: MaskedPacket, at_90k: int) -> None:
        self._queue.append((packet.payloads, at_90k % _TICKS))
        self._queued += len(packet.payloads)

    def _note(self, packet: MaskedPacket, at_90k: int, now_s: float) -> None:
        self._last_90k, self._last_sent_s = at_90k, now_s
        self.newest = packet
        if packet.taken_us > self._counted_us:
            self._counted_us = packet.taken_us
            self.frames += 1

    def _drop_queue(self) -> None:
        self._queue.clear()
        self._queued = self._begun = 0

    def _pump(self) -> None:
        self._pump_handle = None
        wire = self._wire()
        if wire is None:
            self._drop_queue()
            return
        granted = self._take_credit(self._queued)
        sent = octets = at_90k = 0
        while sent < granted:
            payloads, at_90k = self._queue[0]
            begin = self._begun
            end = min(len(payloads), begin + granted - sent)
            if begin == 0:
                self._remember(self._sequence, at_90k, payloads)
            ends = end == len(payloads)
            part = payloads if ends and begin == 0 else payloads[begin:end]
            octets += wire.send(self._payload_type, self._ssrc, self._sequence, at_90k, part, ends=ends)
            self._sequence = (self._sequence + end - begin) % SEQUENCES
            sent += end - begin
            self._begun = 0 if ends else end
            if ends:
                self._queue.popleft()
        self._queued -= sent
        if sent:
            now_s = self._clock.monotonic_s()
            self._sent.add(at_90k, now_s, sent, octets)
            if now_s >= self._reports.due_s:
                self._reports.send(wire, now_s)
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

    def _wire(self) -> RtpWire | None:
        """How to reach the viewer now; None when that is over, or its socket is full."""
        pair = self._nominated.get(1)
        if pair is None or not self._running or self._dtls._state != State.CONNECTED:
            return None
        wire = self._known_wire
        if wire is None or pair is not self._known_pair:
            wire = self._known_wire = RtpWire(self._dtls._tx_srtp, pair.protocol.transport, pair.remote_addr)
            self._known_pair = pair
        if wire.backlog_bytes > MAX_BACKLOG_BYTES:
            self._waiting_for_keyframe = True
            return None
        return wire

    def _remember(self, sequence: int, at_90k: int, payloads: tuple[bytes, ...]) -> None:
        """For retransmission; pictures, not packets, so that sending costs nothing for it."""
        self._history.append((sequence, at_90k, payloads))
        self._remembered += len(payloads)
        while self._remembered - len(self._history[0][2]) >= HISTORY_PACKETS:
            self._remembered -= len(self._history.popleft()[2])

    async def _run(self, codec: Any) -> None:
        """Started by aiortc once the connection is secure; cancelled by it at the end."""
        self._payload_type = codec.payloadType
        self._dtls = self._rtp.transport
        self._nominated = self._dtls.transport._connection._nominated
        self._sequence = self._state[_RTX_SEQUENCE]
        self._last_90k = self._ssrc  # a random start, as RFC 3550 wants
        self._last_sent_s = self._clock.monotonic_s()
        self._running = True
        self._state[_STARTED].set()
        try:
            self._on_ready()
            await self._loop.create_future()
        except asyncio.CancelledError:
            pass
        finally:
            self._running = False
            if self._pump_handle is not None:
                self._pump_handle.cancel()
            self._drop_queue()
            self._state[_EXITED].set()

    async def _retransmit(self, sequence: int) -> None:
        wire, found = self._wire(), self._recall(sequence)
        if wire is None or found is None or not self._may_retransmit():
            return
        at_90k, payload, ends = found
        rtx_type = self._state[_RTX_TYPE]
        if rtx_type is None:
            wire.send(self._payload_type, self._ssrc, sequence, at_90k, (payload,), ends=ends)
            return
        rtx_sequence = self._state[_RTX_SEQUENCE]
        self._state[_RTX_SEQUENCE] = (rtx_sequence + 1) % SEQUENCES
        again = sequence.to_bytes(2, "big") + payload
        wire.send(rtx_type, self._rtp._rtx_ssrc, rtx_sequence, at_90k, (again,), ends=ends)

    def _recall(self, sequence: int) -> tuple[int, bytes, bool] | None:
        """Time, payload and whether it ended its picture, of a packet that was sent."""
        for first, at_90k, payloads in reversed(self._history):
            index = (sequence - first) % SEQUENCES
            if index < len(payloads):
                return at_90k, payloads[index], index == len(payloads) - 1
        return None

    def _may_retransmit(self) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - self._retransmits_since_s >= 1:
            self._retransmits_since_s, self._retransmits = now_s, 0
        self._retransmits += 1
        return self._retransmits <= MAX_RETRANSMITS_PER_S
