"""`vms check`: the evidence store against its register. Nothing there is repaired by us: retention's rounds do that."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from recorder.check_scope import CheckScope
from recorder.findings import Finding
from vms.errors import KeyUnavailable, StorageError
from vms.rules.layout import sidecar_path
from vms.store import evidence, holds
from vms.store.evidence import EvidenceItem
from vms.units import us_from_utc
from vms.volume import MARKER_NAME, read_marker

_BEING_COPIED_US = 3600 * 1_000_000
"""A younger file without a row may be a copy that is being made."""


def check_evidence(scope: CheckScope) -> Iterator[Finding]:
    root = scope.config.evidence_dir
    with scope.store.reading() as tx:
        known = evidence.paths(tx)
        released = {hold.id for hold in holds.unerased(tx)}
    try:
        volume_uuid = read_marker(root)
    except StorageError as error:
        if known:
            yield Finding("C604", "", str(root), str(error))
        return
    for path, item in known.items():
        if item.hold_id not in released:
            yield from _of_item(scope, root, path, item, volume_uuid)
    yield from _of_files(scope, root, known)


def _of_item(scope: CheckScope, root: Path, path: str, item: EvidenceItem, volume_uuid: str) -> Iterator[Finding]:
    file = root / path
    about = f"hold {item.hold_id}"
    if item.volume_uuid != volume_uuid:
        yield Finding("C602", item.camera_id, path, f"{about}; on volume {item.volume_uuid}, which is not mounted")
        return
    try:
        size = file.stat(follow_symlinks=False).st_size
    except OSError:
        yield Finding("C602", item.camera_id, path, about)
        return
    if size != item.bytes:
        yield Finding("C603", item.camera_id, path, f"{about}; {size} bytes in place of {item.bytes}")
    elif scope.deep and _sha256(file) != item.sha256:
        yield Finding("C603", item.camera_id, path, about)
    sidecar = root / sidecar_path(path)
    if item.sidecar_sha256 is not None and (not sidecar.exists() or _sha256(sidecar) != item.sidecar_sha256):
        yield Finding("C603", item.camera_id, sidecar_path(path), about)
    if scope.keys is not None:
        try:
            scope.keys.find(item.key_id)
        except KeyUnavailable as error:
            yield Finding("C302", item.camera_id, item.key_id, str(error))


def _of_files(scope: CheckScope, root: Path, known: dict[str, EvidenceItem]) -> Iterator[Finding]:
    wanted = {name for path in known for name in (path, sidecar_path(path))}
    for here, directories, names in os.walk(root, followlinks=False):
        directories.sort()
        for name in sorted(names):
            file = Path(here) / name
            path = file.relative_to(root).as_posix()
            is_ours = path in wanted or (Path(here) == root and name.startswith(MARKER_NAME))
            if not is_ours and not _is_being_copied(scope, file):
                yield Finding("C601", "", path, f"on {root}")


def _is_being_copied(scope: CheckScope, file: Path) -> bool:
    try:
        return us_from_utc(scope.now) - file.stat(follow_symlinks=False).st_mtime_ns // 1000 < _BEING_COPIED_US
    except OSError:
        return True


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
