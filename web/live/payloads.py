"""One H.264 access unit → RTP payloads (RFC 6184, packetization mode 1: single, STAP-A, FU-A)."""

from collections.abc import Iterator, Sequence

MAX_PAYLOAD = 1200
"""Bytes: with RTP, SRTP, UDP and IP headers below every path's MTU, also through a VPN."""
_DROPPED = frozenset({6, 9, 12})
"""SEI, access unit delimiters and filler carry nothing that a viewer needs. What a camera puts in an SEI (its clock,
what it saw, a signature) is for the recording alone, and a small unit before a picture costs a system call of its own.
"""


def rtp_payloads(annex_b: bytes, nal_offsets: Sequence[int] = ()) -> tuple[bytes, ...]:
    """nal_offsets: where its (four byte) start codes lie, in order; empty = look for them, which takes longer."""
    found: list[bytes] = []
    small: list[bytes] = []
    room = MAX_PAYLOAD - 1
    for nal in _units_at(annex_b, nal_offsets) if nal_offsets else nal_units(annex_b):
        if len(nal) + 2 > room:
            _flush(small, found)
            room = MAX_PAYLOAD - 1
        if len(nal) > MAX_PAYLOAD:
            found += _fragments(nal)
        elif len(nal) + 2 > room:
            found.append(nal)
        else:
            small.append(nal)
            room -= len(nal) + 2
    _flush(small, found)
    return tuple(found)


def _units_at(annex_b: bytes, offsets: Sequence[int]) -> Iterator[bytes]:
    for start, end in zip(offsets, (*offsets[1:], len(annex_b)), strict=True):
        nal = annex_b[start + 4 : end]
        if nal and nal[0] & 0x1F not in _DROPPED:
            yield nal


def nal_units(annex_b: bytes) -> Iterator[bytes]:
    """Without start codes; no empty ones, and none of those that are dropped."""
    start = annex_b.find(b"\0\0\1")
    while start >= 0:
        begin = start + 3
        start = annex_b.find(b"\0\0\1", begin)
        nal = annex_b[begin:] if start < 0 else annex_b[begin:start]
        nal = nal.rstrip(b"\0") if start >= 0 else nal
        if nal and nal[0] & 0x1F not in _DROPPED:
            yield nal


def _flush(small: list[bytes], found: list[bytes]) -> None:
    if len(small) == 1:
        found.append(small[0])
    elif small:
        importance = max(nal[0] & 0x60 for nal in small)
        found.append(bytes([24 | importance]) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in small))
    small.clear()


def _fragments(nal: bytes) -> list[bytes]:
    size = MAX_PAYLOAD - 2
    indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
    first, middle, last = (bytes([indicator, kind | flag]) for flag in (0x80, 0, 0x40))
    starts = range(1, len(nal), size)
    pieces = [middle + nal[start : start + size] for start in starts]
    pieces[0] = first + nal[1 : 1 + size]
    pieces[-1] = last + nal[starts[-1] :]
    return pieces
