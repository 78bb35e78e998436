"""Recording starts, goes on and stops while the database is locked or its server is down; nothing is lost (F13)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from recorder.recording import KeyFiles, Recording, SiteKeys
from tests.fakes import T0_US, FakeClock
from tests.recorder.encoded import stream
from vms.config import Volume
from vms.store import Store, catalog
from vms.store.catalog import Coverage
from vms.units import CameraId, utc_from_us

FOR_EVER = utc_from_us(0), utc_from_us(4_000_000_000_000_000)


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("recorder.journal._RETRY_S", (0.02,))
    monkeypatch.setattr("recorder.late_recovery.RETRY_S", 0.02)
    monkeypatch.setattr("recorder.recording.RETRY_S", 0.02)


@pytest.fixture
def start(tmp_path: Path, store_url: str) -> Iterator[Callable[[], Recording]]:
    """Starts a capture process's recording; each call is the next process, ten seconds (100 pictures) later."""
    store = Store(store_url)
    store.migrate()
    started: list[Recording] = []

    def start() -> Recording:
        keys = SiteKeys(KeyFiles(tmp_path / "keys", tmp_path / "keys" / "site.key", may_create=True))
        clock = FakeClock(T0_US + len(started) * 10_000_000)
        journal = tmp_path / "journal" / "capture-0.jsonl"
        recording = Recording([Volume(path=tmp_path / "media")], 2, keys, store, clock, journal)
        recording.start(["markt-01"])
        started.append(recording)
        return recording

    yield start
    for recording in started:
        recording.stop(1)
    store.close()


def record(recording: Recording, first: int, count: int, *, wait_s: float = 1) -> None:
    """`count` pictures, 10 a second, the first starts a run; they are on disk when this returns.

    wait_s: for the database, at most.
    """
    recorder = recording.stream(CameraId("markt-01"), "sub", "public_order", None)
    packets = stream(count, first=first)
    packets[0] = packets[0]._replace(starts_run=True)
    for packet in packets:
        recorder.offer(packet)
    recording.stop(wait_s)


def coverage(url: str) -> Coverage:
    store = Store(url)
    try:
        with store.reading() as tx:
            return catalog.coverage(tx, "markt-01", "sub", *FOR_EVER)
    finally:
        store.close()


def pictures(url: str) -> int:
    return sum(segment.duration_90k for segment in coverage(url).segments) // 9000


def test_f13_recording_starts_and_stops_under_a_locked_database_and_the_rows_follow(start, store_url: str) -> None:
    record(start(), 0, 60)
    assert pictures(store_url) == 60
    blocker = Store(store_url)
    with blocker.transaction() as blocking:
        catalog.register_volume(blocking, "another", "/mnt/x", utc_from_us(0))
        record(start(), 100, 60)
        record(start(), 200, 60)
        assert pictures(store_url) == 60
    blocker.close()
    record(start(), 300, 20, wait_s=30)
    seen = coverage(store_url)
    assert pictures(store_url) == 200
    assert [gap.reason for gap in seen.gaps] == ["restart"] * 4
    assert [gap.end_at for gap in seen.gaps[:-1]] == [s.start_at for s in seen.segments if s.starts_run][1:]
    assert [s.start_at for s in seen.segments] == sorted(s.start_at for s in seen.segments)


def test_what_a_crash_left_unfinished_or_without_a_row_is_catalogued_once_the_database_is_back(
    start, store_url: str, tmp_path: Path
) -> None:
    record(start(), 0, 60)
    store = Store(store_url)
    *_, second, third = coverage(store_url).segments
    with store.transaction() as tx:
        tx.execute(text(f"delete from segment where id in ({second.id}, {third.id})"))
    final = tmp_path / "media" / third.path
    with final.open("ab") as file:
        file.write(b"torn")
    final.rename(final.with_name(final.name + ".part"))
    with store.transaction() as blocking:
        catalog.register_volume(blocking, "another", "/mnt/x", utc_from_us(0))
        recording = start()
        assert final.exists()
    until = time.monotonic() + 10
    while pictures(store_url) < 60 and time.monotonic() < until:
        time.sleep(0.01)
    recording.stop(5)
    assert pictures(store_url) == 60
    assert {s.sha256 for s in coverage(store_url).segments} >= {second.sha256, third.sha256}
    store.close()


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_with_the_server_down_a_known_volume_is_used_and_an_unknown_one_is_never_prepared(
    start, store_url: str, postgres, tmp_path: Path
) -> None:
    postgres.stop()
    try:
        recording = start()
        assert ["not mounted, or was never prepared" in volume.detail for volume in recording.usage()] == [True]
        recording.stop(2)
    finally:
        postgres.start()
    record(start(), 0, 60)
    postgres.stop()
    try:
        record(start(), 100, 60)
    finally:
        postgres.start()
    record(start(), 200, 20)
    assert pictures(store_url) == 140
    assert [gap.reason for gap in coverage(store_url).gaps] == ["restart"] * 3


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_f13_the_database_server_restarts_while_recording_goes_on(start, store_url: str, postgres) -> None:
    recording = start()
    recorder = recording.stream(CameraId("markt-01"), "sub", "public_order", None)
    packets = stream(200)
    packets[0] = packets[0]._replace(starts_run=True)
    for number, packet in enumerate(packets):
        recorder.offer(packet)
        if number == 60:
            postgres.stop()
        if number == 140:
            postgres.start()
    recording.stop(5)
    assert pictures(store_url) == 200
    assert recording.journal_entries == 0
