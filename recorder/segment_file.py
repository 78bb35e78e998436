"""One segment file being written, and the order on disk that keeps invariant I1.

`.part` grows by whole fragments; at the end fsync → rename → fsync of the directory, and only then may the catalog
hear of it. The SHA-256 is that of the bytes on disk, taken while they were written.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.segment_format import NONCE_BYTES, SegmentHeader, cipher_at
from vms.durable import sync_directory
from vms.errors import StorageError
from vms.keys import DataKey
from vms.rules.layout import PART_SUFFIX


class SyncFailed(StorageError):
    """fsync gave an error: what of the file is on the disk is unknown, and asking again proves nothing.

    sha256, bytes: of what was written.
    """

    def __init__(self, text: str, sha256: str, size: int) -> None:
        super().__init__(text)
        self.sha256, self.bytes = sha256, size


def lock_part(descriptor: int) -> bool:
    """Mark an open `.part` as being written, also for other processes. False when somebody else writes it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@dataclass(frozen=True, slots=True)
class ClosedFile:
    """Renamed and synced: may be catalogued."""

    path: str
    bytes: int
    sha256: str


class SegmentFile:
    """Owned by one writer thread. Every method raises StorageError when the disk does not do it."""

    def __init__(
        self, root: Path, header: SegmentHeader, key: DataKey | None, sync: Callable[[int], None] = os.fsync
    ) -> None:
        """Opens a new `.part` with its header. A file that is there already is refused, never overwritten."""
        self._sync = sync
        self.path = header.path
        self._root = root
        self._final = root / self.path
        self._part = self._final.with_name(self._final.name + PART_SUFFIX)
        self._size = 0
        self._hash = hashlib.sha256()
        self._cipher = None
        if key is not None:
            nonce = secrets.token_hex(NONCE_BYTES)
            header = replace(header, key_id=key.key_id, nonce=nonce)
            self._cipher = cipher_at(key.secret, nonce, 0)
        try:
            self._make_directories()
            if self._final.exists():
                raise StorageError(f"{self.path} exists already")
            self._descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        except OSError as error:
            raise StorageError(f"{self.path}: cannot create it: {error.strerror}") from error
        lock_part(self._descriptor)
        self.header = header
        try:
            self._write_all(header.encode())
        except StorageError:
            self.abandon()
            raise

    def append(self, content: bytearray) -> None:
        """Whole fragments; `content` is encrypted in place, so it is of no use to the caller afterwards.

        After an error the file is as before the call and takes no more; `finish` still works.
        """
        if self._cipher is not None:
            self._cipher.update_into(content, content)
        self._write_all(content)

    @property
    def size_bytes(self) -> int:
        return self._size

    def finish(self) -> ClosedFile:
        """Closes in any case; raises StorageError when the file could not be made safe (it stays a `.part`).

        SyncFailed: the disk may have lost any of it.
        """
        try:
            self._sync(self._descriptor)
        except OSError as error:
            raise self.sync_failed(f"fsync: {error.strerror}") from error
        finally:
            self.close()
        publish(self._part, self._final)
        return ClosedFile(self.path, self._size, self._hash.hexdigest())

    def sync_failed(self, why: str) -> SyncFailed:
        """With what was written so far."""
        return SyncFailed(f"{self.path}: {why}", self._hash.hexdigest(), self._size)

    def close(self) -> None:
        """Leave it a `.part`, for recovery to look at. Does nothing after `finish`."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def abandon(self) -> None:
        """Close and remove: nothing of worth is in it."""
        self.close()
        with contextlib.suppress(OSError):
            self._part.unlink()

    def _make_directories(self) -> None:
        """Creates and syncs camera, day and hour. The volume itself must be there: it is never made."""
        missing: list[Path] = []
        directory = self._final.parent
        while not directory.exists() and directory != self._root:
            missing.append(directory)
            directory = directory.parent
        for new in reversed(missing):
            new.mkdir(mode=0o750, exist_ok=True)
            sync_directory(new.parent)

    def _write_all(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise StorageError(f"{self.path}: write: {error.strerror}") from error
        self._size += len(data)
        self._hash.update(data)


def publish(part: Path, final: Path) -> None:
    """Give a synced `.part` its name, for good. Raises StorageError."""
    try:
        part.rename(final)
        sync_directory(final.parent)
    except OSError as error:
        raise StorageError(f"{final.name}: rename: {error.strerror}") from error
