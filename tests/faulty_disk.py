"""A disk that fails, hangs or lies, at the boundary of os.write, os.fsync and syncfs, below one directory only."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder import volume_sync


class FaultyDisk:
    """Set `write_errno` or `fsync_errno` to fail, `hang()` to block every fsync until `release()`.

    lose_written: what a failed fsync does on Linux: the pages count as clean, and their content may be gone.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root: Path | None = None
        self.write_errno = 0
        self.fsync_errno = 0
        self.lose_written = False
        self.fsyncs = 0
        self.hanging = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self.syncfs_errno = 0
        self._write, self._fsync, self._syncfs = os.write, os.fsync, volume_sync.syncfs
        monkeypatch.setattr(os, "write", self._faulty_write)
        monkeypatch.setattr(os, "fsync", self._faulty_fsync)
        monkeypatch.setattr(volume_sync, "syncfs", self._faulty_syncfs)

    def hang(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def heal(self) -> None:
        self.write_errno = self.fsync_errno = 0
        self.release()

    def _is_here(self, descriptor: int) -> bool:
        if self.root is None:
            return False
        return Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(self.root)

    def _faulty_write(self, descriptor: int, data: bytes) -> int:
        if self.write_errno and self._is_here(descriptor):
            raise OSError(self.write_errno, os.strerror(self.write_errno))
        return self._write(descriptor, data)

    def _faulty_fsync(self, descriptor: int) -> None:
        if not self._is_here(descriptor):
            self._fsync(descriptor)
            return
        self.fsyncs += 1
        if not self._open.is_set():
            self.hanging.set()
            self._open.wait(60)
        if self.fsync_errno:
            error, self.fsync_errno = self.fsync_errno, self._next_errno(self.fsync_errno)
            if self.lose_written:
                self._overwrite(descriptor)
            raise OSError(error, os.strerror(error))
        self._fsync(descriptor)

    def _faulty_syncfs(self, descriptor: int) -> None:
        """Once: what Linux does, too."""
        if self.syncfs_errno and self._is_here(descriptor):
            error, self.syncfs_errno = self.syncfs_errno, 0
            raise OSError(error, os.strerror(error))
        self._syncfs(descriptor)

    _next_errno: Callable[[int], int] = staticmethod(lambda error: error)

    def fail_once(self, error: int, *, lose_written: bool = False) -> None:
        """The next fsync fails, and later ones succeed as if nothing had happened."""
        self.fsync_errno, self.lose_written = error, lose_written
        self._next_errno = lambda _error: 0

    def _overwrite(self, descriptor: int) -> None:
        """A page in the middle never reached the disk."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(bytes(64))
