"""The only code that deletes footage. Order per batch, so that a crash at any point is visible and finishes later:

1. tx: holds are checked again; state = purging; ledger `intent`. A hold set after this is refused by that state.
2. sidecar and file are unlinked inside their volume (never through a link), directories synced.
3. tx: state = purged (a tombstone keeps hash and times); ledger `done` or `failed`.
4. a day's key is destroyed when the whole day has expired and no footage needs it; ledger `key`.
"""

import errno
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from vms.clock import Clock, now_utc
from vms.errors import StorageError
from vms.keys import day_keys, destroy_day_key
from vms.rules.layout import sidecar_path
from vms.rules.retention import Erase, EraseReason, Keep, PurgeDecision, decide_early, decide_purge, is_day_held
from vms.rules.terms import Terms
from vms.store import Store, catalog, holds, ledger, terms
from vms.store.catalog import Segment
from vms.store.holds import EvidenceHold
from vms.store.ledger import Note, Payload
from vms.volume import mounted

log = logging.getLogger(__name__)

BATCH_SEGMENTS = 500
"""A transaction writes whole pages of the database, and what expires together lies scattered over them: few large
batches write far less than many small ones, and it is writing that recording on the same disk feels.
"""
_NOTE_SEGMENTS = 100
"""In one row of the ledger, which is read as a whole."""
_REST_SHARE = 1.0
"""Of the time that a batch took, before the next: recording syncs the same disk. A backlog takes twice as long; even so
several hundred times as much goes as 74 cameras record meanwhile. A disk that is full has no time to lose.
"""


@dataclass(frozen=True, slots=True)
class PurgeResult:
    erased: int = 0
    bytes: int = 0
    held: int = 0
    failed: int = 0
    keys_destroyed: int = 0

    def __add__(self, other: "PurgeResult") -> "PurgeResult":
        return PurgeResult(
            self.erased + other.erased,
            self.bytes + other.bytes,
            self.held + other.held,
            self.failed + other.failed,
            self.keys_destroyed + other.keys_destroyed,
        )


@dataclass(slots=True)
class Purger:
    """One run's worth of erasing."""

    store: Store
    roots: Sequence[Path]
    keys_dir: Path
    clock: Clock
    terms: Terms
    """As configured."""
    ahead: timedelta = timedelta(0)
    """See PurgeRunner."""
    _volumes: dict[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        self._volumes = mounted(self.roots)

    def erase(self, segments: Sequence[Segment], reason: EraseReason = "expired") -> PurgeResult:
        """Directory by directory, the oldest hour first: each directory's sync costs as much as many files.

        Sleeps between batches of what expired.
        """
        segments = sorted(segments, key=lambda segment: (PurePosixPath(segment.path).parts[1:3], segment.path))
        result = PurgeResult()
        for first in range(0, len(segments), BATCH_SEGMENTS):
            started_s = self.clock.monotonic_s()
            result += self._erase_batch(segments[first : first + BATCH_SEGMENTS], reason)
            if reason == "expired" and first + BATCH_SEGMENTS < len(segments):
                self.clock.sleep_s(_REST_SHARE * (self.clock.monotonic_s() - started_s))
        return result

    def destroy_keys(self) -> int:
        """Of days and purposes that have wholly expired and that no footage needs, nor a hold that is not secured yet;
        how many."""
        now = now_utc(self.clock)
        destroyed = 0
        with self.store.reading() as tx:
            acting = terms.acting(tx, self.terms, now + self.ahead)
        for key in list(day_keys(self.keys_dir)):
            if not acting.is_day_over(key.camera_id, key.purpose, key.day, now + self.ahead):
                continue
            with self.store.transaction() as tx:
                is_needed = catalog.needs_day_key(tx, key.camera_id, key.day, key.name) or is_day_held(
                    key.camera_id, key.day, catalog.MAX_SEGMENT, holds.active(tx)
                )
                if is_needed or not destroy_day_key(self.keys_dir, key):
                    continue
                purpose = {"purpose": key.purpose} if key.purpose else {}
                ledger.append(tx, now, "key", None, {"camera": key.camera_id, "day": key.day.isoformat(), **purpose})
                destroyed += 1
        return destroyed

    def _erase_batch(self, segments: Sequence[Segment], reason: EraseReason) -> PurgeResult:
        now = now_utc(self.clock)
        intended, held = self._write_intents(segments, now, reason)
        errors = {segment.id: self._unlink(segment) for segment in intended}
        for directory in {self._directory(segment) for segment in intended}:
            sync_if_there(directory)
        gone = [segment for segment in intended if errors[segment.id] is None]
        with self.store.transaction() as tx:
            catalog.set_states(tx, [segment.id for segment in gone], "purged")
            ledger.append_all(tx, now, _outcomes(gone, errors))
        for segment in intended:
            if errors[segment.id] is not None:
                log.error("purge_failed", extra={"segment": segment.id, "error": errors[segment.id]})
        return PurgeResult(len(gone), sum(s.bytes for s in gone), held, len(intended) - len(gone))

    def _write_intents(
        self, segments: Sequence[Segment], now: datetime, reason: EraseReason
    ) -> tuple[list[Segment], int]:
        with self.store.transaction() as tx:
            holding = holds.active(tx)
            acting = terms.acting(tx, self.terms, now + self.ahead)
            intended = [s for s in segments if not isinstance(self._decide(s, holding, now, acting, reason), Keep)]
            catalog.set_states(tx, [segment.id for segment in intended], "purging")
            if intended:
                ids = [segment.id for segment in intended]
                ledger.append(tx, now, "intent", None, {"reason": reason, "segments": ids})
        return intended, len(segments) - len(intended)

    def _decide(
        self, segment: Segment, holding: Sequence[EvidenceHold], now: datetime, acting: Terms, reason: EraseReason
    ) -> PurgeDecision:
        if segment.state == "purging":
            return Erase(reason)
        if reason == "disk_pressure":
            return decide_early(segment, holding)
        return decide_purge(segment, holding, now + self.ahead, acting)

    def _directory(self, segment: Segment) -> Path | None:
        root = self._volumes.get(segment.volume_uuid)
        return root / PurePosixPath(segment.path).parent if root else None

    def _unlink(self, segment: Segment) -> str | None:
        """None when file and sidecar are gone, else why not."""
        root = self._volumes.get(segment.volume_uuid)
        if root is None:
            return f"volume {segment.volume_uuid} is not mounted"
        try:
            for path in (sidecar_path(segment.path), segment.path):
                unlink_beneath(root, path)
        except StorageError as error:
            return str(error)
        except OSError as error:
            return f"{errno.errorcode.get(error.errno or 0, 'EIO')}: {segment.path}"
        return None


def _outcomes(gone: Sequence[Segment], errors: Mapping[int, str | None]) -> Iterator[Note]:
    """What each file was that is gone, _NOTE_SEGMENTS in an entry; an entry for each that is not, with why."""
    for first in range(0, len(gone), _NOTE_SEGMENTS):
        yield "done", None, {"segments": [_facts(segment) for segment in gone[first : first + _NOTE_SEGMENTS]]}
    for segment_id, problem in errors.items():
        if problem is not None:
            yield "failed", segment_id, {"error": problem}


def _facts(segment: Segment) -> Payload:
    return {"id": segment.id, **catalog.footage_facts(segment), "chain_hash": segment.chain_hash}


def unlink_beneath(root: Path, relative: str) -> None:
    """Remove one file below root without following any link on the way. A file that is gone is fine."""
    parts = PurePosixPath(relative).parts
    if not parts or PurePosixPath(relative).is_absolute() or ".." in parts:
        raise StorageError(f"{relative!r} does not lie below its volume")
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = deeper
        os.unlink(parts[-1], dir_fd=directory)
    except FileNotFoundError:
        return
    finally:
        os.close(directory)


def sync_if_there(directory: Path | None) -> None:
    if directory is None:
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"{directory}: cannot sync it: {error.strerror}") from error
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _remove_if_empty(directory)


def _remove_if_empty(hour_directory: Path) -> None:
    """An hour's and a day's directory that hold nothing any more; footage is never removed by this."""
    for directory in _up_to_camera(hour_directory):
        try:
            directory.rmdir()
        except OSError:
            return


def _up_to_camera(hour_directory: Path) -> Iterator[Path]:
    yield hour_directory
    yield hour_directory.parent
