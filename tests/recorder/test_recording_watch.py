"""What capture says about a recording: also while the disk hangs and while the database does not take rows."""

import mmap
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder.journal_notes import JournalNotes
from recorder.open_segment import SegmentInProgress
from recorder.recording_watch import RecordingWatch
from recorder.sync_meter import SyncMeter
from tests.fakes import T0_US, FakeClock, packet
from tests.recorder.conftest import Site
from tests.recorder.encoded import stream
from vms.metrics import SECONDS, own_usage
from vms.packet import PACKET_COST_BYTES
from vms.units import CameraId, us_from_utc

STREAM = (CameraId("markt-01"), "sub")


def watch_of(site: Site, recorder) -> RecordingWatch:
    return RecordingWatch(*STREAM, recorder, site.journal.notes, site.clock.now_us())


def test_a_disk_that_hangs_is_told_before_its_writer_can(site: Site) -> None:
    recorder = site.recorder(segment_s=60, max_queue_bytes=5000)
    watch = watch_of(site, recorder)
    for each in stream(20):
        recorder.offer(each)
        recorder.pump()
    assert watch.look(T0_US).health.state == "on"
    for number in range(20, 24):  # nobody pumps: the writer hangs
        recorder.offer(packet(number, data=bytes(3000)))
    site.clock.advance(1)
    view = watch.look(site.clock.now_us())
    assert (view.health.state, view.health.reason) == ("fault", "overflow")
    assert view.since_us == site.clock.now_us()
    assert (view.queued_packets, view.queued_bytes, view.dropped_pictures) == (1, 3000 + PACKET_COST_BYTES, 3)
    site.clock.advance(1)
    assert watch.look(site.clock.now_us()).since_us == site.clock.now_us() - 1_000_000


def test_a_segment_counts_as_being_written_until_the_journal_has_it_and_the_next_is_open(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = site.recorder(segment_s=2)
    watch, packets = watch_of(site, recorder), stream(50)
    locked = sqlite3.connect(site.root / "u.db")
    locked.execute("BEGIN IMMEDIATE")
    told: list[int] = []

    def telling(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            told.append(watch.look(T0_US).writing_since_us)
            return real(*args, **options)

        return call

    for each in packets[:15]:
        recorder.offer(each)
    recorder.pump()
    monkeypatch.setattr(SegmentInProgress, "finish", telling(SegmentInProgress.finish))
    monkeypatch.setattr(recorder, "_open", telling(recorder._open))
    for each in packets[15:]:
        recorder.offer(each)
    recorder.pump()
    locked.rollback()
    locked.close()
    assert len(told) >= 2
    assert set(told) == {packets[0].received_us}


def test_what_the_database_has_not_taken_yet_counts_as_being_written_up_to_a_gap(site: Site) -> None:
    recorder = site.recorder(segment_s=2)
    watch = watch_of(site, recorder)
    locked = sqlite3.connect(site.root / "u.db")
    locked.execute("BEGIN IMMEDIATE")
    packets = stream(60)
    for each in packets[:55]:
        recorder.offer(each)
    recorder.pump()
    assert watch.look(T0_US).writing_since_us == packets[0].received_us
    recorder.source_down("stalled", "no picture", packets[55].received_us)
    recorder.pump()
    assert watch.look(T0_US).writing_since_us == 0
    assert watch.look(T0_US).gaps == {"stalled": 1}
    locked.rollback()
    locked.close()
    assert site.journal.stop(10)
    assert site.journal.notes.delays.durations().counts != (0,) * (len(SECONDS) + 1)
    assert us_from_utc(site.segments()[0].start_at) == packets[0].received_us
    assert watch.look(T0_US).catalog_delay_s > 0


def test_rows_before_a_gap_do_not_join_the_footage_after_it() -> None:
    clock = FakeClock()
    notes = JournalNotes(clock)
    notes.segment_waits(STREAM, 10)
    notes.gap_begins(STREAM, "disk")
    notes.segment_waits(STREAM, 30)
    assert notes.joined_since_us(STREAM, 40) == 30
    clock.advance(2)
    notes.segment_written(STREAM, 10)
    assert (notes.last_delay_s(STREAM), notes.joined_since_us(STREAM, 40)) == (2.0, 30)
    notes.segment_written(STREAM, 30)
    assert notes.joined_since_us(STREAM, 40) == 40
    assert notes.delays.durations().counts[SECONDS.index(2.5)] == 2


def test_a_stream_that_nobody_wants_recorded_has_nothing_to_tell() -> None:
    clock = FakeClock()
    view = RecordingWatch(*STREAM, None, JournalNotes(clock), T0_US).look(T0_US)
    assert (view.health.state, view.health.reason, view.writing_since_us) == ("off", "not_wanted", 0)


def test_every_segment_is_one_timed_fsync_of_its_volume(site: Site, monkeypatch) -> None:
    syncs = SyncMeter(site.clock)
    recorder = site.recorder(segment_s=2)
    monkeypatch.setattr(recorder._settings.syncs, "sync", syncs.sync)
    monkeypatch.setattr("recorder.sync_meter.os.fsync", lambda _: site.clock.advance(0.3))
    for each in stream(45):
        recorder.offer(each)
    recorder.close()
    [(root, durations)] = syncs.durations().items()
    assert Path(root) == site.volume.root
    assert durations.counts[SECONDS.index(0.5)] == sum(durations.counts) == 3


def test_a_process_knows_its_own_memory_time_and_files() -> None:
    before = own_usage()
    with mmap.mmap(-1, 64 << 20) as fresh:  # from the kernel, not from what the heap has left
        for page in range(0, len(fresh), 4096):
            fresh[page] = 1
        with Path("/dev/null").open("rb"):
            after = own_usage()
    assert after.resident_bytes - before.resident_bytes > 32 << 20
    assert after.open_fds == before.open_fds + 1
    assert after.cpu_s >= before.cpu_s > 0
