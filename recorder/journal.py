"""What happened, on its way into the catalog, so that no database ever holds up or loses a recording.

Thread "journal" writes each entry into the journal's file at once; thread "catalog" takes them from there into the
database, in order and each exactly once, however long the database was away and whatever crashed in between. While
the file cannot be written (disk full), entries wait in memory instead, up to a bound.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from recorder.journal_entries import Entry, Operation, apply, gap_data, segment_data
from recorder.journal_file import JournalFile
from recorder.journal_notes import JournalNotes
from vms.clock import Clock, SystemClock
from vms.errors import StorageError, StoreBusy
from vms.store import Store, journals
from vms.store.catalog import GapReason, NewSegment
from vms.units import CameraId, Profile, us_from_utc

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 256 << 20
"""About a week of twenty cameras. Beyond it rows are dropped, and said; the files themselves are found by recovery."""
_MAX_IN_MEMORY = 20_000
_MAX_BATCH = 500
_RETRY_S = (0.1, 0.5, 2.0, 5.0)


class Journal:
    """The methods may be called from any thread and never block. `start` first, `stop` last."""

    def __init__(
        self, store: Store, path: Path, clock: Clock | None = None, *, max_file_bytes: int = MAX_FILE_BYTES
    ) -> None:
        """path: of the file; what an earlier process left in it is written first."""
        self.notes = JournalNotes(clock or SystemClock())
        self._store = store
        self._file = JournalFile(path)
        self._max_file_bytes = max_file_bytes
        self._wake = threading.Condition()
        self._fresh: deque[Entry] = deque()
        self._last_seq = 0
        self._applied_seq = 0
        self._offset = 0
        self._is_stopping = False
        self._file_failed = False
        self._is_behind = False
        self._keeper = threading.Thread(target=self._keep, name="journal", daemon=True)
        self._drainer = threading.Thread(target=self._drain, name="catalog", daemon=True)
        try:
            self._file.open()
        except StorageError as error:
            self._note_file_failure(error)
        self._last_seq = self._file.last_seq
        self._applied_seq = max(0, self._file.first_seq - 1)

    def catch_up(self) -> int:
        """Before `start`: write what an earlier process left, now; how many. Raises StoreBusy."""
        left_behind = 0
        while batch := self._next_batch():
            left_behind += self._apply(batch)
        return left_behind

    def start(self) -> None:
        self._keeper.start()
        self._drainer.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Write what waits, at most so long; False when something is left (it stays in the file for the next start)."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify_all()
        self._keeper.join(timeout_s)
        self._drainer.join(timeout_s)
        if not self._keeper.is_alive() and not self._drainer.is_alive():
            self._file.close()
        if self.waiting:
            log.warning("journal_left_behind", extra={"entries": self.waiting})
        return not self.waiting

    def close(self) -> None:
        """Of a journal that was only caught up with, never started."""
        self._file.close()

    @property
    def is_alive(self) -> bool:
        return self._keeper.is_alive() and self._drainer.is_alive()

    @property
    def waiting(self) -> int:
        """Entries that the catalog does not have yet; just after a start it may count some that it has."""
        return self._last_seq - self._applied_seq

    @property
    def kept(self) -> int:
        """How many of those that wait are in the file: a crash does not lose them."""
        return self._file.last_seq - self._applied_seq

    def add_segment(self, new: NewSegment) -> None:
        """The file is complete, renamed and synced."""
        self.notes.segment_waits((new.camera_id, new.profile), us_from_utc(new.start_at))
        self._put("segment", segment_data(new))

    def open_gap(self, camera_id: CameraId, profile: Profile, at: datetime, reason: GapReason, detail: str) -> None:
        self.notes.gap_begins((camera_id, profile), reason)
        self._put("gap_opens", gap_data(camera_id, profile, at, reason=reason, detail=detail))

    def close_gap(self, camera_id: CameraId, profile: Profile, at: datetime) -> None:
        self._put("gap_closes", gap_data(camera_id, profile, at))

    def add_gap(
        self, camera_id: CameraId, profile: Profile, start: datetime, end: datetime, reason: GapReason, detail: str
    ) -> None:
        self.notes.gap_begins((camera_id, profile), reason)
        self._put("gap", gap_data(camera_id, profile, start, end=end, reason=reason, detail=detail))

    def note_restart(
        self, camera_id: CameraId, profile: Profile, at: datetime, detail: str, end: datetime | None = None
    ) -> None:
        """The stream's recorder starts: what is missing since its last row is a gap. end: of footage without a row."""
        self._put("restart", gap_data(camera_id, profile, at, end=end, detail=detail))

    def register_volume(self, uuid: str, root: Path, at: datetime) -> None:
        """Before its first segment, when the database could not be asked."""
        self._put("volume", {"uuid": uuid, "path": str(root), "at_us": us_from_utc(at)})

    def _put(self, operation: Operation, data: dict[str, Any]) -> None:
        with self._wake:
            if len(self._fresh) >= _MAX_IN_MEMORY or self._file.size_bytes >= self._max_file_bytes:
                log.error("journal_full", extra={"entries": self.waiting})
                return
            self._last_seq += 1
            self._fresh.append(Entry(self._last_seq, operation, data))
            self._wake.notify_all()

    def _keep(self) -> None:
        """Memory → file. Synced only while the database is behind: otherwise it has them in a moment."""
        while True:
            with self._wake:
                if self._file_failed and not self._is_stopping:
                    self._wake.wait(_RETRY_S[-1])
                while not self._fresh and not self._is_stopping:
                    self._wake.wait()
                batch = list(self._fresh)
                if not batch or (self._file_failed and self._is_stopping):
                    return
            try:
                self._file.append(batch, sync=self._is_behind)
            except StorageError as error:
                self._note_file_failure(error)
                continue
            with self._wake:
                self._file_failed = False
                self._forget_until(batch[-1].seq)
                self._wake.notify_all()

    def _drain(self) -> None:
        """File → database."""
        failures = 0
        while True:
            with self._wake:
                if failures:
                    self._wake.wait(_RETRY_S[min(failures, len(_RETRY_S)) - 1])
                while not self._has_work():
                    if self._is_stopping and not self._fresh:
                        return
                    self._wake.wait()
            try:
                self._apply(self._next_batch())
            except StoreBusy as error:
                failures += 1
                self._note_busy(error)
            else:
                failures, self._is_behind = 0, False

    def _has_work(self) -> bool:
        return self._offset < self._file.size_bytes or (self._file_failed and bool(self._fresh))

    def _next_batch(self) -> list[Entry]:
        """Unchanged until `_apply` took it."""
        while self._offset < self._file.size_bytes:
            entries, offset = self._file.read(self._offset, _MAX_BATCH)
            if entries:
                return entries
            self._offset = offset
        with self._wake:
            return list(self._fresh)[:_MAX_BATCH] if self._file_failed else []

    def _apply(self, batch: Sequence[Entry]) -> int:
        """All of them in one transaction; one that cannot ever be written is reported and left out. Raises StoreBusy.

        How many were new to the database.
        """
        if not batch:
            return 0
        try:
            with self._store.transaction() as tx:
                done = journals.position(tx, self._file.id)
                new = [entry for entry in batch if entry.seq > done]
                for entry in new:
                    apply(tx, entry)
                if new:
                    journals.set_position(tx, self._file.id, self._file.name, new[-1].seq)
        except ValueError as error:
            if len(batch) > 1:
                half = len(batch) // 2
                return self._apply(batch[:half]) + self._apply(batch[half:])
            log.error("catalog_refused_entry", extra={"detail": str(error), "operation": batch[0].operation})
            with self._store.transaction() as tx:
                journals.set_position(tx, self._file.id, self._file.name, batch[0].seq)
            new = []
        self._step_past(batch)
        return len(new)

    def _step_past(self, batch: Sequence[Entry]) -> None:
        with self._wake:
            self._applied_seq = max(self._applied_seq, batch[-1].seq)
            if self._file_failed:
                self._forget_until(batch[-1].seq)
        for entry in batch:
            if entry.operation == "segment":
                self.notes.segment_written((entry.data["camera_id"], entry.data["profile"]), entry.data["start_at_us"])
        if self._offset < self._file.size_bytes:
            _, self._offset = self._file.read(self._offset, len(batch))
        try:
            self._offset = self._file.compact(self._offset)
        except StorageError as error:
            self._note_file_failure(error)

    def _forget_until(self, seq: int) -> None:
        while self._fresh and self._fresh[0].seq <= seq:
            self._fresh.popleft()

    def _note_busy(self, error: StoreBusy) -> None:
        log.warning("catalog_busy", extra={"entries": self.waiting, "detail": str(error)})
        if not self._is_behind:
            self._is_behind = True
            try:
                self._file.sync()
            except StorageError as failure:
                self._note_file_failure(failure)

    def _note_file_failure(self, error: StorageError) -> None:
        if not self._file_failed:
            log.error("journal_file_failed", extra={"detail": str(error)})
        with self._wake:
            self._file_failed = True
            self._wake.notify_all()
