"""What a simulated camera is. The modules beside this one share these values and nothing else."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from vms.units import Codec, Profile

WINDOW_BGR = (255, 0, 255)
"""The reserved colour (pure magenta) of home windows: nothing else in the street uses it. A pixel of this hue
that a viewer receives is a privacy leak."""

PAN_RANGE_DEG = (-180.0, 180.0)
TILT_RANGE_DEG = (-90.0, 20.0)
HFOV_DEG_AT_ZOOM = ((0.0, 60.0), (0.5, 12.0), (1.0, 3.0))
"""Horizontal field of view at zoom 0…1, linear in between: the lens of every simulated PTZ camera."""
MAX_PAN_SPEED_DEG_S = 120.0
MAX_TILT_SPEED_DEG_S = 90.0
MAX_ZOOM_SPEED_PER_S = 0.5
_KNOCKS = 64


@dataclass(frozen=True, slots=True)
class StreamSpec:
    width: int
    height: int
    fps: float
    bitrate_bps: int
    gop_frames: int


@dataclass(frozen=True, slots=True)
class SimCameraSpec:
    """One simulated camera. `ptz=False` cameras look at (pan_deg, tilt_deg, hfov from zoom) for ever.

    loop: serve a pre-encoded loop shared by all loop cameras of the same StreamSpec and codec (burned-in clock
        does not run); False renders and encodes this camera live, with a true clock.
    parameter_sets_in_band: False puts SPS/PPS in the SDP only, as many cameras do.
    """

    id: str
    name: str
    ptz: bool
    codec: Codec
    main: StreamSpec
    sub: StreamSpec
    username: str
    password: str
    pan_deg: float = 0.0
    tilt_deg: float = -8.0
    zoom: float = 0.0
    loop: bool = False
    parameter_sets_in_band: bool = True

    def stream(self, profile: Profile) -> StreamSpec:
        return self.main if profile == "main" else self.sub


PtzStatusFault = Literal["honest", "late", "jittered", "frozen", "missing", "lying", "opposite"]
"""late: each answer tells of `ptz_status_late_ms` ago; jittered: of some moment since then. lying: beside the truth;
opposite: pan to the wrong side."""


@dataclass(slots=True)
class Faults:
    """What is wrong with a camera right now. Set through the control port; read by every module at each use."""

    offline: bool = False
    """Refuses connections and drops open ones (power cut; `reboot` sets it for some seconds)."""
    hang: bool = False
    """Connections stay open, nothing is sent any more: no RTP, no RTCP, no replies."""
    unauthorized: bool = False
    """Every credential is refused (401), on RTSP and ONVIF."""
    clock_offset_s: float = 0.0
    """Added to the camera's own clock: burned-in clock, RTCP SR, GetSystemDateAndTime, UtcTime."""
    drop_packets_ratio: float = 0.0
    """This share of RTP packets is not sent."""
    pts_jump_s: float = 0.0
    """Once: RTP timestamps leap by so many seconds (then it resets itself to 0)."""
    resolution: tuple[int, int] | None = None
    """Main stream switches to this (width, height) at the next GOP, in mid-session."""
    ptz_status: PtzStatusFault = "honest"
    ptz_status_late_ms: int = 0
    knocked_deg: tuple[float, float] = (0.0, 0.0)
    """The pole was hit: the picture is off by (pan, tilt) degrees; the status does not know."""


@dataclass(frozen=True, slots=True)
class ViewDeg:
    """Where a camera looks. hfov_deg: horizontal field of view. All in degrees; right and up positive."""

    pan_deg: float
    tilt_deg: float
    hfov_deg: float


class PtzHead(Protocol):
    """What the renderer needs from the mechanics. Thread-safe."""

    def view_at(self, at_us: int) -> ViewDeg:
        """True optical view at a server time, without faults (the renderer adds `knocked_deg`)."""


@dataclass(slots=True)
class SimCamera:
    """A running simulated camera: its spec, its faults, its head."""

    spec: SimCameraSpec
    head: PtzHead
    faults: Faults = field(default_factory=Faults)
    _knocks: deque[tuple[int, tuple[float, float]]] = field(default_factory=lambda: deque(maxlen=_KNOCKS))
    _newest_us: int = 0

    def took_picture(self, at_us: int) -> None:
        """Remembers what knocks this picture was taken with."""
        self._newest_us = max(self._newest_us, at_us)
        if not self._knocks or self._knocks[-1][1] != self.faults.knocked_deg:
            self._knocks.append((at_us, self.faults.knocked_deg))

    def knocked_deg_at(self, at_us: int) -> tuple[float, float]:
        """As the picture of that moment shows it: it may have been knocked since."""
        if at_us <= self._newest_us:
            for since_us, knocked_deg in reversed(tuple(self._knocks)):
                if since_us <= at_us:
                    return knocked_deg
        return self.faults.knocked_deg
