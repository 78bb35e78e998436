"""Writes the zip of an export: nothing compressed, no times of its own, every byte with one allowed value.

The format's bytes come from the checker that lies in the package, so that both speak of the same thing.
"""

import hashlib
import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from web.bundle.controleer_export import local_header, zip_end

_BLOCK = 1 << 20


class Content(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def crc(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class Text:
    name: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def crc(self) -> int:
        return zlib.crc32(self.data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies on disk, measured before."""

    name: str
    path: Path
    size: int
    crc: int
    sha256: str

    def open(self) -> BinaryIO:
        return self.path.open("rb")


def write_package(out: BinaryIO, contents: Iterable[Content]) -> None:
    """Blocking. Raises OSError."""
    entries: list[tuple[bytes, int, int, int]] = []
    offset = 0
    for content in contents:
        name = content.name.encode()
        head = local_header(name, content.size, content.crc)
        out.write(head)
        with content.open() as file:
            while block := file.read(_BLOCK):
                out.write(block)
        entries.append((name, content.size, content.crc, offset))
        offset += len(head) + content.size
    out.write(zip_end(entries, offset))
