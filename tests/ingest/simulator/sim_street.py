"""A street of simulated cameras without video, in an event loop of its own thread, for the ONVIF tests."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from ingest.simulator.control import ControlServer
from ingest.simulator.mechanics import FixedHead, PtzMechanics
from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec
from ingest.simulator.onvif import OnvifServer
from ingest.simulator.power import PowerSwitch
from tests.fakes import FakeClock
from vms.units import Profile

T = TypeVar("T")
USER, PASSWORD = "vms", "geheim & <wel>"
JPEG = b"\xff\xd8 a picture \xff\xd9"
PTZ_SPEC = SimCameraSpec(
    id="markt-01",
    name="Markt",
    ptz=True,
    codec="h264",
    main=StreamSpec(1280, 720, 12.5, 1_500_000, 12),
    sub=StreamSpec(640, 360, 12.5, 400_000, 12),
    username=USER,
    password=PASSWORD,
    pan_deg=0.0,
    tilt_deg=-8.0,
)
FIXED_SPEC = replace(PTZ_SPEC, id="parade-02", name="Parade", ptz=False, codec="h265", pan_deg=90.0)


class FakeVideo:
    """The video side of the cameras, as far as ONVIF needs it."""

    def __init__(self) -> None:
        self.keyframes: list[tuple[str, Profile]] = []

    def url(self, camera_id: str, profile: Profile) -> str:
        return f"rtsp://192.0.2.1:8554/{camera_id}/{profile}"

    def snapshot_jpeg(self, camera_id: str) -> bytes:
        return JPEG + camera_id.encode()

    def request_keyframe(self, camera_id: str, profile: Profile) -> None:
        self.keyframes.append((camera_id, profile))


class SimStreet:
    """reboot_s is short: what counts is that the camera goes and comes back."""

    def __init__(self) -> None:
        self.clock = FakeClock(time.time_ns() // 1000)  # tokens carry the true time
        self.video = FakeVideo()
        self.ptz = SimCamera(PTZ_SPEC, PtzMechanics(PTZ_SPEC, self.clock))
        self.fixed = SimCamera(FIXED_SPEC, FixedHead(FIXED_SPEC))
        self.cameras = {camera.spec.id: camera for camera in (self.ptz, self.fixed)}
        self.power = PowerSwitch(self.cameras, reboot_s=1.0)
        self.onvif = OnvifServer(self.cameras, self.video, self.clock, "127.0.0.1", 0, self.power.reboot)
        self.control = ControlServer(
            self.cameras,
            self.clock,
            "127.0.0.1",
            0,
            stream_url=self.video.url,
            device_url=self.onvif.device_url,
            reboot=self.power.reboot,
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    @property
    def mechanics(self) -> PtzMechanics:
        assert isinstance(self.ptz.head, PtzMechanics)
        return self.ptz.head

    def port(self, camera: SimCamera) -> int:
        return self.onvif.port(camera.spec.id)

    def url(self, camera: SimCamera, service: str = "device_service") -> str:
        return f"http://127.0.0.1:{self.port(camera)}/onvif/{service}"

    @contextmanager
    def running(self) -> Iterator["SimStreet"]:
        self._loop = loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            self.run(self.onvif.start())
            self.run(self.control.start())
            yield self
        finally:
            self.run(self._stop())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _stop(self) -> None:
        self.power.stop()
        await self.control.stop()
        await self.onvif.stop()
        await asyncio.get_running_loop().shutdown_default_executor()
