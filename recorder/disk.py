"""The volumes of this machine: only ever write on the right one, mounted, with room; choose the emptiest."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vms.clock import Clock, now_utc
from vms.config import Volume
from vms.errors import StorageError
from vms.rules.disk_space import Space, is_relieved, shortage, why_full
from vms.status import VolumeFault
from vms.store import Store, catalog
from vms.store.catalog import CatalogVolume
from vms.volume import VolumeNotMounted, create_marker, read_marker
from vms.volume_space import measure, obstacle_noted, probe

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""After an error a volume rests so long, and is then tried with a small write before footage goes there again."""
SLOW_S = 30.0
_STAY_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class MountedVolume:
    uuid: str
    root: Path
    high_water_pct: float


@dataclass(frozen=True, slots=True)
class VolumeUsage:
    """fault: empty, or a code for people. detail: the same for a technician. uuid: empty while it is not known."""

    uuid: str
    root: Path
    high_water_pct: float
    space: Space
    fault: VolumeFault = ""
    detail: str = ""

    @property
    def is_usable(self) -> bool:
        """New footage may go there; a slow volume is better than none."""
        return self.fault in ("", "slow")

    @property
    def is_above_high_water(self) -> bool:
        return bool(self.space.total_bytes and shortage(self.space, self.high_water_pct))


class VolumeFinder:
    """Which volume lies at which configured path. Any thread."""

    def __init__(self, configured: Sequence[Volume], store: Store, clock: Clock) -> None:
        self._high_water_pct = {volume.path.resolve(): volume.high_water_pct for volume in configured}
        self._store = store
        self._clock = clock

    @property
    def marks(self) -> Mapping[Path, float]:
        """High-water mark in % of each configured path."""
        return self._high_water_pct

    def find(self, path: Path) -> MountedVolume:
        """Identify the volume there and make it known, preparing a new one.

        Raises StorageError: a path whose marker is gone (not mounted), that holds another site's or another path's
        volume, or foreign files. The catalog remembers which uuid was where. Raises StoreBusy.
        """
        with self._store.reading() as tx:
            known = catalog.volumes(tx)
        uuid = _identify(path, known, list(self._high_water_pct), self._clock)
        if not any((volume.uuid, Path(volume.path)) == (uuid, path) for volume in known):
            with self._store.transaction() as tx:
                catalog.register_volume(tx, uuid, str(path), now_utc(self._clock))
        return MountedVolume(uuid, path, self._high_water_pct[path])

    def is_given_up(self, uuid: str) -> bool:
        """Did somebody say that this volume is lost for good? Raises StoreBusy."""
        with self._store.reading() as tx:
            return any(volume.uuid == uuid and volume.given_up_at is not None for volume in catalog.volumes(tx))


def identify_volumes(configured: Sequence[Volume], store: Store, clock: Clock) -> list[MountedVolume]:
    """Those of the configured volumes that are right; raises StorageError naming all that is wrong when none is."""
    finder = VolumeFinder(configured, store, clock)
    found: list[MountedVolume] = []
    problems: list[str] = []
    for path in finder.marks:
        try:
            found.append(finder.find(path))
        except StorageError as error:
            problems.append(str(error))
    for problem in problems:
        log.error("volume_refused", extra={"detail": problem})
    if not found:
        raise StorageError("; ".join(problems) or "no volumes configured")
    return found


def _identify(path: Path, registered: Sequence[CatalogVolume], paths: Sequence[Path], clock: Clock) -> str:
    known = {volume.uuid: Path(volume.path) for volume in registered if volume.given_up_at is None}
    expected = next((uuid for uuid, where in known.items() if where == path), None)
    try:
        uuid = read_marker(path)
    except StorageError:
        if expected is not None:
            raise
        return create_marker(path, now_utc(clock))
    if any(volume.uuid == uuid for volume in registered if volume.given_up_at is not None):
        raise StorageError(f"{path}: holds volume {uuid}, which was given up as lost; give an empty disk")
    if uuid in known:
        elsewhere = known[uuid]
        if elsewhere != path and elsewhere in paths:
            raise StorageError(f"{path}: holds the volume of {elsewhere}; the two are crossed, mount them right")
        return uuid
    if expected is not None:
        raise StorageError(f"{path}: holds volume {uuid}, but {expected} belongs here; mount the right one")
    if registered and any(entry.is_dir() and entry.name != "lost+found" for entry in path.iterdir()):
        raise StorageError(f"{path}: holds the footage of another site (volume {uuid}); give an empty directory")
    return uuid


@dataclass(slots=True)
class _Slot:
    """One configured path. failure: what the disk said last, until a small write succeeds."""

    root: Path
    high_water_pct: float
    volume: MountedVolume | None
    usage: VolumeUsage
    refusal: str = ""
    failure: str = ""
    retry_at_s: float = 0.0
    slow: str = ""
    slow_until_s: float = 0.0


class VolumeSet:
    """Thread-safe. Keeps the last look at each volume, so that choosing one never waits for another.

    `tend` is for the thread that cares for a volume; the look at the chosen one is taken again by who writes there,
    so nothing goes below a mount point.
    """

    def __init__(
        self, volumes: Sequence[MountedVolume], clock: Clock, absent: Mapping[Path, float] | None = None
    ) -> None:
        """absent: configured paths whose volume is not (yet) there, with their high-water marks."""
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[Path, _Slot] = {}
        for volume in volumes:
            self._add(volume.root, volume.high_water_pct, volume)
        for root, high_water_pct in (absent or {}).items():
            self._add(root, high_water_pct, None)
        for volume in volumes:
            self.look(volume.root)

    def _add(self, root: Path, high_water_pct: float, volume: MountedVolume | None) -> None:
        usage = VolumeUsage(volume.uuid if volume else "", root, high_water_pct, Space(0, 0), "missing", "not yet seen")
        self._slots[root] = _Slot(root, high_water_pct, volume, usage)

    @property
    def roots(self) -> list[Path]:
        return list(self._slots)

    def choose(self, current: Path | None = None) -> MountedVolume:
        """Where the next segment goes: the largest free share; the current one when it is nearly as empty.

        Raises StorageError when none can take it.
        """
        for usage in sorted(self.usage(), key=lambda use: _preference(use, current), reverse=True):
            volume = self._slots[usage.root].volume
            if usage.is_usable and volume is not None and self.look(usage.root).is_usable:
                return volume
        raise StorageError("; ".join(f"{use.root}: {use.detail}" for use in self.usage()))

    def usage(self) -> list[VolumeUsage]:
        """The last look at each; never waits for a disk."""
        with self._lock:
            return [slot.usage for slot in self._slots.values()]

    def report_failure(self, root: Path, detail: str) -> None:
        """Leave this volume alone until it takes a write again."""
        with self._lock:
            slot = self._slots[root]
            is_news = not slot.failure
            slot.failure, slot.retry_at_s = detail, self._clock.monotonic_s() + RETRY_S
            slot.usage = replace(slot.usage, fault="failing", detail=detail)
        if is_news:
            log.error("volume_failed", extra={"path": str(root), "detail": detail})

    def report_slow(self, root: Path, detail: str) -> None:
        """Rather not here for a while."""
        with self._lock:
            slot = self._slots[root]
            is_news = not slot.slow
            slot.slow, slot.slow_until_s = detail, self._clock.monotonic_s() + SLOW_S
            if not slot.usage.fault:
                slot.usage = replace(slot.usage, fault="slow", detail=detail)
        if is_news:
            log.error("volume_slow", extra={"path": str(root), "detail": detail})

    def needs_identity(self, root: Path) -> bool:
        return self._slots[root].volume is None

    def refuse(self, root: Path, detail: str) -> None:
        """What is there is not ours to write on; said once for each reason."""
        with self._lock:
            slot = self._slots[root]
            is_news, slot.refusal = slot.refusal != detail, detail
            slot.usage = replace(slot.usage, fault="missing", detail=detail)
        if is_news:
            log.error("volume_refused", extra={"detail": detail})

    def dismiss(self, root: Path) -> None:
        """Its volume will never come back: another one may take its path."""
        with self._lock:
            self._slots[root].volume = None

    def admit(self, volume: MountedVolume) -> None:
        """It was refused at the start, or its predecessor was dismissed, and is right now."""
        with self._lock:
            self._slots[volume.root].volume = volume

    def report_silent(self, root: Path, detail: str) -> None:
        """It does not answer; the next look that comes back ends this."""
        with self._lock:
            slot = self._slots[root]
            is_news = slot.usage.fault != "silent"
            slot.usage = replace(slot.usage, fault="silent", detail=detail)
        if is_news:
            log.error("volume_silent", extra={"path": str(root), "detail": detail})

    def tend(self, root: Path) -> VolumeUsage:
        """Look, and try a volume that failed when it has rested."""
        slot = self._slots[root]
        usage = self.look(root)
        if usage.fault != "failing" or not slot.failure or self._clock.monotonic_s() < slot.retry_at_s:
            return usage
        try:
            probe(root)
        except OSError as error:
            self.report_failure(root, f"{root}: {error.strerror}")
        else:
            with self._lock:
                slot.failure = ""
        return self.look(root)

    def look(self, root: Path) -> VolumeUsage:
        """Blocks for as long as the mount takes to answer."""
        slot = self._slots[root]
        if slot.volume is None:
            return slot.usage
        space, fault, detail = _see(slot.volume)
        now_s = self._clock.monotonic_s()
        with self._lock:
            if now_s >= slot.slow_until_s:
                slot.slow = ""
            if slot.failure and fault != "missing":
                fault, detail = "failing", slot.failure
            elif not fault and slot.slow:
                fault, detail = "slow", slot.slow
            slot.usage = VolumeUsage(slot.volume.uuid, root, slot.high_water_pct, space, fault, detail)
            return slot.usage


def _preference(usage: VolumeUsage, current: Path | None) -> tuple[bool, float]:
    share = usage.space.free_bytes / usage.space.total_bytes if usage.space.total_bytes else 0.0
    return usage.fault == "", share + (_STAY_MARGIN if usage.root == current else 0.0)


def _see(volume: MountedVolume) -> tuple[Space, VolumeFault, str]:
    root = volume.root
    try:
        if read_marker(root) != volume.uuid:
            return Space(0, 0), "missing", f"another volume is mounted here, {volume.uuid} belongs here"
        space, obstacle = measure(root), obstacle_noted(root)
    except VolumeNotMounted as error:
        return Space(0, 0), "missing", str(error)
    except (OSError, StorageError) as error:
        return Space(0, 0), "failing", str(error)
    if detail := why_full(space):
        return space, "full", detail
    if obstacle is not None and not is_relieved(space, volume.high_water_pct):
        if obstacle.reason == "held":
            return space, "held", "past its high-water mark with held footage and other files only"
        return space, "crowded", f"{obstacle.foreign_bytes / 1e9:.1f} GB of files that are not ours lie on it"
    return space, "", ""
