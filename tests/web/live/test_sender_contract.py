"""The lean sender against the private parts of aiortc that it replaces; and what it puts on the wire."""

import asyncio
import contextlib
import errno
import inspect
import socket
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import aiortc
from aiortc import RTCRtpSender, rtcrtpsender
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtp import RtcpPacket, RtpPacket, is_rtcp
from pylibsrtp import Policy, Session
from pylibsrtp._binding import lib

from tests.fakes import FakeClock, packet
from vms.rules.masking import NoMaskRequired
from web.live import rtp_wire, sender_reports
from web.live.masked import MaskedPacket
from web.live.payloads import MAX_PAYLOAD
from web.live.sender import BURST_PACKETS, HISTORY_PACKETS, PRIVATE, SQUEEZED_90K, LeanSender


def picture(index: int, size: int = 900, starts_run: bool = False) -> MaskedPacket:
    kind = 0x65 if index % 12 == 0 else 0x41
    data = b"\0\0\0\1" + bytes([kind]) + bytes([index % 256]) * size
    return MaskedPacket.passed(packet(index, data=data, starts_run=starts_run), NoMaskRequired("test"))


def test_the_pinned_version_still_looks_as_the_sender_expects() -> None:
    assert aiortc.__version__ == "1.16.0"
    source = inspect.getsource(rtcrtpsender.RTCRtpSender)
    for name in {*PRIVATE, *sender_reports.PRIVATE}:
        assert f"self.__{name}" in source
    assert list(inspect.signature(RTCRtpSender._run_rtp).parameters) == ["self", "codec"]
    assert list(inspect.signature(RTCRtpSender._retransmit).parameters) == ["self", "sequence_number"]
    assert "self._run_rtcp()" in source
    assert "self._run_rtp(parameters.codecs[0])" in source
    assert "await self._retransmit(seq)" in source
    assert "self._send_keyframe()" in source
    assert "await recipient._handle_rtcp_packet(packet)" in inspect.getsource(RTCDtlsTransport)
    assert "self._tx_srtp.protect(data)" in inspect.getsource(RTCDtlsTransport._send_rtp)
    srtp = inspect.getsource(Session)
    assert "self._buffer = ffi.buffer(self._cdata)" in srtp
    assert "func(self._srtp[0], self._cdata, len_p)" in srtp
    assert "lib.srtp_protect, SRTP_MAX_TRAILER_LEN" in srtp
    assert "lib.srtp_protect_rtcp, " in srtp
    assert lib.srtp_err_status_ok == 0


class Wire:
    """Real encryption and a real socket; ICE and DTLS are taken to be done."""

    def __init__(self, udp: asyncio.DatagramTransport) -> None:
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._sink.bind(("127.0.0.1", 0))
        self._sink.setblocking(False)
        self._udp = udp
        key, profile = bytes(range(28)), Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        out, back = Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND
        outbound = Session(Policy(key=key, ssrc_type=out, srtp_profile=profile))
        self._inbound = Session(Policy(key=key, ssrc_type=back, srtp_profile=profile))
        self._sent: list[RtpPacket] = []
        self.reports: list[list[Any]] = []
        """Compounds of RTCP, of those that `sent` came by."""
        pair = SimpleNamespace(protocol=SimpleNamespace(transport=udp), remote_addr=self._sink.getsockname())
        self.transport: Any = SimpleNamespace(
            state="connected",
            _state=State.CONNECTED,
            _tx_srtp=outbound,
            transport=SimpleNamespace(_connection=SimpleNamespace(_nominated={1: pair})),
        )

    @property
    def sent(self) -> list[RtpPacket]:
        """All so far, in the clear."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._sink.recv(2048)
                if is_rtcp(data):
                    self.reports.append(list(RtcpPacket.parse(self._inbound.unprotect_rtcp(data))))
                else:
                    self._sent.append(RtpPacket.parse(self._inbound.unprotect(data)))
        return self._sent

    def close(self) -> None:
        self._sink.close()
        self._udp.close()


class Sending:
    def __init__(self, udp: asyncio.DatagramTransport, rtx: bool = True) -> None:
        self.wire, self.clock = Wire(udp), FakeClock()
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
        self.wire.close()


def run(scenario: Any, **options: Any) -> None:
    async def body() -> None:
        udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        sending = Sending(udp, **options)
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
        assert sending.sender._sent.packets == 9
        assert sending.sender._sent.octets == sum(len(p.payload) for p in sent)

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


def test_numbers_go_on_over_their_end_and_the_oldest_pictures_are_forgotten() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender._sequence = 65_530
        for index in range(HISTORY_PACKETS // 4 + 20):
            sending.clock.advance(0.08)
            sending.sender.send(picture(index, size=4000))
            sent = list(sending.wire.sent)
        numbers = [p.sequence_number for p in sent]
        assert numbers == [(65_530 + n) % 65_536 for n in range(len(numbers))]
        for lost, comes_again in ((sent[-1], True), (sent[-HISTORY_PACKETS + 8], True), (sent[3], False)):
            before = len(sending.wire.sent)
            await sending.rtp._retransmit(lost.sequence_number)
            again = sending.wire.sent[before:]
            assert [p.payload[2:] for p in again] == ([lost.payload] if comes_again else [])

    run(scenario)


def test_a_full_socket_keeps_the_order_of_packets() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(0, size=3000))
        wire = sending.sender._known_wire
        assert wire is not None
        real, wire._socket = wire._socket, SimpleNamespace(sendto=_would_block, sendmsg=_would_block)
        sending.sender.send(picture(1, size=3000))
        wire._socket = real
        sending.sender.send(picture(2, size=3000))
        await asyncio.sleep(0)
        numbers = [p.sequence_number for p in sending.wire.sent]
        assert numbers == [(numbers[0] + n) % 65_536 for n in range(9)]

    run(scenario)


def test_packets_of_one_length_leave_as_one_train_and_arrive_one_by_one() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(0))
        calls = count_calls(sending)
        sending.sender.send(picture(1, size=10 * MAX_PAYLOAD))
        assert calls == ["sendmsg"]
        arrived = sending.wire.sent[1:]
        assert len(arrived) == 11
        assert [p.marker for p in arrived] == [0] * 10 + [1]
        assert b"".join(p.payload[2:] for p in arrived) == bytes([1]) * 10 * MAX_PAYLOAD

    run(scenario)


def test_a_way_that_takes_no_trains_gets_single_packets_from_then_on() -> None:
    async def scenario(sending: Sending) -> None:
        sending.sender.send(picture(0))
        wire, refused = sending.sender._known_wire, []
        assert wire is not None

        def refuse(*_: Any) -> None:
            refused.append(True)
            raise OSError(errno.EIO, "no checksum offload on this way")

        wire._socket = SimpleNamespace(sendto=wire._socket.sendto, sendmsg=refuse)
        for index in range(1, 4):
            sending.sender.send(picture(index, size=3000))
            await asyncio.sleep(0)
        numbers = [p.sequence_number for p in sending.wire.sent]
        assert numbers == [(numbers[0] + n) % 65_536 for n in range(10)]
        assert refused == [True]

    run(scenario)


def test_a_train_is_never_longer_than_the_kernel_takes() -> None:
    assert rtp_wire.TRAIN_PACKETS * (12 + MAX_PAYLOAD + 16) < 65_507


def test_a_sender_report_that_is_due_goes_with_the_next_picture_and_tells_its_time() -> None:
    async def scenario(sending: Sending) -> None:
        sending.rtp._RTCRtpSender__cname = "{a-name}"
        sending.sender.send(picture(0, size=3000))
        assert (len(sending.wire.sent), len(sending.wire.reports)) == (3, 0)
        sending.clock.advance(sender_reports.FIRST_AFTER_S)
        sending.sender.send(picture(1))
        assert len(sending.wire.sent) == 4
        ((report, names),) = sending.wire.reports
        assert report.sender_info.rtp_timestamp == sending.sender.rtp_timestamp
        assert (report.sender_info.packet_count, report.ssrc) == (4, sending.rtp._ssrc)
        assert names.chunks[0].items == [(1, b"{a-name}")]
        seconds = (report.sender_info.ntp_timestamp >> 32) - 2_208_988_800
        micros = (report.sender_info.ntp_timestamp & 0xFFFFFFFF) * 1_000_000 >> 32
        assert abs(seconds * 1_000_000 + micros - sending.clock.now_us()) < 10

    run(scenario)


def test_reports_follow_each_other_after_two_to_six_seconds_also_behind_a_picture_in_parts() -> None:
    async def scenario(sending: Sending) -> None:
        sending.clock.advance(1)
        sending.sender.send(picture(0))
        assert (len(sending.wire.sent), len(sending.wire.reports)) == (1, 1)
        sending.clock.advance(sender_reports.REPORT_EVERY_S * 0.49)
        sending.sender.send(picture(1))
        assert (len(sending.wire.sent), len(sending.wire.reports)) == (2, 1)
        sending.clock.advance(sender_reports.REPORT_EVERY_S * 1.02)
        sending.sender.send(picture(12, size=1200 * BURST_PACKETS))
        assert (len(sending.wire.sent), len(sending.wire.reports)) == (2 + BURST_PACKETS, 2)

    run(scenario)


def test_a_viewer_is_told_goodbye() -> None:
    async def scenario(sending: Sending) -> None:
        packets: list[bytes] = []

        async def keep(data: bytes) -> None:
            packets.append(data)

        sending.wire.transport._send_rtp = keep
        reports = asyncio.ensure_future(sending.rtp._run_rtcp())
        await asyncio.wait_for(sending.rtp._RTCRtpSender__rtcp_started.wait(), 1)
        reports.cancel()
        await reports
        (bye,) = RtcpPacket.parse(packets[0])
        assert bye.sources == [sending.rtp._ssrc]

    run(scenario)


def count_calls(sending: Sending) -> list[str]:
    """The system calls that send media, from now on."""
    wire, calls = sending.sender._known_wire, []
    assert wire is not None
    real = wire._socket

    def counted(name: str) -> Any:
        return lambda *args: (calls.append(name), getattr(real, name)(*args))

    wire._socket = SimpleNamespace(sendto=counted("sendto"), sendmsg=counted("sendmsg"))
    return calls


def _would_block(*_: Any) -> None:
    raise BlockingIOError
