"""RTP packets → access units, H.264 (RFC 6184) and H.265 (RFC 7798). Pure: bytes in, bytes out.

Real cameras, so: an access unit ends at the marker bit or when the timestamp changes; a marker on every slice
is noticed and not believed any more; parameter sets and SEI that come alone wait for their picture. A missing
RTP packet costs the NAL unit it belonged to and nothing else: a broken unit is never handed on.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.rtcp import Reception
from vms.errors import ProtocolError
from vms.units import Codec

MAX_ACCESS_UNIT_BYTES = 32 * 1024 * 1024
_PART_COST_BYTES = 100
"""Added for each piece, so that the bound holds for the memory that very small fragments take, too."""
START_CODE = b"\x00\x00\x00\x01"
_HEADER = struct.Struct(">BBHII")
_HEADER_BYTES = 12
_PLAIN = 0x80  # version 2, no padding, no extension, no CSRC
_MARKER = 0x80
_LATE_PACKETS = 100

_H264_STAP_A, _H264_FU_A, _H264_AUD = 24, 28, 9
_H264_UNSUPPORTED = frozenset({25, 26, 27, 29})
_H265_AP, _H265_FU, _H265_PACI, _H265_AUD = 48, 49, 50, 35


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture as it came.

    data: Annex B. rtp_timestamp: 32 bits, as sent. parameter_sets: those inside data. lost: RTP packets missing
    since the previous access unit, inside this one or before it. restarted: the camera began a new RTP stream.
    """

    data: bytes
    rtp_timestamp: int
    is_keyframe: bool
    parameter_sets: tuple[bytes, ...]
    lost: int
    restarted: bool = False


class Depacketizer:
    """What both codecs share: RTP headers, sequence numbers, where an access unit ends. One thread."""

    _MIDDLE: struct.Struct
    """A plain RTP header up to the fragment flags: first two bytes, sequence, and what all middle fragments of
    one unit have in common (timestamp, SSRC, payload header, flags)."""

    def __init__(self, payload_type: int) -> None:
        self._plain_two = _PLAIN << 8 | payload_type
        self._payload_type = payload_type
        self._units: list[AccessUnit] = []
        self._ssrc = -1
        self._expected = -1
        self._received = 0
        self._lost_total = 0
        self._first_sequence = 0
        self._timestamp = -1
        self._ended_timestamp = -1
        self._believe_marker = True
        self._lost = 0
        self._restarted = False
        self.malformed = 0
        """Packets or NAL units that made no sense and were left out."""
        self._clear()

    def _clear(self) -> None:
        self._parts: list[bytes] = []
        self._bytes = 0
        self._has_picture = False
        self._is_keyframe = False
        self._sets: list[bytes] = []
        self._fragment_at = -1
        self._fragment_flags = -1
        self._fragment_key = b""

    def push_all(self, packets: Iterable[bytes]) -> list[AccessUnit]:
        """Many RTP packets at once: what became complete. The hot path; raises like `push`."""
        unpack, shortest, body = self._MIDDLE.unpack_from, self._MIDDLE.size + 1, self._MIDDLE.size
        for packet in packets:
            # Nine of ten packets of a good stream continue the fragmented unit of the packet before.
            if len(packet) >= shortest:
                first_two, sequence, same = unpack(packet)
                if same == self._fragment_key and sequence == self._expected and first_two == self._plain_two:
                    self._expected = (sequence + 1) & 0xFFFF
                    self._received += 1
                    self._parts.append(packet[body:])
                    self._bytes += len(packet) + _PART_COST_BYTES
                    if self._bytes <= MAX_ACCESS_UNIT_BYTES:
                        continue
                    self._charge(0)
            self.push(packet)
        return self.take()

    def push(self, packet: bytes) -> None:
        """One RTP packet. Raises ProtocolError only for what cannot go on: bounds, unsupported packetisation."""
        if len(packet) < _HEADER_BYTES:
            self.malformed += 1
            return
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
        if first != _PLAIN or second & 0x7F != self._payload_type:
            packet = self._unusual(packet)
            if not packet:
                return
        if (sequence != self._expected or ssrc != self._ssrc) and self._is_late(sequence, ssrc):
            return
        self._expected = (sequence + 1) & 0xFFFF
        self._received += 1
        if timestamp != self._timestamp:
            self._end_unit()
            self._timestamp = timestamp
        size = len(packet)
        if size > _HEADER_BYTES:
            self._charge(size)
            self._take(packet)
        if second & _MARKER and self._believe_marker:
            self._end_unit()

    def take(self) -> list[AccessUnit]:
        """The access units that are complete; each is handed out once."""
        units, self._units = self._units, []
        return units

    def reception(self) -> Reception:
        """Counts for the receiver report."""
        highest = self._first_sequence + self._received + self._lost_total - 1
        return Reception(max(0, self._ssrc), self._received, self._lost_total, max(0, highest))

    def _unusual(self, packet: bytes) -> bytes:
        """Not ours: empty. With padding, extension or CSRCs: without them, at least the bare header."""
        if packet[0] >> 6 != 2 or packet[1] & 0x7F != self._payload_type:
            self.malformed += 1
            return b""
        at = _HEADER_BYTES + 4 * (packet[0] & 0x0F)
        end = len(packet)
        if packet[0] & 0x10:
            if end < at + 4:
                return packet[:_HEADER_BYTES]
            at += 4 + 4 * (packet[at + 2] << 8 | packet[at + 3])
        if packet[0] & 0x20:
            end -= packet[-1]
        return packet[:_HEADER_BYTES] + packet[at : max(at, end)]

    def _charge(self, size: int) -> None:
        self._bytes += size + _PART_COST_BYTES
        if self._bytes > MAX_ACCESS_UNIT_BYTES:
            raise ProtocolError(f"access unit larger than {MAX_ACCESS_UNIT_BYTES} bytes")

    def _is_late(self, sequence: int, ssrc: int) -> bool:
        """The sequence is broken. True: a repeat or straggler to leave out; else the hole is now on the books."""
        if ssrc != self._ssrc:
            if self._ssrc >= 0:
                self._restarted = True
                self._clear()
            self._ssrc, self._first_sequence = ssrc, sequence
            self._received = self._lost_total = 0
            return False
        ahead = (sequence - self._expected) & 0xFFFF
        if ahead >= 0x10000 - _LATE_PACKETS:
            self.malformed += 1
            return True
        missing = ahead if ahead < 0x8000 else 1
        self._lost += missing
        self._lost_total += missing
        self._drop_fragment()
        return False

    def _drop_fragment(self) -> None:
        """Forget the NAL unit that is being put together: a part of it is missing."""
        if self._fragment_at >= 0:
            del self._parts[self._fragment_at :]
            self._fragment_at = self._fragment_flags = -1
            self._fragment_key = b""

    def _abandon_fragment(self) -> None:
        """The camera began something else before the end of a fragmented unit."""
        if self._fragment_at >= 0:
            self.malformed += 1
            self._drop_fragment()

    def _end_unit(self) -> None:
        self._abandon_fragment()
        if not self._has_picture:
            return  # parameter sets or SEI alone: they belong to the picture that follows
        self._units.append(
            AccessUnit(
                b"".join(self._parts),
                self._timestamp,
                self._is_keyframe,
                tuple(self._sets),
                self._lost,
                self._restarted,
            )
        )
        self._ended_timestamp = self._timestamp
        self._lost = 0
        self._restarted = False
        self._clear()

    def _picture_begins(self, *, first_slice: bool, is_keyframe: bool) -> None:
        if not first_slice and not self._has_picture and self._timestamp == self._ended_timestamp:
            self._believe_marker = False  # this camera sets the marker on every slice
        self._has_picture = True
        if is_keyframe:
            self._is_keyframe = True

    def _aggregated(self, packet: bytes, at: int) -> None:
        """The units of a STAP-A or AP, each after its 16-bit size."""
        size = len(packet)
        while size - at > 2:
            end = at + 2 + (packet[at] << 8 | packet[at + 1])
            if end > size:
                break
            self._charge(0)
            self._unit(packet[at + 2 : end])
            at = end
        if at != size:
            self.malformed += 1

    def _take(self, packet: bytes) -> None:
        raise NotImplementedError

    def _unit(self, nal: bytes) -> None:
        raise NotImplementedError

    def _aud(self) -> None:
        """An access unit delimiter: whatever the marker said, a picture before it is over."""
        if self._has_picture:
            self._end_unit()


class H264Depacketizer(Depacketizer):
    _MIDDLE = struct.Struct(">HH10s")

    def _take(self, packet: bytes) -> None:
        kind = packet[12] & 0x1F
        if kind == _H264_FU_A:
            self._fragment(packet)
            return
        self._abandon_fragment()
        if kind == _H264_STAP_A:
            self._aggregated(packet, 13)
        elif kind in _H264_UNSUPPORTED:
            raise ProtocolError(f"RTP packetisation type {kind} is not supported: use transport libav")
        else:
            self._unit(packet[12:])

    def _fragment(self, packet: bytes) -> None:
        if len(packet) < 15:
            self.malformed += 1
            self._drop_fragment()
            return
        flags = packet[13]
        if flags == self._fragment_flags:
            self._parts.append(packet[14:])
        elif flags & 0xC0 == 0x40 and flags & 0x3F == self._fragment_flags:
            self._parts.append(packet[14:])
            self._end_fragment()
        elif flags & 0xC0 == 0x80:
            self._abandon_fragment()
            self._fragment_at = len(self._parts)
            self._fragment_flags = flags & 0x3F
            self._fragment_key = packet[4:13] + bytes((flags & 0x3F,))
            self._parts += (START_CODE, bytes((packet[12] & 0xE0 | flags & 0x1F,)), packet[14:])
        else:  # its beginning is missing, which is on the books already, or it makes no sense
            self._abandon_fragment()

    def _end_fragment(self) -> None:
        at, self._fragment_at, self._fragment_flags = self._fragment_at, -1, -1
        self._fragment_key = b""
        header, body = self._parts[at + 1], self._parts[at + 2]
        kind = header[0] & 0x1F
        if 1 <= kind <= 5:
            self._picture_begins(first_slice=body[0] >= 0x80, is_keyframe=kind == 5)
        elif kind in (7, 8):
            self._sets.append(b"".join(self._parts[at + 1 :]))
        elif not 6 <= kind <= 23:
            self.malformed += 1
            del self._parts[at:]

    def _unit(self, nal: bytes) -> None:
        kind = nal[0] & 0x1F if nal else 0
        if not 1 <= kind <= 23 or nal[0] & 0x80:
            self.malformed += 1
            return
        if kind <= 5:
            self._picture_begins(first_slice=len(nal) > 1 and nal[1] >= 0x80, is_keyframe=kind == 5)
        elif kind in (7, 8):
            self._sets.append(nal)
        elif kind == _H264_AUD:
            self._aud()
        self._parts += (START_CODE, nal)


class H265Depacketizer(Depacketizer):
    _MIDDLE = struct.Struct(">HH11s")

    def _take(self, packet: bytes) -> None:
        kind = packet[12] >> 1 & 0x3F
        if kind == _H265_FU:
            self._fragment(packet)
            return
        self._abandon_fragment()
        if kind == _H265_AP:
            self._aggregated(packet, 14)
        elif kind == _H265_PACI:
            raise ProtocolError("RTP packetisation type 50 (PACI) is not supported: use transport libav")
        else:
            self._unit(packet[12:])

    def _fragment(self, packet: bytes) -> None:
        if len(packet) < 16:
            self.malformed += 1
            self._drop_fragment()
            return
        flags = packet[14]
        if flags == self._fragment_flags:
            self._parts.append(packet[15:])
        elif flags & 0xC0 == 0x40 and flags & 0x3F == self._fragment_flags:
            self._parts.append(packet[15:])
            self._end_fragment()
        elif flags & 0xC0 == 0x80:
            self._abandon_fragment()
            self._fragment_at = len(self._parts)
            self._fragment_flags = flags & 0x3F
            self._fragment_key = packet[4:14] + bytes((flags & 0x3F,))
            header = bytes((packet[12] & 0x81 | (flags & 0x3F) << 1, packet[13]))
            self._parts += (START_CODE, header, packet[15:])
        else:
            self._abandon_fragment()

    def _end_fragment(self) -> None:
        at, self._fragment_at, self._fragment_flags = self._fragment_at, -1, -1
        self._fragment_key = b""
        header, body = self._parts[at + 1], self._parts[at + 2]
        kind = header[0] >> 1 & 0x3F
        if kind < 32:
            self._picture_begins(first_slice=body[0] >= 0x80, is_keyframe=16 <= kind <= 23)
        elif kind < 35:
            self._sets.append(b"".join(self._parts[at + 1 :]))
        elif kind >= 48:
            self.malformed += 1
            del self._parts[at:]

    def _unit(self, nal: bytes) -> None:
        kind = nal[0] >> 1 & 0x3F if len(nal) > 2 else 63
        if kind >= 48 or nal[0] & 0x80:
            self.malformed += 1
            return
        if kind < 32:
            self._picture_begins(first_slice=nal[2] >= 0x80, is_keyframe=16 <= kind <= 23)
        elif kind < 35:
            self._sets.append(nal)
        elif kind == _H265_AUD:
            self._aud()
        self._parts += (START_CODE, nal)


def depacketizer(codec: Codec, payload_type: int) -> Depacketizer:
    return H264Depacketizer(payload_type) if codec == "h264" else H265Depacketizer(payload_type)
