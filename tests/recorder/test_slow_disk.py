"""F14: a disk that takes seconds over a sync. Memory stays bounded, substreams go first, people hear of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recorder.clip import SegmentReader
from recorder.recording import KeyFiles, Recording, SiteKeys
from recorder.segment_writer import StreamRecorder
from tests.faulty_disk import FaultyDisk
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from tests.web.served_site import eventually
from vms.config import Volume
from vms.packet import Packet
from vms.units import CameraId, Profile

BUDGET = 1_000_000


@pytest.fixture
def start(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Recording]]:
    """A whole recording with its threads, and a small budget; its clock stands still until told."""
    monkeypatch.setattr("recorder.recording.QUEUE_TOTAL_BYTES", BUDGET)
    started: list[Recording] = []

    def make(*roots: Path) -> Recording:
        keys = SiteKeys(KeyFiles(site.root / "keys", site.root / "keys" / "site.key", may_create=False))
        volumes = [Volume(path=root) for root in roots]
        recording = Recording(volumes, 2, keys, site.store, site.clock, site.root / "journal" / "capture-0.jsonl")
        site.reader = SegmentReader(roots, site.keys)
        recording.start(["markt-01"])
        started.append(recording)
        return recording

    yield make
    for recording in started:
        recording.stop(5)


def offered(recorder: StreamRecorder, packets: list[Packet], size: int) -> int:
    """How many of them were taken. Each is filled up to about `size` bytes (NAL type 12, filler)."""
    filler = b"\0\0\0\1\x0c" + b"\xff" * size + b"\x80"
    return sum(recorder.offer(packet._replace(data=packet.data + filler)) for packet in packets)


def recorder_of(recording: Recording, profile: Profile) -> StreamRecorder:
    return recording.stream(CameraId("markt-01"), profile, "public_order", None)


def is_written(recording: Recording) -> bool:
    return recording.queued_bytes == 0


def test_f14_a_hanging_sync_costs_substreams_first_within_the_budget_and_is_told_and_recovers(
    site: Site, start: Callable[..., Recording], faulty_disk: FaultyDisk
) -> None:
    recording = start(site.volume.root)
    main, sub = recorder_of(recording, "main"), recorder_of(recording, "sub")
    faulty_disk.root = site.volume.root
    assert offered(main, stream(20, profile="main"), 1000) == 20
    eventually(lambda: is_written(recording))
    faulty_disk.hang()
    assert offered(main, stream(10, first=20, profile="main"), 1000) == 10
    assert faulty_disk.hanging.wait(10)

    taken_of_sub = offered(sub, stream(100), 10_000)
    taken_of_main = offered(main, stream(100, first=30, profile="main"), 10_000)
    assert 40 <= taken_of_sub < 50
    assert 40 <= taken_of_main <= 55
    assert 0.9 * BUDGET < recording.queued_bytes <= BUDGET
    assert offered(sub, stream(10, first=100), 10) == 0
    assert main.health.get().reason == "overflow"
    site.clock.advance(4)
    [usage] = recording.usage()
    assert usage.fault == "slow"

    faulty_disk.release()
    eventually(lambda: is_written(recording))
    assert offered(main, stream(120, first=130, profile="main"), 1000) == 120
    eventually(lambda: is_written(recording) and main.health.get().state == "on")
    recording.stop(5)
    reasons = [gap.reason for gap in site.gaps("main")]
    assert reasons == ["overflow", "restart"]
    played = sum(len(brightness(site.reader, segment)) for segment in site.segments("main"))
    assert played == 20 + 10 + taken_of_main + 120


def test_f14_streams_leave_a_slow_volume_for_a_good_one(
    site: Site, start: Callable[..., Recording], faulty_disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = site.root / "a", site.root / "b"
    recording = start(a, b)
    main = recorder_of(recording, "main")
    assert offered(main, stream(15, profile="main"), 10) == 15
    eventually(lambda: is_written(recording))
    slow = main.volume_root
    assert slow is not None
    faulty_disk.root = slow
    faulty_disk.hang()
    assert offered(main, stream(10, first=15, profile="main"), 10) == 10
    assert faulty_disk.hanging.wait(10)
    site.clock.advance(4)
    faults = {usage.root: usage.fault for usage in recording.usage()}
    assert faults[slow] == "slow"
    faulty_disk.release()
    eventually(lambda: is_written(recording))
    assert offered(main, stream(25, first=25, profile="main"), 10) == 25
    eventually(lambda: main.volume_root != slow)


def test_f18_recording_starts_without_any_volume_and_begins_when_one_comes(
    site: Site, start: Callable[..., Recording]
) -> None:
    marker = site.volume.root / ".uitkijk-volume"
    content = marker.read_text()
    marker.unlink()
    recording = start(site.volume.root)
    main = recorder_of(recording, "main")
    assert offered(main, stream(15, profile="main"), 10) == 15
    eventually(lambda: main.health.get().reason == "disk")
    assert [usage.fault for usage in recording.usage()] == ["missing"]
    assert list(site.volume.root.iterdir()) == []
    marker.write_text(content)
    eventually(lambda: [usage.fault for usage in recording.usage()] == [""])
    assert offered(main, stream(15, first=15, profile="main"), 10) == 15
    eventually(lambda: main.health.get().state == "on")
    recording.stop(5)
    assert sum(len(brightness(site.reader, segment)) for segment in site.segments("main")) == 10


def test_a_disk_that_cannot_be_read_through_at_the_start_does_not_keep_the_others_from_recording(
    site: Site, start: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = site.root / "a", site.root / "b"
    real = Path.iterdir

    def broken(path: Path) -> Iterator[Path]:
        if path == a / "markt-01":
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", broken)
    recording = start(a, b)
    assert [usage.fault for usage in recording.usage()] == ["failing", ""]
    main = recorder_of(recording, "main")
    assert offered(main, stream(15, profile="main"), 10) == 15
    eventually(lambda: main.health.get().state == "on")
    assert main.volume_root == b
