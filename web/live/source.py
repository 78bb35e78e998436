"""What comes in from the capture processes: packets per stream, poses and statuses per camera.

`LiveSources` reads the bus in its own thread and calls consumers there: they must be quick.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from vms.bus import BusSubscriber, Message, PacketGate, StreamKey, packet_topic, pose_topic, status_topic
from vms.packet import Packet, PtzPose
from vms.status import CameraStatus
from vms.units import CameraId

POSES_KEPT = 64
"""Some 6 s of a moving camera."""
_MAX_GOP_BYTES = 12 * 1024 * 1024
_MAX_GOP_PACKETS = 600

Consumer = Callable[[Packet], None]


class PoseBook:
    """The last poses of each camera. Thread-safe. Listeners are events that a pose of their camera sets."""

    def __init__(self, camera_ids: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._poses: dict[str, deque[PtzPose]] = {camera: deque(maxlen=POSES_KEPT) for camera in camera_ids}
        self._listeners: dict[str, list[threading.Event]] = {}

    def add(self, pose: PtzPose) -> None:
        with self._lock:
            kept = self._poses.get(pose.camera_id)
            if kept is None:
                return
            kept.append(pose)
            listeners = list(self._listeners.get(pose.camera_id, ()))
        for listener in listeners:
            listener.set()

    def poses(self, camera_id: str) -> list[PtzPose]:
        """In order of arrival."""
        with self._lock:
            return list(self._poses.get(camera_id, ()))

    def listen(self, camera_id: str, listener: threading.Event) -> None:
        with self._lock:
            self._listeners.setdefault(camera_id, []).append(listener)

    def unlisten(self, camera_id: str, listener: threading.Event) -> None:
        with self._lock:
            if listener in self._listeners.get(camera_id, []):
                self._listeners[camera_id].remove(listener)


class _Feed:
    """One stream while somebody uses it: keeps the current group of pictures for consumers that join later."""

    def __init__(self) -> None:
        self._gate = PacketGate()
        self._gop: list[Packet] = []
        self._gop_bytes = 0
        self.consumers: list[Consumer] = []

    def take(self, packet: Packet) -> bool:
        if not self._gate.admit(packet):
            return False
        if packet.is_keyframe:
            self._gop, self._gop_bytes = [], 0
        if self._gop or packet.is_keyframe:
            self._gop.append(packet)
            self._gop_bytes += len(packet.data)
        if self._gop_bytes > _MAX_GOP_BYTES or len(self._gop) > _MAX_GOP_PACKETS:
            self._gop, self._gop_bytes = [], 0
        return True

    @property
    def gop(self) -> list[Packet]:
        return list(self._gop)


class LiveSources:
    """start(), then attach and detach from any thread. batch: around the packets that came at once; set it first."""

    def __init__(self, endpoints: list[str], camera_ids: Sequence[str]) -> None:
        self.poses = PoseBook(camera_ids)
        self._known = frozenset(camera_ids)
        self._lock = threading.Lock()
        self._feeds: dict[StreamKey, _Feed] = {}
        self._statuses: dict[str, CameraStatus] = {}
        self.batch: Callable[[], AbstractContextManager[None]] = nullcontext
        self._bus = BusSubscriber(endpoints, self._take, name="live-bus", batch=self._in_batch)

    def start(self) -> None:
        self._bus.start()
        self._bus.subscribe(status_topic())
        for camera_id in sorted(self._known):
            self._bus.subscribe(pose_topic(camera_id))

    def stop(self) -> None:
        self._bus.stop()

    def status(self, camera_id: str) -> CameraStatus | None:
        with self._lock:
            return self._statuses.get(camera_id)

    def attach(self, key: StreamKey, consumer: Consumer) -> None:
        """The consumer gets the current group of pictures first (in the caller's thread), then all that follows."""
        with self._lock:
            feed = self._feeds.get(key)
            if feed is None:
                feed = self._feeds[key] = _Feed()
                self._bus.subscribe(packet_topic(*key))
            for packet in feed.gop:
                consumer(packet)
            feed.consumers.append(consumer)

    def detach(self, key: StreamKey, consumer: Consumer) -> None:
        with self._lock:
            feed = self._feeds.get(key)
            if feed is None or consumer not in feed.consumers:
                return
            feed.consumers.remove(consumer)
            if not feed.consumers:
                del self._feeds[key]
                self._bus.unsubscribe(packet_topic(*key))

    def _in_batch(self) -> AbstractContextManager[None]:
        return self.batch()

    def _take(self, message: Message) -> None:
        if isinstance(message, PtzPose):
            self.poses.add(message)
        elif isinstance(message, CameraStatus):
            with self._lock:
                if message.camera_id in self._known:
                    self._statuses[message.camera_id] = message
        elif isinstance(message, Packet):
            self._take_packet(message)

    def _take_packet(self, packet: Packet) -> None:
        with self._lock:
            feed = self._feeds.get((CameraId(packet.camera_id), packet.profile))
            if feed is not None and feed.take(packet):
                for consumer in feed.consumers:
                    consumer(packet)
