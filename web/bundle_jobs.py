"""Exports that are made while people wait, one at a time: the table of jobs is the queue, so a restart goes on.

A finished one waits a day to be fetched, never longer than its footage may live.
"""

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

from vms.clock import Clock, now_utc
from vms.errors import StoreBusy, UitkijkError
from vms.store import Store, bundles
from vms.store.bundles import BundleJob
from web.bundle.clips import LiveBusy
from web.bundle.order import BundleOrder
from web.bundle.staged import ExportStopped
from web.bundle.stages import KeptStage
from web.bundle.workshop import KEPT, Workshop
from web.problems import from_error

log = logging.getLogger(__name__)

MAX_UNFINISHED = 20
_IDLE_S = 5.0
_STOP_WITHIN_S = 2.0


class BundleJobs:
    """start() and stop() once; everything else from any thread. Blocking (database)."""

    def __init__(self, directory: Path, store: Store, workshop: Workshop, clock: Clock) -> None:
        self._directory = directory
        self._store = store
        self._workshop = workshop
        self._clock = clock
        self._wake = threading.Event()
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._running: tuple[str, threading.Event] | None = None
        self._wrote: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="exports", daemon=True)

    def start(self) -> None:
        """Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def stop(self) -> None:
        """What is being made goes on after the next start."""
        self._ends.set()
        self._wake.set()
        with self._lock:
            if self._running is not None:
                self._running[1].set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WITHIN_S)

    def wake(self) -> None:
        """There is something to make."""
        self._wake.set()

    def progress(self, job: BundleJob) -> float:
        """Of the pictures, by what the camera needed for them: a guess."""
        if job.state not in bundles.UNFINISHED:
            return 1.0
        return round(min(0.99, self._wrote.get(job.id, 0) / max(1, job.expected_bytes)), 3)

    def file(self, job_id: str) -> Path:
        return self._directory / job_id / "export.zip"

    def cancel(self, job_id: str) -> None:
        """Whatever it was doing; also deletes what was made. Raises StoreBusy."""
        with self._store.transaction() as tx:
            job = bundles.get(tx, job_id)
            if job is None:
                return
            bundles.change(tx, job_id, state="deleted" if job.state == "done" else "cancelled")
        self._drop(job_id)

    def sweep(self) -> None:
        """Delete what is over, also while it is still being made, and what no row knows. Raises StoreBusy."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            kept = bundles.in_states(tx, ("queued", "busy", "done"))
        over = [job for job in kept if job.delete_at <= now]
        if over:
            with self._store.transaction() as tx:
                for job in over:
                    state, code = ("deleted", "") if job.state == "done" else ("failed", "expired")
                    bundles.change(tx, job.id, state=state, error_code=code)
        alive = {job.id for job in kept} - {job.id for job in over}
        for left in self._directory.iterdir():
            if left.name not in alive:
                self._drop(left.name)

    def _drop(self, job_id: str) -> None:
        with self._lock:
            if self._running is not None and self._running[0] == job_id:
                self._running[1].set()
                return
        shutil.rmtree(self._directory / job_id, ignore_errors=True)
        log.info("export_deleted", extra={"export": job_id})

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                job = self._next()
                if job is not None:
                    self._make(job)
                    continue
            except StoreBusy as error:
                log.warning("exports_wait", extra={"reason": str(error)})
            self._wake.wait(_IDLE_S)
            self._wake.clear()

    def _next(self) -> BundleJob | None:
        """Marked as busy."""
        with self._store.reading() as tx:
            waiting = bundles.in_states(tx, bundles.UNFINISHED)
        if not waiting:
            return None
        self._change(waiting[0].id, state="busy")
        return waiting[0]

    def _make(self, job: BundleJob) -> None:
        stop = threading.Event()
        with self._lock:
            self._running = job.id, stop
        self._wrote[job.id] = 0
        try:
            self._attempt(job, stop)
        except LiveBusy as error:
            log.warning("export_waits", extra={"export": job.id, "reason": str(error)})
            self._ends.wait(_IDLE_S)
        except ExportStopped:
            log.info("export_stopped", extra={"export": job.id})
        except (UitkijkError, OSError) as error:
            self._failed(job, error)
        finally:
            self._wrote.pop(job.id, None)
            with self._lock:
                self._running = None
        if stop.is_set() and not self._ends.is_set():
            self._drop(job.id)

    def _attempt(self, job: BundleJob, stop: threading.Event) -> None:
        def wrote(count: int) -> None:
            self._wrote[job.id] += count

        out, staged = self.file(job.id), self._directory / job.id / "staged"
        made = self._workshop.make(out, BundleOrder.of_document(job.order), KeptStage(staged), wrote, stop)
        shutil.rmtree(staged, ignore_errors=True)
        delete_at = min(job.delete_at, now_utc(self._clock) + KEPT)
        self._change(job.id, state="done", bytes=made.bytes, sha256=made.sha256, delete_at=delete_at)

    def _failed(self, job: BundleJob, error: UitkijkError | OSError) -> None:
        code = from_error(error).code if isinstance(error, UitkijkError) else "storage"
        log.warning("export_failed", extra={"export": job.id, "reason": str(error)})
        shutil.rmtree(self._directory / job.id, ignore_errors=True)
        self._change(job.id, state="failed", error_code=code)

    def _change(self, job_id: str, **values: Any) -> None:
        with self._store.transaction() as tx:
            bundles.change(tx, job_id, **values)
