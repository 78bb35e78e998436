"""The values that flow: a Packet from a camera, and the pose of a PTZ camera."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from vms.units import CameraId, Codec, Profile

PACKET_COST_BYTES = 512
"""Memory that a packet takes besides its data: what bounds a camera that sends millions of tiny pictures."""


class Packet(NamedTuple):
    """One access unit (all NAL units of one picture) of one camera stream.

    data: Annex B (start codes 00 00 00 01). A keyframe always carries its parameter sets in-band,
        also when the camera sends them in the SDP only. Other NAL units and their order are the camera's.
    pts_90k, dts_90k: ticks of the stream's own clock, unwrapped, strictly increasing DTS within a run.
    received_us: server wall clock (UTC, microseconds) when the last byte arrived.
    camera_utc_us: the camera's own clock (RTCP sender report) when the picture was taken; None until known.
    sequence: counts packets of this stream within this process, from 0; a hole means "dropped on the way".
    starts_run: the stream (re)started here, or its clock jumped: nothing before joins nothing after.
    lost_before: RTP packets known to be missing before this picture.
    nal_offsets: where in `data` each start code lies, when the source knows it anyway; empty = look for them.

    A tuple, because 2000 of them are made every second: a frozen dataclass takes five times as long.
    """

    camera_id: CameraId
    profile: Profile
    codec: Codec
    data: bytes
    pts_90k: int
    dts_90k: int
    is_keyframe: bool
    received_us: int
    camera_utc_us: int | None
    sequence: int
    starts_run: bool = False
    lost_before: int = 0
    nal_offsets: tuple[int, ...] = ()


MoveStatus = Literal["idle", "moving", "unknown"]


@dataclass(frozen=True, slots=True)
class PtzPose:
    """Where a PTZ camera looked, and when that was true.

    pan, tilt: -1…1 of the unit's full range (ONVIF PositionGenericSpace; right and up are positive).
    zoom: 0…1, with no fixed relation to the field of view: the lens calibration gives that.
    at_us: server clock (UTC, microseconds) for which the pose holds: the middle between request and reply.
    camera_utc_us: the camera's own UtcTime in its answer, comparable with Packet.camera_utc_us; None = absent.
    """

    camera_id: CameraId
    pan: float
    tilt: float
    zoom: float
    at_us: int
    camera_utc_us: int | None
    move_status: MoveStatus = "unknown"
