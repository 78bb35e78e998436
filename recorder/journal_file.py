"""The journal on disk: rows on their way to the catalog, so that neither a crash nor a database away loses one.

One file per capture process, `data_dir/journal/capture-<k>.jsonl`: a line that names the journal, then one line of
JSON per entry, each with its checksum. It only grows at its end; once all is in the catalog it is replaced by its
own last part (kept because SQLite may lose its latest commits in a power cut). The database remembers how far it is.
"""

import contextlib
import logging
import os
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path

from recorder.journal_entries import Entry, decode_entry, decode_line, encode_entry, encode_line
from vms.durable import sync_directory
from vms.errors import StorageError

log = logging.getLogger(__name__)

COMPACT_ABOVE_BYTES = 1 << 20
_KEEP_BYTES = 256 << 10
_READ_BYTES = 256 << 10


class JournalFile:
    """Thread-safe; one process at a time. `open` first. Its errors are StorageError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = ""
        self.first_seq = self.last_seq = 0
        self.size_bytes = 0
        self._lock = threading.Lock()
        self._descriptor = -1

    @property
    def name(self) -> str:
        return self.path.stem

    def open(self) -> None:
        """Make it, or read what is there; a torn last line is cut off."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.size_bytes = os.fstat(self._descriptor).st_size
            self._identify()
            self._scan()
            if self.size_bytes < os.fstat(self._descriptor).st_size:
                log.warning("journal_torn", extra={"journal": self.name, "kept_bytes": self.size_bytes})
                os.ftruncate(self._descriptor, self.size_bytes)
        except OSError as error:
            raise StorageError(f"{self.path}: cannot open the journal: {error.strerror}") from error

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """All or none of them. sync: also against a power cut."""
        data = b"".join(encode_entry(entry) for entry in entries)
        with self._lock:
            try:
                _write_at(self._descriptor, data, self.size_bytes)
                if sync:
                    os.fdatasync(self._descriptor)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self.size_bytes)
                raise StorageError(f"{self.path}: {error.strerror}") from error
            self.size_bytes += len(data)
            self.last_seq = entries[-1].seq

    def sync(self) -> None:
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise StorageError(f"{self.path}: {error.strerror}") from error

    def read(self, offset: int, limit: int) -> tuple[list[Entry], int]:
        """Up to `limit` whole entries from offset on (0: the first), and where to read on."""
        entries: list[Entry] = []
        with self._lock:
            while len(entries) < limit and offset < self.size_bytes:
                lines = self._lines(offset)
                if not lines:
                    break
                for line in lines[: limit - len(entries)]:
                    offset += len(line)
                    if (entry := self._entry(line)) is not None:
                        entries.append(entry)
        return entries, offset

    def compact(self, offset: int) -> int:
        """When all before offset is in the catalog, and that is all there is: keep only the end. The new offset."""
        with self._lock:
            if offset < self.size_bytes or self.size_bytes <= COMPACT_ABOVE_BYTES:
                return offset
            try:
                tail = os.pread(self._descriptor, _KEEP_BYTES, self.size_bytes - _KEEP_BYTES)
                self._replace(self._header() + tail[tail.find(b"\n") + 1 :])
            except OSError as error:
                raise StorageError(f"{self.path}: {error.strerror}") from error
            return self.size_bytes

    def _identify(self) -> None:
        """The first line names the journal. Without one it is a new journal; a damaged file is kept aside."""
        first = os.pread(self._descriptor, 4096, 0)
        try:
            header = decode_line(first[: first.find(b"\n") + 1])
            self.id = str(uuid.UUID(header["journal"]))
        except (ValueError, KeyError):
            if first:
                aside = self.path.with_suffix(".damaged")
                self.path.rename(aside)
                log.error("journal_damaged", extra={"journal": self.name, "kept_as": str(aside)})
            self.id = str(uuid.uuid4())
            self._replace(self._header())

    def _header(self) -> bytes:
        return encode_line({"journal": self.id, "name": self.name, "v": 1})

    def _replace(self, content: bytes) -> None:
        """Whole or not at all. Raises OSError."""
        new = self.path.with_suffix(".new")
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_at(descriptor, content, 0)
            os.fsync(descriptor)
            new.rename(self.path)
            sync_directory(self.path.parent)
        except OSError:
            os.close(descriptor)
            raise
        os.close(self._descriptor)
        self._descriptor, self.size_bytes = descriptor, len(content)

    def _scan(self) -> None:
        offset = 0
        while lines := self._lines(offset):
            for line in lines:
                offset += len(line)
                if (entry := self._entry(line)) is not None:
                    self.first_seq = self.first_seq or entry.seq
                    self.last_seq = entry.seq
        self.size_bytes = offset

    def _lines(self, offset: int) -> list[bytes]:
        """Whole lines from offset on. A line longer than any of ours ends the journal there."""
        data = os.pread(self._descriptor, min(_READ_BYTES, self.size_bytes - offset), offset)
        return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)

    def _entry(self, line: bytes) -> Entry | None:
        try:
            return decode_entry(line)
        except ValueError:
            if b'"journal":' not in line:
                log.error("journal_line_damaged", extra={"journal": self.name})
            return None


def newest_entry(path: Path) -> tuple[str, int]:
    """(journal's id, seq of its last whole entry), read only; ("", 0) when the file is none of ours."""
    journal_id, seq = "", 0
    try:
        with path.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    if journal_id:
                        seq = decode_entry(line).seq
                    else:
                        journal_id = str(decode_line(line).get("journal", ""))
    except OSError as error:
        raise StorageError(f"{path}: cannot read the journal: {error.strerror}") from error
    return journal_id, seq


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
