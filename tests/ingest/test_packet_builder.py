import pytest

from ingest.depacketize import AccessUnit
from ingest.packet_builder import PacketBuilder, StreamIdentity
from tests.fakes import T0_US
from tests.ingest.rtp_script import H264_PPS, H264_SPS, annexb, decode_all, encoded, slice_nal
from vms.units import CameraId

H264 = StreamIdentity(CameraId("markt-01"), "main", "h264")
H265 = StreamIdentity(CameraId("markt-01"), "main", "h265")
SETS = (H264_SPS, H264_PPS)
AUD = b"\x09\xf0"


def unit(*nals, at=0, key=None, lost=0, restarted=False):
    sets = tuple(nal for nal in nals if nal[0] & 0x1F in (7, 8))
    is_key = any(nal[0] & 0x1F == 5 for nal in nals) if key is None else key
    return AccessUnit(annexb(nals), at, is_key, sets, lost, restarted)


IDR, P = slice_nal(40, key=True), slice_nal(30)


def test_parameter_sets_of_the_sdp_come_in_band_before_each_keyframe_only():
    builder = PacketBuilder(H264, SETS)
    packets = builder.build([unit(IDR), unit(P, at=3600), unit(AUD, IDR, at=7200)], T0_US)
    assert [p.data for p in packets] == [annexb([*SETS, IDR]), annexb([P]), annexb([AUD, *SETS, IDR])]
    assert (builder.sps.width, builder.sps.height) == (640, 360)


def test_sets_that_are_in_band_stay_as_the_camera_ordered_them():
    nals = [AUD, H264_SPS, b"\x06\x05\x01\x00", H264_PPS, IDR]
    (packet,) = PacketBuilder(H264, ()).build([unit(*nals)], T0_US)
    assert packet.data == annexb(nals)


def test_sets_seen_earlier_serve_a_keyframe_that_lacks_one():
    builder = PacketBuilder(H264, ())
    builder.build([unit(*SETS, IDR)], T0_US)
    (packet,) = builder.build([unit(H264_SPS, IDR, at=3600)], T0_US)
    assert packet.data == annexb([*SETS, H264_SPS, IDR])
    assert not packet.starts_run


def test_an_h265_stream_with_its_sets_in_the_sdp_only_decodes():
    pictures = encoded("h265", 12)
    sets = tuple(nal for nal in pictures[0] if nal[0] >> 1 in (32, 33, 34))
    bare = [[nal for nal in nals if nal not in sets] for nals in pictures]
    units = [AccessUnit(annexb(nals), n * 3600, n % 10 == 0, (), 0) for n, nals in enumerate(bare)]
    packets = PacketBuilder(H265, sets).build(units, T0_US)
    assert len(decode_all("h265", [p.data for p in packets])) == 12
    assert len(decode_all("h265", [p.data for p in packets[10:]])) == 2


def test_what_nobody_can_decode_is_counted_and_not_built():
    builder = PacketBuilder(H264, ())
    assert builder.build([unit(IDR), unit(P, at=1)], T0_US) == []
    (packet,) = builder.build([unit(P, at=2, lost=3), unit(*SETS, IDR, at=3)], T0_US)
    assert (packet.sequence, packet.starts_run, packet.lost_before) == (0, True, 3)
    assert builder.undecodable == 3


def test_a_changed_sps_starts_a_run_at_its_keyframe():
    other = encoded("h264", 1, width=1280, height=720)[0]
    sets = tuple(nal for nal in other if nal[0] & 0x1F in (7, 8))
    builder = PacketBuilder(H264, SETS)
    units = [unit(IDR), unit(P, at=3600), unit(*sets, IDR, at=7200), unit(P, at=10_800)]
    packets = builder.build(units, T0_US)
    assert [p.starts_run for p in packets] == [True, False, True, False]
    assert (builder.sps.width, builder.sps.height) == (1280, 720)


def test_a_new_rtp_stream_starts_a_run_and_sequence_numbers_go_on():
    builder = PacketBuilder(H264, SETS, sequence=41)
    units = [unit(IDR), unit(P, at=900_000_000, restarted=True), unit(IDR, at=900_003_600)]
    packets = builder.build(units, T0_US)
    assert [(p.sequence, p.starts_run) for p in packets] == [(41, True), (42, True)]
    assert builder.sequence == 43


def test_pictures_of_one_read_arrived_one_after_another_and_after_the_read_before():
    builder = PacketBuilder(H264, SETS)
    (first,) = builder.build([unit(IDR, at=0)], T0_US)
    later = builder.build([unit(P, at=3600 * n) for n in range(1, 11)], T0_US + 250_000)
    times = [p.received_us - T0_US for p in (first, *later)]
    assert times == [0, 0, 0, 0, 10_000, 50_000, 90_000, 130_000, 170_000, 210_000, 250_000]


def test_a_server_clock_set_back_is_followed_at_once():
    builder = PacketBuilder(H264, SETS)
    builder.build([unit(IDR)], T0_US)
    (packet,) = builder.build([unit(P, at=3600)], T0_US - 3_600_000_000)
    assert packet.received_us == T0_US - 3_600_000_000


def test_an_unreadable_sps_is_recorded_all_the_same():
    builder = PacketBuilder(H264, (b"\x67\x42", H264_PPS))
    (packet,) = builder.build([unit(IDR)], T0_US)
    assert packet.is_keyframe
    assert builder.sps.width == 0


@pytest.mark.parametrize("nals", [(IDR, slice_nal(30, key=True, first=False)), (AUD, IDR)])
def test_where_nal_units_begin_is_told_also_after_parameter_sets_were_put_in(nals):
    def starts(data):
        return tuple(n for n in range(len(data)) if data.startswith(b"\0\0\0\1", n))

    made = unit(*nals)
    (packet,) = PacketBuilder(H264, SETS).build([made._replace(nal_offsets=starts(made.data))], T0_US)
    assert packet.nal_offsets == starts(packet.data)
    assert len(packet.nal_offsets) == len(nals) + len(SETS)
