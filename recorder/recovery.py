"""Bring disk and catalog together after a crash, or after a volume was away.

A `.part` is cut behind its last whole fragment, finished and catalogued; a finished file without a row is
catalogued from its own content; what cannot be read goes to quarantine. Rows without file are reported.
"""

import contextlib
import hashlib
import io
import logging
import os
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recorder.boxes import FileIndex, read_index
from recorder.clip import content_of
from recorder.disk import MountedVolume
from recorder.quarantine import quarantine
from recorder.rewrite import NotAsWritten, write_anew
from recorder.segment_file import SyncFailed, lock_part, publish
from recorder.segment_format import SegmentHeader, read_header
from vms.errors import KeyUnavailable, StorageError
from vms.keys import KeyRing
from vms.rules.layout import PART_SUFFIX, SEGMENT_SUFFIX, parse_path, sidecar_path
from vms.store import Store, catalog
from vms.store.catalog import NewSegment
from vms.units import PROFILES, us_from_90k, utc_from_us

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(hours=3)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = re.compile(r"[0-2]\d")
_HASH_CHUNK = 1 << 20


@dataclass(slots=True)
class RecoveryReport:
    """Paths relative to their volume."""

    finished: list[str] = field(default_factory=list)
    catalogued: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Recovery:
    """Looks only at the given cameras: the others may be written by another process right now."""

    def __init__(self, keys: KeyRing | None) -> None:
        self._keys = keys
        self._distrusted: dict[Path, SyncFailed] = {}

    def finish_part(self, volume: MountedVolume, part: Path, failed: SyncFailed | None = None) -> NewSegment | None:
        """Cut, sync, rename. None: it held no whole fragment and is gone.

        failed: its fsync failed, so it is first written anew; while the disk refuses that, it stays to try again.
        Raises KeyUnavailable, and StorageError when the file is not readable or the disk refuses.
        """
        final = part.with_name(part.name.removesuffix(PART_SUFFIX))
        if failed is not None:
            self._distrusted[part] = failed
        self._restore_trust(volume, part)
        try:
            header, offset, index = self._inspect(part)
        except EmptyPart:
            part.unlink(missing_ok=True)
            Path(sidecar_path(str(final))).unlink(missing_ok=True)
            return None
        _cut(part, offset + index.end_offset)
        try:
            header, offset, index = self._inspect(part)
        except EmptyPart as error:
            raise StorageError(f"{part.name}: the disk gives back less than was written") from error
        row = self._row(volume, final, part, header, index)
        publish(part, final)
        return row

    def _restore_trust(self, volume: MountedVolume, part: Path) -> None:
        failed = self._distrusted.get(part)
        if failed is None:
            return
        try:
            write_anew(part, failed)
        except NotAsWritten as error:
            log.error("segment_not_trusted", extra={"path": str(part), "detail": str(error)})
            quarantine(volume, part)
            raise
        del self._distrusted[part]

    def describe(self, volume: MountedVolume, final: Path) -> NewSegment:
        """Row for a finished file, from its own content. Raises like finish_part."""
        try:
            header, _, index = self._inspect(final)
        except EmptyPart as error:
            raise StorageError(f"{final.name}: no whole fragment in it") from error
        return self._row(volume, final, final, header, index)

    def end_us(self, final: Path) -> int:
        """Where a file's footage ends, its last whole fragment if it is unfinished. Raises like finish_part."""
        try:
            header, _, index = self._inspect(final)
        except EmptyPart as error:
            raise StorageError(f"{final.name}: no whole fragment in it") from error
        return header.start_us + us_from_90k(index.duration_90k)

    def _inspect(self, path: Path) -> tuple[SegmentHeader, int, FileIndex]:
        try:
            with path.open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size == 0:
                    raise EmptyPart
                header, offset = read_header(file)
                secret = None
                if header.key_id is not None:
                    if self._keys is None:
                        raise KeyUnavailable(f"no key ring to open {header.key_id} with")
                    secret = self._keys.find(header.key_id).secret
                with io.BufferedReader(content_of(file, offset, secret, header), 65536) as content:
                    if content.seek(0, io.SEEK_END) == 0:
                        raise EmptyPart
                    index = read_index(content)
        except OSError as error:
            raise StorageError(f"{path.name}: cannot read it: {error.strerror}") from error
        if not index.fragments or index.duration_90k <= 0:
            raise EmptyPart
        return header, offset, index

    def _row(
        self, volume: MountedVolume, final: Path, on_disk: Path, header: SegmentHeader, index: FileIndex
    ) -> NewSegment:
        start_us = header.start_us
        sha256, size = hash_file(on_disk)
        return NewSegment(
            camera_id=header.camera_id,
            profile=header.profile,
            volume_uuid=volume.uuid,
            path=str(final.relative_to(volume.root)),
            start_at=utc_from_us(start_us),
            end_at=utc_from_us(start_us + us_from_90k(index.duration_90k)),
            duration_90k=index.duration_90k,
            bytes=size,
            codec=index.codec,
            width=index.width,
            height=index.height,
            sha256=sha256,
            key_id=header.key_id,
            sidecar_sha256=_finish_sidecar(Path(sidecar_path(str(final)))),
            starts_run=header.starts_run,
            skew_ms=header.skew_ms,
            purpose=header.purpose,
            decision_id=header.decision_id,
            placement_id=header.placement_id,
        )

    def finish_parts(self, volume: MountedVolume, cameras: set[str]) -> list[NewSegment]:
        """Without the database: what a crash left unfinished, ready to be catalogued."""
        report = RecoveryReport()
        rows = []
        for camera_id in sorted(cameras):
            newest = newest_hour(volume.root, camera_id)
            for path in segment_files(volume.root, camera_id, newest - LOOK_BACK if newest else None):
                if path.name.endswith(PART_SUFFIX) and (row := self._describe(volume, path, report)) is not None:
                    rows.append(row)
                    report.finished.append(row.path)
        _log_report(volume, report)
        return rows

    def run(
        self,
        volume: MountedVolume,
        store: Store,
        cameras: set[str],
        before: datetime | None = None,
        parts: Set[Path] = frozenset(),
    ) -> RecoveryReport:
        """Raises StoreBusy; it may be run again then. What somebody writes right now is left alone.

        before: while this process records, only files from before then are its to catalog, and these parts, whatever
        the clock said when they began.
        """
        report = RecoveryReport()
        for camera_id in sorted(cameras):
            with store.reading() as tx:
                ends = [end for profile in PROFILES if (end := catalog.last_end(tx, camera_id, profile))]
            since = min(ends) - LOOK_BACK if ends else None
            for path in segment_files(volume.root, camera_id, since):
                if before is None or path in parts or is_older(volume.root, path, before):
                    self._take_up(volume, store, path, report)
            if since is not None:
                report.missing += _rows_without_file(volume, store, camera_id, since)
        _log_report(volume, report)
        return report

    def _take_up(self, volume: MountedVolume, store: Store, path: Path, report: RecoveryReport) -> None:
        relative = str(path.relative_to(volume.root))
        is_part = path.name.endswith(PART_SUFFIX)
        if is_part and _is_being_written(path):
            return
        if not is_part:
            with store.reading() as tx:
                if catalog.by_path(tx, volume.uuid, relative) is not None:
                    return
        row = self._describe(volume, path, report)
        if row is not None:
            with store.transaction() as tx:
                catalog.add(tx, row)
                catalog.cut_out_of_gaps(tx, row.camera_id, row.profile, row.start_at, row.end_at)
            (report.finished if is_part else report.catalogued).append(relative)

    def _describe(self, volume: MountedVolume, path: Path, report: RecoveryReport) -> NewSegment | None:
        """Row for a file, finished if it was not. None: there is nothing to catalogue, and the report says why."""
        relative = str(path.relative_to(volume.root))
        try:
            row = self.finish_part(volume, path) if path.name.endswith(PART_SUFFIX) else self.describe(volume, path)
        except KeyUnavailable as error:
            log.error("recovery_needs_key", extra={"path": relative, "detail": str(error)})
            report.locked.append(relative)
            return None
        except StorageError as error:
            if path in self._distrusted and path.exists():
                raise
            log.error("recovery_unreadable", extra={"path": relative, "detail": str(error)})
            if path.exists():
                quarantine(volume, path)
            report.quarantined.append(relative)
            return None
        if row is None:
            report.emptied.append(relative)
        return row


class EmptyPart(Exception):
    """Not one whole fragment."""


def newest_hour(root: Path, camera_id: str) -> datetime | None:
    """Of the camera's directories on this volume."""
    for day in reversed(_directories(root / camera_id, _DAY)):
        for hour in reversed(_directories(day, _HOUR)):
            with contextlib.suppress(ValueError):
                return datetime.strptime(f"{day.name} {hour.name}", "%Y-%m-%d %H").replace(tzinfo=UTC)
    return None


def segment_files(root: Path, camera_id: str, since: datetime | None) -> Iterator[Path]:
    """Finished and unfinished segment files of a camera, by time, from the hour of `since` on (None: all)."""
    first_day, first_hour = (f"{since:%Y-%m-%d}", f"{since:%H}") if since else ("", "")
    for day in _directories(root / camera_id, _DAY):
        if day.name < first_day:
            continue
        for hour in _directories(day, _HOUR):
            if day.name == first_day and hour.name < first_hour:
                continue
            for path in sorted(hour.iterdir()):
                if path.name.endswith((SEGMENT_SUFFIX, SEGMENT_SUFFIX + PART_SUFFIX)) and not path.is_symlink():
                    yield path


def is_older(root: Path, path: Path, before: datetime) -> bool:
    name = parse_path(path.relative_to(root).as_posix())
    return name is not None and name.start_at < before


def _is_being_written(part: Path) -> bool:
    try:
        with part.open("rb") as file:
            return not lock_part(file.fileno())
    except OSError:
        return False


def _cut(part: Path, size: int) -> None:
    """Sync, and forget what memory has of it: what is read from here on is what the disk has."""
    try:
        with part.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        raise StorageError(f"{part.name}: cannot cut it: {error.strerror}") from error


def _directories(parent: Path, pattern: re.Pattern[str]) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(
            path
            for path in parent.iterdir()
            if pattern.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        )
    return []


def _log_report(volume: MountedVolume, report: RecoveryReport) -> None:
    for kind in ("finished", "catalogued", "quarantined", "locked", "missing"):
        for path_text in getattr(report, kind):
            log.warning("recovery", extra={"result": kind, "volume": volume.uuid, "path": path_text})


def _rows_without_file(volume: MountedVolume, store: Store, camera_id: str, since: datetime) -> list[str]:
    far = datetime(9999, 1, 1, tzinfo=UTC)
    with store.reading() as tx:
        rows = [row for profile in PROFILES for row in catalog.segments(tx, camera_id, profile, since, far)]
    return [row.path for row in rows if row.volume_uuid == volume.uuid and not (volume.root / row.path).exists()]


def hash_file(path: Path) -> tuple[str, int]:
    """(SHA-256, bytes). Raises StorageError."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_HASH_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise StorageError(f"{path.name}: cannot read it: {error.strerror}") from error
    return digest.hexdigest(), size


def _finish_sidecar(path: Path) -> str | None:
    """Drop a torn last line; SHA-256 of the rest. None when there is no sidecar."""
    try:
        with path.open("r+b") as file:
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                file.truncate(len(whole))
            os.fsync(file.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path.name}: cannot read it: {error.strerror}") from error
    return hashlib.sha256(whole).hexdigest()
