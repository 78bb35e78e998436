"""What is held goes into the evidence store, so that the original and its day's key still die on time.

A round, before each purge: what was released is erased; of every hold the footage that has no copy yet is copied; and a
hold of whose interval all that the catalog has is copied, is secured. Until then the originals stay (I3). A round may
die at any moment: a copy counts once its row is there, and what has no row is made anew.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from recorder.clip import SegmentReader
from retention.evidence_copy import Copied, SourceFailed, copy_segment
from retention.evidence_release import erase_released
from vms.clock import Clock, now_utc
from vms.errors import StorageError
from vms.keys import KeyRing
from vms.rules.disk_space import shortage
from vms.rules.holds import SETTLE
from vms.store import Store, evidence, holds
from vms.store.catalog import Segment
from vms.store.evidence import NewItem
from vms.store.holds import EvidenceHold
from vms.volume import MARKER_NAME, VolumeNotMounted, create_marker, read_marker
from vms.volume_space import measure

log = logging.getLogger(__name__)

_PAGE = 50
ROUND_S = 20.0
"""A round copies so long, then the purge has its turn; the next round goes on where it was."""


@dataclass(slots=True)
class EvidenceKeeper:
    """One round at a time, also between processes: who comes second leaves it to the first."""

    store: Store
    root: Path
    high_water_pct: float
    keys_dir: Path
    clock: Clock
    open_reader: Callable[[], SegmentReader]
    """Of the recorders' volumes. Raises KeyUnavailable."""
    open_keys: Callable[[], KeyRing]
    """The same."""
    round_s: float = ROUND_S
    _unreadable: set[int] = field(default_factory=set)
    """Segments whose original could not be read in this round."""

    def run(self, *, search_secured: bool = True) -> None:
        """Raises StoreBusy; what goes wrong with a hold stands in its `problem`.

        search_secured: also look for footage of secured holds that came into the catalog late.
        """
        with self.store.reading() as tx:
            active, released = holds.active(tx), holds.unerased(tx)
        wanted = [hold for hold in active if hold.secured_at is None or search_secured]
        if not wanted and not released:
            return
        try:
            volume_uuid = self._volume()
            with _alone(self.root) as is_alone:
                if is_alone:
                    self._round(volume_uuid, wanted, released)
        except StorageError as error:
            for hold in [*wanted, *released]:
                self._note(hold, str(error))

    def _round(self, volume_uuid: str, wanted: list[EvidenceHold], released: list[EvidenceHold]) -> None:
        self._unreadable.clear()
        for hold in released:
            self._note(hold, erase_released(self.store, self.root, self.keys_dir, hold, now_utc(self.clock)))
        until_s = self.clock.monotonic_s() + self.round_s
        for hold in wanted:
            problem = self._copy_all(hold, volume_uuid, until_s)
            self._note(hold, problem or self._secure(hold))

    def _copy_all(self, hold: EvidenceHold, volume_uuid: str, until_s: float) -> str:
        """Why something of it cannot be copied; empty when all is, or time was up."""
        problem = ""
        while segments := self._next(hold):
            if hold.secured_at is not None:
                with self.store.transaction() as tx:
                    holds.set_unsecured(tx, hold.id)
                log.warning("hold_reopened", extra={"hold": hold.id, "late_segments": len(segments)})
            for segment in segments:
                if self.clock.monotonic_s() > until_s:
                    return problem
                try:
                    self._copy(hold, segment, volume_uuid)
                except SourceFailed as error:
                    self._unreadable.add(segment.id)
                    problem = str(error)
                except StorageError as error:
                    return str(error)
        return problem

    def _next(self, hold: EvidenceHold) -> list[Segment]:
        with self.store.reading() as tx:
            found = evidence.uncopied(tx, hold, _PAGE + len(self._unreadable))
        return [segment for segment in found if segment.id not in self._unreadable]

    def _copy(self, hold: EvidenceHold, segment: Segment, volume_uuid: str) -> None:
        """Raises StorageError. A hold that was released meanwhile gets no row; its directory is erased next round."""
        self._check_room()
        key = self.open_keys().evidence_key(hold.id)
        copied = copy_segment(self.open_reader(), segment, self.root, hold.id, key)
        item = _item(hold.id, segment, copied, volume_uuid, key.key_id, now_utc(self.clock))
        if not item.is_intact:
            log.error("evidence_original_changed", extra={"hold": hold.id, "segment": segment.id})
        with self.store.transaction() as tx:
            known = holds.get(tx, hold.id)
            if known is not None and known.released_at is None:
                evidence.add(tx, item)

    def _secure(self, hold: EvidenceHold) -> str:
        """When all that there will be is copied. Why there is nothing to secure; else empty."""
        now = now_utc(self.clock)
        with self.store.transaction() as tx:
            known = holds.get(tx, hold.id)
            if known is None or known.released_at is not None or known.secured_at is not None:
                return ""
            is_over = now >= known.end_at + SETTLE or evidence.all_settled(tx, known.cameras, known.end_at)
            if now < known.end_at or not is_over or evidence.uncopied(tx, known, 1):
                return ""
            if not evidence.items(tx, hold.id, limit=1):
                return "nothing was recorded in this interval; release the hold"
            root = evidence.root(tx, hold.id)
            holds.set_secured(tx, hold.id, now, root)
        log.info("hold_secured", extra={"hold": hold.id, "root": root})
        return ""

    def _volume(self) -> str:
        """The evidence store's uuid; prepares an empty directory. Raises StorageError, StoreBusy."""
        with self.store.reading() as tx:
            known = evidence.volumes(tx)
        try:
            found = read_marker(self.root)
        except VolumeNotMounted:
            if known:
                raise
            return create_marker(self.root, now_utc(self.clock))
        if known and found not in known:
            raise StorageError(f"{self.root}: holds another volume than the evidence store; mount the right one")
        return found

    def _check_room(self) -> None:
        try:
            space = measure(self.root)
        except OSError as error:
            raise StorageError(f"{self.root}: {error.strerror}") from error
        if shortage(space, self.high_water_pct):
            raise StorageError(
                f"{self.root}: the evidence store is {space.used_pct:.0f} % full; make room or a larger one"
            )

    def _note(self, hold: EvidenceHold, problem: str) -> None:
        if problem == hold.problem:
            return
        with self.store.transaction() as tx:
            holds.set_problem(tx, hold.id, problem)
        if problem:
            log.error("hold_not_secured", extra={"hold": hold.id, "reason": problem})


def _item(
    hold_id: int, segment: Segment, copied: Copied, volume_uuid: str, key_id: str, copied_at: datetime
) -> NewItem:
    return NewItem(
        hold_id=hold_id,
        segment_id=segment.id,
        camera_id=segment.camera_id,
        profile=segment.profile,
        start_at=segment.start_at,
        end_at=segment.end_at,
        codec=segment.codec,
        source_sha256=copied.source_sha256,
        source_chain_hash=segment.chain_hash,
        is_intact=(copied.source_sha256, copied.sidecar_sha256) == (segment.sha256, segment.sidecar_sha256),
        volume_uuid=volume_uuid,
        path=copied.path,
        bytes=copied.bytes,
        sha256=copied.sha256,
        sidecar_sha256=copied.sidecar_sha256,
        key_id=key_id,
        copied_at=copied_at,
    )


@contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """False: another process is at work there."""
    try:
        descriptor = os.open(root / f"{MARKER_NAME}.lock", os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise StorageError(f"{root}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_alone = True
        except BlockingIOError:
            is_alone = False
        yield is_alone
    finally:
        os.close(descriptor)
