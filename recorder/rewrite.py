"""After a failed fsync: never ask again and trust. The bytes are read, compared with what was written, written anew.

A second fsync of the same file may succeed although its pages were dropped. A new file has none of that history: when
its own fsync succeeds it is safe. What does not come back as it was written is never footage (quarantine).
"""

import hashlib
import logging
import os
from pathlib import Path

from recorder.segment_file import SyncFailed
from vms.durable import sync_directory
from vms.errors import StorageError
from vms.rules.layout import COPY_SUFFIX

log = logging.getLogger(__name__)

_CHUNK = 1 << 20


class NotAsWritten(StorageError):
    """The disk gives back other bytes than were written."""


def write_anew(part: Path, failed: SyncFailed) -> None:
    """Afterwards `part` is a new, synced file with the bytes that were written.

    Raises NotAsWritten, and StorageError when the disk still refuses: `part` is then as it was, to try again later.
    """
    copy = part.with_name(part.name + COPY_SUFFIX)
    try:
        _copy_verified(part, copy, failed)
        copy.replace(part)
        sync_directory(part.parent)
    except NotAsWritten:
        _forget(copy)
        raise
    except OSError as error:
        _forget(copy)
        raise StorageError(f"{part.name}: not safe on disk after a failed fsync: {error.strerror}") from error
    log.warning("segment_written_anew", extra={"path": str(part), "detail": str(failed)})


def _copy_verified(part: Path, copy: Path, failed: SyncFailed) -> None:
    digest, size = hashlib.sha256(), 0
    with part.open("rb") as source, copy.open("xb") as target:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
        target.flush()
        if (digest.hexdigest(), size) != (failed.sha256, failed.bytes):
            raise NotAsWritten(f"{part.name}: the disk gives back other bytes than were written")
        os.fsync(target.fileno())


def _forget(copy: Path) -> None:
    """A copy that could not be made is nobody's footage: the original is still there."""
    try:
        copy.unlink(missing_ok=True)
    except OSError as error:
        log.error("copy_not_removed", extra={"path": str(copy), "detail": error.strerror})
