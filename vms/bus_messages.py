"""What the bus carries, as bytes: a topic, a header, and for a picture its Annex B, all in one piece.

Topics: `v/<camera>/<profile>` packets, `p/<camera>` poses, `s/<camera>` statuses, `c/<process>` of capture itself,
`d/<process>` of its volumes; all end with "/".
"""

import json
import struct
from dataclasses import asdict
from functools import cache
from typing import Any, cast

from vms.packet import Packet, PtzPose
from vms.status import CameraStatus, CaptureStatus, VolumeStatus, capture_status_from, stream_status_from
from vms.units import CameraId, Profile

Message = Packet | PtzPose | CameraStatus | CaptureStatus | VolumeStatus
StreamKey = tuple[CameraId, Profile]

_PACKET_HEADER = struct.Struct("!BqqqqQIB")
"""Flags, PTS, DTS, received_us, camera_utc_us, sequence, lost_before, and how many `nal_offsets` of four bytes follow.
Packed: it is made for every picture.
"""
_MAX_OFFSETS = 255
"""A picture in more pieces goes without them; who needs them looks for them."""
_H265, _KEYFRAME, _STARTS_RUN, _HAS_CAMERA_UTC = 1, 2, 4, 8


@cache
def packet_topic(camera_id: str, profile: str) -> bytes:
    return f"v/{camera_id}/{profile}/".encode()


def pose_topic(camera_id: str = "") -> bytes:
    """Of one camera, or of all with the empty string."""
    return f"p/{camera_id}/".encode() if camera_id else b"p/"


def status_topic(camera_id: str = "") -> bytes:
    """Of one camera, or of all with the empty string."""
    return f"s/{camera_id}/".encode() if camera_id else b"s/"


def capture_topic(name: str = "") -> bytes:
    """Of one capture process, or of all with the empty string."""
    return f"c/{name}/".encode() if name else b"c/"


def volume_topic(process: str = "") -> bytes:
    """Of one capture process, or of all with the empty string."""
    return f"d/{process}/".encode() if process else b"d/"


def encode(message: Message) -> list[bytes]:
    """[topic, JSON] or, for a packet, [topic + packed header + offsets + Annex B]: a part costs more than a copy."""
    if isinstance(message, Packet):
        offsets = message.nal_offsets if len(message.nal_offsets) <= _MAX_OFFSETS else ()
        begin = packet_topic(message.camera_id, message.profile), _packet_header(message, len(offsets))
        return [b"".join((*begin, _offsets(len(offsets)).pack(*offsets), message.data))]
    if isinstance(message, CaptureStatus):
        return [capture_topic(message.name), json.dumps(asdict(message)).encode()]
    if isinstance(message, VolumeStatus):
        return [volume_topic(message.process), json.dumps(asdict(message)).encode()]
    topic = pose_topic if isinstance(message, PtzPose) else status_topic
    return [topic(message.camera_id), json.dumps(_fields(message)).encode()]


def _fields(value: Any) -> dict[str, Any]:
    """Like asdict, for values that hold no collections: without copying each of them."""
    content = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: _fields(part) if hasattr(part, "__dataclass_fields__") else part for name, part in content.items()}


@cache
def _offsets(count: int) -> struct.Struct:
    return struct.Struct(f"!{count}I")


def _packet_header(packet: Packet, offsets: int) -> bytes:
    flags = (
        (packet.codec == "h265") * _H265
        | packet.is_keyframe * _KEYFRAME
        | packet.starts_run * _STARTS_RUN
        | (packet.camera_utc_us is not None) * _HAS_CAMERA_UTC
    )
    return _PACKET_HEADER.pack(
        flags,
        packet.pts_90k,
        packet.dts_90k,
        packet.received_us,
        packet.camera_utc_us or 0,
        packet.sequence,
        packet.lost_before,
        offsets,
    )


@cache
def _stream_of(topic: bytes) -> tuple[CameraId, Profile]:
    _, camera, profile, _ = topic.decode().split("/")
    return cast(StreamKey, (camera, profile))


def _packet(message: bytes) -> Packet:
    at = message.index(b"/", message.index(b"/", 2) + 1) + 1
    fields = _PACKET_HEADER.unpack_from(message, at)
    flags, pts_90k, dts_90k, received_us, camera_utc_us, sequence, lost_before, count = fields
    offsets, begin = _offsets(count), at + _PACKET_HEADER.size
    return Packet(
        *_stream_of(message[:at]),
        "h265" if flags & _H265 else "h264",
        message[begin + offsets.size :],
        pts_90k,
        dts_90k,
        bool(flags & _KEYFRAME),
        received_us,
        camera_utc_us if flags & _HAS_CAMERA_UTC else None,
        sequence,
        bool(flags & _STARTS_RUN),
        lost_before,
        offsets.unpack_from(message, begin),
    )


def decode(parts: list[bytes]) -> Message:
    if parts[0][:1] == b"v":
        return _packet(parts[0])
    header: dict[str, Any] = json.loads(parts[1])
    match parts[0][:1]:
        case b"p":
            return PtzPose(**header)
        case b"c":
            return capture_status_from(header)
        case b"d":
            return VolumeStatus(**header)
        case _:
            main, sub = stream_status_from(header.pop("main")), header.pop("sub")
            return CameraStatus(main=main, sub=stream_status_from(sub) if sub else None, **header)
