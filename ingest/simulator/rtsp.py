"""The simulated cameras' RTSP server: one port, `rtsp://host:port/<camera-id>/main|sub`. Event loop only.

OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN; digest (MD5, with or without
qop); RTP over the connection or UDP; sender reports from the camera's own clock. A camera renders and encodes
only while somebody watches. All faults of `model.Faults` that concern streams are honoured at each use.
"""

import asyncio
import base64
import logging
from collections.abc import Mapping
from functools import partial

import cv2

from ingest.simulator.encode import parameter_sets
from ingest.simulator.feeds import CameraStream, TimestampShift, effective_spec
from ingest.simulator.live import LiveSource, RenderPool
from ingest.simulator.loop_feed import LoopPumps, LoopSource
from ingest.simulator.loops import LoopLibrary
from ingest.simulator.model import SimCamera
from ingest.simulator.render import Renderer
from ingest.simulator.rtp import PAYLOAD_TYPE, nal_type
from ingest.simulator.rtsp_connection import RtspConnection
from ingest.simulator.street import Street
from vms.clock import Clock
from vms.errors import CameraUnreachable
from vms.units import PROFILES, TICKS_PER_SECOND, Codec, Profile

log = logging.getLogger(__name__)

_LOOK_AFTER_EVERY_S = 0.2
_JPEG_QUALITY = 88


class RtspServer:
    """start() and stop() in one event loop; snapshot_jpeg() from any thread, one at a time per camera."""

    def __init__(self, cameras: Mapping[str, SimCamera], street: Street, clock: Clock, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._cameras = dict(cameras)
        self._street = street
        self._clock = clock
        self._library = LoopLibrary(street)
        self._pumps = LoopPumps(self._library, clock)
        self._pool = RenderPool(clock)
        self._streams: dict[tuple[str, Profile], CameraStream] = {}
        self._connections: set[RtspConnection] = set()
        # Clients arrive together: one finds the parameter sets, the others find them ready. An encoder in each
        # of many threads would leave each thread's share of memory at its size.
        self._describing = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._caretaker: asyncio.Task[None] | None = None
        self._snapshots = {key: Renderer(street, camera.spec) for key, camera in self._cameras.items()}
        for camera in self._cameras.values():
            self._add_streams(camera)

    def _add_streams(self, camera: SimCamera) -> None:
        shift = TimestampShift()
        source: LiveSource | LoopSource
        if camera.spec.loop:
            source = LoopSource(camera, self._pumps)
        else:
            source = LiveSource(camera, self._street, self._clock, self._pool)
        for profile in PROFILES:
            self._streams[camera.spec.id, profile] = CameraStream(camera, profile, source, shift)

    async def start(self) -> None:
        """Encode the loops (seconds, if there are loop cameras), then listen; `port` then tells the real one.

        Raises CameraUnreachable when the address is taken.
        """
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._encode_loops)
        try:
            self._server = await loop.create_server(
                lambda: self._connected(RtspConnection(self, self._connections.discard)), self.host, self.port
            )
        except OSError as error:
            raise CameraUnreachable(f"cannot listen on {self.host}:{self.port}: {error.strerror}") from error
        self.port = self._server.sockets[0].getsockname()[1]
        self._caretaker = loop.create_task(self._look_after())
        log.info("rtsp_listening", extra={"host": self.host, "port": self.port, "cameras": len(self._cameras)})

    async def stop(self) -> None:
        """Close every connection and wait for the cameras' threads."""
        if self._server is not None:
            self._server.close()
        if self._caretaker is not None:
            self._caretaker.cancel()
            await asyncio.gather(self._caretaker, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in tuple(self._connections)))
        await asyncio.sleep(0)  # connection_lost runs in the next turn and stops the sources
        await self._pumps.stop()
        await asyncio.to_thread(self._pool.stop)
        if self._server is not None:
            await self._server.wait_closed()

    def url(self, camera_id: str, profile: Profile) -> str:
        """Without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{host}:{self.port}/{camera_id}/{profile}"

    def request_keyframe(self, camera_id: str, profile: Profile) -> None:
        """The next picture of a live camera becomes a keyframe. Event loop only; unknown cameras do nothing."""
        stream = self._streams.get((camera_id, profile))
        if stream is not None:
            stream.request_keyframe()

    def snapshot_jpeg(self, camera_id: str) -> bytes:
        """What the camera sees now, in the main stream's size. Raises KeyError for an unknown camera."""
        camera = self._cameras[camera_id]
        spec = effective_spec(camera, "main")
        at_us = self._clock.now_us()
        renderer = self._snapshots[camera_id]
        view = camera.head.view_at(at_us)
        picture = renderer.view(at_us, view, camera.faults, spec.width, spec.height)
        image = cv2.cvtColor(picture.packed(), cv2.COLOR_YUV2BGR_I420)
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return data.tobytes()

    def stream(self, path: list[str]) -> CameraStream | None:
        """The stream a URL path names; parts after it (control names) are ignored."""
        if len(path) < 2:
            return None
        for profile in PROFILES:
            if path[1] == profile:
                return self._streams.get((path[0], profile))
        return None

    async def describe(self, stream: CameraStream, url: str, local_host: str) -> str:
        """The SDP, with parameter sets."""
        camera = stream.camera.spec
        spec = camera.stream(stream.profile)
        find = partial(parameter_sets, spec, camera.codec, stream.profile, camera.loop)
        async with self._describing:
            sets = await asyncio.to_thread(find)
        family = "IP6" if ":" in local_host else "IP4"
        lines = [
            "v=0",
            f"o=- {self._clock.now_us()} 1 IN {family} {local_host}",
            f"s={camera.name}",
            f"c=IN {family} {local_host}",
            "t=0 0",
            f"a=control:{url.rstrip('/')}",
            "a=range:npt=0-",
            f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
            f"b=AS:{spec.bitrate_bps // 1000}",
            f"a=rtpmap:{PAYLOAD_TYPE} {'H264' if camera.codec == 'h264' else 'H265'}/{TICKS_PER_SECOND}",
            f"a=fmtp:{PAYLOAD_TYPE} {_format_parameters(camera.codec, sets)}",
            f"a=framerate:{spec.fps:g}",
            f"a=framesize:{PAYLOAD_TYPE} {spec.width}-{spec.height}",
            "a=control:trackID=0",
            "a=recvonly",
        ]
        return "\r\n".join(lines) + "\r\n"

    def _encode_loops(self) -> None:
        for camera in self._cameras.values():
            spec = camera.spec
            for profile in PROFILES if spec.loop else ():
                self._library.clip(spec.stream(profile), spec.codec, profile, spec.parameter_sets_in_band)

    def _connected(self, connection: RtspConnection) -> RtspConnection:
        self._connections.add(connection)
        return connection

    async def _look_after(self) -> None:
        while True:
            for connection in tuple(self._connections):
                connection.look_after(self._is_offline)
            await asyncio.sleep(_LOOK_AFTER_EVERY_S)

    def _is_offline(self, camera_id: str) -> bool:
        return self._cameras[camera_id].faults.offline


def _format_parameters(codec: Codec, sets: tuple[bytes, ...]) -> str:
    if codec == "h264":
        sps = next(nal for nal in sets if nal_type(codec, nal) == 7)
        encoded = ",".join(base64.b64encode(nal).decode() for nal in sets)
        return f"packetization-mode=1;profile-level-id={sps[1:4].hex().upper()};sprop-parameter-sets={encoded}"
    names = {32: "vps", 33: "sps", 34: "pps"}
    parts = [f"sprop-{names[nal_type(codec, nal)]}={base64.b64encode(nal).decode()}" for nal in sets]
    return ";".join(parts)
