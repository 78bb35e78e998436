"""Fragments: masked clips that `live` renders, sealed, kept on the server for an hour at most and across nothing.

A job streams live's clip into `<data_dir>/exports/<id>.mp4`, seals it and computes its SHA-256. Files are deleted an
hour after they are done, never later than the retention of their oldest footage, and at every start and stop.
"""

import asyncio
import hashlib
import logging
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock
from vms.errors import UitkijkError
from vms.units import US_PER_SECOND, Profile, us_from_utc
from web.audit_trail import Actor
from web.fragment_seal import FragmentSeal
from web.live_client import LiveClient
from web.problems import TEXTS, Problem, from_error
from web.time_range import TimeRange

log = logging.getLogger(__name__)

KEPT_S = 3600
MAX_AT_ONCE = 2
MAX_JOBS = 40
MAX_JOBS_PER_USER = 8
MAX_EXPORT_BYTES = 4 * 1024**3
_WRITE_BYTES = 1024 * 1024

ExportState = Literal["queued", "busy", "done", "failed"]


@dataclass(slots=True)
class ExportJob:
    """expected_bytes: of the stored footage; the clip may turn out smaller or larger, so progress is a guess."""

    id: str
    username: str
    camera_id: str
    profile: Profile
    span: TimeRange
    case: str
    expected_bytes: int
    delete_at_us: int
    path: Path
    state: ExportState = "queued"
    bytes: int = 0
    sha256: str = ""
    certificate_id: str = ""
    error_code: str = ""

    @property
    def progress(self) -> float:
        if self.state == "done":
            return 1.0
        return round(min(0.99, self.bytes / max(1, self.expected_bytes)), 3)

    def as_json(self) -> dict[str, Any]:
        _, nl, en = TEXTS[self.error_code] if self.error_code else (0, "", "")
        return {
            "id": self.id,
            "state": self.state,
            "progress": self.progress,
            "bytes": self.bytes,
            "sha256": self.sha256 or None,
            "certificate_id": self.certificate_id or None,
            "error": {"code": self.error_code, "nl": nl, "en": en} if self.error_code else None,
            "url": f"/api/exports/{self.id}/file" if self.state == "done" else None,
            "camera": self.camera_id,
            "profile": self.profile,
            "from_us": us_from_utc(self.span.start),
            "to_us": us_from_utc(self.span.end),
            "delete_at_us": self.delete_at_us,
        }


class ExportJobs:
    """Owned by the event loop. open() at start, sweep() every second, close() at the end."""

    def __init__(self, directory: Path, live: LiveClient, clock: Clock, seal: FragmentSeal) -> None:
        self._directory = directory
        self._seal = seal
        self._live = live
        self._clock = clock
        self._jobs: dict[str, ExportJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    def open(self) -> None:
        """Blocking. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory.chmod(0o700)
        for left in self._directory.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            else:
                left.unlink()

    def submit(
        self,
        actor: Actor,
        camera_id: str,
        profile: Profile,
        span: TimeRange,
        *,
        case: str,
        expected_bytes: int,
        expires_us: int,
    ) -> ExportJob:
        """expires_us: when the oldest footage in it must be gone. Raises Problem busy."""
        mine = [job for job in self._jobs.values() if job.username == actor.username]
        if len(self._jobs) >= MAX_JOBS or len(mine) >= MAX_JOBS_PER_USER:
            raise Problem("busy", headers={"Retry-After": "60"})
        export_id = secrets.token_urlsafe(18)
        job = ExportJob(
            id=export_id,
            username=actor.username,
            camera_id=camera_id,
            profile=profile,
            span=span,
            case=case,
            expected_bytes=expected_bytes,
            delete_at_us=expires_us,
            path=self._directory / f"{export_id}.mp4",
        )
        self._jobs[export_id] = job
        task = asyncio.create_task(self._run(job))
        self._tasks[export_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(export_id, None))
        return job

    def of(self, actor: Actor, export_id: str) -> ExportJob:
        """Raises Problem export_gone: its time is over, or web was restarted. For somebody else's too: who asks for it
        does not learn that it is there."""
        job = self._jobs.get(export_id)
        if job is None or job.username != actor.username:
            raise Problem("export_gone")
        return job

    def all_of(self, actor: Actor) -> list[ExportJob]:
        return [job for job in self._jobs.values() if job.username == actor.username]

    def sweep(self) -> None:
        """Delete what is over, also while it is still being made."""
        now_us = self._clock.now_us()
        for job in [job for job in self._jobs.values() if job.delete_at_us <= now_us]:
            self._drop(job)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for job in list(self._jobs.values()):
            self._drop(job)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop(self, job: ExportJob) -> None:
        del self._jobs[job.id]
        task = self._tasks.get(job.id)
        if task is not None:
            task.cancel()
        job.path.unlink(missing_ok=True)
        log.info("export_deleted", extra={"export": job.id, "camera": job.camera_id})

    async def _run(self, job: ExportJob) -> None:
        async with self._slots:
            job.state = "busy"
            try:
                await self._render(job)
            except (UitkijkError, OSError, Problem) as error:
                self._failed(job, error)
                return
            except asyncio.CancelledError:
                job.path.unlink(missing_ok=True)
                raise
        job.delete_at_us = min(job.delete_at_us, self._clock.now_us() + KEPT_S * US_PER_SECOND)
        job.state = "done"

    def _failed(self, job: ExportJob, error: Exception) -> None:
        job.path.unlink(missing_ok=True)
        if isinstance(error, UitkijkError):
            error = from_error(error)
        job.error_code = error.code if isinstance(error, Problem) else "storage"
        job.delete_at_us = min(job.delete_at_us, self._clock.now_us() + KEPT_S * US_PER_SECOND)
        job.state = "failed"
        log.warning("export_failed", extra={"export": job.id, "camera": job.camera_id, "reason": str(error)})

    async def _render(self, job: ExportJob) -> None:
        start_us, end_us = us_from_utc(job.span.start), us_from_utc(job.span.end)
        file = await run_in_threadpool(_create, job.path)
        with file:
            async with self._live.clip(job.camera_id, job.profile, start_us, end_us) as clip:
                start_us = clip.start_us
                waiting = bytearray()
                async for chunk in clip.chunks:
                    waiting += chunk
                    job.bytes += len(chunk)
                    if job.bytes > MAX_EXPORT_BYTES:
                        raise Problem("too_large")
                    if len(waiting) >= _WRITE_BYTES:
                        await run_in_threadpool(file.write, bytes(waiting))
                        waiting.clear()
            await run_in_threadpool(file.write, bytes(waiting))
        if job.bytes == 0:
            raise Problem("no_footage")
        await run_in_threadpool(self._finish, job, start_us)

    def _finish(self, job: ExportJob, start_us: int) -> None:
        job.certificate_id = self._seal(job.path, job.username, job.camera_id, start_us)
        with job.path.open("rb") as file:
            job.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            job.bytes = file.tell()


def _create(path: Path) -> BinaryIO:
    file = path.open("xb")
    path.chmod(0o600)
    return file
