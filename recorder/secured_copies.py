"""Is what the evidence store's register promises on its disk, as it was secured? For `vms check` and proof of erasure.

Looks and tells, and changes nothing. Blocking: with `read_copy` a copy is read from its beginning to its end.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from vms.keys import evidence_key_file
from vms.rules.layout import sidecar_path
from vms.store.evidence import EvidenceItem
from vms.units import us_from_utc
from vms.volume import MARKER_NAME

ON_ITS_WAY = timedelta(hours=1)
"""A younger file without a row may be a copy in the making."""

_NOT_A_COPY = (MARKER_NAME, "lost+found")


@dataclass(frozen=True, slots=True)
class CopyFault:
    """path: of the copy or of its poses, in the evidence store. locked: its key is gone, so nobody can open it."""

    path: str
    kind: Literal["absent", "changed", "locked"]
    text: str


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """is_compared: its whole content was read, and compared with its hash."""

    faults: tuple[CopyFault, ...]
    is_compared: bool = False


def check_copy(
    root: Path, item: EvidenceItem, volume_uuid: str, keys_dir: Path, *, read_copy: bool, read_poses: bool
) -> CopyCheck:
    """Of a hold in force. volume_uuid: of the evidence store that is mounted at `root`."""
    if item.erased_at is not None:
        return _absent(item, f"erased at {item.erased_at:%Y-%m-%d %H:%M:%S} UTC by the register, while it is held")
    if item.volume_uuid != volume_uuid:
        return _absent(item, f"on volume {item.volume_uuid}, which is not mounted")
    faults: list[CopyFault] = []
    is_compared = False
    try:
        size = _size(root / item.path)
        if size != item.bytes:
            found = "no file of its own" if size is None else f"{size} bytes"
            faults.append(CopyFault(item.path, "changed", f"{found} in place of {item.bytes} bytes"))
        elif read_copy:
            is_compared = True
            if _sha256(root / item.path) != item.sha256:
                faults.append(CopyFault(item.path, "changed", "its content is not what was secured"))
    except OSError as error:
        return _absent(item, f"cannot be read: {error.strerror}")
    faults += _of_poses(root, item, is_read=read_poses)
    if not evidence_key_file(keys_dir, item.hold_id).is_file():
        faults.append(CopyFault(item.path, "locked", "its key is gone, so nobody can open it"))
    return CopyCheck(tuple(faults), is_compared)


def files_below(root: Path) -> Iterator[str]:
    """Every file and link in the evidence store, links not followed, our marker left out."""
    for here, directories, names in os.walk(root, followlinks=False):
        directories.sort()
        at = Path(here)
        links = [name for name in directories if (at / name).is_symlink()]
        for name in sorted([*names, *links]):
            if not (at == root and name.startswith(_NOT_A_COPY)):
                yield (at / name).relative_to(root).as_posix()


def is_on_its_way(file: Path, now: datetime) -> bool:
    """Also when it is gone by now."""
    try:
        written_us = file.stat(follow_symlinks=False).st_mtime_ns // 1000
    except OSError:
        return True
    return us_from_utc(now) - written_us < ON_ITS_WAY // timedelta(microseconds=1)


def _absent(item: EvidenceItem, text: str) -> CopyCheck:
    return CopyCheck((CopyFault(item.path, "absent", text),))


def _of_poses(root: Path, item: EvidenceItem, *, is_read: bool) -> Iterator[CopyFault]:
    if item.sidecar_sha256 is None:
        return
    path = sidecar_path(item.path)
    try:
        if _size(root / path) is None:
            yield CopyFault(path, "changed", "its poses are no file of their own")
        elif is_read and _sha256(root / path) != item.sidecar_sha256:
            yield CopyFault(path, "changed", "its poses are not what was secured")
    except OSError as error:
        yield CopyFault(path, "changed", f"its poses cannot be read: {error.strerror}")


def _size(file: Path) -> int | None:
    """None: a link, or what else is no plain file. Raises OSError."""
    found = file.stat(follow_symlinks=False)
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _sha256(file: Path) -> str:
    """Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
