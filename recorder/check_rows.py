"""`vms check`: every row against its file, and the chain that links the rows."""

from collections.abc import Iterator
from pathlib import Path

from recorder.check_scope import CheckScope
from recorder.findings import Finding
from recorder.recovery import hash_file
from vms.errors import StorageError
from vms.rules.chain import GENESIS, entry_hash
from vms.rules.layout import sidecar_path
from vms.store import catalog, ledger
from vms.store.catalog import Segment


def check_rows(scope: CheckScope) -> Iterator[Finding]:
    with scope.store.reading() as tx:
        done = ledger.segments_done(tx)
    heads: dict[tuple[str, str], str] = {}
    for row in scope.rows():
        yield from _chain(row, heads)
        volume = scope.mounted.get(row.volume_uuid)
        if volume is None:
            continue
        path = volume.root / row.path
        if row.state == "recorded":
            yield from _recorded(scope, row, path)
        elif row.state == "purged":
            if path.exists():
                yield Finding("C110", row.camera_id, row.path, "")
            if row.id not in done:
                yield Finding("C402", row.camera_id, row.path, f"segment {row.id}")


def _chain(row: Segment, heads: dict[tuple[str, str], str]) -> Iterator[Finding]:
    stream = (row.camera_id, row.profile)
    expected = heads.get(stream, GENESIS)
    if row.prev_hash != expected or row.chain_hash != entry_hash(row.prev_hash, catalog.chain_content(row)):
        yield Finding("C201", row.camera_id, row.path, f"segment {row.id}: changed, or one before it was removed")
    heads[stream] = row.chain_hash


def _recorded(scope: CheckScope, row: Segment, path: Path) -> Iterator[Finding]:
    try:
        size = path.lstat().st_size
    except OSError:
        if _is_still_recorded(scope, row):
            yield _missing(scope, row)
        return
    if path.is_symlink():
        return
    if size != row.bytes:
        yield Finding("C103", row.camera_id, row.path, f"{size} bytes on disk, {row.bytes} in the catalog")
    elif scope.deep:
        yield from _content(row, path)
    if row.sidecar_sha256 is not None and not _is_intact(Path(sidecar_path(str(path))), row.sidecar_sha256):
        yield Finding("C106", row.camera_id, sidecar_path(row.path), f"segment {row.id}")


def _content(row: Segment, path: Path) -> Iterator[Finding]:
    try:
        sha256, _ = hash_file(path)
    except StorageError as error:
        yield Finding("C105", row.camera_id, row.path, str(error))
        return
    if sha256 != row.sha256:
        yield Finding("C105", row.camera_id, row.path, f"segment {row.id}")


def _is_still_recorded(scope: CheckScope, row: Segment) -> bool:
    """Retention may have erased it since the page was read."""
    with scope.store.reading() as tx:
        return catalog.segment(tx, row.id).state == "recorded"


def _missing(scope: CheckScope, row: Segment) -> Finding:
    if scope.repair:
        payload = {"reason": "missing_on_disk", "camera": row.camera_id, "path": row.path, "sha256": row.sha256}
        with scope.store.transaction() as tx:
            catalog.set_state(tx, row.id, "purged")
            ledger.append(tx, scope.now, "done", row.id, payload)
            detail = "the file was missing on disk"
            catalog.add_gap(tx, row.camera_id, row.profile, row.start_at, row.end_at, "disk", detail)
    return Finding("C102", row.camera_id, row.path, f"segment {row.id}", repaired=scope.repair)


def _is_intact(path: Path, sha256: str) -> bool:
    try:
        return not path.is_symlink() and hash_file(path)[0] == sha256
    except StorageError:
        return False
