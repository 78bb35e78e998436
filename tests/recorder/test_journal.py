"""Rows reach the catalog in order and once, whatever locks the database or kills the process (F13)."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.journal import Journal
from recorder.journal_entries import Entry, segment_data
from recorder.journal_file import JournalFile
from tests.recorder.rows import MINUTE, T0, VOLUME, row
from vms.errors import StorageError, StoreBusy
from vms.store import Store, catalog
from vms.units import CameraId

MARKT = CameraId("markt-01")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def store(store_url: str):
    store = Store(store_url)
    store.migrate()
    with store.transaction() as tx:
        catalog.register_volume(tx, VOLUME, "/mnt/a", T0)
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "capture-0.jsonl"


def numbers(store: Store) -> list[int]:
    """Of the segments, in the order in which the catalog got them."""
    with store.reading() as tx:
        return [segment.bytes - 1000 for segment in catalog.page(tx, limit=100_000)]


def gaps(store: Store) -> list[tuple[float, float]]:
    """Minutes from T0."""
    with store.reading() as tx:
        found = catalog.gaps(tx, MARKT, "sub", T0, T0 + 10_000 * MINUTE)
    return [((gap.start_at - T0) / MINUTE, (gap.end_at - T0) / MINUTE) for gap in found if gap.end_at]


def left_behind(path: Path, count: int) -> None:
    """What a process that ended before the database took anything leaves."""
    file = JournalFile(path)
    file.open()
    file.append([Entry(n + 1, "segment", segment_data(row(n))) for n in range(count)], sync=True)
    file.close()


class Locked:
    """The database is locked for real, by a transaction of another connection."""

    def __init__(self, store: Store) -> None:
        self._blocker = Store(store.url)
        self._transaction = self._blocker.transaction()

    def __enter__(self) -> None:
        catalog.register_volume(self._transaction.__enter__(), "another", "/mnt/b", T0)

    def __exit__(self, *error: object) -> None:
        self._transaction.__exit__(None, None, None)
        self._blocker.close()


@pytest.mark.parametrize("rounds", [2])
def test_f13_killed_with_rows_waiting_for_a_locked_database_none_is_lost_or_doubled(
    store: Store, path: Path, rounds: int
) -> None:
    with Locked(store):
        command = [sys.executable, "-m", "tests.recorder.journal_child", store.url, str(path), "500"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as process:
            assert process.stdout is not None
            assert int(process.stdout.readline()) == 600
            process.send_signal(signal.SIGKILL)
    assert numbers(store) == []
    for _ in range(rounds):
        journal = Journal(store, path)
        journal.catch_up()
        journal.start()
        assert journal.stop()
    assert numbers(store) == list(range(500))
    assert len(gaps(store)) == 50
    assert gaps(store)[0] == pytest.approx((10 - 1 / 6, 10))


def test_killed_while_it_drains_what_is_in_the_database_is_not_written_again(store: Store, path: Path) -> None:
    journal = Journal(store, path)
    for number in range(3):
        journal.open_gap(MARKT, "sub", T0 + number * MINUTE, "stalled", "")
        journal.close_gap(MARKT, "sub", T0 + (number + 0.5) * MINUTE)
    journal.start()
    assert journal.stop()
    again = Journal(store, path)
    assert again.catch_up() == 0
    assert gaps(store) == [(0, 0.5), (1, 1.5), (2, 2.5)]


def test_a_line_torn_by_a_crash_costs_that_line_only(store: Store, path: Path) -> None:
    left_behind(path, 3)
    path.write_bytes(path.read_bytes()[:-20])
    again = Journal(store, path)
    assert again.catch_up() == 2
    again.add_segment(row(7))
    again.start()
    assert again.stop()
    assert numbers(store) == [0, 1, 7]


def test_a_damaged_line_is_left_out_and_a_file_that_is_none_of_ours_is_kept_aside(store: Store, path: Path) -> None:
    left_behind(path, 3)
    path.write_bytes(path.read_bytes().replace(b"markt-01/1.mp4", b"markt-01/9.mp4"))
    assert Journal(store, path).catch_up() == 2
    assert numbers(store) == [0, 2]
    path.write_bytes(b"rubbish\n")
    assert Journal(store, path).catch_up() == 0
    assert path.with_suffix(".damaged").read_bytes() == b"rubbish\n"


def test_a_journal_file_that_was_lost_starts_anew_and_skips_nothing(store: Store, path: Path) -> None:
    for start in (0, 5):
        journal = Journal(store, path)
        for number in range(start, start + 5):
            journal.add_segment(row(number))
        journal.start()
        assert journal.stop()
        path.unlink()
    assert numbers(store) == list(range(10))


def test_while_its_file_cannot_be_written_rows_go_straight_to_the_database(store: Store, tmp_path: Path) -> None:
    (tmp_path / "not-a-directory").touch()
    journal = Journal(store, tmp_path / "not-a-directory" / "capture-0.jsonl")
    for number in range(20):
        journal.add_segment(row(number))
    journal.start()
    assert journal.stop(30)
    assert numbers(store) == list(range(20))


def test_a_full_disk_under_the_journal_loses_no_row_and_no_order(store: Store, path: Path, monkeypatch) -> None:
    real_append, refused = JournalFile.append, []

    def append(self, entries, *, sync):
        if not refused:
            refused.append(len(entries))
            raise StorageError("No space left on device")
        real_append(self, entries, sync=sync)

    monkeypatch.setattr(JournalFile, "append", append)
    journal = Journal(store, path)
    journal.start()
    for number in range(200):
        journal.add_segment(row(number))
    assert journal.stop(30)
    assert refused
    assert numbers(store) == list(range(200))


def test_the_file_is_bounded_and_shrinks_once_all_is_catalogued(store: Store, path: Path, monkeypatch) -> None:
    monkeypatch.setattr("recorder.journal_file.COMPACT_ABOVE_BYTES", 60_000)
    monkeypatch.setattr("recorder.journal_file._KEEP_BYTES", 6_000)
    left_behind(path, 200)
    size = path.stat().st_size
    assert size > 60_000
    full = Journal(store, path, max_file_bytes=size)
    full.add_segment(row(200))
    assert full.waiting == 200
    full.start()
    assert full.stop(20)
    assert path.stat().st_size < 7_000
    assert numbers(store) == list(range(200))
    again = Journal(store, path)
    assert again.catch_up() == 0
    again.add_segment(row(200))
    again.start()
    assert again.stop()
    assert numbers(store)[-1] == 200


def test_catching_up_with_a_locked_database_says_so_and_keeps_everything(store: Store, path: Path, monkeypatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    left_behind(path, 2)
    impatient = Store(store.url)
    with Locked(store), pytest.raises(StoreBusy):
        Journal(impatient, path).catch_up()
    assert Journal(impatient, path).catch_up() == 2
    impatient.close()


def test_f13_while_the_database_server_restarts_rows_wait_and_none_is_lost(postgres, path: Path, monkeypatch) -> None:
    monkeypatch.setattr("recorder.journal._RETRY_S", (0.02,))
    url = postgres.new_database()
    store = Store(url)
    with store.transaction() as tx:
        catalog.register_volume(tx, VOLUME, "/mnt/a", T0)
    journal = Journal(store, path)
    journal.start()
    for number in range(50):
        journal.add_segment(row(number))
    postgres.stop()
    for number in range(50, 100):
        journal.add_segment(row(number))
    assert journal.waiting >= 50
    assert journal.is_alive
    postgres.start()
    for number in range(100, 150):
        journal.add_segment(row(number))
    assert journal.stop(10)
    assert numbers(store) == list(range(150))
    store.close()
    postgres.drop(url)
