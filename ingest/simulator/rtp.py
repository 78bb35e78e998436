"""RTP and RTCP as a camera sends them: packetisation (RFC 6184, RFC 7798), packet headers, sender reports.

A picture is packetised once into a PacketTemplate: all its packets, already framed for RTSP interleaving
(`$`, channel, length), in one buffer. Sending it is one copy and a few vectorised writes of sequence number,
timestamp and SSRC; every viewer of the stream then shares those bytes. Pure; any thread.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vms.units import US_PER_SECOND, Codec

PAYLOAD_TYPE = 96
MAX_PAYLOAD_BYTES = 1400
NTP_MINUS_UNIX_S = 2_208_988_800
_FRAMING_BYTES = 4
_HEADER_BYTES = 12
_MARKER = 0x80
_H264_STAP_A = 24
_H264_FU_A = 28
_H265_AP = 48
_H265_FU = 49
H264_PARAMETER_SETS = frozenset({7, 8})
H265_PARAMETER_SETS = frozenset({32, 33, 34})

Bytes = npt.NDArray[np.uint8]


def split_annexb(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without start codes."""
    units: list[bytes] = []
    for chunk in data.split(b"\x00\x00\x01")[1:]:
        # A 4-byte start code of the next unit leaves its first zero here; a NAL unit never ends in zero.
        unit = chunk.rstrip(b"\x00")
        if unit:
            units.append(unit)
    return units


def nal_type(codec: Codec, nal: bytes) -> int:
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def is_parameter_set(codec: Codec, nal: bytes) -> bool:
    return nal_type(codec, nal) in (H264_PARAMETER_SETS if codec == "h264" else H265_PARAMETER_SETS)


def _h264_fragments(nal: bytes, max_bytes: int) -> Iterable[bytes]:
    indicator = (nal[0] & 0xE0) | _H264_FU_A
    kind = nal[0] & 0x1F
    body = nal[1:]
    step = max_bytes - 2
    for at in range(0, len(body), step):
        start = 0x80 if at == 0 else 0
        end = 0x40 if at + step >= len(body) else 0
        yield bytes((indicator, start | end | kind)) + body[at : at + step]


def _h265_fragments(nal: bytes, max_bytes: int) -> Iterable[bytes]:
    header = bytes(((nal[0] & 0x81) | (_H265_FU << 1), nal[1]))
    kind = (nal[0] >> 1) & 0x3F
    body = nal[2:]
    step = max_bytes - 3
    for at in range(0, len(body), step):
        start = 0x80 if at == 0 else 0
        end = 0x40 if at + step >= len(body) else 0
        yield header + bytes((start | end | kind,)) + body[at : at + step]


def _aggregate(codec: Codec, nals: Sequence[bytes]) -> bytes:
    if codec == "h264":
        head = bytes(((max(nal[0] & 0x60 for nal in nals)) | _H264_STAP_A,))
    else:
        head = bytes(((nals[0][0] & 0x81) | (_H265_AP << 1), nals[0][1]))
    return head + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


def packetize(codec: Codec, nals: Sequence[bytes], max_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """RTP payloads of one access unit: parameter sets aggregated (STAP-A, AP), large units fragmented."""
    payloads: list[bytes] = []
    small: list[bytes] = []

    def flush() -> None:
        if len(small) > 1:
            payloads.append(_aggregate(codec, small))
        else:
            payloads.extend(small)
        small.clear()

    for nal in nals:
        together = sum(len(unit) + 2 for unit in small) + len(nal) + 4
        if is_parameter_set(codec, nal) and together <= max_bytes:
            small.append(nal)
            continue
        flush()
        if len(nal) <= max_bytes:
            payloads.append(nal)
        elif codec == "h264":
            payloads.extend(_h264_fragments(nal, max_bytes))
        else:
            payloads.extend(_h265_fragments(nal, max_bytes))
    flush()
    return payloads


class PacketTemplate:
    """All RTP packets of one picture, framed for interleaving, with blank sequence, timestamp and SSRC."""

    __slots__ = ("_buffer", "_stamps", "bounds", "count", "payload_bytes")

    def __init__(self, payloads: Sequence[bytes]) -> None:
        parts: list[bytes] = []
        bounds: list[tuple[int, int]] = []
        at = 0
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            size = _HEADER_BYTES + len(payload)
            second = PAYLOAD_TYPE | (_MARKER if index == last else 0)
            parts += (struct.pack(">BBHBBHII", 0x24, 0, size, 0x80, second, 0, 0, 0), payload)
            bounds.append((at + _FRAMING_BYTES, at + _FRAMING_BYTES + size))
            at += _FRAMING_BYTES + size
        self._buffer: Bytes = np.frombuffer(b"".join(parts), np.uint8)
        self.bounds = tuple(bounds)
        self.count = len(bounds)
        self.payload_bytes = sum(map(len, payloads))
        starts = np.array([start for start, _ in bounds], np.intp)
        self._stamps = starts[:, None] + np.arange(2, _HEADER_BYTES)

    def stamp(self, first_sequence: int, timestamp: int, ssrc: int, channel: int) -> bytes:
        """The packets as interleaved bytes. All numbers wrap as RTP's do."""
        out = self._buffer.copy()
        stamps = np.empty((self.count, 10), np.uint8)
        sequences = (first_sequence + np.arange(self.count)) & 0xFFFF
        stamps[:, 0] = sequences >> 8
        stamps[:, 1] = sequences & 0xFF
        stamps[:, 2:] = np.frombuffer(struct.pack(">II", timestamp & 0xFFFFFFFF, ssrc), np.uint8)
        out[self._stamps] = stamps
        if channel:
            out[self._stamps[:, 0] - 5] = channel
        return out.tobytes()


class RtpFrame:
    """One picture of one stream on its way to its viewers, who share its bytes. One thread.

    at_us: server time at which the picture was taken. missing: packet indexes that a fault swallows.
    """

    __slots__ = ("_interleaved", "_template", "at_us", "is_keyframe", "missing", "sequence", "ssrc", "timestamp")

    def __init__(
        self,
        template: PacketTemplate,
        sequence: int,
        timestamp: int,
        ssrc: int,
        *,
        is_keyframe: bool,
        at_us: int,
        missing: frozenset[int] = frozenset(),
    ) -> None:
        self._template = template
        self.sequence = sequence
        self.timestamp = timestamp & 0xFFFFFFFF
        self.ssrc = ssrc
        self.is_keyframe = is_keyframe
        self.at_us = at_us
        self.missing = missing
        self._interleaved: dict[int, bytes] = {}

    @property
    def packet_count(self) -> int:
        return self._template.count

    @property
    def payload_bytes(self) -> int:
        return self._template.payload_bytes

    def changed(self, shift_90k: int, missing: frozenset[int]) -> "RtpFrame":
        """The same picture with its timestamp shifted and some packets lost."""
        return RtpFrame(
            self._template,
            self.sequence,
            self.timestamp + shift_90k,
            self.ssrc,
            is_keyframe=self.is_keyframe,
            at_us=self.at_us,
            missing=missing,
        )

    def interleaved(self, channel: int) -> bytes:
        """Every packet as `$`-framed bytes for this RTSP channel, made once per channel."""
        data = self._interleaved.get(channel)
        if data is None:
            data = self._template.stamp(self.sequence, self.timestamp, self.ssrc, channel)
            if self.missing:
                data = b"".join(data[start - _FRAMING_BYTES : end] for start, end in self._kept())
            self._interleaved[channel] = data
        return data

    def datagrams(self) -> list[bytes]:
        data = self._template.stamp(self.sequence, self.timestamp, self.ssrc, 0)
        return [data[start:end] for start, end in self._kept()]

    def _kept(self) -> list[tuple[int, int]]:
        bounds = self._template.bounds
        return [bound for index, bound in enumerate(bounds) if index not in self.missing]


@dataclass(frozen=True, slots=True)
class SenderReport:
    """RTCP SR + SDES CNAME: ties the camera's own UTC clock to an RTP timestamp (RFC 3550, 6.4.1)."""

    ssrc: int
    utc_us: int
    timestamp: int
    packets: int
    octets: int

    def to_bytes(self) -> bytes:
        seconds, rest_us = divmod(self.utc_us, US_PER_SECOND)
        report = struct.pack(
            ">BBHIIIIII",
            0x80,
            200,
            6,
            self.ssrc,
            (seconds + NTP_MINUS_UNIX_S) & 0xFFFFFFFF,
            (rest_us << 32) // US_PER_SECOND,
            self.timestamp & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )
        cname = b"uitkijk-sim"
        items = bytes((1, len(cname))) + cname + b"\x00"
        items += b"\x00" * (-len(items) % 4)
        description = struct.pack(">BBHI", 0x81, 202, 1 + len(items) // 4, self.ssrc) + items
        return report + description


def interleave(channel: int, packet: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet
