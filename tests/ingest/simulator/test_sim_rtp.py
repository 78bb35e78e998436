"""RTP packets as the RFCs have them."""

import struct

import pytest

from ingest.simulator.rtp import PacketTemplate, RtpFrame, SenderReport, packetize, split_annexb
from ingest.simulator.rtsp_message import Digest, Request, parse_transport, take_message
from vms.errors import ProtocolError

H264_NALS = [b"\x67" + b"s" * 20, b"\x68" + b"p" * 6, b"\x06" + b"i" * 30, b"\x65" + bytes(range(1, 250)) * 20]
H265_NALS = [b"\x40\x01" + b"v" * 20, b"\x42\x01" + b"s" * 30, b"\x44\x01pp", b"\x26\x01" + bytes(range(1, 250)) * 20]


def unpack_h264(payloads):
    nals = []
    for payload in payloads:
        kind = payload[0] & 0x1F
        if kind == 24:
            nals += _aggregated(payload[1:])
        elif kind == 28:
            if payload[1] & 0x80:
                nals.append(bytes(((payload[0] & 0xE0) | (payload[1] & 0x1F),)))
            nals[-1] += payload[2:]
        else:
            nals.append(payload)
    return nals


def unpack_h265(payloads):
    nals = []
    for payload in payloads:
        kind = payload[0] >> 1 & 0x3F
        if kind == 48:
            nals += _aggregated(payload[2:])
        elif kind == 49:
            if payload[2] & 0x80:
                nals.append(bytes(((payload[0] & 0x81) | (payload[2] & 0x3F) << 1, payload[1])))
            nals[-1] += payload[3:]
        else:
            nals.append(payload)
    return nals


def _aggregated(data):
    nals = []
    while data:
        (size,) = struct.unpack(">H", data[:2])
        nals.append(data[2 : 2 + size])
        data = data[2 + size :]
    return nals


@pytest.mark.parametrize(
    ("codec", "nals", "unpack"), [("h264", H264_NALS, unpack_h264), ("h265", H265_NALS, unpack_h265)]
)
@pytest.mark.parametrize("limit", [100, 1400])
def test_packets_carry_the_units_within_the_limit(codec, nals, unpack, limit):
    payloads = packetize(codec, nals, limit)
    assert max(map(len, payloads)) <= limit
    assert unpack(payloads) == nals


@pytest.mark.parametrize("size", [1399, 1400, 1401, 2 + 1398 * 3, 3 + 1398 * 3])
def test_units_at_the_edge_of_a_packet_survive(size):
    nal = b"\x65" + b"x" * (size - 1)
    assert unpack_h264(packetize("h264", [nal])) == [nal]


def test_annexb_with_both_start_codes_and_trailing_zeros_splits():
    data = b"\x00\x00\x00\x01\x67abc\x00\x00\x01\x68de\x00\x00\x00\x00\x01\x65f"
    assert split_annexb(data) == [b"\x67abc", b"\x68de", b"\x65f"]


def test_numbers_wrap_and_the_marker_is_on_the_last_packet():
    template = PacketTemplate([b"one", b"two", b"three"])
    frame = RtpFrame(template, 0xFFFF, 2**32 + 7, 0xDEADBEEF, is_keyframe=True, at_us=0)
    data = frame.interleaved(4)
    headers = []
    while data:
        magic, channel, size = struct.unpack(">BBH", data[:4])
        assert (magic, channel) == (0x24, 4)
        headers.append((*struct.unpack(">BBHII", data[4:16]), data[16 : 4 + size]))
        data = data[4 + size :]
    assert [header[2] for header in headers] == [0xFFFF, 0, 1]
    assert [header[1] for header in headers] == [96, 96, 96 | 0x80]
    assert {header[3:5] for header in headers} == {(7, 0xDEADBEEF)}
    assert [header[5] for header in headers] == [b"one", b"two", b"three"]
    assert [datagram[12:] for datagram in frame.datagrams()] == [b"one", b"two", b"three"]


def test_a_lost_packet_leaves_a_hole_in_the_numbers():
    template = PacketTemplate([b"one", b"two", b"three"])
    frame = RtpFrame(template, 10, 0, 1, is_keyframe=True, at_us=0).changed(90_000, frozenset({1}))
    assert [struct.unpack(">H", packet[2:4])[0] for packet in frame.datagrams()] == [10, 12]
    assert struct.unpack(">I", frame.datagrams()[0][4:8])[0] == 90_000


def test_a_sender_report_ties_utc_to_the_rtp_clock():
    data = SenderReport(5, 1_795_000_000_500_000, 1234, 10, 2000).to_bytes()
    kind, seconds, fraction, timestamp = data[1], *struct.unpack(">III", data[8:20])
    assert kind == 200
    assert seconds == 1_795_000_000 + 2_208_988_800
    assert fraction == 2**31
    assert timestamp == 1234
    assert data[28 + 1] == 202
    assert len(data) % 4 == 0


def test_requests_and_interleaved_frames_are_told_apart():
    buffer = bytearray(b"$\x01\x00\x02ab\r\nOPTIONS rtsp://h/c/main RTSP/1.0\r\nCSeq: 1\r\n\r\nPLAY")
    assert take_message(buffer) == b"ab"
    request = take_message(buffer)
    assert isinstance(request, Request)
    assert (request.method, request.path, request.headers) == ("OPTIONS", ["c", "main"], {"cseq": "1"})
    assert take_message(buffer) is None


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 20_000, b"PLAY rtsp://h RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n"]
)
def test_bad_messages_are_refused(data):
    with pytest.raises(ProtocolError):
        take_message(bytearray(data))


def test_transports_are_chosen_in_the_client_s_order():
    udp = parse_transport("RTP/AVP;multicast,RTP/AVP/UDP;unicast;client_port=5000-5001")
    assert udp is not None
    assert (udp.channels, udp.client_ports) == (None, (5000, 5001))
    tcp = parse_transport("RTP/AVP/TCP;unicast;interleaved=2-3")
    assert tcp is not None
    assert tcp.channels == (2, 3)
    assert parse_transport("RTP/AVP;unicast;client_port=99999") is None
    assert parse_transport("RAW/RAW/UDP") is None


def test_the_digest_of_rfc_2617_is_accepted():
    digest = Digest("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    header = (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
        'response="6629fae49393a05397450978507c4ef1"'
    )
    assert digest.accepts(header, "GET", "Mufasa", "Circle Of Life")
    assert not digest.accepts(header, "GET", "Mufasa", "circle of life")
    assert not digest.accepts(header, "PUT", "Mufasa", "Circle Of Life")
    assert not digest.accepts("Basic TXVmYXNh", "GET", "Mufasa", "Circle Of Life")
