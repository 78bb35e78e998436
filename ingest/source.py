"""What a stream worker is told and what it tells: source, health, loss. Values only."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from ingest.depacketize import AccessUnit
from ingest.rtcp import SenderReport
from vms.status import SourceState
from vms.units import CameraId, Codec, Profile


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Where a stream comes from. url: rtsp:// or rtsps:// without credentials.

    transport: "tcp" = our own client; "libav" = libav's demuxer, for UDP and for cameras ours cannot read.
    ca_file: for rtsps, PEM of who vouches for the camera; None = the system's certificate authorities. The address
        is checked in either case.
    """

    camera_id: CameraId
    profile: Profile
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    transport: Literal["tcp", "libav"] = "tcp"
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """The state of one stream now. Fields as in vms.status.StreamStatus; 0 = not known (yet).

    repaired_times, clock_leaps: pictures whose timestamp was mended, and how often the camera's clock leapt.
    skew_ms: camera clock minus server clock by its sender reports; None until one came.
    """

    state: SourceState
    since_us: int
    detail: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate_bps: int = 0
    gop_s: float = 0.0
    last_frame_us: int = 0
    lost_packets: int = 0
    reconnects: int = 0
    frames: int = 0
    bytes: int = 0
    repaired_times: int = 0
    clock_leaps: int = 0
    skew_ms: float | None = None


@dataclass(frozen=True, slots=True)
class StreamDown:
    """A stream was lost, or could not be reached at first: once per loss, however many attempts follow."""

    camera_id: CameraId
    profile: Profile
    state: SourceState
    detail: str
    at_us: int
    last_frame_us: int | None


@dataclass(frozen=True, slots=True)
class FeedRead:
    """What one read brought. reports: with the server time at which they were read.

    has_more: it brought as much as a read can, so more is waiting.
    """

    units: list[AccessUnit]
    reports: list[SenderReport] = field(default_factory=list)
    has_more: bool = False


class MediaFeed(Protocol):
    """An open session with a camera, of whichever transport. One thread; every method may raise a CameraError."""

    codec: Codec
    parameter_sets: tuple[bytes, ...]

    def read(self) -> FeedRead:
        """What is there now, or whatever comes first within a moment; possibly nothing."""

    def close(self) -> None:
        """Say goodbye if that works at once, and release everything. Never raises."""


@runtime_checkable
class PolledFeed(MediaFeed, Protocol):
    """A feed that can be read together with others (ingest.watched): one thread at a time, not always the same."""

    def fileno(self) -> int:
        """Readable when there is something to read. Stays the same until close."""

    def read_now(self) -> FeedRead:
        """What is there now; never waits for more."""
