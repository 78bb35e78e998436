"""How much room a volume has, whether it takes a write, and the note of what fills it. All may block."""

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from vms.errors import StorageError
from vms.rules.disk_pressure import Obstacle
from vms.rules.disk_space import Space
from vms.volume import MARKER_NAME

_NOTES: Final[Mapping[Literal["held", "foreign"], str]] = {
    "held": f"{MARKER_NAME}.full-of-held",
    "foreign": f"{MARKER_NAME}.full-of-others",
}
"""Lie on a volume past its mark that erasing does not relieve. Retention writes and removes them, the recorder stops.
Inside stands how many bytes are not ours."""
_PROBE_NAME = f"{MARKER_NAME}.probe"
_PROBE = bytes(1 << 20)
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def measure(root: Path) -> Space:
    """Raises OSError. The reserve of the file system counts as used."""
    numbers = os.statvfs(root)
    total, free = numbers.f_blocks * numbers.f_frsize, numbers.f_bavail * numbers.f_frsize
    reserved = (numbers.f_bfree - numbers.f_bavail) * numbers.f_frsize
    return Space(total, free, numbers.f_files, numbers.f_favail, reserved_bytes=reserved)


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


def obstacle_noted(root: Path) -> Obstacle | None:
    """What retention found in the way; None when nothing is."""
    for reason, name in _NOTES.items():
        try:
            text = (root / name).read_text(encoding="ascii", errors="replace")[:20]
        except FileNotFoundError:
            continue
        return Obstacle(reason, int(text) if text.isascii() and text.isdigit() else 0)
    return None


def note_obstacle(root: Path, obstacle: Obstacle | None) -> None:
    """Raises StorageError. On a disk without room for the number, the note is its name alone."""
    try:
        for reason, name in _NOTES.items():
            if obstacle is None or reason != obstacle.reason:
                (root / name).unlink(missing_ok=True)
        if obstacle is not None:
            note = root / _NOTES[obstacle.reason]
            note.touch(mode=0o640)
            with contextlib.suppress(OSError):
                note.write_text(str(obstacle.foreign_bytes), encoding="ascii")
    except OSError as error:
        raise StorageError(f"{root}: cannot note what fills it: {error.strerror}") from error
