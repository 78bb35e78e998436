"""Simulated ONVIF cameras for tests: the product's simulator without its video, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ingest.onvif_endpoint import OnvifEndpoint
from ingest.simulator.mechanics import FixedHead, PtzMechanics
from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec
from ingest.simulator.onvif import OnvifServer
from vms.clock import SystemClock
from vms.units import Profile

SPEC = SimCameraSpec(
    id="markt-01",
    name="Markt",
    ptz=True,
    codec="h264",
    main=StreamSpec(1280, 720, 12.5, 1_500_000, 12),
    sub=StreamSpec(640, 360, 12.5, 400_000, 12),
    username="vms",
    password="geheim-in-the-street",
)
RTSP_PORT = 18554


class NoVideo:
    """The video side the ONVIF server needs, without any."""

    def __init__(self) -> None:
        self.keyframes: list[tuple[str, Profile]] = []

    def url(self, camera_id: str, profile: Profile) -> str:
        return f"rtsp://127.0.0.1:{RTSP_PORT}/{camera_id}/{profile}"

    def snapshot_jpeg(self, camera_id: str) -> bytes:
        return b"\xff\xd8\xff\xd9"

    def request_keyframe(self, camera_id: str, profile: Profile) -> None:
        self.keyframes.append((camera_id, profile))


class OnvifStreet:
    def __init__(self, camera: SimCamera, video: NoVideo, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.camera = camera
        self.video = video
        self.endpoint = OnvifEndpoint("127.0.0.1", port, SPEC.username, SPEC.password)
        self._loop = loop

    def set_fault(self, **faults: object) -> None:
        for name, value in faults.items():
            setattr(self.camera.faults, name, value)


@contextmanager
def onvif_street(**changes: object) -> Iterator[OnvifStreet]:
    """One camera like SPEC, with changes; its ONVIF services on a free port of 127.0.0.1."""
    clock = SystemClock()
    spec = replace(SPEC, **changes)  # type: ignore[arg-type]
    camera = SimCamera(spec, PtzMechanics(spec, clock) if spec.ptz else FixedHead(spec))
    video = NoVideo()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="onvif-street")
    thread.start()
    server = OnvifServer({spec.id: camera}, video, clock, "127.0.0.1", 0, lambda _camera: None)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
        yield OnvifStreet(camera, video, server.port(spec.id), loop)
    finally:
        camera.faults.hang = False
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
