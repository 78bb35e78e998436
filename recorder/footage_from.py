"""A segment from a moment on: its beginning, and its fragments from the keyframe at or before that moment.

A viewer who seeks, a still and a search need some seconds of a minute; what lies before them is neither read nor
decoded. The fragments keep their own times, so the file's timeline stays the segment's.
"""

import io
from collections.abc import Sequence
from typing import BinaryIO

from recorder.boxes import FileIndex, Fragment, read_index


def footage_from(file: BinaryIO, offset_us: int) -> BinaryIO:
    """offset_us: since the segment's time 0; before it: the whole file. Owns `file`. Raises StorageError."""
    try:
        index = read_index(file)
        first = index.fragments[0].offset if index.fragments else index.end_offset
        begin = keyframe_at(index, offset_us)
        if begin is None or begin.offset == first:
            file.seek(0)
            return file
        file.seek(0)
        head = file.read(first)
        return io.BufferedReader(_Spliced(head, file, begin.offset))
    except BaseException:
        file.close()
        raise


def keyframe_at(index: FileIndex, offset_us: int) -> Fragment | None:
    """The last fragment at or before the moment that decodes alone; None: there is none."""
    at = offset_us * index.timescale // 1_000_000
    return _last(index.fragments, at)


def _last(fragments: Sequence[Fragment], at_ticks: int) -> Fragment | None:
    found = None
    for fragment in fragments:
        if fragment.start_ticks > at_ticks:
            break
        found = fragment if fragment.starts_with_keyframe else found
    return found


class _Spliced(io.RawIOBase):
    """`head`, then `file` from `offset` on."""

    def __init__(self, head: bytes, file: BinaryIO, offset: int) -> None:
        self._head = head
        self._file = file
        self._shift = offset - len(head)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            base = self._file.seek(0, io.SEEK_END) - self._shift
        else:
            base = self._position if whence == io.SEEK_CUR else 0
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._position < len(self._head):
            data = self._head[self._position : self._position + len(buffer)]
        else:
            place = self._position + self._shift
            if self._file.tell() != place:
                self._file.seek(place)
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
