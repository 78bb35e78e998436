"""A live process in a thread, cameras that draw their own pictures on the bus, and viewers that read pixels."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from lossy_path import LossyPath

from vms.bus import BusPublisher
from vms.clock import SystemClock
from vms.config.model import SiteConfig
from vms.packet import Packet, PtzPose
from vms.rules.masks import parse_mask_import
from vms.status import CameraStatus, StreamStatus
from vms.store import Store
from vms.store import masks as mask_store
from vms.units import CameraId, Codec, Profile, utc_from_us
from web.live.service import run_live

WIDTH, HEIGHT, FPS = 640, 360, 12.5
Draw = Callable[[int], np.ndarray]
LENS = {"pan_range_deg": [-180, 180], "tilt_range_deg": [-90, 20], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}


def noisy_street(index: int) -> np.ndarray:
    """Busy everywhere, changing all the time; a steady green control block at the bottom right."""
    rng = np.random.default_rng(index % 7)
    image = np.kron(rng.integers(0, 255, (HEIGHT // 20, WIDTH // 20, 3), np.uint8), np.ones((20, 20, 1), np.uint8))
    image[280:340, 540:620] = (0, 200, 0)
    return image


def steady_street(index: int) -> np.ndarray:
    """What a camera sees that stands still."""
    del index
    return noisy_street(0)


def mask_document(camera: str, *masks: dict[str, Any], lens: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "camera": camera,
        "lens": lens,
        "masks": list(masks),
        "author": "j.devries",
        "approver": "a.bakker",
        "valid_from": "2020-01-01T00:00:00Z",
    }


def encoder(codec: Codec, fps: float = FPS, gop: int = 12, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Any:
    context = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
    context.width, context.height, context.pix_fmt = size[0], size[1], "yuv420p"
    rate = Fraction(fps)
    context.framerate, context.time_base, context.gop_size = rate, 1 / rate, gop
    context.thread_count = 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "22"}
    if codec == "h265":
        context.options |= {"x265-params": f"log-level=none:repeat-headers=1:keyint={gop}:pools=none:frame-threads=1"}
    else:
        context.options |= {"x264-params": "repeat-headers=1:annexb=1:scenecut=0"}
    return context


@dataclass
class BusCamera:
    """Draws, encodes and publishes in a thread at its true pace. encoded: pictures so far."""

    publisher: BusPublisher
    camera: str
    profile: Profile = "sub"
    codec: Codec = "h264"
    draw: Draw = noisy_street
    fps: float = FPS
    size: tuple[int, int] = (WIDTH, HEIGHT)
    pose: Callable[[int], PtzPose | None] | None = None
    state: str = "up"
    tells_status: bool = True
    """One of a camera's two streams does it for both."""
    encoded: int = 0
    paused: threading.Event = field(default_factory=threading.Event)
    """Says that it is up, and sends nothing."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(3)

    def _run(self) -> None:
        context, clock = encoder(self.codec, self.fps, size=self.size), SystemClock()
        loop = []
        for index in range(24):
            frame = av.VideoFrame.from_ndarray(self.draw(index), format="bgr24").reformat(format="yuv420p")
            frame.pts = index
            packets = context.encode(frame)
            loop += [(bytes(p), p.is_keyframe) for p in packets]
        started_s, poses_at_s = time.monotonic(), 0.0
        while not self._stop.is_set():
            index = self.encoded
            data, key = loop[index % len(loop)]
            now_us = clock.now_us()
            ticks = round(index * 90_000 / self.fps)
            if self.paused.is_set():
                self._stop.wait(0.02)
                started_s += 0.02
                continue
            self.publisher.offer(
                Packet(CameraId(self.camera), self.profile, self.codec, data, ticks, ticks, key, now_us, now_us, index)
            )
            if self.tells_status and index % 6 == 0:
                self.publisher.offer(status(self.camera, now_us, self.state, self.codec, self.profile))
            if self.pose is not None and time.monotonic() - poses_at_s > 0.1:
                poses_at_s = time.monotonic()
                found = self.pose(now_us)
                if found is not None:
                    self.publisher.offer(found)
            self.encoded += 1
            self._stop.wait(max(0.0, started_s + self.encoded / self.fps - time.monotonic()))


def status(camera: str, at_us: int, state: Any = "up", codec: str = "h264", profile: Profile = "sub") -> CameraStatus:
    stream = StreamStatus(state, at_us, "", codec, WIDTH, HEIGHT, FPS, 500_000, 1.0, at_us, 0, 0, "on", "")
    return CameraStatus(CameraId(camera), at_us, stream, stream if profile == "sub" else None, None, "none", "")


@dataclass
class Picture:
    """One decoded picture of a viewer."""

    bgr: np.ndarray
    rtp_timestamp: int


class WhepViewer:
    """Receives and decodes. Use inside a loop."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTransceiver("video", direction="recvonly")
        self.pictures: asyncio.Queue[Picture] = asyncio.Queue()
        self.path: LossyPath | None = None
        """Set it before opening: what lies between this viewer and the server."""
        self.session = ""
        self.answer = ""
        self.first_s: float | None = None
        self._started_s = 0.0
        self._task: asyncio.Task[None] | None = None
        self.peer.on("track", self._on_track)

    async def open(self, camera: str, profile: str = "tile") -> httpx.Response:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        self._started_s = time.monotonic()
        offer = self.peer.localDescription.sdp if self.path is None else self.path.offer(self.peer.localDescription.sdp)
        response = await self._http.post(
            "/whep", json={"camera": camera, "profile": profile, "sdp": offer, "user": "test"}
        )
        if response.status_code == 201:
            self.session, self.answer = response.json()["session"], response.json()["sdp"]
            if self.path is not None:
                self.answer = await self.path.answer(self.answer)
            await self.peer.setRemoteDescription(RTCSessionDescription(self.answer, "answer"))
        return response

    def _on_track(self, track: Any) -> None:
        self._task = asyncio.create_task(self._read(track))

    async def _read(self, track: Any) -> None:
        with contextlib.suppress(Exception):
            while True:
                frame = await track.recv()
                if self.first_s is None:
                    self.first_s = time.monotonic() - self._started_s
                self.pictures.put_nowait(Picture(frame.to_ndarray(format="bgr24"), frame.pts))

    async def picture(self, timeout_s: float = 8.0) -> Picture:
        return await asyncio.wait_for(self.pictures.get(), timeout_s)

    async def newest(self, seconds: float) -> list[Picture]:
        """What comes in within the next seconds, without what had come before."""
        while not self.pictures.empty():
            self.pictures.get_nowait()
        await asyncio.sleep(seconds)
        return [self.pictures.get_nowait() for _ in range(self.pictures.qsize())]

    async def close(self) -> None:
        await self.peer.close()
        if self.path is not None:
            self.path.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class LiveSite:
    """config: with its cameras. Everything stops at the end of `running_site`."""

    def __init__(self, config: SiteConfig) -> None:
        self.config = config
        self.store = Store(config.database_url)
        self.store.migrate()
        self.publisher = BusPublisher(config.bus_endpoint(0))
        self.publisher.start()
        self.cameras: list[BusCamera] = []

    def add(self, camera: str, **options: Any) -> BusCamera:
        self.cameras.append(BusCamera(self.publisher, camera, **options))
        return self.cameras[-1]

    def import_masks(self, document: dict[str, Any]) -> None:
        with self.store.transaction() as tx:
            mask_store.add(tx, parse_mask_import(document), utc_from_us(SystemClock().now_us()))

    def stop(self) -> None:
        for camera in self.cameras:
            camera.stop()
        self.publisher.stop()
        self.store.close()


def site_config(directory: Path, cameras: list[dict[str, Any]], **live: Any) -> SiteConfig:
    numbered = [{"number": n, "name": c["id"], "main": "rtsp://127.0.0.1/x"} | c for n, c in enumerate(cameras, 1)]
    return SiteConfig.model_validate(
        {
            "site": {"data_dir": str(directory)},
            "live": {"addresses": ["127.0.0.1"]} | live,
            "recorder": {"encrypt": False},
            "decisions": {"enforce": False},
            "cameras": numbered,
        }
    )


def listens(path: Path) -> bool:
    """Bound is not enough: whoever connects before `listen` is refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


@contextmanager
def running_live(config: SiteConfig) -> Iterator[None]:
    """run_live in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=run_live, args=(config, stop), daemon=True)
    thread.start()
    deadline_s = time.monotonic() + 10
    while not listens(config.live_socket) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def running_site(config: SiteConfig, *documents: dict[str, Any]) -> Iterator[LiveSite]:
    site = LiveSite(config)
    for document in documents:
        site.import_masks(document)
    try:
        with running_live(config):
            yield site
    finally:
        site.stop()


@asynccontextmanager
async def viewing(config: SiteConfig) -> AsyncIterator[Callable[[], WhepViewer]]:
    """Makes viewers; closes them all at the end. `viewer.http` is the client of the live socket."""
    viewers: list[WhepViewer] = []
    transport = httpx.AsyncHTTPTransport(uds=str(config.live_socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://live", timeout=20) as http:

        def make() -> WhepViewer:
            viewers.append(WhepViewer(http))
            return viewers[-1]

        make.http = http  # type: ignore[attr-defined]
        try:
            yield make
        finally:
            await asyncio.gather(*(viewer.close() for viewer in viewers))


async def until_heard(http: httpx.AsyncClient, camera: str) -> httpx.Response:
    """A still, waiting while nothing was heard from the camera yet."""
    for _ in range(50):
        answer = await http.get(f"/snapshot/{camera}?profile=tile")
        if answer.status_code != 409:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("never heard")


async def until_up(http: httpx.AsyncClient, viewer: WhepViewer, camera: str, profile: str = "tile") -> None:
    """Open it, waiting as a client does while the answer is 409."""
    for _ in range(50):
        response = await viewer.open(camera, profile) if not viewer.session else None
        if response is None or response.status_code == 201:
            return
        assert response.status_code == 409, response.text
        await asyncio.sleep(0.1)
    raise AssertionError("never up")
