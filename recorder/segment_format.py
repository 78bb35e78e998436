"""How a segment lies on disk: one header box in plain, then a fragmented MP4, encrypted or not.

The header is an MP4 box of type `uuid` with a JSON object, so an unencrypted segment plays anywhere as it is. Of an
encrypted one it tells whose and when it is and under which key: enough to rebuild the catalog row. All bytes after
the header are AES-256-CTR; the counter block is the header's 12-byte nonce and a 32-bit block number from 0.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import BinaryIO, get_args

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from vms.errors import StorageError
from vms.rules.layout import parse_path, segment_path
from vms.units import CameraId, Codec, Profile, utc_from_us

BOX_UUID = bytes.fromhex("75697463696a6b4d8a6e9d0151c00001")
NONCE_BYTES = 12
BLOCK_BYTES = 16
_PREFIX = struct.Struct(">I4s16s")
_MAX_HEADER_BYTES = 4096
_NUMBERS_END = 2**63
"""The catalog keeps 64 bits of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """What is known when the file is opened. key_id and nonce (hex) are None when it is not encrypted.

    decision_id, placement_id: under which decision, and at which place, it was begun; left out when there is none.
    """

    camera_id: CameraId
    profile: Profile
    codec: Codec
    start_us: int
    starts_run: bool
    purpose: str
    skew_ms: int | None
    key_id: str | None
    nonce: str | None
    decision_id: int | None = None
    placement_id: int | None = None

    @property
    def path(self) -> str:
        """Where the segment belongs on its volume."""
        return segment_path(self.camera_id, self.profile, utc_from_us(self.start_us))

    def encode(self) -> bytes:
        content = {"v": 1, **asdict(self)}
        for name in ("decision_id", "placement_id"):
            if content[name] is None:
                del content[name]
        body = json.dumps(content, separators=(",", ":")).encode()
        return _PREFIX.pack(_PREFIX.size + len(body), b"uuid", BOX_UUID) + body


def read_header(file: BinaryIO) -> tuple[SegmentHeader, int]:
    """(header, offset of the first content byte); the file then stands there. Raises StorageError."""
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        raise StorageError("too short for a segment header")
    size, kind, box_uuid = _PREFIX.unpack(prefix)
    if kind != b"uuid" or box_uuid != BOX_UUID or not _PREFIX.size < size <= _MAX_HEADER_BYTES:
        raise StorageError("no segment header")
    try:
        content = json.loads(file.read(size - _PREFIX.size))
        if content.pop("v") != 1:
            raise StorageError("segment of a newer version")
        header = SegmentHeader(**content)
        if not _is_sound(header):
            raise StorageError("damaged segment header")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise StorageError("damaged segment header") from error
    return header, size


def _is_sound(header: SegmentHeader) -> bool:
    """Values of the right kind, and a place on a volume that is one of ours. Raises ValueError, TypeError."""
    numbers = [header.start_us, *_given(header.skew_ms)]
    ids = [*_given(header.decision_id), *_given(header.placement_id)]
    texts = [header.camera_id, header.purpose, *([] if header.key_id is None else [header.key_id])]
    is_encrypted = header.nonce is not None and len(bytes.fromhex(header.nonce)) == NONCE_BYTES
    return (
        all(type(number) is int and abs(number) < _NUMBERS_END for number in numbers)
        and all(type(number) is int and 0 < number < _NUMBERS_END for number in ids)
        and all(isinstance(text, str) for text in texts)
        and isinstance(header.starts_run, bool)
        and header.codec in get_args(Codec)
        and is_encrypted == (header.key_id is not None)
        and (is_encrypted or header.nonce is None)
        and parse_path(header.path) is not None
    )


def _given(number: int | None) -> list[int]:
    return [] if number is None else [number]


def cipher_at(secret: bytes, nonce: str, position: int) -> CipherContext:
    """Stream cipher for content bytes from `position` on; en- and decrypting are the same in CTR."""
    counter_block = bytes.fromhex(nonce) + (position // BLOCK_BYTES).to_bytes(4, "big")
    context = Cipher(AES(secret), CTR(counter_block)).encryptor()
    context.update(bytes(position % BLOCK_BYTES))
    return context
