"""What a capture process says about its cameras and itself, once a second; a camera also at every change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vms.metrics import Durations, ProcessUsage
from vms.units import CameraId

SourceState = Literal["connecting", "up", "stalled", "unreachable", "unauthorized", "protocol_error", "stopped"]
RecordingState = Literal["on", "off", "fault"]
RecordingReason = Literal[
    "",
    "unreachable",
    "unauthorized",
    "stalled",
    "protocol_error",
    "overflow",
    "restart",
    "disk",
    "key",
    "not_wanted",
    "no_decision",
]
"""Why nothing is recorded. key: the site key is missing. not_wanted: `record_sub = false`. no_decision: it may not."""


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """Since the process started, but what is queued: that is now.

    dropped_pictures: that the disk could not take. gaps: begun, by reason.
    """

    frames: int = 0
    bytes: int = 0
    dropped_pictures: int = 0
    queued_packets: int = 0
    queued_bytes: int = 0
    gaps: Mapping[str, int] = field(default_factory=dict)


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
    recording_since_us: int = 0
    """Since when recording is as it is."""
    writing_since_us: int = 0
    """Start of the footage that is not in the catalog yet; 0 = nothing is being written."""
    catalog_delay_s: float = 0.0
    """From the last segment's end on disk to its row."""
    counts: StreamCounts = StreamCounts()
    repaired_times: int = 0
    """Pictures whose timestamp was equal to, or before, that of the picture before them: moved by a tick."""
    clock_leaps: int = 0
    """How often the camera's clock leapt; each starts a new run."""


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


VolumeFault = Literal["", "missing", "failing", "full", "held", "crowded", "slow", "silent"]
"""Why a volume takes no (or rather no) footage. missing: not mounted, or another volume is in its place. failing: it
gives errors. held: only held footage is left to erase. crowded: other files fill it. silent: it does not answer."""


@dataclass(frozen=True, slots=True)
class VolumeStatus:
    """How a capture process finds a volume it writes to."""

    process: str
    path: str
    at_us: int
    fault: VolumeFault
    detail: str


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """A capture process itself. name: as in processes.json.

    catalogued: how long rows waited for the database. syncs: how long fsync took, by volume path.
    """

    name: str
    at_us: int
    usage: ProcessUsage
    journal_entries: int
    catalogued: Durations
    syncs: Mapping[str, Durations]


def stream_status_from(fields: Mapping[str, Any]) -> StreamStatus:
    """From its JSON. Raises TypeError, KeyError."""
    return StreamStatus(**{**fields, "counts": StreamCounts(**fields["counts"])})


def capture_status_from(fields: Mapping[str, Any]) -> CaptureStatus:
    """From its JSON. Raises TypeError, KeyError."""
    parts = {
        "usage": ProcessUsage(**fields["usage"]),
        "catalogued": _durations(fields["catalogued"]),
        "syncs": {path: _durations(known) for path, known in fields["syncs"].items()},
    }
    return CaptureStatus(**{**fields, **parts})


def _durations(fields: Mapping[str, Any]) -> Durations:
    return Durations(tuple(fields["counts"]), fields["sum_s"])
