"""`vms check`: every file on the volumes against the catalog. Links are reported, and never followed."""

import os
from collections.abc import Iterator
from pathlib import Path

from recorder.check_scope import CheckScope
from recorder.disk import MountedVolume
from recorder.findings import Finding
from recorder.quarantine import quarantine
from vms.errors import KeyUnavailable, StorageError
from vms.rules.layout import PART_SUFFIX, QUARANTINE, SEGMENT_SUFFIX, parse_path, segment_of
from vms.store import catalog, consistency
from vms.volume import MARKER_NAME

_NOT_OURS_AT_THE_ROOT = frozenset({"lost+found", QUARANTINE})


def check_files(scope: CheckScope) -> Iterator[Finding]:
    for volume in scope.mounted.values():
        for entry in sorted(volume.root.iterdir()):
            if entry.name in _NOT_OURS_AT_THE_ROOT or entry.name.startswith(MARKER_NAME):
                continue
            if entry.is_symlink():
                yield Finding("C109", "", entry.name, f"on {volume.root}")
            elif entry.is_dir():
                yield from _camera(scope, volume, entry)
            else:
                yield Finding("C108", "", entry.name, f"on {volume.root}")


def _camera(scope: CheckScope, volume: MountedVolume, directory: Path) -> Iterator[Finding]:
    with scope.store.reading() as tx:
        known = consistency.paths(tx, volume.uuid, directory.name)
    for path in _walk(directory):
        relative = path.relative_to(volume.root).as_posix()
        if path.is_symlink():
            yield Finding("C109", directory.name, relative, f"on {volume.root}")
        elif relative not in known and not scope.is_being_written(directory.name, path):
            yield from _unknown(scope, volume, path, known)


def _walk(directory: Path) -> Iterator[Path]:
    """Files and links below it."""
    for here, subdirectories, names in os.walk(directory, followlinks=False):
        subdirectories.sort()
        links = [name for name in subdirectories if (Path(here) / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(here) / name


def _unknown(scope: CheckScope, volume: MountedVolume, path: Path, known: set[str]) -> Iterator[Finding]:
    relative = path.relative_to(volume.root).as_posix()
    name = parse_path(relative)
    if name is None:
        yield Finding("C108", path.relative_to(volume.root).parts[0], relative, f"on {volume.root}")
    elif name.suffix.startswith(SEGMENT_SUFFIX):
        repaired, detail = _take_up(scope, volume, path) if scope.repair else (False, "")
        code = "C104" if path.name.endswith(PART_SUFFIX) else "C101"
        yield Finding(code, name.camera_id, relative, detail, repaired=repaired)
    elif not _has_segment(volume, segment_of(relative), known):
        if scope.repair:
            quarantine(volume, path)
        yield Finding("C107", name.camera_id, relative, "", repaired=scope.repair and not path.exists())


def _has_segment(volume: MountedVolume, segment: str, known: set[str]) -> bool:
    """A segment without a row is a finding of its own, and repairing that takes its sidecar along."""
    return segment in known or any((volume.root / (segment + suffix)).exists() for suffix in ("", PART_SUFFIX))


def _take_up(scope: CheckScope, volume: MountedVolume, path: Path) -> tuple[bool, str]:
    try:
        if path.name.endswith(PART_SUFFIX):
            row = scope.recovery.finish_part(volume, path)
        else:
            row = scope.recovery.describe(volume, path)
    except KeyUnavailable as error:
        return False, str(error)
    except StorageError as error:
        quarantine(volume, path)
        return not path.exists(), f"to quarantine: {error}"
    if row is None:
        return True, "it held no picture and was removed"
    with scope.store.transaction() as tx:
        catalog.add(tx, row)
        catalog.cut_out_of_gaps(tx, row.camera_id, row.profile, row.start_at, row.end_at)
    return True, "catalogued"
