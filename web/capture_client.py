"""What the capture processes say (statuses, over the bus) and what we ask of them (PTZ)."""

import threading
from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from vms import bus
from vms.bus import BusSubscriber, Message, capture_topic, pose_topic, status_topic, volume_topic
from vms.clock import Clock
from vms.config import SiteConfig
from vms.errors import CameraError, CameraUnreachable
from vms.packet import PtzPose
from vms.status import CameraStatus, CaptureStatus, VolumeStatus

STATUS_STALE_S = 5.0
_POSE_STALE_S = 10.0
"""A camera at rest tells its pose every second."""
_PARALLEL_REQUESTS = 8
_REQUEST_TIMEOUT_S = 3.0


class CaptureClient:
    """start() subscribes in a thread of its own. Statuses may be read from any thread; request() is the loop's."""

    def __init__(self, config: SiteConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._statuses: dict[str, tuple[CameraStatus, float]] = {}
        self._poses: dict[str, tuple[PtzPose, float]] = {}
        self._processes: dict[str, tuple[CaptureStatus, float]] = {}
        self._volumes: dict[tuple[str, str], tuple[VolumeStatus, float]] = {}
        self._subscriber = BusSubscriber(config.bus_endpoints(), self._on_message, name="bus-status")
        self._limiter: anyio.CapacityLimiter | None = None

    def start(self) -> None:
        self._subscriber.start()
        self._subscriber.subscribe(status_topic())
        self._subscriber.subscribe(capture_topic())
        self._subscriber.subscribe(volume_topic())
        self._subscriber.subscribe(pose_topic())

    def stop(self) -> None:
        self._subscriber.stop()

    def status(self, camera_id: str) -> CameraStatus | None:
        """The newest one, or None when it is older than STATUS_STALE_S: the recording process is silent."""
        with self._lock:
            status, at_s = self._statuses.get(camera_id, (None, 0.0))
        if status is None or self._clock.monotonic_s() - at_s > STATUS_STALE_S:
            return None
        return status

    def pose(self, camera_id: str) -> PtzPose | None:
        """Where it looks, as it last said; None when that is longer ago than _POSE_STALE_S."""
        with self._lock:
            pose, at_s = self._poses.get(camera_id, (None, 0.0))
        return pose if self._clock.monotonic_s() - at_s <= _POSE_STALE_S else None

    def processes(self) -> list[CaptureStatus]:
        """Of those capture processes that spoke in the last STATUS_STALE_S, by name."""
        oldest_s = self._clock.monotonic_s() - STATUS_STALE_S
        with self._lock:
            return [status for _, (status, at_s) in sorted(self._processes.items()) if at_s >= oldest_s]

    def volumes(self) -> list[VolumeStatus]:
        """How each recording process finds each volume, none older than STATUS_STALE_S."""
        oldest_s = self._clock.monotonic_s() - STATUS_STALE_S
        with self._lock:
            return [status for status, at_s in self._volumes.values() if at_s >= oldest_s]

    async def request(self, camera_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the camera's capture process. Raises CameraError with its refusal."""
        endpoint = self._config.control_endpoint_of(camera_id)
        if endpoint is None:
            raise CameraUnreachable(f"no recording process has camera {camera_id}")
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_PARALLEL_REQUESTS)
        answer = await anyio.to_thread.run_sync(bus.request, endpoint, body, _REQUEST_TIMEOUT_S, limiter=self._limiter)
        if "error" in answer:
            raise CameraRefusedCommand(str(answer["error"])[:500])
        return answer

    async def presets(self, camera_id: str) -> dict[str, str]:
        """Names of the camera's PTZ presets, by token. Raises CameraError."""
        answer = await self.request(camera_id, {"op": "ptz_presets", "camera": camera_id})
        return {str(preset["token"]): str(preset["name"]) for preset in answer.get("presets", [])}

    def _on_message(self, message: Message) -> None:
        at_s = self._clock.monotonic_s()
        with self._lock:
            if isinstance(message, CameraStatus):
                self._statuses[message.camera_id] = (message, at_s)
            elif isinstance(message, PtzPose):
                self._poses[message.camera_id] = (message, at_s)
            elif isinstance(message, CaptureStatus):
                self._processes[message.name] = (message, at_s)
            elif isinstance(message, VolumeStatus):
                self._volumes[message.process, message.path] = (message, at_s)


class CameraRefusedCommand(CameraError):
    """The camera, or the process that holds it, said no; the text says why."""
