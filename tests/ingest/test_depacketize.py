"""Depacketisers against pictures that another packetiser cut, against losses, odd cameras and plain noise."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.depacketize import MAX_ACCESS_UNIT_BYTES, AccessUnit, depacketizer
from tests.ingest.rtp_script import (
    H264_PPS,
    H264_SPS,
    PAYLOAD_TYPE,
    annexb,
    decode_all,
    encoded,
    h265_nal,
    picture_packets,
    rtp,
    slice_nal,
)
from vms.errors import ProtocolError

CODECS = ("h264", "h265")


def push_framed(reader, packets) -> list[AccessUnit]:
    """The way they come over TCP."""
    buffer = b"".join(b"$\7" + len(packet).to_bytes(2, "big") + packet for packet in packets)
    assert reader.push_frames(buffer, 0, 7) == len(buffer)
    return reader.take()


def units_of(codec, packets) -> list[AccessUnit]:
    return depacketizer(codec, PAYLOAD_TYPE).push_all(packets)


def script(pictures, max_bytes=1400, codec="h264", first_sequence=65_500, **kwargs):
    """Pictures (lists of NAL units) as packets, sequence numbers wrapping on the way."""
    packets, sequence = [], first_sequence
    for n, nals in enumerate(pictures):
        made = picture_packets(codec, nals, sequence, n * 3600, max_bytes=max_bytes, **kwargs)
        sequence += len(made)
        packets.append(made)
    return packets


def flat(packets):
    return [packet for picture in packets for packet in picture]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("max_bytes", [60, 500, 1400, 60_000])
def test_real_pictures_come_back_byte_for_byte_and_decode(codec, max_bytes):
    pictures = encoded(codec, 12)
    units = units_of(codec, flat(script(pictures, max_bytes, codec)))
    assert [unit.data for unit in units] == [annexb(nals) for nals in pictures]
    assert [n for n, unit in enumerate(units) if unit.is_keyframe] == [0, 10]
    assert [unit.rtp_timestamp for unit in units] == [n * 3600 for n in range(12)]
    assert all(unit.lost == 0 for unit in units)
    frames = decode_all(codec, [unit.data for unit in units])
    assert [(frame.width, frame.height) for frame in frames] == [(320, 180)] * 12


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_ends_when_the_timestamp_changes_if_the_marker_is_missing(codec):
    pictures = encoded(codec, 5)
    units = units_of(codec, flat(script(pictures, codec=codec, marker=False)))
    assert [unit.data for unit in units] == [annexb(nals) for nals in pictures[:4]]


def test_parameter_sets_with_a_marker_of_their_own_wait_for_their_picture():
    picture = slice_nal(50, key=True)
    packets = [
        rtp(H264_SPS, 1, 100, marker=True),
        rtp(H264_PPS, 2, 100, marker=True),
        rtp(picture, 3, 100, marker=True),
    ]
    (unit,) = units_of("h264", packets)
    assert unit.data == annexb([H264_SPS, H264_PPS, picture])
    assert unit.parameter_sets == (H264_SPS, H264_PPS)
    assert unit.is_keyframe


def test_a_marker_on_every_slice_is_not_believed_for_long():
    def slices(n):
        return [slice_nal(40, fill=n), slice_nal(40, first=False, fill=n), slice_nal(40, first=False, fill=n)]

    packets, sequence = [], 0
    for n in range(1, 6):
        for nal in slices(n):
            packets.append(rtp(nal, sequence, n * 3600, marker=True))
            sequence += 1
    units = units_of("h264", packets)
    # The first picture was cut before that could be known; from the second on they are whole.
    assert [unit.data for unit in units[2:]] == [annexb(slices(n)) for n in range(2, 5)]


def test_an_access_unit_delimiter_ends_the_picture_before_it():
    delimiter, one, two = b"\x09\xf0", slice_nal(30, fill=1), slice_nal(30, fill=2)
    packets = [rtp(nal, n, 700) for n, nal in enumerate([delimiter, one, delimiter, two, delimiter])]
    assert [u.data for u in units_of("h264", packets)] == [annexb([delimiter, one]), annexb([delimiter, two])]


@pytest.mark.parametrize("codec", CODECS)
def test_a_lost_fragment_costs_its_slice_and_is_counted_never_more(codec):
    pictures = encoded(codec, 10)
    packets = script(pictures, 300, codec)
    whole = {annexb([nal]) for nals in pictures for nal in nals}
    del packets[4][1]
    units = units_of(codec, flat(packets))
    assert [unit.data for unit in units] == [annexb(nals) for n, nals in enumerate(pictures) if n != 4]
    assert [unit.lost for unit in units] == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert all(annexb([part]) in whole for unit in units for part in unit.data.split(b"\0\0\0\1")[1:])


@pytest.mark.parametrize("at", ["first", "last"])
def test_losing_the_first_or_last_fragment_drops_the_slice(at):
    packets = script([[slice_nal(5000, fill=n)] for n in range(1, 4)], 1000)
    del packets[1][0 if at == "first" else -1]
    units = units_of("h264", flat(packets))
    assert [unit.rtp_timestamp for unit in units] == [0, 7200]
    assert [unit.lost for unit in units] == [0, 1]


def test_of_a_damaged_picture_the_slices_that_arrived_whole_are_kept():
    nals = [H264_SPS, H264_PPS, slice_nal(3000, key=True), slice_nal(3000, key=True, first=False)]
    (packets,) = script([nals], 1000)
    del packets[2]  # inside the first slice
    (unit,) = units_of("h264", packets)
    assert unit.data == annexb([H264_SPS, H264_PPS, nals[3]])
    assert (unit.is_keyframe, unit.lost) == (True, 1)


def test_a_lost_picture_is_counted_with_the_next_one():
    packets = script([[slice_nal(3000)]] * 3, 1000)
    units = units_of("h264", packets[0] + packets[2])
    assert [unit.lost for unit in units] == [0, len(packets[1])]


def test_repeated_and_late_packets_are_left_out():
    pictures = [[slice_nal(3000, fill=n)] for n in range(1, 4)]
    packets = flat(script(pictures, 1000))
    noisy = [p for packet in packets for p in (packet, packet)]
    reader = depacketizer("h264", PAYLOAD_TYPE)
    assert [unit.data for unit in reader.push_all(noisy)] == [annexb(nals) for nals in pictures]
    assert reader.malformed == len(packets)


def test_a_new_ssrc_is_a_restart_and_not_a_loss():
    packets = [rtp(slice_nal(20), 5, 0, marker=True), rtp(slice_nal(20), 40_000, 9, marker=True, ssrc=7)]
    units = units_of("h264", packets)
    assert [(unit.lost, unit.restarted) for unit in units] == [(0, False), (0, True)]


def test_padding_extension_and_csrcs_are_taken_off():
    nal = slice_nal(40)
    header = struct.pack(">BBHIIII", 0x80 | 0x20 | 0x10 | 2, 0x80 | PAYLOAD_TYPE, 3, 900, 1, 11, 12)
    onvif = struct.pack(">HH", 0xABAC, 3) + bytes(12)
    (unit,) = units_of("h264", [header + onvif + nal + b"\0\0\0\4"])
    assert unit.data == annexb([nal])


def test_a_packet_of_padding_only_keeps_the_count_in_order():
    padding = struct.pack(">BBHII", 0xA0, PAYLOAD_TYPE, 2, 900, 1) + b"\0\0\0\4"
    packets = [
        rtp(slice_nal(20), 1, 900, ssrc=1),
        padding,
        rtp(slice_nal(20, first=False), 3, 900, marker=True, ssrc=1),
    ]
    (unit,) = units_of("h264", packets)
    assert unit.lost == 0


@pytest.mark.parametrize(("codec", "kind"), [("h264", 25), ("h264", 29), ("h265", 50)])
def test_packetisation_that_is_not_supported_says_what_to_do(codec, kind):
    first = kind if codec == "h264" else kind << 1
    with pytest.raises(ProtocolError, match="transport libav"):
        units_of(codec, [rtp(bytes((first,)) + bytes(30), 1, 0)])


def test_a_picture_without_end_is_refused():
    reader = depacketizer("h264", PAYLOAD_TYPE)
    body = bytes(60_000)
    reader.push(rtp(b"\x7c\x81" + body, 0, 5))
    more = (rtp(b"\x7c\x01" + body, n, 5) for n in range(1, MAX_ACCESS_UNIT_BYTES // 60_000 + 2))
    with pytest.raises(ProtocolError, match="larger"):
        reader.push_all(more)


def test_tiny_fragments_cannot_take_endless_memory():
    reader = depacketizer("h265", PAYLOAD_TYPE)
    reader.push(rtp(b"\x62\x01\x81x", 0, 5))
    more = (rtp(b"\x62\x01\x01x", n, 5) for n in range(1, MAX_ACCESS_UNIT_BYTES // 100))
    with pytest.raises(ProtocolError, match="larger"):
        reader.push_all(more)


def test_reception_counts_what_came_and_what_did_not():
    packets = flat(script([[slice_nal(3000)]] * 30, 1000, first_sequence=65_530))
    reader = depacketizer("h264", PAYLOAD_TYPE)
    reader.push_all(packets[:20] + packets[25:])
    reception = reader.reception()
    assert (reception.received, reception.lost) == (len(packets) - 5, 5)
    assert reception.highest == 65_530 + len(packets) - 1


h264_payload = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda flags, body: bytes((0x7C, flags)) + body, st.integers(0, 255), st.binary(max_size=20)),
    st.builds(lambda body: b"\x78" + body, st.binary(max_size=20)),
    st.builds(lambda size: b"\x78" + struct.pack(">H", size) + bytes(size), st.integers(0, 12)),
)
h265_payload = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda flags, body: bytes((0x62, 1, flags)) + body, st.integers(0, 255), st.binary(max_size=20)),
    st.builds(lambda body: b"\x60\x01" + body, st.binary(max_size=20)),
)


def hostile_packets(payload):
    one = st.builds(
        rtp,
        payload,
        st.sampled_from([0, 1, 2, 3, 65_535]),
        st.sampled_from([0, 3600, 2**32 - 1]),
        marker=st.booleans(),
        ssrc=st.sampled_from([1, 2]),
    )
    return st.lists(st.one_of(one, st.binary(max_size=60)), max_size=40)


@given(st.data(), st.sampled_from(CODECS))
@settings(max_examples=120, deadline=None)
def test_noise_raises_nothing_but_protocol_error(data, codec):
    packets = data.draw(hostile_packets(h264_payload if codec == "h264" else h265_payload))
    reader = depacketizer(codec, PAYLOAD_TYPE)
    size = sum(len(packet) for packet in packets)
    try:
        units = reader.push_all(packets)
    except ProtocolError:
        return
    assert sum(len(unit.data) for unit in units) <= size + 5 * size  # start codes at most quintuple 1-byte units
    assert all(unit.data.startswith(b"\0\0\0\1") for unit in units)


@given(st.data(), st.sampled_from(CODECS))
@settings(max_examples=100, deadline=None)
def test_the_hot_path_and_the_plain_path_agree(data, codec):
    packets = data.draw(hostile_packets(h264_payload if codec == "h264" else h265_payload))
    fast, plain = depacketizer(codec, PAYLOAD_TYPE), depacketizer(codec, PAYLOAD_TYPE)
    outcome = []
    for run in (lambda: push_framed(fast, packets), lambda: plain.push_all(packets)):
        try:
            outcome.append(run())
        except ProtocolError as error:
            outcome.append(str(error))
    assert outcome[0] == outcome[1]
    assert (fast.malformed, fast.reception()) == (plain.malformed, plain.reception())


@given(st.integers(0, 10_000), st.sampled_from(CODECS))
@settings(max_examples=40, deadline=None)
def test_whatever_is_lost_no_broken_unit_comes_out(seed, codec):
    """I: every NAL unit handed on is one the camera made, whole."""
    rng = random.Random(seed)
    if codec == "h264":
        pictures = [[slice_nal(rng.randint(10, 3000), first=k == 0, fill=n + 1) for k in range(3)] for n in range(8)]
    else:
        pictures = [[h265_nal(1, rng.randint(10, 3000), first=k == 0) for k in range(3)] for n in range(8)]
    packets = flat(script(pictures, 400, codec))
    kept = [packet for packet in packets if rng.random() > 0.1]
    units = units_of(codec, kept)
    made = {nal for nals in pictures for nal in nals}
    for unit in units:
        assert all(nal in made for nal in unit.data.split(b"\0\0\0\1")[1:])
