"""The lean sender against the private parts of aiortc that it replaces; and what it puts on the wire."""

import asyncio
import inspect
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import aiortc
from aiortc import RTCRtpSender, rtcrtpsender
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtp import RtpPacket

from tests.fakes import FakeClock, packet
from vms.rules.masking import NoMaskRequired
from web.live.masked import MaskedPacket
from web.live.sender import BURST_PACKETS, PRIVATE, SQUEEZED_90K, LeanSender


def picture(index: int, size: int = 900, starts_run: bool = False) -> MaskedPacket:
    kind = 0x65 if index % 12 == 0 else 0x41
    data = b"\0\0\0\1" + bytes([kind]) + bytes([index % 256]) * size
    return MaskedPacket.passed(packet(index, data=data, starts_run=starts_run), NoMaskRequired("test"))


def test_the_pinned_version_still_looks_as_the_sender_expects() -> None:
    assert aiortc.__version__ == "1.16.0"
    source = inspect.getsource(rtcrtpsender.RTCRtpSender)
    for name in PRIVATE:
        assert f"self.__{name}" in source
    assert list(inspect.signature(RTCRtpSender._run_rtp).parameters) == ["self", "codec"]
    assert list(inspect.signature(RTCRtpSender._retransmit).parameters) == ["self", "sequence_number"]
    assert "self._run_rtp(parameters.codecs[0])" in source
    assert "await self._retransmit(seq)" in source
    assert "self._send_keyframe()" in source
    assert "self._tx_srtp.protect(data)" in inspect.getsource(RTCDtlsTransport._send_rtp)


class Wire:
    """Stands in for DTLS and ICE: what is sent is kept in the clear."""

    def __init__(self) -> None:
        self.sent: list[RtpPacket] = []
        udp = SimpleNamespace(
            is_closing=lambda: False, get_write_buffer_size=lambda: 0, sendto=lambda data, _: self._take(data)
        )
        pair = SimpleNamespace(protocol=SimpleNamespace(transport=udp), remote_addr=("127.0.0.1", 9))
        self.transport: Any = SimpleNamespace(
            state="connected",
            _state=State.CONNECTED,
            _tx_srtp=SimpleNamespace(protect=lambda data: data),
            transport=SimpleNamespace(_connection=SimpleNamespace(_nominated={1: pair})),
        )

    def _take(self, data: bytes) -> None:
        self.sent.append(RtpPacket.parse(data))


class Sending:
    def __init__(self, rtx: bool = True) -> None:
        self.wire, self.clock = Wire(), FakeClock()
        self.rtp: Any = RTCRtpSender("video", self.wire.transport)
        self.ready, self.keyframes = 0, 0
        self.sender = LeanSender(self.rtp, self.clock, self._ready, self._keyframe)
        if rtx:
            self.rtp._RTCRtpSender__rtx_payload_type = 98
        self.task = asyncio.ensure_future(self.rtp._run_rtp(SimpleNamespace(payloadType=97)))

    def _ready(self) -> None:
        self.ready += 1

    def _keyframe(self) -> None:
        self.keyframes += 1

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait_for(self.rtp._RTCRtpSender__rtp_exited.wait(), 1)


def run(scenario: Any, **options: Any) -> None:
    async def body() -> None:
        sending = Sending(**options)
        await asyncio.sleep(0)
        assert sending.ready == 1
        await scenario(sending)
        await sending.stop()

    asyncio.run(body())


def test_sequence_numbers_markers_and_times_are_those_of_one_stream() -> None:
    async def scenario(sending: Sending) -> None:
        for index in range(3):
            sending.clock.advance(0.08)
            sending.sender.send(picture(index, size=3000))
        sent = sending.wire.sent
        assert [p.marker for p in sent] == [0, 0, 1] * 3
        assert {p.payload_type for p in sent} == {97}
        first = sent[0].sequence_number
        assert [(p.sequence_number - first) % 65536 for p in sent] == list(range(9))
        steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(sent[::3])}
        assert steps == {7200}
        assert sending.sender.rtp_timestamp == sent[-1].timestamp
        assert sending.rtp._RTCRtpSender__packet_count == 9
        assert sending.rtp._RTCRtpSender__rtp_timestamp == sent[-1].timestamp

    run(scenario)


def test_nothing_is_sent_before_a_keyframe() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(5))
        assert sending.wire.sent == []
        sending.sender.send(picture(12))
        assert len(sending.wire.sent) == 1

    run(scenario)


def test_a_cached_group_is_paced_and_squeezed_so_that_its_end_is_now() -> None:
    async def scenario(sending: Sending) -> None:
        gop = [picture(index, size=20_000) for index in range(12)]
        sending.sender.send_gop(gop)
        assert len(sending.wire.sent) == BURST_PACKETS
        async with asyncio.timeout(2):
            while sending.sender._queue:
                sending.clock.advance(0.004)
                await asyncio.sleep(0.005)
        times = sorted({p.timestamp for p in sending.wire.sent})
        assert {b - a for a, b in pairwise(times)} == {SQUEEZED_90K}
        sending.sender.send(picture(12))
        assert (sending.wire.sent[-1].timestamp - times[-1]) % 2**32 == 7200

    run(scenario)


def test_another_stream_or_run_continues_the_viewers_time() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(0))
        before = sending.wire.sent[-1].timestamp
        sending.clock.advance(0.5)
        sending.sender.restart()
        sending.sender.send(picture(1200))
        assert (sending.wire.sent[-1].timestamp - before) % 2**32 == 45_000
        sending.clock.advance(0.1)
        sending.sender.send(picture(0, starts_run=True))
        assert (sending.wire.sent[-1].timestamp - before) % 2**32 == 54_000

    run(scenario)


def test_lost_packets_come_again_in_the_retransmission_format() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(0, size=3000))
        lost = sending.wire.sent[1]
        await sending.rtp._retransmit(lost.sequence_number)
        again = sending.wire.sent[-1]
        assert again.payload_type == 98
        assert again.ssrc == sending.rtp._rtx_ssrc
        assert again.payload == lost.sequence_number.to_bytes(2, "big") + lost.payload
        count = len(sending.wire.sent)
        await sending.rtp._retransmit((lost.sequence_number + 500) % 65536)
        assert len(sending.wire.sent) == count

    run(scenario)


def test_a_picture_loss_indication_asks_for_a_keyframe() -> None:
    async def scenario(sending: Sending) -> None:
        sending.rtp._send_keyframe()
        assert sending.keyframes == 1

    run(scenario)


def test_a_viewer_whose_connection_is_gone_gets_nothing() -> None:
    async def scenario(sending: Sending) -> None:
        sending.wire.transport.transport._connection._nominated.clear()
        sending.sender.send(picture(0))
        assert sending.wire.sent == []
        assert not sending.sender._queue

    run(scenario)
