"""One segment and its pose sidecar into the evidence store, encrypted anew under the hold's own key.

The copy is read through the recorder's own code and written by it: fsync, rename, fsync of the directory. What a crash
left of an earlier attempt is thrown away first: the original is still there, or nobody would copy it.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder.clip import SegmentReader
from recorder.segment_file import ClosedFile, SegmentFile, publish
from recorder.segment_format import SegmentHeader, read_header
from retention.purger import unlink_beneath
from vms.durable import sync_directory
from vms.errors import FootageMissing, StorageError
from vms.keys import DataKey
from vms.rules.layout import PART_SUFFIX, sidecar_path
from vms.store.catalog import Segment

_CHUNK_BYTES = 1024 * 1024


class SourceFailed(StorageError):
    """The original cannot be read; the evidence store is not to blame."""


@dataclass(frozen=True, slots=True)
class Copied:
    """path: relative to the evidence store. source_sha256: of the original file as it was read."""

    path: str
    bytes: int
    sha256: str
    sidecar_sha256: str | None
    source_sha256: str


def hold_directory(hold_id: int) -> str:
    return f"h{hold_id}"


def copy_segment(reader: SegmentReader, segment: Segment, root: Path, hold_id: int, key: DataKey) -> Copied:
    """Safe on disk when it returns. Raises SourceFailed; StorageError when the evidence store does not take it."""
    home = root / hold_directory(hold_id)
    header, source_sha256 = _look(reader, segment)
    try:
        _make_directory(home)
        for leftover in (segment.path, sidecar_path(segment.path)):
            unlink_beneath(home, leftover)
            unlink_beneath(home, leftover + PART_SUFFIX)
    except OSError as error:
        raise StorageError(f"{home}: {error.strerror}") from error
    closed = _write(SegmentFile(home, header, key), _content(reader, segment))
    # The name of the segment is there already; the row, which is what counts, comes after both.
    sidecar_sha256 = _copy_sidecar(reader, segment, home)
    path = f"{hold_directory(hold_id)}/{closed.path}"
    return Copied(path, closed.bytes, closed.sha256, sidecar_sha256, source_sha256)


def _look(reader: SegmentReader, segment: Segment) -> tuple[SegmentHeader, str]:
    try:
        with reader.file_path(segment).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            header, _ = read_header(file)
    except OSError as error:
        raise SourceFailed(f"{segment.path}: cannot read it: {error.strerror}") from error
    except (FootageMissing, StorageError) as error:
        raise SourceFailed(str(error)) from error
    if header.path != segment.path:
        raise SourceFailed(f"{segment.path}: its header says {header.path}")
    return header, sha256


def _content(reader: SegmentReader, segment: Segment) -> Iterator[bytearray]:
    try:
        with reader.open(segment) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield bytearray(chunk)
    except OSError as error:
        raise SourceFailed(f"{segment.path}: cannot read it: {error.strerror}") from error
    except (FootageMissing, StorageError) as error:
        raise SourceFailed(str(error)) from error


def _write(file: SegmentFile, content: Iterator[bytearray]) -> ClosedFile:
    try:
        for chunk in content:
            file.append(chunk)
    except StorageError:
        file.abandon()
        raise
    return file.finish()


def _copy_sidecar(reader: SegmentReader, segment: Segment, home: Path) -> str | None:
    """Its SHA-256; None when there is none, or it is lost. Poses are numbers, in plain like the original's."""
    if segment.sidecar_sha256 is None:
        return None
    try:
        poses = reader.file_path(segment).with_name(Path(sidecar_path(segment.path)).name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceFailed(f"{sidecar_path(segment.path)}: cannot read it: {error.strerror}") from error
    final = home / sidecar_path(segment.path)
    part = final.with_name(final.name + PART_SUFFIX)
    try:
        with part.open("xb") as file:
            file.write(poses)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"{part.name}: write: {error.strerror}") from error
    publish(part, final)
    return hashlib.sha256(poses).hexdigest()


def _make_directory(home: Path) -> None:
    if not home.exists():
        home.mkdir(mode=0o750, exist_ok=True)
        sync_directory(home.parent)
