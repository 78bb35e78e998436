"""Old files that no catalog row accounts for: unfinished ones of a camera that left, what went to quarantine.

They are footage all the same, so the limit holds for them too. Found on disk by their names; only directories of
days that have begun to expire are read.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from retention.purger import PurgeResult, sync_if_there, unlink_beneath
from vms.errors import StorageError
from vms.rules.layout import QUARANTINE, StoredName, parse_path, segment_of
from vms.rules.retention import Hold, holds_on
from vms.rules.terms import Terms
from vms.store import Store, catalog, holds, ledger, terms
from vms.store.catalog import MAX_SEGMENT
from vms.store.holds import EvidenceHold
from vms.units import us_from_utc


class _Shot:
    """The most that a stray file may cover."""

    def __init__(self, name: StoredName) -> None:
        self.camera_id: str = name.camera_id
        self.start_at = name.start_at
        self.end_at = name.start_at + MAX_SEGMENT


def erase_strays(
    store: Store, volumes: dict[str, Path], configured: Terms, now: datetime, ahead: timedelta
) -> PurgeResult:
    """Same promise as for segments: intent, unlink, sync, done. Those that a hold may need stay."""
    result = PurgeResult()
    with store.reading() as tx:
        holding = holds.active(tx)
        acting = terms.acting(tx, configured, now + ahead)
    for volume_uuid, root in volumes.items():
        for path, name in _old_files(root, acting, now + ahead):
            if not _is_accounted_for(store, volume_uuid, path):
                result += _erase(store, root, path, name, holding, now)
    return result


def holds_on_stray(name: StoredName, holding: Sequence[Hold]) -> tuple[int, ...]:
    """Ids of the holds that may need a file without a row: how much it covers is not known, so the most is taken."""
    return holds_on(_Shot(name), holding)


def _is_accounted_for(store: Store, volume_uuid: str, path: str) -> bool:
    with store.reading() as tx:
        row = catalog.by_path(tx, volume_uuid, segment_of(path))
    return row is not None and row.state != "purged"


def _erase(
    store: Store, root: Path, path: str, name: StoredName, holding: list[EvidenceHold], now: datetime
) -> PurgeResult:
    if holds_on_stray(name, holding):
        return PurgeResult(held=1)
    start_us = us_from_utc(name.start_at)
    facts: ledger.Payload = {"camera": name.camera_id, "path": path, "start_us": start_us, "reason": "stray"}
    with store.transaction() as tx:
        ledger.append(tx, now, "intent", None, facts)
    size = (root / path).lstat().st_size
    try:
        unlink_beneath(root, path)
        sync_if_there((root / path).parent)
    except (OSError, StorageError) as error:
        reason = errno.errorcode.get(error.errno or 0, "EIO") if isinstance(error, OSError) else str(error)
        with store.transaction() as tx:
            ledger.append(tx, now, "failed", None, {**facts, "error": reason})
        return PurgeResult(failed=1)
    with store.transaction() as tx:
        ledger.append(tx, now, "done", None, {**facts, "bytes": size})
    return PurgeResult(erased=1, bytes=size)


def _old_files(root: Path, acting: Terms, due: datetime) -> Iterator[tuple[str, StoredName]]:
    for directory in [*_old_days(root, acting, due), root / QUARANTINE]:
        for here, _, names in os.walk(directory, followlinks=False):
            for file_name in names:
                path = (Path(here) / file_name).relative_to(root).as_posix()
                name = parse_path(path)
                if name is None or (root / path).is_symlink():
                    continue
                if acting.is_expired(name.camera_id, name.start_at, due):
                    yield path, name


def _old_days(root: Path, acting: Terms, due: datetime) -> Iterator[Path]:
    for camera in _directories(root):
        last = acting.oldest_allowed(camera.name, due).date()
        for day in _directories(camera):
            try:
                if date.fromisoformat(day.name) <= last:
                    yield day
            except ValueError:
                continue


def _directories(parent: Path) -> list[Path]:
    with os.scandir(parent) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
