"""Compare disk, catalog and ledger, and say with a number what is wrong; repair what can be repaired safely."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.quarantine import quarantine
from recorder.recovery import Recovery, hash_file, segment_files
from vms.clock import Clock, SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import KeyUnavailable, StorageError
from vms.keys import KeyRing
from vms.process import running_pid
from vms.rules.chain import GENESIS, entry_hash
from vms.rules.layout import PART_SUFFIX, sidecar_path
from vms.store import Store, catalog, ledger
from vms.store.catalog import Segment
from vms.units import us_from_utc
from vms.volume import read_marker

CODES = {
    1: "file without row",
    2: "row without file",
    3: "size differs",
    4: "unfinished file left",
    5: "content differs from its hash",
    6: "catalog chain broken",
    7: "ledger chain broken",
    8: "erased according to the catalog, but on disk",
    9: "volume not available",
    10: "pose sidecar missing or changed",
    11: "erased without a word in the ledger",
}
_BEING_WRITTEN_US = 120 * 1_000_000
"""While a recorder runs, younger files may still be on their way into the catalog."""


@dataclass(frozen=True, slots=True)
class Finding:
    """number: key of CODES. path: relative to its volume, or empty. repaired: it is right now."""

    number: int
    what: str
    camera_id: str
    path: str
    detail: str
    repaired: bool = False

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def run_check(
    config: SiteConfig, store: Store, *, repair: bool = False, deep: bool = False, clock: Clock | None = None
) -> list[Finding]:
    """All findings. deep: also reads every file and compares its hash. Raises StoreBusy.

    May run while the system records: what a running recorder still holds is no finding.
    """
    check = _Check(config, store, repair, deep, clock or SystemClock())
    return [*check.volumes(), *check.rows(), *check.files(), *check.chains()]


class _Check:
    def __init__(self, config: SiteConfig, store: Store, repair: bool, deep: bool, clock: Clock) -> None:
        self._store, self._repair, self._deep = store, repair, deep
        self._now = now_utc(clock)
        self._now_us = us_from_utc(self._now)
        self._mounted: dict[str, MountedVolume] = {}
        self._config = config
        groups = config.capture_groups()
        running = [running_pid(config.run_dir, f"capture-{group}") is not None for group in range(len(groups))]
        self._recording_now = {camera.id for group, own in enumerate(groups) if running[group] for camera in own}
        try:
            keys = KeyRing(config.site.data_dir / "keys", config.site_key_file)
        except KeyUnavailable:
            keys = None
        self._recovery = Recovery(keys)

    def volumes(self) -> Iterator[Finding]:
        for volume in self._config.volumes:
            root = volume.path.resolve()
            try:
                uuid = read_marker(root)
            except StorageError as error:
                yield _finding(9, "", str(root), str(error))
                continue
            self._mounted[uuid] = MountedVolume(uuid, root, volume.high_water_pct)
        with self._store.reading() as tx:
            known = catalog.volumes(tx)
        for row in known:
            if row.uuid not in self._mounted:
                yield _finding(9, "", row.path, f"volume {row.uuid} holds footage and is not mounted or not configured")

    def rows(self) -> Iterator[Finding]:
        with self._store.reading() as tx:
            done = ledger.segments_done(tx)
        for row in self._pages():
            volume = self._mounted.get(row.volume_uuid)
            if volume is None:
                continue
            path = volume.root / row.path
            if row.state == "recorded":
                yield from self._recorded(row, path)
            elif row.state == "purged":
                if path.exists():
                    yield _finding(8, row.camera_id, row.path, "retention deletes it at its next run")
                if row.id not in done:
                    yield _finding(11, row.camera_id, row.path, f"segment {row.id}")

    def _recorded(self, row: Segment, path: Path) -> Iterator[Finding]:
        try:
            size = path.stat().st_size
        except OSError:
            if self._is_still_recorded(row):
                yield self._missing(row)
            return
        if size != row.bytes:
            yield _finding(3, row.camera_id, row.path, f"{size} bytes on disk, {row.bytes} in the catalog")
        elif self._deep:
            sha256, _ = hash_file(path)
            if sha256 != row.sha256:
                yield _finding(5, row.camera_id, row.path, f"segment {row.id}")
        if row.sidecar_sha256 is not None and not _is_intact(Path(sidecar_path(str(path))), row.sidecar_sha256):
            yield _finding(10, row.camera_id, sidecar_path(row.path), f"segment {row.id}")

    def _is_still_recorded(self, row: Segment) -> bool:
        """Retention may have erased it since the page was read."""
        with self._store.reading() as tx:
            return catalog.segment(tx, row.id).state == "recorded"

    def _missing(self, row: Segment) -> Finding:
        if self._repair:
            payload = {"reason": "missing_on_disk", "camera": row.camera_id, "path": row.path, "sha256": row.sha256}
            with self._store.transaction() as tx:
                catalog.set_state(tx, row.id, "purged")
                ledger.append(tx, self._now, "done", row.id, payload)
                detail = "the file was missing on disk"
                catalog.add_gap(tx, row.camera_id, row.profile, row.start_at, row.end_at, "disk", detail)
        return _finding(2, row.camera_id, row.path, f"segment {row.id}", repaired=self._repair)

    def files(self) -> Iterator[Finding]:
        for volume in self._mounted.values():
            for directory in sorted(path for path in volume.root.iterdir() if path.is_dir()):
                known = self._known_paths(volume.uuid, directory.name)
                for path in segment_files(volume.root, directory.name, None):
                    relative = str(path.relative_to(volume.root))
                    if relative not in known and not self._is_being_written(directory.name, path):
                        yield from self._unknown_file(volume, directory.name, path, relative)

    def _known_paths(self, volume_uuid: str, camera_id: str) -> set[str]:
        return {row.path for row in self._pages(camera_id) if row.volume_uuid == volume_uuid}

    def _is_being_written(self, camera_id: str, path: Path) -> bool:
        if camera_id not in self._recording_now:
            return False
        try:
            return self._now_us - path.stat().st_mtime_ns // 1000 < _BEING_WRITTEN_US
        except OSError:
            return True

    def _unknown_file(self, volume: MountedVolume, camera_id: str, path: Path, relative: str) -> Iterator[Finding]:
        is_part = path.name.endswith(PART_SUFFIX)
        repaired, detail = False, ""
        if self._repair:
            repaired, detail = self._take_up(volume, path)
        yield _finding(4 if is_part else 1, camera_id, relative, detail, repaired=repaired)

    def _take_up(self, volume: MountedVolume, path: Path) -> tuple[bool, str]:
        is_part = path.name.endswith(PART_SUFFIX)
        recover: Callable[[MountedVolume, Path], catalog.NewSegment | None] = (
            self._recovery.finish_part if is_part else self._recovery.describe
        )
        try:
            row = recover(volume, path)
        except KeyUnavailable as error:
            return False, str(error)
        except StorageError as error:
            quarantine(volume, path)
            return True, f"to quarantine: {error}"
        if row is None:
            return True, "it held no picture and was removed"
        with self._store.transaction() as tx:
            catalog.add(tx, row)
        return True, "catalogued"

    def chains(self) -> Iterator[Finding]:
        heads: dict[tuple[str, str], str] = {}
        for row in self._pages():
            stream = (row.camera_id, row.profile)
            expected = heads.get(stream, GENESIS)
            if row.prev_hash != expected or row.chain_hash != entry_hash(row.prev_hash, catalog.chain_content(row)):
                yield _finding(6, row.camera_id, row.path, f"segment {row.id}: changed, or one before it was removed")
            heads[stream] = row.chain_hash
        with self._store.reading() as tx:
            broken = ledger.first_break(tx)
        if broken is not None:
            yield _finding(7, "", "", broken)

    def _pages(self, camera_id: str | None = None) -> Iterator[Segment]:
        last = 0
        while True:
            with self._store.reading() as tx:
                rows = catalog.page(tx, last, 2000, camera_id=camera_id)
            if not rows:
                return
            yield from rows
            last = rows[-1].id


def _is_intact(path: Path, sha256: str) -> bool:
    try:
        return hash_file(path)[0] == sha256
    except StorageError:
        return False


def _finding(number: int, camera_id: str, path: str, detail: str, *, repaired: bool = False) -> Finding:
    return Finding(number, CODES[number], camera_id, path, detail, repaired)
