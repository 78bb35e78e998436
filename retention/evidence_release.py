"""A hold was released: its copies go, with the same promise as any erasure (intent, unlink, sync, done in the ledger).

Its key goes first, so that nothing is readable from that moment on, wherever the evidence store may be.
"""

import errno
import logging
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from retention.evidence_copy import hold_directory
from retention.purger import sync_if_there, unlink_beneath
from vms.durable import sync_directory
from vms.errors import StorageError
from vms.keys import destroy_evidence_key
from vms.rules.layout import sidecar_path
from vms.store import Store, evidence, holds, ledger
from vms.store.evidence import EvidenceItem
from vms.store.holds import EvidenceHold
from vms.store.ledger import Note

log = logging.getLogger(__name__)

_BATCH = 100
_REASON = "released"


def erase_released(store: Store, root: Path, keys_dir: Path, hold: EvidenceHold, now: datetime) -> str:
    """Why it is not all gone; empty when it is. Raises StoreBusy."""
    try:
        with store.transaction() as tx:
            if destroy_evidence_key(keys_dir, hold.id):
                ledger.append(tx, now, "key", None, {"hold": hold.id})
        while True:
            with store.reading() as tx:
                items = evidence.unerased(tx, hold.id, _BATCH)
            if not items:
                break
            if problem := _erase_batch(store, root, hold, items, now):
                return problem
        _erase_leftovers(store, root, hold, now)
    except OSError as error:
        return f"{root / hold_directory(hold.id)}: {error.strerror}"
    except StorageError as error:
        return str(error)
    with store.transaction() as tx:
        holds.set_erased(tx, hold.id, now)
    log.info("hold_erased", extra={"hold": hold.id})
    return ""


def _erase_batch(store: Store, root: Path, hold: EvidenceHold, items: Sequence[EvidenceItem], now: datetime) -> str:
    with store.transaction() as tx:
        ids = [item.id for item in items]
        ledger.append(tx, now, "intent", None, {"reason": _REASON, "hold": hold.id, "evidence": ids})
    errors = {item.id: _unlink(root, item) for item in items}
    for directory in {root / PurePosixPath(item.path).parent for item in items}:
        sync_if_there(directory)
    gone = [item for item in items if not errors[item.id]]
    with store.transaction() as tx:
        evidence.set_erased(tx, [item.id for item in gone], now)
        ledger.append_all(tx, now, _outcomes(hold, gone, items, errors))
    return next((problem for problem in errors.values() if problem), "")


def _outcomes(
    hold: EvidenceHold, gone: Sequence[EvidenceItem], items: Sequence[EvidenceItem], errors: dict[int, str]
) -> Iterator[Note]:
    if gone:
        facts = [{"id": item.id, **evidence.facts(item)} for item in gone]
        yield "done", None, {"reason": _REASON, "hold": hold.id, "evidence": facts}
    for item in items:
        if errors[item.id]:
            yield "failed", None, {"reason": _REASON, "hold": hold.id, "path": item.path, "error": errors[item.id]}


def _unlink(root: Path, item: EvidenceItem) -> str:
    try:
        for path in (sidecar_path(item.path), item.path):
            unlink_beneath(root, path)
    except StorageError as error:
        return str(error)
    except OSError as error:
        return f"{errno.errorcode.get(error.errno or 0, 'EIO')}: {item.path}"
    return ""


def _erase_leftovers(store: Store, root: Path, hold: EvidenceHold, now: datetime) -> None:
    """What a crash left of copies that got no row, and the directories. Raises OSError, StorageError."""
    home = root / hold_directory(hold.id)
    if not home.is_dir() or home.is_symlink():
        return
    paths = [
        (Path(here) / name).relative_to(root).as_posix()
        for here, _, names in os.walk(home, followlinks=False)
        for name in names
    ]
    if paths:
        with store.transaction() as tx:
            ledger.append(tx, now, "intent", None, {"reason": _REASON, "hold": hold.id, "leftovers": paths})
        for path in paths:
            unlink_beneath(root, path)
        with store.transaction() as tx:
            ledger.append(tx, now, "done", None, {"reason": _REASON, "hold": hold.id, "leftovers": paths})
    for here, _, _ in os.walk(home, topdown=False, followlinks=False):
        Path(here).rmdir()
    sync_directory(root)
