"""Fragments of an MP4 (ISO 14496-12 movie fragments) from pictures as they came. Pure.

Written here and not by libav: it copies each picture four times on the way through its muxer and a Python callback,
which costs more than all the rest of recording (docs/decisions/0008). The file's beginning, with everything that
depends on the codec, is libav's (`recorder.muxer`). The camera's NAL units stay as they are: only their start codes
become lengths, as MP4 demands.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from vms.errors import ProtocolError
from vms.rules.codec_string import nal_units

TRACK_ID = 1
_KEYFRAME_FLAGS = 0x0200_0000  # depends on no other sample
_OTHER_FLAGS = 0x0101_0000  # depends on others, is no sync sample
_TFHD_FLAGS = 0x02_0000  # default-base-is-moof
_TRUN_FLAGS = 0xF01  # data offset; per sample: duration, size, flags, composition offset
_MOOF = struct.Struct(
    ">"
    "I4s"  # moof
    "I4sII"  # mfhd: version and flags, sequence number
    "I4s"  # traf
    "I4sII"  # tfhd: flags, track
    "I4sIQ"  # tfdt: version, decode time
    "I4sIII"  # trun: flags, sample count, data offset; its table follows
)
_MDAT = struct.Struct(">I4s")
_LENGTH = struct.Struct(">I")
_MFHD_BYTES, _TFHD_BYTES, _TFDT_BYTES, _TRUN_BYTES = 16, 16, 20, 20
_TRAF_BYTES = 8 + _TFHD_BYTES + _TFDT_BYTES + _TRUN_BYTES
_SAMPLE_BYTES = 16
_VERSION_1 = 1 << 24


class Sample(NamedTuple):
    """One picture. data: Annex B; nal_offsets: where its (four byte) start codes lie, empty = not known.

    composition_90k: PTS minus DTS, not negative.
    """

    data: bytes
    nal_offsets: tuple[int, ...]
    duration_90k: int
    composition_90k: int
    is_keyframe: bool


def fragment(number: int, start_90k: int, samples: Sequence[Sample]) -> bytearray:
    """`moof` and `mdat`. number: from 1 in a file; start_90k: DTS of the first sample in the file's time.

    Raises ProtocolError for a picture without NAL units.
    """
    bodies = [sample.data if sample.nal_offsets else _with_lengths(sample.data) for sample in samples]
    table: list[int] = []
    for sample, body in zip(samples, bodies, strict=True):
        flags = _KEYFRAME_FLAGS if sample.is_keyframe else _OTHER_FLAGS
        table += (sample.duration_90k, len(body), flags, sample.composition_90k)
    table_bytes = _SAMPLE_BYTES * len(samples)
    moof_bytes = _MOOF.size + table_bytes
    moof = _MOOF.pack(
        *(moof_bytes, b"moof"),
        *(_MFHD_BYTES, b"mfhd", 0, number),
        *(_TRAF_BYTES + table_bytes, b"traf"),
        *(_TFHD_BYTES, b"tfhd", _TFHD_FLAGS, TRACK_ID),
        *(_TFDT_BYTES, b"tfdt", _VERSION_1, start_90k),
        *(_TRUN_BYTES + table_bytes, b"trun", _TRUN_FLAGS, len(samples), moof_bytes + _MDAT.size),
    )
    mdat = _MDAT.pack(_MDAT.size + sum(map(len, bodies)), b"mdat")
    content = bytearray().join((moof, struct.pack(f">{len(table)}I", *table), mdat, *bodies))
    at = moof_bytes + _MDAT.size
    for sample, body in zip(samples, bodies, strict=True):
        _write_lengths(content, at, sample.nal_offsets, len(body))
        at += len(body)
    return content


def _write_lengths(content: bytearray, at: int, nal_offsets: tuple[int, ...], size: int) -> None:
    """Over the start codes of one picture, which lies at `at`."""
    end = size
    for offset in reversed(nal_offsets):
        _LENGTH.pack_into(content, at + offset, end - offset - _LENGTH.size)
        end = offset


def _with_lengths(annexb: bytes) -> bytes:
    """The slow way, for sources that do not tell where their NAL units are."""
    pieces: list[bytes] = []
    for nal in nal_units(annexb):
        pieces += (_LENGTH.pack(len(nal)), nal)
    if not pieces:
        raise ProtocolError("a picture without NAL units")
    return b"".join(pieces)
