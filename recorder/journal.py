"""What happened, on its way into the catalog: a thread of its own, so that no database ever holds up a recording.

Entries keep their order. While the store is busy they wait here and are tried again; what a crash takes from here
is found on disk at the next start (recovery).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from recorder.journal_notes import JournalNotes
from vms.clock import Clock, SystemClock
from vms.errors import StoreBusy
from vms.store import Store, catalog
from vms.store.catalog import GapReason, NewSegment
from vms.units import CameraId, Profile, us_from_utc

log = logging.getLogger(__name__)

_MAX_WAITING = 200_000
_MAX_BATCH = 500
_RETRY_S = (0.1, 0.5, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """write: gets the Session of a transaction. on_written: called when it is in the database."""

    write: Callable[[Any], object]
    on_written: Callable[[], None] = lambda: None


class Journal:
    """The methods may be called from any thread and never block. `start` first, `stop` last."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self.notes = JournalNotes(clock or SystemClock())
        self._store = store
        self._wake = threading.Condition()
        self._waiting: deque[Entry] = deque()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Write what waits, at most so long; False when something is left (recovery will find it)."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(timeout_s)
        if self.waiting:
            log.warning("journal_left_behind", extra={"entries": self.waiting})
        return not self.waiting

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add_segment(self, new: NewSegment) -> None:
        """The file is complete, renamed and synced."""
        stream, start_us = (new.camera_id, new.profile), us_from_utc(new.start_at)
        self.notes.segment_waits(stream, start_us)
        written = partial(self.notes.segment_written, stream, start_us)
        self._put(Entry(lambda tx: catalog.add(tx, new), written))

    def open_gap(self, camera_id: CameraId, profile: Profile, at: datetime, reason: GapReason, detail: str) -> None:
        self.notes.gap_begins((camera_id, profile), reason)
        self._put(Entry(lambda tx: catalog.open_gap(tx, camera_id, profile, at, reason, detail)))

    def close_gap(self, camera_id: CameraId, profile: Profile, at: datetime) -> None:
        self._put(Entry(lambda tx: catalog.close_gap(tx, camera_id, profile, at)))

    def add_gap(
        self, camera_id: CameraId, profile: Profile, start: datetime, end: datetime, reason: GapReason, detail: str
    ) -> None:
        self.notes.gap_begins((camera_id, profile), reason)
        self._put(Entry(lambda tx: catalog.add_gap(tx, camera_id, profile, start, end, reason, detail)))

    def _put(self, entry: Entry) -> None:
        with self._wake:
            if len(self._waiting) >= _MAX_WAITING:
                log.error("journal_full", extra={"entries": len(self._waiting)})
                return
            self._waiting.append(entry)
            self._wake.notify()

    def _run(self) -> None:
        failures = 0
        while True:
            with self._wake:
                if failures:
                    self._wake.wait(_RETRY_S[min(failures, len(_RETRY_S)) - 1])
                while not self._waiting and not self._is_stopping:
                    self._wake.wait()
                batch = [self._waiting[n] for n in range(min(len(self._waiting), _MAX_BATCH))]
                if not batch:
                    return
            failures = 0 if self._write(batch) else failures + 1

    def _write(self, batch: list[Entry]) -> bool:
        """All of them in one transaction; one that cannot ever be written is reported and left out."""
        try:
            with self._store.transaction() as tx:
                for entry in batch:
                    entry.write(tx)
        except StoreBusy as error:
            log.warning("catalog_busy", extra={"entries": self.waiting, "detail": str(error)})
            return False
        except ValueError as error:
            if len(batch) > 1:
                return self._write(batch[:1])
            log.error("catalog_refused_entry", extra={"detail": str(error)})
        with self._wake:
            for _ in batch:
                self._waiting.popleft()
        for entry in batch:
            entry.on_written()
        return True
