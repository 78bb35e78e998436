"""How much room a volume has, whether it takes a write, and the note that held footage fills it. All may block."""

import errno
import os
from pathlib import Path

from vms.errors import StorageError
from vms.rules.disk_space import Space
from vms.volume import MARKER_NAME

FULL_OF_HELD_NAME = f"{MARKER_NAME}.full-of-held"
"""Lies on a volume past its mark with nothing left to erase. Retention writes and removes it, the recorder stops."""
_PROBE_NAME = f"{MARKER_NAME}.probe"
_PROBE = bytes(1 << 20)
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def measure(root: Path) -> Space:
    """Raises OSError. The reserve of the file system counts as used."""
    numbers = os.statvfs(root)
    total, free = numbers.f_blocks * numbers.f_frsize, numbers.f_bavail * numbers.f_frsize
    return Space(total, free, numbers.f_files, numbers.f_favail)


def probe(root: Path, *, sync: bool = True) -> None:
    """Write a small file that has already lost its name, so that nothing stays. Raises OSError: the disk's answer."""
    path = root / f"{_PROBE_NAME}-{os.getpid()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        path.unlink()
        view = memoryview(_PROBE)
        while view:
            view = view[os.write(descriptor, view) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def takes_writes(root: Path) -> bool:
    """False when a write is refused for lack of room: a quota that the numbers of `measure` do not show.

    Raises OSError when it fails for another reason.
    """
    try:
        probe(root, sync=False)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        return False
    return True


def is_full_of_held(root: Path) -> bool:
    return (root / FULL_OF_HELD_NAME).exists()


def note_full_of_held(root: Path, *, is_full: bool) -> None:
    """Raises StorageError."""
    note = root / FULL_OF_HELD_NAME
    try:
        if is_full:
            note.touch(mode=0o640)
        else:
            note.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{note}: cannot be changed: {error.strerror}") from error
