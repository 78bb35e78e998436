"""The seal of the ONVIF Export File Format (26.06) in an MP4: who exported what and when, and a signature over all.

The boxes lie in one file-level `meta` at the end. What is signed is the whole file with the signature's own bytes zero.
"""

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vms.export_certificate import SIGNATURE_BYTES, ExportSealer, is_sealed

_TRACK_ID = 1
_SECONDS_1904_TO_1970 = 2_082_844_800
_HUNDRED_NS_1601_TO_1970 = 116_444_736_000_000_000
_SCHEME = b"oeff"
_SCHEME_VERSION = 0x00010000
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """unit: the exporting site. source: the camera's name. start_us: UTC of the video's time 0."""

    unit: str
    operator: str
    source: str
    made_us: int
    start_us: int


def box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def seal_boxes(facts: ExportFacts, certificate: bytes) -> tuple[bytes, int]:
    """The `meta` box, and where in it the signature's zeros begin. certificate: DER."""
    empty = box(b"sibo", bytes(SIGNATURE_BYTES))
    meta = box(
        b"meta",
        bytes(4),
        box(b"hdlr", bytes(8), b"null", bytes(13)),
        _surveillance_export(facts),
        box(
            b"ipro",
            struct.pack(">IH", 0, 1),
            box(
                b"sinf",
                box(b"schm", struct.pack(">I4sI", 0, _SCHEME, _SCHEME_VERSION)),
                box(b"schi", empty, box(b"cert", certificate)),
                _start_time(facts.start_us),
            ),
        ),
    )
    return meta, meta.index(empty) + 8


def _surveillance_export(facts: ExportFacts) -> bytes:
    made_s = facts.made_us // 1_000_000 + _SECONDS_1904_TO_1970
    texts = [facts.unit, "", ""], [facts.operator], [facts.source, "", "", ""]
    unit, operator, source = (b"".join(_text(one) for one in those) for those in texts)
    head = struct.pack(">I", 1 << 24)
    return box(b"suep", head, unit, struct.pack(">Q", made_s), operator, struct.pack(">IH", 1, _TRACK_ID), source)


def _start_time(start_us: int) -> bytes:
    return box(b"cstb", struct.pack(">IIQ", 1, _TRACK_ID, start_us * 10 + _HUNDRED_NS_1601_TO_1970))


def _text(value: str) -> bytes:
    return value.replace("\0", " ").encode() + b"\0"


def seal(path: Path, facts: ExportFacts, sealer: ExportSealer) -> None:
    """Append the boxes to a finished video and sign it; safe on disk when it returns. Blocking. Raises OSError."""
    meta, signature_at = seal_boxes(facts, sealer.certificate)
    digest = hashlib.sha256()
    with path.open("r+b") as file:
        _name_brand(file)
        while block := file.read(_BLOCK):
            digest.update(block)
        size = file.tell()
        digest.update(meta)
        file.write(meta)
        file.seek(size + signature_at)
        file.write(sealer.sign(digest.digest()))
        file.flush()
        os.fsync(file.fileno())


def _name_brand(file: BinaryIO) -> None:
    """The format's brand is isom. What fragments need (iso5) stays among the compatible ones, mp41 makes room."""
    head = file.read(64)
    size = int.from_bytes(head[:4], "big")
    if head[4:8] == b"ftyp" and size <= len(head):
        file.seek(8)
        file.write(b"isom" + head[12:size].replace(b"mp41", b"isom"))
    file.seek(0)


@dataclass(frozen=True, slots=True)
class Seal:
    """What the `meta` box of a sealed video holds. zeroed: the box without its signature."""

    signature: bytes
    certificate: bytes
    zeroed: bytes

    def fits(self, before: "hashlib._Hash") -> bool:
        """before: SHA-256 over all that lies before the box."""
        digest = before.copy()
        digest.update(self.zeroed)
        return is_sealed(self.certificate, digest.digest(), self.signature)


def read_seal(meta: bytes) -> Seal | None:
    """meta: the end of a file, from its `meta` box on. None when there is no whole seal in it."""
    schi = _inside(meta, (b"meta", 4), (b"ipro", 6), (b"sinf", 0), (b"schi", 0))
    if schi is None:
        return None
    start, end = schi
    signature, certificate = _find(meta, start, end, b"sibo"), _find(meta, start, end, b"cert")
    if signature is None or certificate is None:
        return None
    zeroed = meta[: signature[0]] + bytes(signature[1] - signature[0]) + meta[signature[1] :]
    return Seal(meta[slice(*signature)], meta[slice(*certificate)], zeroed)


def _inside(data: bytes, *path: tuple[bytes, int]) -> tuple[int, int] | None:
    """Where the body of the innermost box lies; with each kind, how many bytes of its body lie before its boxes."""
    start, end = 0, len(data)
    for kind, skipped in path:
        found = _find(data, start, end, kind)
        if found is None:
            return None
        start, end = found[0] + skipped, found[1]
    return start, end


def _find(data: bytes, start: int, end: int, wanted: bytes) -> tuple[int, int] | None:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            return None
        if kind == wanted:
            return start + 8, start + size
        start += size
    return None
