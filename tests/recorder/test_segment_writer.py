"""Scripted packets in; files are opened again and their pictures decoded."""

import hashlib
import io
from datetime import timedelta
from itertools import pairwise

import av
import pytest

from recorder.boxes import read_index
from recorder.poses import LossMark, PoseTrack
from recorder.segment_file import SegmentFile
from recorder.segment_writer import StreamRecorder
from tests.fakes import T0_US, pose
from tests.recorder.conftest import Site
from tests.recorder.encoded import FPS, GOP, brightness, pictures, restart, stream
from vms.packet import PACKET_COST_BYTES, Packet
from vms.rules.chain import GENESIS, entry_hash
from vms.rules.codec_string import nal_units
from vms.store import catalog
from vms.units import us_from_utc, utc_from_us


def feed(recorder: StreamRecorder, packets: list[Packet]) -> None:
    for packet in packets:
        assert recorder.offer(packet)
    recorder.pump()


def record(site: Site, recorder: StreamRecorder, packets: list[Packet]) -> None:
    feed(recorder, packets)
    recorder.close()
    assert site.journal.stop()


def test_segments_are_cut_at_keyframes_join_exactly_and_play_every_picture(site: Site) -> None:
    record(site, site.recorder(segment_s=5), stream(120))
    segments = site.segments()
    assert [s.duration_90k for s in segments] == [5 * 90_000, 5 * 90_000, 2 * 90_000]
    assert segments[0].start_at == utc_from_us(T0_US)
    assert [s.starts_run for s in segments] == [True, False, False]
    for one, next_one in pairwise(segments):
        assert one.end_at == next_one.start_at
    played = [brightness(site.reader, segment) for segment in segments]
    assert [len(p) for p in played] == [50, 50, 20]
    assert [n for p in played for _, n in p] == [n % 100 for n in range(120)]
    assert [t for t, _ in played[1]] == pytest.approx([n / FPS for n in range(50)])
    assert {(s.codec[:5], s.width, s.height) for s in segments} == {("avc1.", 64, 48)}


def test_i1_rows_tell_the_bytes_and_hash_on_disk_and_chain(site: Site) -> None:
    record(site, site.recorder(segment_s=5), stream(120))
    head = GENESIS
    for segment in site.segments():
        data = (site.volume.root / segment.path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (segment.bytes, segment.sha256)
        assert segment.prev_hash == head
        head = entry_hash(head, catalog.chain_content(segment))
        assert segment.chain_hash == head
    assert site.parts() == []


def test_a_long_gop_is_written_in_fragments_of_at_most_a_second(site: Site) -> None:
    one_gop = [p._replace(is_keyframe=n == 0) for n, p in enumerate(stream(40))]
    record(site, site.recorder(), one_gop)
    [segment] = site.segments()
    with site.reader.open(segment) as file:
        index = read_index(file)
    assert all(f.duration_ticks <= index.timescale for f in index.fragments)
    assert sum(f.samples for f in index.fragments) == 40
    assert index.duration_90k == segment.duration_90k == 4 * 90_000


def test_the_cameras_nal_units_stay_as_they_are(site: Site) -> None:
    sei = b"\0\0\0\1\x06\x05\x04sign\x80"
    packets = [p._replace(data=p.data + sei if n % 3 else p.data) for n, p in enumerate(stream(30))]
    record(site, site.recorder(), packets)
    [segment] = site.segments()
    with site.reader.open(segment) as file:
        data = io.BytesIO(file.read())
    with av.open(data) as container:
        samples = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert len(samples) == 30
    for packet, sample in zip(packets, samples, strict=True):
        lengths = b"".join(len(nal).to_bytes(4, "big") + nal for nal in nal_units(packet.data))
        assert sample == lengths


def test_encrypted_footage_shows_nothing_of_itself_on_the_raw_disk(site: Site) -> None:
    record(site, site.recorder(), stream(120))
    for path in site.files():
        raw = path.read_bytes()
        assert not [word for word in (b"moov", b"moof", b"mdat", b"avcC", b"ftyp") if word in raw]
        for data, _ in pictures(120)[:20]:
            for nal in nal_units(data):
                assert nal[:24] not in raw


def test_unencrypted_footage_plays_as_it_lies_on_disk(site: Site) -> None:
    record(site, site.recorder(segment_s=60, encrypt=False), stream(30))
    [segment] = site.segments()
    assert segment.key_id is None
    with av.open(str(site.volume.root / segment.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30


def test_h265_is_recorded_as_it_is(site: Site) -> None:
    record(site, site.recorder(), stream(60, codec="h265"))
    segments = site.segments()
    assert [len(brightness(site.reader, s)) for s in segments] == [50, 10]
    assert all(s.codec.startswith("hev1.1.6.L") for s in segments)


def test_a_new_resolution_starts_a_new_segment_and_both_halves_play(site: Site) -> None:
    packets = stream(20) + stream(20, first=20, size=(96, 80))
    record(site, site.recorder(), packets)
    segments = site.segments()
    assert [(s.width, s.height) for s in segments] == [(64, 48), (96, 80)]
    assert [len(brightness(site.reader, s)) for s in segments] == [20, 20]
    assert segments[0].end_at == segments[1].start_at


def test_lost_contact_is_a_gap_with_exact_bounds_and_its_reason(site: Site) -> None:
    recorder = site.recorder()
    feed(recorder, stream(20))
    recorder.source_down("stalled", "no picture for 5 s", T0_US + 7_000_000)
    recorder.source_down("unreachable", "no route", T0_US + 9_000_000)
    recorder.pump()
    assert recorder.health.get().state == "off"
    record(site, recorder, restart(stream(20, first=200)))
    first, second = site.segments()
    assert second.starts_run
    stalled, unreachable, stopped = site.gaps()
    assert (stalled.reason, stalled.start_at, stalled.end_at) == (
        "stalled",
        first.end_at,
        utc_from_us(T0_US + 9_000_000),
    )
    assert (unreachable.reason, unreachable.end_at) == ("unreachable", second.start_at)
    assert second.start_at == utc_from_us(T0_US + 20_000_000)
    assert (stopped.reason, stopped.start_at, stopped.end_at) == ("restart", second.end_at, None)


def test_overflow_is_a_gap_and_the_timeline_goes_on_by_the_cameras_clock(site: Site) -> None:
    packets = stream(60)
    size = sum(len(p.data) + PACKET_COST_BYTES for p in packets[:25])
    recorder = site.recorder(segment_s=60, max_queue_bytes=size)
    accepted = [recorder.offer(packet) for packet in packets[:35]]
    assert accepted == [True] * 25 + [False] * 10
    recorder.pump()
    record(site, recorder, packets[40:60])
    first, second = site.segments()
    assert (first.duration_90k, second.duration_90k) == (25 * 9000, 20 * 9000)
    assert second.start_at == utc_from_us(T0_US + 4_000_000)
    overflow = site.gaps()[0]
    assert (overflow.reason, overflow.start_at, overflow.end_at) == ("overflow", first.end_at, second.start_at)
    assert "10 pictures" in overflow.detail


def test_lost_contact_keeps_its_place_behind_pictures_that_wait_for_their_turn(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.segment_writer._BATCH_BYTES", 500)
    recorder = site.recorder(segment_s=60)
    for packet in stream(30):
        assert recorder.offer(packet)
    recorder.source_down("unreachable", "no route", T0_US + 3_100_000)
    recorder.close()
    assert site.journal.stop()
    [segment] = site.segments()
    assert segment.duration_90k == 3 * 90_000
    assert (site.gaps()[0].reason, site.gaps()[0].start_at) == ("unreachable", segment.end_at)


def test_pictures_before_the_first_keyframe_are_left_out(site: Site) -> None:
    record(site, site.recorder(), stream(25, first=5))
    [segment] = site.segments()
    assert [n for _, n in brightness(site.reader, segment)] == list(range(GOP, 30))


def test_a_clock_set_back_never_makes_segments_overlap(site: Site) -> None:
    hour_us = 3_600_000_000
    packets = stream(60) + [p._replace(received_us=p.received_us - hour_us) for p in stream(60, first=60)]
    again = [p._replace(received_us=p.received_us - hour_us) for p in restart(stream(60, first=120))]
    record(site, site.recorder(), packets + again)
    segments = site.segments()
    assert sum(s.duration_90k for s in segments) == 18 * 90_000
    for one, next_one in pairwise(segments):
        assert one.end_at <= next_one.start_at
        assert one.end_at > one.start_at


def test_a_clock_set_forward_starts_a_run_at_the_new_time(site: Site) -> None:
    hour_us = 3_600_000_000
    record(
        site,
        site.recorder(),
        stream(50) + [p._replace(received_us=p.received_us + hour_us) for p in stream(110, first=50)],
    )
    segments = site.segments()
    assert segments[2].start_at - segments[0].start_at == timedelta(hours=1, seconds=10)
    assert (site.gaps()[0].start_at, site.gaps()[0].end_at) == (segments[1].end_at, segments[2].start_at)
    assert [s.starts_run for s in segments] == [True, False, True, False]


def test_drift_is_taken_back_by_at_most_500_ppm_and_no_picture_is_lost(site: Site) -> None:
    fast = 1.0002
    packets = [p._replace(received_us=T0_US + round((p.received_us - T0_US) * fast)) for p in stream(600)]
    record(site, site.recorder(segment_s=10), packets)
    segments = site.segments()
    assert sum(s.duration_90k for s in segments) == 60 * 90_000
    for segment in segments:
        span_us = us_from_utc(segment.end_at) - us_from_utc(segment.start_at)
        assert abs(span_us - 10_000_000) <= 5_000
    error_us = us_from_utc(segments[-1].end_at) - (T0_US + 60_000_000 * fast)
    assert abs(error_us) < 6_000


def test_a_picture_that_cannot_be_read_ends_the_segment_and_recording_goes_on(site: Site) -> None:
    packets = stream(40)
    packets[20] = packets[20]._replace(data=b"\0\0\0\1\x65nonsense")
    recorder = site.recorder()
    feed(recorder, packets[:25])
    assert recorder.health.get().state == "fault"
    record(site, recorder, packets[25:])
    segments = site.segments()
    assert sum(len(brightness(site.reader, s)) for s in segments) == 30
    assert [g.reason for g in site.gaps()] == ["protocol_error", "restart"]


def test_footage_before_this_process_is_never_overlapped(site: Site) -> None:
    record(site, site.recorder(last_end_us=T0_US + 500_000), stream(20))
    assert site.segments()[0].start_at == utc_from_us(T0_US + 500_000)


def test_no_picture_reaches_the_disk_before_its_pose_does(site: Site, monkeypatch) -> None:
    track = PoseTrack()
    to_disk: list[int] = []
    append = SegmentFile.append

    def watched(file: SegmentFile, content: bytearray) -> None:
        sidecar = (site.volume.root / file.path).with_suffix(".poses.jsonl")
        if b"moof" in content:
            to_disk.append(len(sidecar.read_bytes().splitlines()))
        append(file, content)

    monkeypatch.setattr(SegmentFile, "append", watched)
    recorder = site.recorder(poses=track)
    packets = stream(12)
    for packet in packets:
        track.put(pose(packet.received_us, pan=packet.sequence % 10 / 10, move_status="moving"))
    feed(recorder, packets)
    assert to_disk == [12, 12], "a keyframe and the end of a batch each end a fragment"
    recorder.close()


def test_where_packets_were_lost_lies_beside_the_segment_of_a_turning_camera(site: Site) -> None:
    track = PoseTrack()
    track.put(pose(T0_US, pan=0.1, move_status="idle"))
    packets = stream(20)
    packets[7] = packets[7]._replace(lost_before=3)
    packets[12] = packets[12]._replace(lost_before=1)
    record(site, site.recorder(poses=track), packets)
    [segment] = site.segments()
    first_90k = packets[0].dts_90k
    expected = [LossMark(packets[7].pts_90k - first_90k, 3), LossMark(packets[12].pts_90k - first_90k, 1)]
    assert site.reader.sidecar(segment).losses == tuple(expected)
    assert len(site.reader.poses(segment)) == 1


def test_poses_lie_beside_the_segment_hashed_and_begin_with_the_one_in_force(site: Site) -> None:
    track = PoseTrack()
    second = 1_000_000
    track.put(pose(T0_US - 90 * second, pan=0.9, move_status="idle"))
    track.put(pose(T0_US - 2 * second, pan=0.1, move_status="idle"))
    recorder = site.recorder(poses=track)
    feed(recorder, stream(10))
    for n in range(1, 4):
        track.put(pose(T0_US + n * second, pan=0.1, move_status="idle"))
    for n in range(8):
        track.put(pose(T0_US + 4 * second + n * 125_000, pan=0.1 + n / 100, move_status="moving"))
    record(site, recorder, stream(40, first=10))
    [segment] = site.segments()
    poses = site.reader.poses(segment)
    expected = [-2, 3] + [4 + n * 0.125 for n in range(8)]
    assert [(p.at_us - T0_US) / second for p in poses] == expected
    sidecar = (site.volume.root / segment.path).with_suffix(".poses.jsonl")
    assert hashlib.sha256(sidecar.read_bytes()).hexdigest() == segment.sidecar_sha256
