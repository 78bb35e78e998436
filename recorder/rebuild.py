"""The catalog from the disk alone: rows from the segments' own headers, content and keys, gaps from what is missing.

What only the database knew does not come back: tombstones and ledger, pictures lost on the way, why a gap was.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.journal_file import newest_entry
from recorder.quarantine import quarantine
from recorder.recovery import Recovery, segment_files
from vms.errors import KeyUnavailable, StorageError
from vms.rules.layout import PART_SUFFIX, QUARANTINE, parse_path
from vms.store import Store, catalog, journals
from vms.store.catalog import NewSegment
from vms.units import PROFILES, Profile

log = logging.getLogger(__name__)

GAP_DETAIL = "unknown: the catalog was rebuilt from disk"
_BATCH = 200
_JOINS_WITHIN = timedelta(seconds=1)
"""Segments of one run follow each other exactly; what reading their content adds or misses is less than this."""


@dataclass(slots=True)
class RebuildReport:
    """locked, quarantined: paths, as `volume-root/path`."""

    segments: int = 0
    already_there: int = 0
    gaps: int = 0
    locked: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)


class Rebuild:
    """May be run again after an interruption: what has a row is skipped."""

    def __init__(self, store: Store, volumes: Sequence[MountedVolume], recovery: Recovery, journals_dir: Path) -> None:
        self._store = store
        self._volumes = volumes
        self._recovery = recovery
        self._journals_dir = journals_dir
        self.report = RebuildReport()

    def run(self) -> RebuildReport:
        """No recorder may run. Raises StoreBusy."""
        for camera_id in sorted({name for volume in self._volumes for name in _camera_directories(volume.root)}):
            for profile in PROFILES:
                self._stream(camera_id, profile)
        self._pass_over_journals()
        return self.report

    def _pass_over_journals(self) -> None:
        """What they still hold was for the lost database: its footage is on disk, or was erased since."""
        for path in sorted(self._journals_dir.glob("*.jsonl")):
            journal_id, seq = newest_entry(path)
            if not journal_id:
                continue
            with self._store.transaction() as tx:
                journals.set_position(tx, journal_id, path.stem, max(seq, journals.position(tx, journal_id)))

    def _stream(self, camera_id: str, profile: Profile) -> None:
        held: NewSegment | None = None
        batch: list[NewSegment] = []
        for volume, path in self._files(camera_id, profile):
            new = self._describe(volume, path)
            if new is None:
                continue
            if held is not None:
                batch.append(_joined(held, new))
            held = new
            if len(batch) >= _BATCH:
                self._write(batch)
                batch = []
        self._write([*batch, held] if held is not None else batch)
        self._write_gaps(camera_id, profile)

    def _files(self, camera_id: str, profile: Profile) -> list[tuple[MountedVolume, Path]]:
        """Of all volumes, by time."""
        found = []
        for volume in self._volumes:
            for path in segment_files(volume.root, camera_id, None):
                name = parse_path(path.relative_to(volume.root).as_posix())
                if name is not None and name.profile == profile:
                    found.append((name.start_at, volume, path))
        return [(volume, path) for _, volume, path in sorted(found, key=lambda item: item[0])]

    def _describe(self, volume: MountedVolume, path: Path) -> NewSegment | None:
        try:
            if path.name.endswith(PART_SUFFIX):
                return self._recovery.finish_part(volume, path)
            return self._recovery.describe(volume, path)
        except KeyUnavailable as error:
            log.error("rebuild_needs_key", extra={"path": str(path), "detail": str(error)})
            self.report.locked.append(str(path))
        except StorageError as error:
            log.error("rebuild_unreadable", extra={"path": str(path), "detail": str(error)})
            quarantine(volume, path)
            self.report.quarantined.append(str(path))
        return None

    def _write(self, batch: Sequence[NewSegment]) -> None:
        with self._store.transaction() as tx:
            for new in batch:
                if catalog.by_path(tx, new.volume_uuid, new.path) is not None:
                    self.report.already_there += 1
                    continue
                catalog.add(tx, new)
                self.report.segments += 1

    def _write_gaps(self, camera_id: str, profile: Profile) -> None:
        """Where no row, of footage or of a gap, covers the time between two segments."""
        with self._store.transaction() as tx:
            end = None
            for segment in catalog.whole_stream(tx, camera_id, profile):
                is_hole = end is not None and segment.start_at > end
                if end is not None and is_hole and not catalog.gaps(tx, camera_id, profile, end, segment.start_at):
                    catalog.add_gap(tx, camera_id, profile, end, segment.start_at, "restart", GAP_DETAIL)
                    self.report.gaps += 1
                end = segment.end_at if end is None else max(end, segment.end_at)


def _camera_directories(root: Path) -> Iterator[str]:
    for entry in root.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.name not in (QUARANTINE, "lost+found"):
            yield entry.name


def _joined(segment: NewSegment, following: NewSegment) -> NewSegment:
    """Within a run a segment ends exactly where the next begins (the recorder corrects for drift so)."""
    if following.starts_run or abs(following.start_at - segment.end_at) > _JOINS_WITHIN:
        return segment
    return replace(segment, end_at=following.start_at)
