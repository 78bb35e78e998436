"""Simulated cameras with real video, in an event loop of its own thread, for the RTSP tests."""

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec, ViewDeg
from ingest.simulator.rtsp import RtspServer
from ingest.simulator.street import Street
from vms.clock import SystemClock

USER, PASSWORD = "vms", "geheim"
LIVE = SimCameraSpec(
    id="markt",
    name="Markt – Café",
    ptz=False,
    codec="h264",
    main=StreamSpec(960, 540, 12.5, 1_500_000, 12),
    sub=StreamSpec(480, 270, 12.5, 300_000, 12),
    username=USER,
    password=PASSWORD,
    pan_deg=95.0,
)
SDP_ONLY = replace(LIVE, id="sdp", parameter_sets_in_band=False)
HEVC = replace(LIVE, id="hevc", codec="h265", main=StreamSpec(480, 270, 10, 400_000, 10))
LOOP = replace(LIVE, id="lus", loop=True, main=StreamSpec(640, 360, 25, 2_000_000, 10))
LOOP_TWIN = replace(LOOP, id="lus-2")


class StillHead:
    def __init__(self, pan_deg: float) -> None:
        self.pan_deg = pan_deg

    def view_at(self, at_us: int) -> ViewDeg:
        return ViewDeg(self.pan_deg, -6.0, 60.0)


@lru_cache(maxsize=1)
def shared_street() -> Street:
    return Street()


class SimVideo:
    def __init__(self, *specs: SimCameraSpec) -> None:
        self.cameras = {spec.id: SimCamera(spec, StillHead(spec.pan_deg)) for spec in specs}
        self.server = RtspServer(self.cameras, shared_street(), SystemClock(), "127.0.0.1", 0)
        self.loop = asyncio.new_event_loop()

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def call(self, function, *arguments):
        async def inside():
            return function(*arguments)

        return self.run(inside())

    @property
    def port(self) -> int:
        return self.server.port

    def url(self, camera_id: str, profile: str, password: str = PASSWORD) -> str:
        return f"rtsp://{USER}:{password}@127.0.0.1:{self.port}/{camera_id}/{profile}"

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        try:
            self.run(self.server.start())
            yield self
        finally:
            self.run(self.server.stop())
            self.run(self.loop.shutdown_default_executor())
            self.loop.call_soon_threadsafe(self.loop.stop)
            thread.join(10)
            self.loop.close()
