"""What a crash left behind is brought into the catalog while new footage is recorded already.

Reading and syncing what twenty cameras had open takes seconds on a busy disk, and must not cost pictures. All that
recording has to know first is where the old footage ends, so that nothing overlaps it.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.recovery import LOOK_BACK, Recovery, newest_hour, segment_files
from vms.errors import StorageError, StoreBusy
from vms.rules.layout import PART_SUFFIX, parse_path
from vms.store import Store

log = logging.getLogger(__name__)

RETRY_S = 5.0


@dataclass(slots=True)
class Unfinished:
    """parts: what was open. ends: (camera, profile) → where the footage in them ends, UTC µs. unread: volumes that
    could not be read through, and why."""

    parts: set[Path] = field(default_factory=set)
    ends: dict[tuple[str, str], int] = field(default_factory=dict)
    unread: dict[Path, str] = field(default_factory=dict)


def find_unfinished(recovery: Recovery, volumes: Iterable[MountedVolume], cameras: Iterable[str]) -> Unfinished:
    """Before anything is recorded. Changes nothing on the disk."""
    found = Unfinished()
    for volume, camera_id in product(volumes, cameras):
        try:
            parts = _parts(volume.root, camera_id)
        except OSError as error:
            found.unread[volume.root] = f"{volume.root}: {error}"
            continue
        found.parts.update(parts)
        for part in parts:
            name = parse_path(str(part.relative_to(volume.root)))
            end_us = _end_us(recovery, part)
            if name is not None and end_us is not None:
                stream = name.camera_id, name.profile
                found.ends[stream] = max(found.ends.get(stream, 0), end_us)
    return found


def _end_us(recovery: Recovery, part: Path) -> int | None:
    try:
        return recovery.end_us(part)
    except StorageError as error:
        log.debug("end_of_part_unknown", extra={"path": str(part), "detail": str(error)})
        return None


def _parts(root: Path, camera_id: str) -> list[Path]:
    newest = newest_hour(root, camera_id)
    files = segment_files(root, camera_id, newest - LOOK_BACK if newest else None)
    return [path for path in files if path.name.endswith(PART_SUFFIX)]


class LateRecovery:
    """Thread "recovery": each volume once, camera by camera, as soon as the database and the disk let it."""

    def __init__(
        self,
        recovery: Recovery,
        store: Store,
        volumes: Sequence[MountedVolume],
        cameras: Iterable[str],
        parts: Set[Path],
        before: datetime,
        may_run: Callable[[], bool],
        on_failure: Callable[[Path, str], None],
        first_after_s: float = 0.0,
    ) -> None:
        """parts: what was open at the start. before: what else began later is being recorded now.

        may_run: asked every RETRY_S until it says yes. on_failure: told once of a volume that could not be read.
        """
        self._recovery = recovery
        self._store = store
        self._left = [(volume, camera_id) for volume in volumes for camera_id in sorted(cameras)]
        self._parts = parts
        self._before = before
        self._may_run = may_run
        self._on_failure = on_failure
        self._first_after_s = first_after_s
        self._told: set[Path] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After the camera at hand; `join` waits for it. The next start does what is left."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = self._first_after_s
        while self._left and not self._stop.wait(wait_s):
            wait_s = RETRY_S
            if self._may_run():
                self.turn()

    def turn(self) -> None:
        """Once through what is left."""
        for volume, camera_id in self._left.copy():
            if self._stop.is_set():
                return
            try:
                self._recovery.run(volume, self._store, {camera_id}, self._before, self._parts)
            except StoreBusy as error:
                log.warning("recovery_postponed", extra={"detail": str(error)})
                return
            except (StorageError, OSError) as error:
                self._note_failure(volume.root, f"{volume.root}: {error}")
            else:
                self._left.remove((volume, camera_id))

    def _note_failure(self, root: Path, detail: str) -> None:
        log.warning("recovery_postponed", extra={"path": str(root), "detail": detail})
        if root not in self._told:
            self._told.add(root)
            self._on_failure(root, detail)
