import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpSdesPacket
from hypothesis import given
from hypothesis import strategies as st

from ingest.rtcp import Reception, parse_rtcp, receiver_report
from ingest.rtcp import SenderReport as OurReport
from ingest.simulator.rtp import SenderReport
from tests.fakes import T0_US


@pytest.mark.parametrize("at_us", [T0_US, T0_US + 1, T0_US + 999_999, 2_085_978_496_000_500, 2_200_000_000_123_456])
def test_a_sender_report_gives_the_cameras_clock_to_the_microsecond_also_after_2036(at_us):
    summary = parse_rtcp(SenderReport(ssrc=7, utc_us=at_us, timestamp=12_345, packets=1, octets=2).to_bytes())
    assert (summary.report.ssrc, summary.report.rtp_timestamp) == (7, 12_345)
    assert abs(summary.report.utc_us(at_us + 3_600_000_000) - at_us) <= 1
    assert not summary.goodbye


def test_a_report_with_a_zeroed_clock_is_no_report():
    packet = struct.pack(">BBHIQIII", 0x80, 200, 6, 7, 0, 5, 0, 0)
    assert parse_rtcp(packet).report is None


def test_goodbye_is_noticed_behind_a_report():
    report = SenderReport(ssrc=7, utc_us=T0_US, timestamp=1, packets=1, octets=2).to_bytes()
    summary = parse_rtcp(report + struct.pack(">BBHI", 0x81, 203, 1, 7))
    assert summary.goodbye
    assert summary.report is not None


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda rest: b"\x80\xc8\x00\x06" + rest)))
def test_noise_never_raises(data):
    parse_rtcp(data)


def test_our_receiver_report_is_what_another_library_reads():
    before = Reception(ssrc=9, received=100, lost=0, highest=99)
    now = Reception(ssrc=9, received=190, lost=10, highest=65_536 + 3)
    last = OurReport(9, 0x1122334455667788, 5)
    report, description = RtcpPacket.parse(receiver_report(77, now, before, last, 1.5))
    assert isinstance(report, RtcpRrPacket)
    assert isinstance(description, RtcpSdesPacket)
    (block,) = report.reports
    assert (report.ssrc, block.ssrc, block.packets_lost, block.highest_sequence) == (77, 9, 10, 65_539)
    assert block.fraction_lost == 256 * 10 // 100
    assert (block.lsr, block.dlsr) == (0x33445566, 98_304)
    assert description.chunks[0].items[0] == (1, b"uitkijk")
