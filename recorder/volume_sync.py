"""Make all that was written to a volume safe at once: one wait for the disk per round instead of one per file.

What a power cut can cost is what was written since the last time. syncfs(2) tells of an error once for each descriptor
that was open when it happened, so the descriptor stays open while footage is written.
"""

import contextlib
import ctypes
import os
from pathlib import Path

from recorder.sync_meter import SyncMeter

_libc = ctypes.CDLL(None, use_errno=True)


def syncfs(descriptor: int) -> None:
    """Everything written to the file system that `descriptor` lies on. Raises OSError."""
    if _libc.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class VolumeSync:
    """Owned by the volume's writer thread."""

    def __init__(self, root: Path, meter: SyncMeter | None) -> None:
        self._root = root
        self._meter = meter
        self._descriptor = -1

    def begin(self) -> None:
        """Before anything is written that `sync` is to vouch for. Raises OSError."""
        if self._descriptor >= 0 and os.fstat(self._descriptor).st_dev == self._root.stat().st_dev:
            return
        self.close()
        self._descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)

    def sync(self) -> None:
        """Raises OSError: what of the last rounds is on the disk is not known, and asking again proves nothing."""
        if self._descriptor < 0:
            return
        if self._meter is None:
            syncfs(self._descriptor)
        else:
            self._meter.timed(self._root, lambda: syncfs(self._descriptor))

    def close(self) -> None:
        """A volume that nobody writes to can be unmounted."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)
