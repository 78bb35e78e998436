"""Reads what is needed of a fragmented MP4: where whole fragments end, how long they last, codec and size.

Written for files of our own that a crash may have cut anywhere: sizes are bounded, anything odd ends the reading.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from vms.errors import StorageError
from vms.rules.codec_string import avc_codec_string, hevc_codec_string

_HEAD = struct.Struct(">I4s")
_MAX_INDEX_BOX_BYTES = 8 * 1024 * 1024
_MAX_DATA_BOX_BYTES = 512 * 1024 * 1024
_VISUAL_ENTRY_BYTES = 78
"""Of a VisualSampleEntry before its child boxes (ISO 14496-12)."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """offset, size: of moof + mdat in the file; times in ticks of the track's timescale.

    other_samples, other_bytes: its pictures that are no keyframe, and their size: what changed since the one before.
    keyframe_bytes: of its keyframes together.
    """

    offset: int
    size: int
    start_ticks: int
    duration_ticks: int
    samples: int
    starts_with_keyframe: bool
    other_samples: int
    other_bytes: int
    keyframe_bytes: int


@dataclass(frozen=True, slots=True)
class FileIndex:
    """end_offset: behind the last whole fragment; what lies after it is not complete."""

    codec: str
    width: int
    height: int
    timescale: int
    fragments: tuple[Fragment, ...]
    end_offset: int

    @property
    def duration_90k(self) -> int:
        """From the first picture to the end of the last one."""
        if not self.fragments:
            return 0
        last = self.fragments[-1]
        ticks = last.start_ticks + last.duration_ticks - self.fragments[0].start_ticks
        return ticks * 90_000 // self.timescale


def children(data: bytes) -> list[tuple[bytes, bytes]]:
    """(type, body) of boxes that lie whole in `data`."""
    found: list[tuple[bytes, bytes]] = []
    position = 0
    while position + _HEAD.size <= len(data):
        size, kind = _HEAD.unpack_from(data, position)
        if size < _HEAD.size or position + size > len(data):
            break
        found.append((kind, data[position + _HEAD.size : position + size]))
        position += size
    return found


def _find(data: bytes, *path: bytes) -> bytes:
    for kind in path:
        data = next((body for name, body in children(data) if name == kind), b"")
    return data


def read_index(file: BinaryIO) -> FileIndex:
    """From the start of the MP4 content. Raises StorageError: no readable beginning (ftyp, moov)."""
    file.seek(0, 2)
    total = file.tell()
    moov = b""
    fragments: list[Fragment] = []
    position = end_offset = moof_offset = 0
    moof = b""
    while (head := _read_head(file, position, total)) is not None:
        size, kind = head
        if kind in (b"moov", b"moof"):
            body = file.read(size - _HEAD.size)
            moov, moof, moof_offset = (body, b"", 0) if kind == b"moov" else (moov, body, position)
            end_offset = position + size if kind == b"moov" else end_offset
        elif kind == b"mdat" and moof and moov:
            fragments.append(_fragment(moof, moof_offset, position + size - moof_offset))
            moof, end_offset = b"", position + size
        position += size
    if not moov:
        raise StorageError("no readable moov")
    codec, width, height = _sample_entry(_find(moov, b"trak", b"mdia", b"minf", b"stbl", b"stsd"))
    timescale = _timescale(_find(moov, b"trak", b"mdia", b"mdhd"))
    return FileIndex(codec, width, height, timescale, tuple(fragments), end_offset)


def _read_head(file: BinaryIO, position: int, total: int) -> tuple[int, bytes] | None:
    """Size and type of the box at `position`, the file standing behind its head; None when it is not whole."""
    file.seek(position)
    raw = file.read(_HEAD.size)
    if len(raw) < _HEAD.size:
        return None
    size, kind = _HEAD.unpack(raw)
    limit = _MAX_DATA_BOX_BYTES if kind == b"mdat" else _MAX_INDEX_BOX_BYTES
    if not _HEAD.size <= size <= limit or position + size > total:
        return None
    return size, kind


def _timescale(mdhd: bytes) -> int:
    if len(mdhd) < 24:
        raise StorageError("no readable mdhd")
    offset = 20 if mdhd[0] == 1 else 12
    timescale = int.from_bytes(mdhd[offset : offset + 4], "big")
    if timescale == 0:
        raise StorageError("timescale 0")
    return timescale


def _sample_entry(stsd: bytes) -> tuple[str, int, int]:
    entries = children(stsd[8:])
    if not entries or len(entries[0][1]) < _VISUAL_ENTRY_BYTES:
        raise StorageError("no readable sample entry")
    kind, body = entries[0]
    width, height = struct.unpack_from(">HH", body, 24)
    configuration = dict(children(body[_VISUAL_ENTRY_BYTES:]))
    if b"avcC" in configuration:
        return avc_codec_string(configuration[b"avcC"][1:4]), width, height
    if b"hvcC" in configuration:
        return hevc_codec_string(configuration[b"hvcC"][1:13], kind.decode("ascii", "replace")), width, height
    raise StorageError(f"unknown codec {kind!r}")


def _fragment(moof: bytes, offset: int, size: int) -> Fragment:
    """Raises StorageError when the fragment's own tables are cut or impossible."""
    traf = _find(moof, b"traf")
    tfhd, tfdt = _find(traf, b"tfhd"), _find(traf, b"tfdt")
    try:
        start = struct.unpack_from(">Q" if tfdt[0] == 1 else ">I", tfdt, 4)[0]
        defaults = _defaults(tfhd)
        runs = [_run(body, defaults) for kind, body in children(traf) if kind == b"trun"]
    except (struct.error, IndexError) as error:
        raise StorageError("damaged fragment header") from error
    samples = [sample for run in runs for sample in run]
    others = [size_bytes for _, size_bytes, is_keyframe in samples if not is_keyframe]
    duration = sum(duration_ticks for duration_ticks, _, _ in samples)
    starts_with_keyframe = bool(samples) and samples[0][2]
    keyframe_bytes = sum(size_bytes for _, size_bytes, is_keyframe in samples if is_keyframe)
    counts = len(others), sum(others), keyframe_bytes
    return Fragment(offset, size, start, duration, len(samples), starts_with_keyframe, *counts)


_NON_SYNC = 0x1_0000
_MAX_SAMPLES = 100_000
_Defaults = tuple[int, int, int]
"""Of a sample: duration in ticks, bytes, flags."""
_Sample = tuple[int, int, bool]
"""Duration in ticks, bytes, whether it is a keyframe."""


def _defaults(tfhd: bytes) -> _Defaults:
    present = int.from_bytes(tfhd[1:4], "big")
    position = 8 + (8 if present & 0x1 else 0) + (4 if present & 0x2 else 0)
    found: list[int] = []
    for flag in (0x8, 0x10, 0x20):
        found.append(int(struct.unpack_from(">I", tfhd, position)[0]) if present & flag else 0)
        position += 4 if present & flag else 0
    return found[0], found[1], found[2]


def _run(trun: bytes, defaults: _Defaults) -> list[_Sample]:
    present = int.from_bytes(trun[1:4], "big")
    count = int(struct.unpack_from(">I", trun, 4)[0])
    position = 8 + (4 if present & 0x1 else 0)
    first_flags = int(struct.unpack_from(">I", trun, position)[0]) if present & 0x4 else None
    position += 4 if present & 0x4 else 0
    columns = [flag for flag in (0x100, 0x200, 0x400, 0x800) if present & flag]
    if count > _MAX_SAMPLES or position + 4 * len(columns) * count > len(trun):
        raise StorageError("damaged fragment header: sample table")
    table = struct.unpack_from(f">{len(columns) * count}I", trun, position)
    samples: list[_Sample] = []
    for n in range(count):
        told = dict(zip(columns, table[n * len(columns) : (n + 1) * len(columns)], strict=True))
        flags = told.get(0x400, defaults[2])
        if n == 0 and first_flags is not None:
            flags = first_flags
        samples.append((told.get(0x100, defaults[0]), told.get(0x200, defaults[1]), not flags & _NON_SYNC))
    return samples
