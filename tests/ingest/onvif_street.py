"""Simulated ONVIF cameras for tests: the product's simulator without its video, in a thread of its own."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ingest.onvif_endpoint import OnvifEndpoint
from ingest.simulator.http_port import Request, Response
from ingest.simulator.mechanics import FixedHead, PtzMechanics
from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec
from ingest.simulator.onvif import OnvifServer
from ingest.simulator.onvif_soap import CONTENT_TYPE, SoapFault, fault_envelope
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


class CountingServer(OnvifServer):
    """requests: (operation, credential) of every request; credential: none, digest, token.

    slow_s: how long a request and its answer travel.
    digest: False = a camera that knows UsernameToken only and says so by a fault, as many do.
    """

    digest = True
    slow_s = (0.0, 0.0)

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.requests: list[tuple[str, str]] = []

    def asked(self, operation: str = "", credential: str = "") -> int:
        return sum(operation in asked and credential in shown for asked, shown in self.requests)

    def _soap(self, device, service, base_url, request: Request) -> Response:
        shown = "token" if b"UsernameToken" in request.body else "none"
        shown = "digest" if "authorization" in request.headers else shown
        found = re.search(rb"Body>\s*<(?:\w+:)?(\w+)", request.body)
        self.requests.append((found.group(1).decode() if found else "", shown))
        return super()._soap(device, service, base_url, request)

    async def _handle(self, own, shared, request) -> Response:
        await asyncio.sleep(self.slow_s[0])
        answer = await super()._handle(own, shared, request)
        await asyncio.sleep(self.slow_s[1])
        return answer

    def _unauthorized(self, device, request) -> Response:
        if self.digest:
            return super()._unauthorized(device, request)
        fault = SoapFault("Sender", "NotAuthorized", reason="Sender not authorized")
        return Response(fault.status, fault_envelope(fault), CONTENT_TYPE)

    def _is_authorized(self, device, request, document) -> bool:
        if not self.digest and "authorization" in request.headers:
            return False
        return super()._is_authorized(device, request, document)


class OnvifStreet:
    def __init__(self, camera: SimCamera, video: NoVideo, server: "CountingServer") -> None:
        self.camera = camera
        self.video = video
        self.server = server
        self.endpoint = OnvifEndpoint("127.0.0.1", server.port(SPEC.id), SPEC.username, SPEC.password)

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
    server = CountingServer({spec.id: camera}, video, clock, "127.0.0.1", 0, lambda _camera: None)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
        yield OnvifStreet(camera, video, server)
    finally:
        camera.faults.hang = False
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
