"""The evidence store's part of the proof: what is held is there and unchanged, what was released is gone.

Its register is one half, its disk the other. Rounds of the keeper go on meanwhile: what is missing is looked up again
before it is told, and what may be on its way in or out is no finding yet.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from recorder.secured_copies import check_copy, files_below, is_on_its_way
from retention.finding import Finding
from vms.errors import StorageError
from vms.keys import evidence_keys
from vms.rules.layout import sidecar_path
from vms.store import Store, evidence, holds
from vms.store.evidence import EvidenceItem
from vms.store.holds import EvidenceHold
from vms.volume import read_marker

WAITING = timedelta(hours=1)
"""A hold that was released later may be waiting its turn."""
READ_ALL_IN_DAYS = 28
_HOLD_DIRECTORY = re.compile(r"h(\d{1,18})")

Reads = Callable[[EvidenceItem], bool]
"""Whose whole content is compared with its hash; of the others size and presence."""


def every_copy(_: EvidenceItem) -> bool:
    return True


def no_copy(_: EvidenceItem) -> bool:
    return False


def turn_of(day: date) -> Reads:
    """A share a day, by number: each copy is read once in READ_ALL_IN_DAYS when it is asked for every day.

    A day that is left out leaves its share unread until READ_ALL_IN_DAYS later.
    """
    return lambda item: item.id % READ_ALL_IN_DAYS == day.toordinal() % READ_ALL_IN_DAYS


@dataclass(frozen=True, slots=True)
class EvidenceProof:
    """holds: in force. files, bytes: copies of their segments. read: of these, compared with their hash.
    leaving: copies of holds just released, that the next round erases."""

    holds: int
    files: int
    bytes: int
    read: int
    leaving: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Register:
    copies: dict[str, EvidenceItem]
    all_holds: dict[int, EvidenceHold]

    @staticmethod
    def read(store: Store) -> "_Register":
        with store.reading() as tx:
            return _Register(evidence.paths(tx), {hold.id: hold for hold in holds.everything(tx)})

    def in_force(self, hold_id: int) -> bool:
        hold = self.all_holds.get(hold_id)
        return hold is not None and hold.released_at is None

    def kept(self) -> dict[str, EvidenceItem]:
        return {path: item for path, item in self.copies.items() if self.in_force(item.hold_id)}

    def is_overdue(self, hold_id: int, now: datetime) -> bool:
        """Released, and for so long that its copies must be gone."""
        hold = self.all_holds.get(hold_id)
        if hold is None or hold.released_at is None:
            return False
        return hold.erased_at is not None or hold.released_at <= now - WAITING


def verify_evidence(store: Store, root: Path, keys_dir: Path, now: datetime, reads: Reads) -> EvidenceProof:
    """Raises StoreBusy."""
    register = _Register.read(store)
    kept = register.kept()
    leaving = len(register.copies) - len(kept)
    findings = [*_unfit_roots(store, register), *_late_keys(register, keys_dir, now)]
    read = 0
    try:
        volume_uuid = read_marker(root)
    except StorageError as error:
        if register.copies:
            findings.append(Finding("R7", str(root), f"the evidence store: {error}"))
    else:
        wrong: dict[str, str] = {}
        for path, item in kept.items():
            is_read = reads(item)
            checked = check_copy(root, item, volume_uuid, keys_dir, read_copy=is_read, read_poses=is_read)
            read += checked.is_compared
            if checked.faults:
                texts = "; ".join(fault.text for fault in checked.faults)
                wrong[path] = f"secured for hold {item.hold_id}; {texts}"
        still_kept = _Register.read(store).kept() if wrong else {}
        findings += [Finding("R10", path, text) for path, text in wrong.items() if path in still_kept]
        findings += _others(root, store, now)
    in_force = sum(hold.released_at is None for hold in register.all_holds.values())
    sizes = sum(item.bytes for item in kept.values())
    return EvidenceProof(in_force, len(kept), sizes, read, leaving, tuple(findings))


def _unfit_roots(store: Store, register: _Register) -> Iterator[Finding]:
    """One hash stands over all that was copied for a hold: the register itself must not have changed."""
    for hold in register.all_holds.values():
        if hold.secured_root is None or hold.released_at is not None:
            continue
        with store.reading() as tx:
            known = holds.get(tx, hold.id)
            if known is not None and known.secured_root and evidence.root(tx, hold.id) != known.secured_root:
                yield Finding("R10", f"hold {hold.id}", "the register of its copies was changed after it was secured")


def _late_keys(register: _Register, keys_dir: Path, now: datetime) -> Iterator[Finding]:
    for hold_id in evidence_keys(keys_dir):
        if register.is_overdue(hold_id, now):
            yield Finding("R11", f"hold {hold_id}", "it was released; the key of its copies must be destroyed")


def _others(root: Path, store: Store, now: datetime) -> list[Finding]:
    """Files that no hold in force accounts for. Whoever is told to remove one was told so by the newest register."""
    found = list(_unaccounted(root, files_below(root), _Register.read(store), now))
    doubtful = [finding.subject for finding in found if finding.code == "R12"]
    if not doubtful:
        return found
    looked_again = _unaccounted(root, doubtful, _Register.read(store), now)
    return [*(finding for finding in found if finding.code != "R12"), *looked_again]


def _unaccounted(root: Path, paths: Iterable[str], register: _Register, now: datetime) -> Iterator[Finding]:
    kept = register.kept()
    known = {name for path in kept for name in (path, sidecar_path(path))}
    for path in paths:
        if path in known:
            continue
        directory = _HOLD_DIRECTORY.fullmatch(path.split("/")[0])
        hold_id = int(directory[1]) if directory else 0
        hold = register.all_holds.get(hold_id)
        if hold is not None and hold.released_at is not None:
            if register.is_overdue(hold_id, now):
                text = (
                    f"hold {hold_id} was released at {hold.released_at:%Y-%m-%d %H:%M:%S} UTC; its copy is still there"
                )
                yield Finding("R11", path, text)
        elif hold is None or not is_on_its_way(root / path, now):
            yield Finding("R12", path, "belongs to no hold; look at it, and remove it by hand")
