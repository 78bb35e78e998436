"""Everything of one capture process that writes: volumes, keys, writer threads, journal, recovery after a crash."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from recorder.disk import MountedVolume, VolumeFinder, VolumeSet, VolumeUsage
from recorder.disk_start import last_end_us
from recorder.journal import Journal
from recorder.journal_notes import JournalNotes
from recorder.late_recovery import RETRY_S, LateRecovery, Unfinished, find_unfinished
from recorder.poses import PoseTrack
from recorder.recording_start import start_from_catalog, start_from_disk
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder, StreamSettings
from recorder.sync_meter import SyncMeter
from recorder.volume_care import LOOK_EVERY_S, VolumeCare
from recorder.writer_thread import SyncTiming, VolumeWriter
from vms.clock import Clock, now_utc
from vms.config import Volume
from vms.errors import KeyUnavailable, StorageError, StoreBusy
from vms.fanout import QueueBudget
from vms.keys import DataKey, KeyRing, create_site_key
from vms.rules.gating import NOWHERE, Standing
from vms.store import Store, catalog
from vms.units import CameraId, Profile, us_from_utc, utc_from_us

log = logging.getLogger(__name__)
T = TypeVar("T")

_QUEUE_BYTES: dict[Profile, int] = {"main": 24 << 20, "sub": 6 << 20}
"""What may wait for a slow disk, per stream: about half a minute."""
QUEUE_TOTAL_BYTES = 96 << 20
"""What may wait in a whole process: about eight seconds of twenty cameras."""
SLOW_ROUND_S = 2.0
"""A volume that takes longer over a round of writing is slow."""
SILENT_S = 3.0
"""A volume that takes longer over a look is silent."""
_START_TRIES = 2


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """may_create: the site key lies at its default place, so the first start may make one."""

    keys_dir: Path
    site_key_file: Path
    may_create: bool


class SiteKeys:
    """A key ring that is opened when first needed: without the site key nothing records, but live goes on."""

    def __init__(self, files: KeyFiles) -> None:
        self._files = files
        self._ring: KeyRing | None = None

    def ring(self) -> KeyRing:
        """Raises KeyUnavailable."""
        if self._ring is None:
            files = self._files
            is_first_start = not any(files.keys_dir.glob("*/*.json"))
            if files.may_create and is_first_start and not files.site_key_file.exists():
                create_site_key(files.site_key_file)
            self._ring = KeyRing(files.keys_dir, files.site_key_file)
        return self._ring

    def data_key(self, camera_id: str, day: date, purpose: str) -> DataKey:
        return self.ring().data_key(camera_id, day, purpose)


class Recording:
    """Start it before the streams, stop it after them. Methods from the main thread."""

    def __init__(
        self,
        volumes: Sequence[Volume],
        segment_s: int,
        keys: SiteKeys | None,
        store: Store,
        clock: Clock,
        journal_file: Path,
        sync_s: float = 0.5,
    ) -> None:
        """keys: None = footage is not encrypted."""
        self._configured = tuple(volumes)
        self._segment_s = segment_s
        self._sync_s = sync_s
        self._keys = keys
        self._store = store
        self._clock = clock
        self._journal = Journal(store, journal_file, clock)
        self.syncs = SyncMeter(clock)
        self._writers: list[VolumeWriter] = []
        self._mounted: list[MountedVolume] = []
        self._volumes: VolumeSet | None = None
        self._recovery = Recovery(None)
        self._cares: list[VolumeCare] = []
        self._cameras: set[str] = set()
        self._budget = QueueBudget(QUEUE_TOTAL_BYTES)
        self._has_catalog = False
        self._late_recovery: LateRecovery | None = None
        self._unfinished = Unfinished()
        self._high: set[Path] = set()

    def start(self, camera_ids: Sequence[str]) -> None:
        """Volumes and threads; what a crash left of these cameras is recovered meanwhile. Without any volume, and
        without the database, it starts too: they may come."""
        self._cameras = set(camera_ids)
        self._recovery = Recovery(self._ring_or_none())
        finder = VolumeFinder(self._configured, self._store, self._clock)
        started_at = now_utc(self._clock)
        try:
            found = self._patiently(lambda: start_from_catalog(finder, self._journal))
            self._unfinished = find_unfinished(self._recovery, found.mounted, self._cameras)
            self._has_catalog = True
        except StoreBusy as error:
            log.error("catalog_away", extra={"detail": str(error), "entries": self._journal.waiting})
            found = start_from_disk(finder.marks, self._recovery, self._cameras, self._journal, started_at)
        self._mounted = found.mounted
        self._volumes = volumes = VolumeSet(
            found.mounted, self._clock, {root: finder.marks[root] for root in found.absent}
        )
        for root, detail in found.absent.items():
            volumes.refuse(root, detail)
        for root, detail in {**found.unread, **self._unfinished.unread}.items():
            volumes.report_failure(root, detail)
        timing = SyncTiming(self._sync_s, self.syncs)
        self._writers = [VolumeWriter(root, number, self._clock, timing) for number, root in enumerate(volumes.roots)]
        self._journal.start()
        for writer in self._writers:
            writer.peers = self._writers
            writer.start()
        for number, root in enumerate(volumes.roots):
            care = VolumeCare(root, number, volumes, finder, self._clock, self._take_up)
            self._cares.append(care)
            care.start()
        self._recover_late(found.mounted, started_at, volumes)

    def _take_up(self, volume: MountedVolume, lost_at: datetime) -> None:
        """What a volume that is back still has of ours. Rows on their way into the catalog go first."""
        if self._journal.waiting:
            raise StoreBusy(f"{self._journal.waiting} entries still wait for the database")
        self._recovery.run(volume, self._store, self._cameras, before=lost_at)

    def stream(
        self,
        camera_id: CameraId,
        profile: Profile,
        purpose: str,
        poses: PoseTrack | None,
        standing: Callable[[int], Standing] = lambda _at_us: NOWHERE,
    ) -> StreamRecorder:
        """A recorder for one stream, already served by a writer thread. Since its last footage: gap "restart"."""
        if self._volumes is None:
            raise StorageError("not started")
        end_us = self._last_end_us(camera_id, profile)
        unfinished_us = self._unfinished.ends.get((camera_id, profile))
        unfinished = None if unfinished_us is None else utc_from_us(unfinished_us)
        detail = "the recorder was not running"
        self._journal.note_restart(camera_id, profile, now_utc(self._clock), detail, unfinished)
        data_key = self._keys.data_key if self._keys else None
        settings = StreamSettings(
            self._segment_s, purpose, _QUEUE_BYTES[profile], data_key, self.syncs, self._budget, standing
        )
        recorder = StreamRecorder(
            camera_id, profile, settings, self._volumes, self._journal, self._recovery.finish_part, poses, end_us
        )
        self._writers[0].adopt(recorder)
        return recorder

    def stop(self, timeout_s: float) -> None:
        """Finish open segments and write their rows, together within timeout_s. Rows left over: recovery."""
        until_s = self._clock.monotonic_s() + timeout_s
        if self._late_recovery is not None:
            self._late_recovery.stop()
        for care in self._cares:
            care.stop()
        for writer in self._writers:
            writer.stop()
        for writer in self._writers:
            if not writer.join(max(0.1, until_s - self._clock.monotonic_s() - 0.3)):
                log.error("writer_did_not_stop", extra={"path": str(writer.root)})
        for care in self._cares:
            care.join(max(0.05, min(0.2, until_s - self._clock.monotonic_s())))
        if self._late_recovery is not None:
            self._late_recovery.join(max(0.05, min(0.5, until_s - self._clock.monotonic_s() - 0.3)))
        if self._writers:
            self._journal.stop(max(0.3, until_s - self._clock.monotonic_s()))

    @property
    def is_alive(self) -> bool:
        return self._journal.is_alive and all(writer.is_alive for writer in self._writers)

    @property
    def queued_bytes(self) -> int:
        """What waits for the disks now, in memory."""
        return self._budget.queued_bytes

    @property
    def notes(self) -> JournalNotes:
        return self._journal.notes

    @property
    def journal_entries(self) -> int:
        """What waits for the database."""
        return self._journal.waiting

    def usage(self) -> list[VolumeUsage]:
        """Of the volumes; never waits for one. Says once when one passes its high-water mark."""
        if self._volumes is None:
            return []
        self._report_slowness(self._volumes)
        usage = self._volumes.usage()
        high = {use.root for use in usage if use.is_above_high_water}
        for use in usage:
            if use.root in high - self._high:
                used_pct = round(use.space.used_pct, 1)
                fields = {"path": str(use.root), "used_pct": used_pct, "limit_pct": use.high_water_pct}
                log.warning("volume_above_high_water", extra=fields)
        self._high = high
        return usage

    def _report_slowness(self, volumes: VolumeSet) -> None:
        for writer in self._writers:
            if writer.round_s > SLOW_ROUND_S:
                volumes.report_slow(writer.root, f"{writer.root}: writing has taken {writer.round_s:.0f} s")
        for care in self._cares:
            if care.silent_s > SILENT_S + LOOK_EVERY_S:
                volumes.report_silent(care.root, f"{care.root}: has not answered for {care.silent_s:.0f} s")

    def _ring_or_none(self) -> KeyRing | None:
        try:
            return self._keys.ring() if self._keys else None
        except KeyUnavailable as error:
            log.error("site_key_unavailable", extra={"detail": str(error)})
            return None

    def _recover_late(self, mounted: Sequence[MountedVolume], before: datetime, volumes: VolumeSet) -> None:
        """Rows on their way into the catalog go first: with it those of before are there already."""
        self._late_recovery = LateRecovery(
            self._recovery,
            self._store,
            mounted,
            self._cameras,
            self._unfinished.parts,
            before,
            lambda: self._has_catalog or not self._journal.waiting,
            volumes.report_failure,
            0.0 if self._has_catalog else RETRY_S,
        )
        self._late_recovery.start()

    def _last_end_us(self, camera_id: CameraId, profile: Profile) -> int | None:
        ends = self._unfinished.ends.get((camera_id, profile)), self._known_end_us(camera_id, profile)
        return max((end_us for end_us in ends if end_us is not None), default=None)

    def _known_end_us(self, camera_id: CameraId, profile: Profile) -> int | None:
        if self._has_catalog:
            try:
                with self._store.reading() as tx:
                    end = catalog.last_end(tx, camera_id, profile)
                return None if end is None else us_from_utc(end)
            except StoreBusy as error:
                log.warning("catalog_busy", extra={"detail": str(error)})
        return last_end_us(self._recovery, self._mounted, camera_id, profile)

    def _patiently(self, work: Callable[[], T]) -> T:
        """A database that is busy for a moment: wait for it, because a start with it knows more."""
        for _ in range(_START_TRIES - 1):
            try:
                return work()
            except StoreBusy as error:
                log.warning("catalog_busy", extra={"detail": str(error)})
                self._clock.sleep_s(0.5)
        return work()
