"""Aggregates, delimiters and parameter sets as cameras pack them, and packets that broke on the way."""

import struct

import pytest

from ingest.depacketize import MAX_ACCESS_UNIT_BYTES, depacketizer
from ingest.rtsp_message import InterleavedSplitter
from tests.ingest.rtp_script import (
    H264_PPS,
    H264_SPS,
    PAYLOAD_TYPE,
    annexb,
    encoded,
    framed,
    h265_nal,
    picture_packets,
    rtp,
    slice_nal,
)
from vms.errors import ProtocolError

CODECS = ("h264", "h265")
AUD = {"h264": b"\x09\xf0", "h265": b"\x46\x01\x50"}
SEI = {"h264": b"\x06\x05\x04sign\x80", "h265": b"\x4e\x01\x05\x04sign\x80"}
SEQUENCE_NUMBER = {2, 3}
"""Over TCP nothing damages one; were it so, up to 100 packets would look late."""
SETS = {"h264": (H264_SPS, H264_PPS), "h265": (h265_nal(32, 24), h265_nal(33, 40), h265_nal(34, 8))}


def key_slice(codec, size=60, *, first=True):
    return slice_nal(size, key=True, first=first) if codec == "h264" else h265_nal(19, size, first=first)


def aggregate(codec, nals, tail=b""):
    head = b"\x78" if codec == "h264" else b"\x60\x01"
    return head + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals) + tail


def read(codec, packets):
    """Over TCP, and packet by packet: both ways must agree."""
    reader, plain = depacketizer(codec, PAYLOAD_TYPE), depacketizer(codec, PAYLOAD_TYPE)
    InterleavedSplitter().feed(b"".join(framed(0, packet) for packet in packets), reader, 0)
    units = reader.take()
    assert plain.push_all(packets) == units
    assert plain.malformed == reader.malformed
    return units, reader


@pytest.mark.parametrize("codec", CODECS)
def test_delimiter_sets_sei_and_picture_in_one_aggregate_keep_their_order(codec):
    nals = [AUD[codec], *SETS[codec], SEI[codec], key_slice(codec), key_slice(codec, first=False)]
    (unit,), _ = read(codec, [rtp(aggregate(codec, nals), 1, 90, marker=True)])
    assert unit.data == annexb(nals)
    assert (unit.is_keyframe, unit.parameter_sets) == (True, SETS[codec])


@pytest.mark.parametrize("codec", CODECS)
def test_two_pictures_in_one_aggregate_are_told_apart_by_their_delimiters(codec):
    one, two = [AUD[codec], *SETS[codec], key_slice(codec)], [AUD[codec], key_slice(codec, 70)]
    units, _ = read(codec, [rtp(aggregate(codec, [*one, *two]), 1, 90, marker=True)])
    assert [unit.data for unit in units] == [annexb(one), annexb(two)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("tail", [b"\0", b"\xff\xff", b"\0\x30short"])
def test_of_an_aggregate_that_breaks_off_the_whole_units_are_kept(codec, tail):
    nals = [*SETS[codec], key_slice(codec)]
    (unit,), reader = read(codec, [rtp(aggregate(codec, nals, tail), 1, 90, marker=True)])
    assert unit.data == annexb(nals)
    assert reader.malformed == 1


@pytest.mark.parametrize("codec", CODECS)
def test_an_empty_unit_inside_an_aggregate_is_counted_and_harmless(codec):
    nals = [*SETS[codec], key_slice(codec)]
    (unit,), reader = read(codec, [rtp(aggregate(codec, [nals[0], b"", *nals[1:]]), 1, 90, marker=True)])
    assert unit.data == annexb(nals)
    assert reader.malformed == 1


@pytest.mark.parametrize("codec", CODECS)
def test_packets_without_content_cost_nothing(codec):
    nals = [*SETS[codec], key_slice(codec, 3000)]
    packets = picture_packets(codec, nals, 100, 90, max_bytes=400)
    stuffed = [b"", b"\x80", packets[0][:11]]
    for packet in packets:
        stuffed += [packet, b""]
    units, reader = read(codec, stuffed)
    assert [unit.data for unit in units] == [annexb(nals)]
    assert (reader.malformed, units[0].lost) == (3 + len(packets), 0)


@pytest.mark.parametrize("codec", CODECS)
def test_a_bare_header_between_fragments_is_a_packet_that_carries_nothing(codec):
    nals = [*SETS[codec], key_slice(codec)]
    packets = picture_packets(codec, nals, 100, 90, max_bytes=1400, marker=False)
    bare = [rtp(b"", 100 + len(packets), 90, marker=True)]
    (unit,), _ = read(codec, packets + bare)
    assert unit.data == annexb(nals)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("keep", [12, 13, 14, 15])
def test_a_fragment_cut_off_in_its_header_costs_its_slice_only(codec, keep):
    pictures = [[key_slice(codec, 3000), key_slice(codec, 50, first=False)] for _ in range(3)]
    packets, sequence = [], 0
    for n, nals in enumerate(pictures):
        made = picture_packets(codec, nals, sequence, n * 3600, max_bytes=400)
        sequence += len(made)
        packets.append(made)
    packets[1][2] = packets[1][2][:keep]
    units, _ = read(codec, [packet for made in packets for packet in made])
    whole = [annexb(nals) for nals in pictures]
    assert [unit.data for unit in units][::2] == whole[::2]
    rest = annexb(pictures[1][1:])
    # With its header whole the fragment is short, not broken: nothing in RTP tells how long it was.
    assert units[1].data == rest or (keep >= 14 and units[1].data.endswith(rest))


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_of_sei_is_refused_before_it_takes_more_than_the_bound(codec):
    reader = depacketizer(codec, PAYLOAD_TYPE)
    sei = SEI[codec] + bytes(1000)
    with pytest.raises(ProtocolError, match="larger"):
        reader.push_all(rtp(sei, n, n * 3600, marker=True) for n in range(1 << 20))
    assert sum(map(len, reader._parts)) <= MAX_ACCESS_UNIT_BYTES
    assert reader.take() == []


@pytest.mark.parametrize("codec", CODECS)
def test_any_single_damaged_byte_leaves_the_other_pictures_as_they_were(codec):
    pictures = encoded(codec, 6, width=64, height=48)
    packets, sequence = [], 0
    for n, nals in enumerate(pictures):
        made = picture_packets(codec, nals, sequence, n * 3600, max_bytes=200)
        sequence += len(made)
        packets.append(made)
    whole = [annexb(nals) for nals in pictures]
    victim = packets[3][0]
    for at in set(range(len(victim))) - SEQUENCE_NUMBER:
        damaged = victim[:at] + bytes((victim[at] ^ 0x41,)) + victim[at + 1 :]
        stream = [*packets[0], *packets[1], *packets[2], damaged, *packets[3][1:], *packets[4], *packets[5]]
        try:
            units, _ = read(codec, stream)
        except ProtocolError:
            continue  # an unsupported packetisation type by chance
        data = [unit.data for unit in units]
        assert data[:3] == whole[:3]
        assert data[-1] == whole[5]
