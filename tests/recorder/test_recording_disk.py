"""Volumes: only the right one, mounted, with room. A failing disk costs what it must and no more."""

import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from recorder.disk import MountedVolume, VolumeSet, identify_volumes
from recorder.writer_thread import VolumeWriter
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.config import Volume
from vms.errors import StorageError
from vms.volume import MARKER_NAME, read_marker


def identify(site: Site, *names: str) -> list[MountedVolume]:
    return identify_volumes([Volume(path=site.root / name) for name in names], site.store, site.clock)


def test_a_new_directory_becomes_a_volume_and_keeps_its_name(site: Site) -> None:
    [first] = identify(site, "new")
    [again] = identify(site, "new")
    assert first == again
    assert read_marker(site.root / "new") == first.uuid


def test_a_volume_whose_mount_is_gone_is_refused_and_nothing_is_written_there(site: Site) -> None:
    (site.volume.root / MARKER_NAME).unlink()
    with pytest.raises(StorageError, match="not mounted"):
        identify(site, "media")
    assert list(site.volume.root.iterdir()) == []


def test_foreign_and_crossed_volumes_are_refused(site: Site) -> None:
    identify(site, "a", "b")
    a, b, other = (site.root / name / MARKER_NAME for name in ("a", "b", "c"))
    one, two = a.read_text(), b.read_text()
    a.write_text(two)
    b.write_text(one)
    with pytest.raises(StorageError, match="crossed"):
        identify(site, "a", "b")
    other.parent.mkdir()
    (other.parent / "markt-09").mkdir()
    other.write_text(json.dumps({"uuid": "4bb0efbe-6f0a-4c3e-9d6e-0f1a3dc1a001"}))
    with pytest.raises(StorageError, match="another site"):
        identify(site, "c")
    (site.root / "d").mkdir()
    (site.root / "d" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(StorageError, match=r"holiday\.jpg"):
        identify(site, "d")


def test_one_refused_volume_does_not_stop_the_others(site: Site) -> None:
    identify(site, "a", "b")
    (site.root / "a" / MARKER_NAME).unlink()
    assert [volume.root.name for volume in identify(site, "a", "b")] == ["b"]


def test_an_unmounted_volume_in_the_middle_is_a_gap_and_recording_comes_back(site: Site) -> None:
    recorder = site.recorder(segment_s=2)
    marker = site.volume.root / MARKER_NAME
    content = marker.read_text()
    packets = stream(80)
    for packet in packets[:10]:
        recorder.offer(packet)
    recorder.pump()
    marker.unlink()
    for packet in packets[10:45]:
        recorder.offer(packet)
    recorder.pump()
    assert recorder.health.get().state == "fault"
    assert "not mounted" in recorder.health.get().detail
    marker.write_text(content)
    site.volumes.tend(site.volume.root)
    for packet in packets[45:]:
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    assert [len(brightness(site.reader, s)) for s in site.segments()] == [20, 20, 10]
    gap = site.gaps()[0]
    assert (gap.reason, gap.start_at, gap.end_at) == (
        "disk",
        site.segments()[0].end_at,
        site.segments()[1].start_at,
    )


def test_a_gap_begins_where_the_footage_ends_also_when_the_next_segment_cannot_be_begun(site: Site) -> None:
    recorder = site.recorder(segment_s=2)
    late = [packet._replace(received_us=packet.received_us + 300_000) for packet in stream(25)[15:]]
    for packet in [*stream(15), *late[:4]]:
        recorder.offer(packet)
    recorder.pump()
    (site.volume.root / MARKER_NAME).unlink()
    for packet in late[4:]:
        recorder.offer(packet)
    recorder.pump()
    assert site.journal.stop()
    [segment], [gap] = site.segments(), site.gaps()
    assert (gap.reason, gap.start_at) == ("disk", segment.end_at)


def test_a_full_disk_keeps_what_is_whole_and_goes_on_when_there_is_room(site: Site, monkeypatch) -> None:
    recorder = site.recorder(segment_s=60)
    packets = stream(80)
    for packet in packets[:35]:
        recorder.offer(packet)
    recorder.pump()
    real_write = os.write

    def no_space(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recorder.segment_file.os.write", no_space)
    for packet in packets[35:45]:
        recorder.offer(packet)
    recorder.pump()
    assert recorder.health.get().state == "fault"
    monkeypatch.setattr("recorder.segment_file.os.write", real_write)
    site.clock.advance(6)
    site.volumes.tend(site.volume.root)
    for packet in packets[45:]:
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    segments = site.segments()
    assert [len(brightness(site.reader, s)) for s in segments] == [34, 30]
    assert site.parts() == []
    assert site.gaps()[0].reason == "disk"


def test_the_emptiest_volume_is_chosen_and_a_failed_one_left_alone(site: Site, monkeypatch) -> None:
    volumes = identify(site, "a", "b")
    free = {"a": 600, "b": 605}

    def statvfs(root: Path) -> SimpleNamespace:
        left = free[root.name]
        return SimpleNamespace(f_blocks=1000, f_bfree=left, f_bavail=left, f_frsize=1 << 20, f_files=0, f_favail=0)

    monkeypatch.setattr("vms.volume_space.os.statvfs", statvfs)
    chooser = VolumeSet(volumes, site.clock)
    a, b = volumes
    assert chooser.choose() == b
    assert chooser.choose(a.root) == a
    chooser.report_failure(a.root, "I/O error")
    assert chooser.choose(a.root) == b
    free["b"] = 19
    chooser.tend(b.root)
    with pytest.raises(StorageError, match=r"I/O error.*full"):
        chooser.choose()
    site.clock.advance(10)
    chooser.tend(a.root)
    assert chooser.choose() == a
    assert [use.is_above_high_water for use in chooser.usage()] == [False, True]


def test_writer_threads_finish_everything_when_they_stop(site: Site) -> None:
    writer = VolumeWriter(site.volume.root, 0, site.clock, interval_s=0.005)
    one, other = site.recorder("main"), site.recorder("sub")
    writer.adopt(one)
    writer.adopt(other)
    writer.start()
    for main, sub in zip(stream(40, profile="main"), stream(40), strict=True):
        one.offer(main)
        other.offer(sub)
    writer.stop()
    assert writer.join(5)
    assert site.journal.stop()
    assert [s.duration_90k for s in site.segments("main") + site.segments("sub")] == [4 * 90_000] * 2
    assert site.parts() == []


def test_something_unforeseen_in_one_stream_leaves_the_others_recording(site: Site, monkeypatch) -> None:
    writer = VolumeWriter(site.volume.root, 0, site.clock, interval_s=0.005)
    bad, good = site.recorder("main"), site.recorder("sub")
    hit = threading.Event()

    def explode() -> None:
        hit.set()
        raise LookupError("odd")

    monkeypatch.setattr(bad, "pump", explode)
    for recorder in (bad, good):
        writer.adopt(recorder)
    writer.start()
    assert hit.wait(5)
    for packet in stream(20):
        good.offer(packet)
    writer.stop()
    assert writer.join(5)
    assert site.journal.stop()
    assert len(site.segments("sub")) == 1
    assert bad.health.get().state == "fault"
