"""The benches' viewers, who count and do not decode."""

import asyncio
from types import SimpleNamespace

from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtpPacket

from tests.fakes import FakeClock
from web.live.load import _count_sealed, _Counter

IDR, SLICE = b"\x65" + bytes(50), b"\x41" + bytes(50)
ADDRESS = ("127.0.0.1", 4000)


def rtp(sequence: int, payload: bytes, *, ends: bool = True) -> bytes:
    packet = RtpPacket(payload_type=97, marker=int(ends), sequence_number=sequence % 65536, timestamp=1, ssrc=5)
    packet.payload = payload
    return packet.serialize()


def test_the_first_picture_is_the_first_that_can_be_decoded() -> None:
    clock, firsts = FakeClock(), []
    counter = _Counter(clock)
    counter.started_s = clock.monotonic_s()
    counter.on_first = lambda: firsts.append(clock.monotonic_s() - counter.started_s)
    for sequence, (payload, ends) in enumerate([(SLICE, True), (IDR, False), (SLICE, True), (IDR, True)]):
        clock.advance(0.5)
        asyncio.run(counter.take(rtp(sequence, payload, ends=ends), 0))
    assert (counter.packets, counter.pictures, counter.first_s, firsts) == (4, 3, 1.5, [1.5])


def test_what_is_missing_is_counted_over_the_wrap_and_what_is_late_is_not() -> None:
    counter = _Counter(FakeClock())
    for sequence in (65533, 65534, 65536, 65535, 65536, 65540):
        counter.count(rtp(sequence, SLICE))
    assert (counter.packets, counter.lost) == (6, 1 + 3)


def test_after_it_headers_are_counted_and_everything_else_goes_its_way() -> None:
    counter, others = _Counter(FakeClock()), []
    protocol = SimpleNamespace(datagram_received=lambda data, address: others.append((data, address)))
    connection = SimpleNamespace(_protocols=[protocol])
    receiver = SimpleNamespace(transport=SimpleNamespace(transport=SimpleNamespace(_connection=connection)))
    _count_sealed(receiver, counter)
    report, stun = bytes(RtcpRrPacket(ssrc=5)), bytes([0, 1, 0, 0])
    assert RtcpPacket.parse(report)
    for data in (rtp(1, SLICE, ends=False), report, rtp(2, SLICE), stun):
        protocol.datagram_received(data, ADDRESS)
    assert (counter.packets, counter.pictures, counter.lost) == (2, 1, 0)
    assert others == [(report, ADDRESS), (stun, ADDRESS)]
