"""`vms check`: the evidence store against its register. Nothing there is repaired by us: retention's rounds do that."""

from collections.abc import Iterator
from pathlib import Path

from recorder.check_scope import CheckScope
from recorder.findings import Finding
from recorder.secured_copies import check_copy, files_below, is_on_its_way
from vms.errors import KeyUnavailable, StorageError
from vms.rules.layout import sidecar_path
from vms.store import evidence, holds
from vms.store.evidence import EvidenceItem
from vms.volume import read_marker

_CODES = {"absent": "C602", "changed": "C603", "locked": "C302"}


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
    for item in known.values():
        found = [] if item.hold_id in released else list(_of_item(scope, root, item, volume_uuid))
        if found and _is_in_force(scope, item.hold_id):
            yield from found
    wanted = {name for path in known for name in (path, sidecar_path(path))}
    for path in files_below(root):
        if path not in wanted and not is_on_its_way(root / path, scope.now):
            yield Finding("C601", "", path, f"on {root}")


def _is_in_force(scope: CheckScope, hold_id: int) -> bool:
    """By now: reading the copies takes hours, and those of a hold that was released meanwhile may be gone."""
    with scope.store.reading() as tx:
        hold = holds.get(tx, hold_id)
    return hold is not None and hold.released_at is None


def _of_item(scope: CheckScope, root: Path, item: EvidenceItem, volume_uuid: str) -> Iterator[Finding]:
    keys_dir = scope.config.site.data_dir / "keys"
    checked = check_copy(root, item, volume_uuid, keys_dir, read_copy=scope.deep, read_poses=True)
    for fault in checked.faults:
        about = item.key_id if fault.kind == "locked" else fault.path
        yield Finding(_CODES[fault.kind], item.camera_id, about, f"hold {item.hold_id}; {fault.text}")
    is_there = not any(fault.kind in ("absent", "locked") for fault in checked.faults)
    if is_there and scope.keys is not None:
        try:
            scope.keys.find(item.key_id)
        except KeyUnavailable as error:
            yield Finding("C302", item.camera_id, item.key_id, str(error))
