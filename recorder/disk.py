"""The volumes of this machine: only ever write on the right one, mounted, with room; choose the emptiest."""

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vms.clock import Clock, now_utc
from vms.config import Volume
from vms.errors import StorageError
from vms.store import Store, catalog
from vms.volume import create_marker, read_marker

log = logging.getLogger(__name__)

MIN_FREE_BYTES = 256 * 1024 * 1024
"""Below this nothing new is begun on a volume."""
RETRY_S = 5.0
_STAY_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class MountedVolume:
    uuid: str
    root: Path
    high_water_pct: float


@dataclass(frozen=True, slots=True)
class VolumeUsage:
    """detail: empty, or why nothing is written there now."""

    uuid: str
    path: Path
    total_bytes: int
    free_bytes: int
    high_water_pct: float
    detail: str

    @property
    def used_pct(self) -> float:
        return 100.0 * (1 - self.free_bytes / self.total_bytes) if self.total_bytes else 100.0

    @property
    def is_above_high_water(self) -> bool:
        return self.used_pct >= self.high_water_pct


def identify_volumes(configured: Sequence[Volume], store: Store, clock: Clock) -> list[MountedVolume]:
    """Match each configured path with its volume, preparing new ones; raises StorageError naming all that is wrong.

    Refused: a path whose marker is gone (not mounted), that holds another site's or another path's volume, or
    foreign files. The catalog remembers which uuid was where.
    """
    with store.reading() as tx:
        known = {volume.uuid: Path(volume.path) for volume in catalog.volumes(tx)}
    paths = [volume.path.resolve() for volume in configured]
    found: list[MountedVolume] = []
    problems: list[str] = []
    for volume, path in zip(configured, paths, strict=True):
        try:
            uuid = _identify(path, known, paths, clock)
        except StorageError as error:
            problems.append(str(error))
            continue
        found.append(MountedVolume(uuid, path, volume.high_water_pct))
    for problem in problems:
        log.error("volume_refused", extra={"detail": problem})
    if not found:
        raise StorageError("; ".join(problems) or "no volumes configured")
    with store.transaction() as tx:
        for mounted in found:
            catalog.register_volume(tx, mounted.uuid, str(mounted.root), now_utc(clock))
    return found


def _identify(path: Path, known: dict[str, Path], paths: Sequence[Path], clock: Clock) -> str:
    expected = next((uuid for uuid, where in known.items() if where == path), None)
    try:
        uuid = read_marker(path)
    except StorageError:
        if expected is not None:
            raise
        return create_marker(path, now_utc(clock))
    if uuid in known:
        elsewhere = known[uuid]
        if elsewhere != path and elsewhere in paths:
            raise StorageError(f"{path}: holds the volume of {elsewhere}; the two are crossed, mount them right")
        return uuid
    if expected is not None:
        raise StorageError(f"{path}: holds volume {uuid}, but {expected} belongs here; mount the right one")
    if known and any(entry.is_dir() and entry.name != "lost+found" for entry in path.iterdir()):
        raise StorageError(f"{path}: holds the footage of another site (volume {uuid}); give an empty directory")
    return uuid


class VolumeSet:
    """Thread-safe. Checks the marker each time, so an unmounted volume is noticed at the next segment."""

    def __init__(self, volumes: Sequence[MountedVolume], clock: Clock, min_free_bytes: int = MIN_FREE_BYTES) -> None:
        self._volumes = tuple(volumes)
        self._clock = clock
        self._min_free_bytes = min_free_bytes
        self._lock = threading.Lock()
        self._failed_until_s: dict[str, tuple[float, str]] = {}

    @property
    def uuids(self) -> list[str]:
        return [volume.uuid for volume in self._volumes]

    @property
    def roots(self) -> list[Path]:
        return [volume.root for volume in self._volumes]

    def choose(self, current_uuid: str | None = None) -> MountedVolume:
        """Where the next segment goes: the largest free share; the current one when it is nearly as empty.

        Raises StorageError when none can take it.
        """
        usable = [(self._usage(volume), volume) for volume in self._volumes]
        candidates = [
            (use.free_bytes / use.total_bytes + (_STAY_MARGIN if volume.uuid == current_uuid else 0.0), volume)
            for use, volume in usable
            if not use.detail
        ]
        if not candidates:
            raise StorageError("; ".join(f"{use.path}: {use.detail}" for use, _ in usable))
        return max(candidates, key=lambda candidate: candidate[0])[1]

    def report_failure(self, uuid: str, detail: str) -> None:
        """Leave this volume alone for a while."""
        with self._lock:
            self._failed_until_s[uuid] = (self._clock.monotonic_s() + RETRY_S, detail)
        log.error("volume_failed", extra={"volume": uuid, "detail": detail})

    def usage(self) -> list[VolumeUsage]:
        return [self._usage(volume) for volume in self._volumes]

    def _usage(self, volume: MountedVolume) -> VolumeUsage:
        total = free = 0
        with self._lock:
            until_s, detail = self._failed_until_s.get(volume.uuid, (0.0, ""))
        if self._clock.monotonic_s() >= until_s:
            detail = ""
        try:
            numbers = os.statvfs(volume.root)
            total, free = numbers.f_blocks * numbers.f_frsize, numbers.f_bavail * numbers.f_frsize
            if read_marker(volume.root) != volume.uuid:
                detail = "another volume is mounted here"
            elif free < self._min_free_bytes:
                detail = detail or f"full: {free // 1_048_576} MiB free"
        except (OSError, StorageError) as error:
            detail = str(error)
        return VolumeUsage(volume.uuid, volume.root, total, free, volume.high_water_pct, detail)
