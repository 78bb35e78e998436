"""What an ONVIF operation gets: the camera, the request element, and the addresses to answer with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from ingest.simulator.mechanics import PtzMechanics, PtzStatus
from ingest.simulator.model import SimCamera
from ingest.simulator.onvif_auth import Gate
from ingest.simulator.onvif_soap import Element, invalid_argument
from vms.clock import Clock
from vms.units import PROFILES, US_PER_SECOND, Profile

SERVICE_PATHS = {
    "tds": "device_service",
    "trt": "media_service",
    "tr2": "media2_service",
    "tptz": "ptz_service",
}
"""Service (by the prefix of its namespace in onvif_soap) → last part of its address."""


class MediaSource(Protocol):
    """What the ONVIF side needs from the video side. `RtspServer` is one."""

    def url(self, camera_id: str, profile: Profile) -> str: ...

    def snapshot_jpeg(self, camera_id: str) -> bytes:
        """May take long: call it in a thread, one at a time per camera."""

    def request_keyframe(self, camera_id: str, profile: Profile) -> None: ...


@dataclass(slots=True)
class OnvifDevice:
    """One camera as its ONVIF service sees it. Belongs to the event loop's thread.

    number: 1 for the first camera of the street; only for serial numbers and addresses.
    frozen_status: what a camera with the fault `frozen` keeps reporting; set at the first question.
    """

    number: int
    camera: SimCamera
    clock: Clock
    source: MediaSource
    reboot: Callable[[], None]
    gate: Gate
    frozen_status: PtzStatus | None = field(default=None)

    @property
    def mechanics(self) -> PtzMechanics | None:
        return self.camera.head if isinstance(self.camera.head, PtzMechanics) else None

    def camera_now_us(self) -> int:
        """The camera's own clock: UTC, if nobody set it wrong."""
        return self.clock.now_us() + round(self.camera.faults.clock_offset_s * US_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Call:
    """base_url: `http://host:port/onvif` or `…/onvif/<camera-id>`, as the client reached us."""

    device: OnvifDevice
    request: Element
    base_url: str

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    def xaddr(self, service: str) -> str:
        return f"{self.base_url}/{SERVICE_PATHS[service]}"

    def stream_url(self, profile: Profile) -> str:
        """At the address the client used for us: a server on all interfaces knows no other."""
        parts = urlsplit(self.device.source.url(self.device.camera.spec.id, profile))
        return urlunsplit(parts._replace(netloc=f"{self.host}:{parts.port or 554}"))

    def profile(self, *path: str) -> Profile:
        """The profile the request names (default element: ProfileToken). Raises SoapFault."""
        token = self.request.text_of(*(path or ("ProfileToken",)))
        for profile in PROFILES:
            if token == profile:
                return profile
        raise invalid_argument("NoProfile", "there is no media profile with that token")


Operation = Callable[[Call], str]
Operations = Mapping[str, Operation]
"""Name of the request element → what answers it with the content of the SOAP body."""
