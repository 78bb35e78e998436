"""What a capture process says about a camera, once a second and at every change."""

from dataclasses import dataclass
from typing import Literal

from vms.units import CameraId

SourceState = Literal["connecting", "up", "stalled", "unreachable", "unauthorized", "protocol_error", "stopped"]
RecordingState = Literal["on", "off", "fault"]
RecordingReason = Literal[
    "", "unreachable", "unauthorized", "stalled", "protocol_error", "overflow", "restart", "disk", "key", "not_wanted"
]
"""Why nothing is recorded. key: the site key is missing. not_wanted: `record_sub = false`."""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream of a camera. Times are server UTC microseconds; rates over the last seconds."""

    state: SourceState
    since_us: int
    detail: str
    """For a technician: "RTSP 401: check username and password_file". Never a credential."""
    codec: str
    width: int
    height: int
    fps: float
    bitrate_bps: int
    gop_s: float
    last_frame_us: int
    lost_packets: int
    reconnects: int
    recording: RecordingState
    recording_detail: str
    recording_reason: RecordingReason = ""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    camera_id: CameraId
    at_us: int
    main: StreamStatus
    sub: StreamStatus | None
    clock_skew_ms: float | None
    """Camera clock minus server clock; None until a sender report or GetSystemDateAndTime told."""
    ptz: Literal["none", "ok", "fault"]
    ptz_detail: str
