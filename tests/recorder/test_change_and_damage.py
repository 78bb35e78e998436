"""A camera that changes or breaks in mid-stream: from its RTP packets to the pictures in the recorded files."""

import io
from functools import cache
from itertools import pairwise

import av
import pytest

from recorder.muxer import InitSegment
from tests.ingest import rtp_script
from tests.recorder.encoded import brightness, stream
from tests.recorder.ingested import CameraStream
from tests.vms.rules.test_sps import ENDLESS_SPS
from vms.errors import ProtocolError
from vms.rules.codec_string import nal_units
from vms.units import us_from_90k

CODECS = ("h264", "h265")
GOP = 10


@cache
def _encoded(codec, pictures, options):
    return rtp_script.encoded(codec, pictures, **{"width": 64, "height": 48} | dict(options))


def encoded(codec, pictures, **options) -> list[list[bytes]]:
    return [list(nals) for nals in _encoded(codec, pictures, tuple(options.items()))]


def record(site, packets, **changes):
    recorder = site.recorder(**changes)
    for packet in packets:
        assert recorder.offer(packet)
        recorder.pump()
    recorder.close()
    assert site.journal.stop()
    return site.segments()


def played(site, segment) -> list[tuple[int, int, float]]:
    """(width, height, seconds in the file) of every picture a decoder makes of a segment."""
    with site.reader.open(segment) as file:
        data = io.BytesIO(file.read())
    with av.open(data) as container:
        return [(f.width, f.height, float(f.pts * f.time_base)) for f in container.decode(video=0)]


def samples(site, segment) -> list[bytes]:
    with site.reader.open(segment) as file:
        data = io.BytesIO(file.read())
    with av.open(data) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def nals_of(sample: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        found.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_a_new_resolution_starts_a_segment_that_joins_and_both_halves_play(site, codec):
    camera = CameraStream(codec)
    packets = camera.send(encoded(codec, 20, width=96, height=80))
    packets += camera.send(encoded(codec, 20, width=192, height=128))
    first, second = record(site, packets)
    assert [played(site, s)[0][:2] for s in (first, second)] == [(96, 80), (192, 128)]
    assert [len(played(site, s)) for s in (first, second)] == [20, 20]
    assert abs((second.start_at - first.end_at).total_seconds()) < 0.05
    assert [gap.reason for gap in site.gaps() if gap.end_at is not None] == []


def test_a_new_profile_of_the_same_size_starts_a_segment_and_both_halves_play(site):
    camera = CameraStream("h264")
    packets = camera.send(encoded("h264", 20, profile="baseline"))
    packets += camera.send(encoded("h264", 20, profile="high", preset="veryfast"))
    segments = record(site, packets)
    assert [segment.codec[:7] for segment in segments] == ["avc1.42", "avc1.64"]
    assert [len(played(site, segment)) for segment in segments] == [20, 20]


def test_a_new_frame_rate_keeps_every_picture_at_its_time(site):
    camera = CameraStream("h264")
    packets = camera.send(encoded("h264", 20), step_90k=3600) + camera.send(encoded("h264", 20), step_90k=7200)
    segments = record(site, packets, segment_s=60)
    times = [
        at + offset for segment, offset in zip(segments, (0, 0.8), strict=False) for *_, at in played(site, segment)
    ]
    expected = [n * 0.04 for n in range(20)] + [0.8 + n * 0.08 for n in range(20)]
    assert times == pytest.approx(expected, abs=0.001)
    assert sum(segment.duration_90k for segment in segments) == 20 * 3600 + 20 * 7200


@pytest.mark.parametrize("codecs", [("h264", "h265"), ("h265", "h264")])
def test_a_camera_that_comes_back_with_another_codec_goes_into_another_segment(site, codecs):
    before, after = (CameraStream(codec).send(encoded(codec, 20)) for codec in codecs)
    later_us = us_from_90k(30 * 3600)
    after = [p._replace(sequence=p.sequence + 20, received_us=p.received_us + later_us) for p in after]
    first, second = record(site, before + after)
    assert [segment.codec[:4] for segment in (first, second)] == [{"h264": "avc1", "h265": "hev1"}[c] for c in codecs]
    assert [len(played(site, segment)) for segment in (first, second)] == [20, 20]
    [gap] = [gap for gap in site.gaps() if gap.end_at is not None]
    assert (gap.start_at, gap.end_at, gap.reason) == (first.end_at, second.start_at, "restart")


SIGNED = {
    "h264": (b"\x06\x05\x12signed-video-uuid\x01\x80", b"\x06\x05\x04last\x80"),
    "h265": (b"\x4e\x01\x05\x12signed-video-uuid\x01\x80", b"\x50\x01\x05\x04last\x80"),
}
"""A SEI before the picture and one after it (in H.265 a suffix SEI), as signed video has them."""


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("sets_in_band", [True, False])
def test_signed_video_and_the_order_of_nal_units_are_kept_byte_for_byte(site, codec, sets_in_band):
    delimiter = {"h264": b"\x09\xf0", "h265": b"\x46\x01\x50"}[codec]
    kinds = {"h264": (7, 8), "h265": (32, 33, 34)}[codec]
    pictures = encoded(codec, 24)

    def kind(nal):
        return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F

    sets = tuple(nal for nal in pictures[0] if kind(nal) in kinds)
    sent, before = [], SIGNED[codec][0]
    for nals in pictures:
        bare = [nal for nal in nals if kind(nal) not in kinds]
        is_key = len(bare) < len(nals)
        head = list(sets) if is_key and sets_in_band else []
        sent.append([delimiter, *head, before, *bare, SIGNED[codec][1]])
    camera = CameraStream(codec, () if sets_in_band else sets, max_bytes=700)
    segments = record(site, camera.send(sent), segment_s=60)
    found = [nals_of(sample) for segment in segments for sample in samples(site, segment)]
    if not sets_in_band:  # what the SDP told is put before each keyframe; nothing else is touched
        sent = [[nals[0], *sets, *nals[1:]] if n % GOP == 0 else nals for n, nals in enumerate(sent)]
    assert found == sent


def test_lost_packets_stand_in_the_row_of_their_segment(site):
    packets = stream(20)
    packets[7] = packets[7]._replace(lost_before=3)
    packets[12] = packets[12]._replace(lost_before=2)
    [segment] = record(site, packets, segment_s=60)
    assert segment.lost_packets == 5


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("damage", ["flipped", "truncated", "zeroed", "noise"])
def test_a_damaged_picture_is_recorded_and_the_pictures_of_the_next_gop_are_whole(site, codec, damage):
    broken = {
        "flipped": lambda nal: nal[:5] + bytes(byte ^ 0xFF for byte in nal[5:]),
        "truncated": lambda nal: nal[:6],
        "zeroed": lambda nal: nal[:5] + bytes(len(nal) - 5),
        "noise": lambda nal: nal[:5] + bytes(n * 197 & 0xFF for n in range(len(nal) - 5)),
    }[damage]
    pictures = encoded(codec, 30)
    pictures[13] = [broken(nal) for nal in pictures[13]]
    segments = record(site, CameraStream(codec).send(pictures), segment_s=60)
    found = [nals_of(sample) for segment in segments for sample in samples(site, segment)]
    assert len(found) == 30
    assert found[:13] + found[14:] == pictures[:13] + pictures[14:]


def test_parameter_sets_that_block_libavformat_cost_their_pictures_only(site):
    good = encoded("h265", 20)
    bad = [[ENDLESS_SPS, *nals] if n == 0 else nals for n, nals in enumerate(encoded("h265", 10))]
    with pytest.raises(ProtocolError):
        InitSegment.of("h265", b"".join(b"\0\0\0\1" + nal for nal in bad[0]))
    camera = CameraStream("h265")
    segments = record(site, camera.send(good) + camera.send(bad) + camera.send(good), segment_s=60)
    assert [len(played(site, segment)) for segment in segments] == [20, 20]
    assert next(gap.reason for gap in site.gaps()) == "protocol_error"
    for one, after in pairwise(segments):
        assert one.end_at <= after.start_at


def test_every_nal_unit_of_a_long_recording_comes_back(site):
    packets = stream(200)
    segments = record(site, packets, segment_s=10)
    found = [nals_of(sample) for segment in segments for sample in samples(site, segment)]
    assert found == [list(nal_units(packet.data)) for packet in packets]
    assert sum(len(brightness(site.reader, segment)) for segment in segments) == 200
