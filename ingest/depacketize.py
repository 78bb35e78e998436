"""RTP packets → access units, H.264 (RFC 6184) and H.265 (RFC 7798). Pure: bytes in, bytes out.

Real cameras, so: an access unit ends at the marker bit or when the timestamp changes; a marker on every slice
is noticed and not believed any more; parameter sets and SEI that come alone wait for their picture. A missing
RTP packet costs the NAL unit it belonged to and nothing else: a broken unit is never handed on.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from ingest.rtcp import Reception
from ingest.rtsp_message import DOLLAR, FRAMING_BYTES
from vms.errors import ProtocolError
from vms.units import Codec

MAX_ACCESS_UNIT_BYTES = 32 * 1024 * 1024
_PART_COST_BYTES = 100
"""Added for each piece, so that the bound holds for the memory that very small fragments take, too."""
START_CODE = b"\x00\x00\x00\x01"
_MAX_RECORDS = 8
"""Lengths of packets that a stream uses for full fragments; more than one or two is odd."""
_HEADER = struct.Struct(">BBHII")
_HEADER_BYTES = 12
_PLAIN = 0x80  # version 2, no padding, no extension, no CSRC
_MARKER = 0x80
_FRAGMENT_END = 0x40
_LATE_PACKETS = 100

_H264_STAP_A, _H264_FU_A, _H264_AUD = 24, 28, 9
_H264_UNSUPPORTED = frozenset({25, 26, 27, 29})
_H265_AP, _H265_FU, _H265_PACI, _H265_AUD = 48, 49, 50, 35


class AccessUnit(NamedTuple):
    """One picture as it came.

    data: Annex B. rtp_timestamp: 32 bits, as sent. parameter_sets: those inside data. lost: RTP packets missing
    since the previous access unit, inside this one or before it. restarted: the camera began a new RTP stream.
    nal_offsets: where each start code lies in data, if known.
    """

    data: bytes
    rtp_timestamp: int
    is_keyframe: bool
    parameter_sets: tuple[bytes, ...]
    lost: int
    restarted: bool = False
    nal_offsets: tuple[int, ...] = ()


class Depacketizer:
    """What both codecs share: RTP headers, sequence numbers, where an access unit ends. One thread."""

    _ALIKE_BYTES: int
    """What all middle fragments of one NAL unit have in common: timestamp, SSRC, payload header, flags."""
    _END: struct.Struct
    """First byte, second byte, sequence, what is alike but the flags, flags."""

    def __init__(self, payload_type: int) -> None:
        self._plain_two = bytes((_PLAIN, payload_type))
        self._records: dict[int, struct.Struct] = {}
        self._full_bytes = 0
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
        self._starts: list[int] = []
        self._bytes = 0
        self._has_picture = False
        self._is_keyframe = False
        self._sets: list[bytes] = []
        self._fragment_at = -1
        self._fragment_flags = -1
        self._fragment_key = b""

    def push_frames(self, buffer: bytes, at: int, channel: int) -> int:
        """RTP packets of the interleaved frames (RFC 2326, 10.12) that lie in a row; returns where they end.

        The hot path of recording; raises like `push`.
        """
        size = len(buffer)
        while size - at >= FRAMING_BYTES and buffer[at] == DOLLAR and buffer[at + 1] == channel:
            length = buffer[at + 2] << 8 | buffer[at + 3]
            if length == self._full_bytes and self._fragment_key:
                end = self._push_run(buffer, at, FRAMING_BYTES + length)
                if end > at:
                    at = end
                    continue
            end = at + FRAMING_BYTES + length
            if end > size:
                break
            if not (self._fragment_key and self._push_end(buffer, at + FRAMING_BYTES, end)):
                self.push(buffer[at + FRAMING_BYTES : end])
            at = end
        return at

    def _push_run(self, buffer: bytes, at: int, stride: int) -> int:
        """Nine of ten packets of a good stream go on with the fragmented unit of the packet before, and are as long.

        They are taken in one step each, as long as nothing about them is new but their sequence number.
        """
        record = self._records.get(stride) or self._record(stride)
        unpack, append, key, expected = record.unpack_from, self._parts.append, self._fragment_key, self._expected
        begin = buffer[at : at + FRAMING_BYTES] + self._plain_two
        first_at, last_at = at, len(buffer) - stride
        while at <= last_at:
            begins, sequence, same, payload = unpack(buffer, at)
            if same != key or sequence != expected or begins != begin:
                break
            append(payload)
            expected = (sequence + 1) & 0xFFFF
            at += stride
        packets = (at - first_at) // stride
        self._expected = expected
        self._received += packets
        self._charge(at - first_at + packets * _PART_COST_BYTES)
        return at

    def _push_end(self, buffer: bytes, at: int, end: int) -> bool:
        """The last fragment of a unit, when nothing else about it is new. False: it is something else."""
        key, body = self._fragment_key, at + self._END.size
        if body >= end:
            return False
        first, second, sequence, same, flags = self._END.unpack_from(buffer, at)
        if first != _PLAIN or second & 0x7F != self._payload_type or sequence != self._expected:
            return False
        if same != key[:-1] or flags != key[-1] | _FRAGMENT_END:
            return False
        self._parts.append(buffer[body:end])
        self._expected = (sequence + 1) & 0xFFFF
        self._received += 1
        self._charge(end - at)
        self._end_fragment()
        if second & _MARKER and self._believe_marker:
            self._end_unit()
        return True

    def _record(self, stride: int) -> struct.Struct:
        """Layout of a frame with a middle fragment: framing and first two bytes, sequence, what is alike, payload."""
        if len(self._records) >= _MAX_RECORDS:
            self._records.clear()
        head = FRAMING_BYTES + 4 + self._ALIKE_BYTES
        record = self._records[stride] = struct.Struct(f">6sH{self._ALIKE_BYTES}s{stride - head}s")
        return record

    def push_all(self, packets: Iterable[bytes]) -> list[AccessUnit]:
        """Many RTP packets: what became complete. Raises like `push`."""
        for packet in packets:
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
            if self._parts:
                self._end_unit()
            self._timestamp = timestamp
        size = len(packet)
        if size > _HEADER_BYTES:
            self._charge(size)
            self._take(packet)
        else:
            self._abandon_fragment()  # it may be a fragment that lost its content
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
            self._cut_off(self._fragment_at)
            self._fragment_at = self._fragment_flags = -1
            self._fragment_key = b""

    def _cut_off(self, at: int) -> None:
        """Forget the NAL unit whose start code is part number `at`, the last one."""
        del self._parts[at:]
        del self._starts[-1:]

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
                self._nal_offsets(),
            )
        )
        self._ended_timestamp = self._timestamp
        self._lost = 0
        self._restarted = False
        self._clear()

    def _nal_offsets(self) -> tuple[int, ...]:
        if len(self._starts) == 1:
            return (0,)
        offset = before = 0
        offsets: list[int] = []
        for start in self._starts:
            offset += sum(map(len, self._parts[before:start]))
            offsets.append(offset)
            before = start
        return tuple(offsets)

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

    def _end_fragment(self) -> None:
        raise NotImplementedError

    def _unit(self, nal: bytes) -> None:
        raise NotImplementedError

    def _aud(self) -> None:
        """An access unit delimiter: whatever the marker said, a picture before it is over."""
        if self._has_picture:
            self._end_unit()


class H264Depacketizer(Depacketizer):
    _ALIKE_BYTES = 10
    _END = struct.Struct(">BBH9sB")

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
            self._starts.append(self._fragment_at)
            self._fragment_flags = flags & 0x3F
            self._fragment_key = packet[4:13] + bytes((flags & 0x3F,))
            self._full_bytes = len(packet)
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
            self._cut_off(at)

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
        self._starts.append(len(self._parts))
        self._parts += (START_CODE, nal)


class H265Depacketizer(Depacketizer):
    _ALIKE_BYTES = 11
    _END = struct.Struct(">BBH10sB")

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
            self._starts.append(self._fragment_at)
            self._fragment_flags = flags & 0x3F
            self._fragment_key = packet[4:14] + bytes((flags & 0x3F,))
            self._full_bytes = len(packet)
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
            self._cut_off(at)

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
        self._starts.append(len(self._parts))
        self._parts += (START_CODE, nal)


def depacketizer(codec: Codec, payload_type: int) -> Depacketizer:
    return H264Depacketizer(payload_type) if codec == "h264" else H265Depacketizer(payload_type)
