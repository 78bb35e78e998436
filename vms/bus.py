"""From process to process: packets, poses and statuses over ZeroMQ, requests to a capture process.

Each capture process binds one PUB endpoint and one request endpoint (ipc:// sockets in data_dir/run).
A new subscriber of a stream is sent the current group of pictures first, so it starts at once; every other
subscriber drops those by their sequence number (`PacketGate`). Nothing here ever waits for a reader: a slow one
loses packets, sees the hole in `sequence`, and skips to the next keyframe.
"""

import contextlib
import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import zmq

from vms.bus_messages import (
    Message,
    StreamKey,
    capture_topic,
    decode,
    encode,
    packet_topic,
    pose_topic,
    status_topic,
    volume_topic,
)
from vms.errors import CameraUnreachable, UitkijkError
from vms.packet import PACKET_COST_BYTES, Packet
from vms.units import CameraId, Profile

__all__ = [
    "BusPublisher",
    "BusSubscriber",
    "Message",
    "PacketGate",
    "RequestServer",
    "StreamKey",
    "capture_topic",
    "decode",
    "encode",
    "packet_topic",
    "pose_topic",
    "request",
    "status_topic",
    "volume_topic",
]

log = logging.getLogger(__name__)

_SEND_HIGH_WATER = 4000
"""Messages per subscriber before it loses some: about 10 s of 20 cameras."""
_AT_ONCE = 256
_GATHER_MS = 2
"""A reader waits so long for what belongs to the same round, and hands it on at once: else it wakes the process for the
first message and then fights with it over the interpreter. Longer than one sender's pause, less than a viewer notices.
"""
_MAX_QUEUE_BYTES = 64 * 1024 * 1024
_MAX_GOP_BYTES = 24 * 1024 * 1024
_MAX_REQUEST_BYTES = 64 * 1024
_SEND_EVERY_MS = 250
"""At the latest; who offered pictures says when they are all there (`flush`), because waking everyone for each costs
more than the picture. Anything else goes at once, and takes along what waits.
"""


class PacketGate:
    """Lets each packet of one stream through once, starting at a keyframe, and restarts after a hole.

    Not thread-safe: one per consumer. `admit` is False for what the consumer must not use.
    """

    def __init__(self) -> None:
        self._next: int | None = None

    def admit(self, packet: Packet) -> bool:
        if self._next is not None and packet.sequence < self._next and not packet.starts_run:
            return False
        if (self._next is None or packet.sequence > self._next) and not packet.is_keyframe:
            return False
        self._next = packet.sequence + 1
        return True


class BusPublisher:
    """Owned by a capture process. `offer` may be called from any thread and never blocks.

    on_watched(camera_id, profile, watched) is called from the bus thread when the first subscriber of a stream
    comes or the last one goes: ingest then reads every 40 or 80 ms instead of every 0.7 s.
    """

    def __init__(self, endpoint: str, on_watched: Callable[[CameraId, Profile, bool], None] | None = None) -> None:
        self._endpoint = endpoint
        self._on_watched = on_watched
        self._lock = threading.Lock()
        self._outgoing: deque[Message] = deque()
        self._queued_bytes = 0
        self._gops: dict[StreamKey, list[Packet]] = {}
        self._gop_bytes: dict[StreamKey, int] = {}
        self._subscribers: dict[bytes, int] = {}
        self._context = zmq.Context()
        self._wake_in = self._context.socket(zmq.PAIR)
        self._wake_out = self._context.socket(zmq.PAIR)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)
        self.dropped = 0

    def start(self) -> None:
        """Bind and run. Raises OSError when the endpoint is taken or the path is impossible."""
        _make_ipc_dir(self._endpoint)
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        self._socket.setsockopt(zmq.SNDHWM, _SEND_HIGH_WATER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(self._endpoint)
        _only_owner(self._endpoint)
        self._wake_in.bind("inproc://wake")
        self._wake_out.connect("inproc://wake")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        with self._lock:
            self._poke()
        self._thread.join(timeout=3)
        with self._lock:
            for socket in (self._socket, self._wake_in, self._wake_out):
                socket.close(0)
        self._context.term()

    def offer(self, message: Message) -> None:
        """Queue for sending; drops (and counts) when readers and the bus thread cannot keep up."""
        if isinstance(message, Packet):
            self.offer_packets((message,))
            self.flush()
            return
        with self._lock:
            self._queue(message, PACKET_COST_BYTES)
            self._poke()

    def offer_packets(self, packets: Sequence[Packet]) -> None:
        """Pictures of one stream, in order, at least one; as `offer`, but they wait for `flush`."""
        camera_id, profile = packets[0].camera_id, packets[0].profile
        with self._lock:
            for packet in packets:
                self._remember(packet)
            if not self._subscribers.get(packet_topic(camera_id, profile)):
                return
            for packet in packets:
                self._queue(packet, len(packet.data) + PACKET_COST_BYTES)

    def flush(self) -> None:
        """Send what waits, now: a round of reading is over."""
        with self._lock:
            if self._outgoing:
                self._poke()

    def _poke(self) -> None:
        """With the lock held."""
        if not self._wake_out.closed:
            with contextlib.suppress(zmq.Again):  # enough wake-ups are waiting
                self._wake_out.send(b"", zmq.NOBLOCK)

    def _queue(self, message: Message, size: int) -> None:
        if self._queued_bytes + size > _MAX_QUEUE_BYTES:
            self.dropped += 1
            return
        self._outgoing.append(message)
        self._queued_bytes += size

    def is_watched(self, camera_id: CameraId, profile: Profile) -> bool:
        return bool(self._subscribers.get(packet_topic(camera_id, profile)))

    def forget(self, camera_id: CameraId) -> None:
        """The camera left or stopped: no newcomer may be greeted with its last pictures."""
        with self._lock:
            for key in [key for key in self._gops if key[0] == camera_id]:
                del self._gops[key]

    def _remember(self, packet: Packet) -> None:
        key = (packet.camera_id, packet.profile)
        if packet.is_keyframe:
            self._gops[key] = [packet]
            self._gop_bytes[key] = len(packet.data) + PACKET_COST_BYTES
        elif gop := self._gops.get(key):
            gop.append(packet)
            self._gop_bytes[key] += len(packet.data) + PACKET_COST_BYTES
            if self._gop_bytes[key] > _MAX_GOP_BYTES:
                del self._gops[key]

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        while not self._stop.is_set():
            events = dict(poller.poll(_SEND_EVERY_MS))
            if self._wake_in in events:
                self._wake_in.recv(zmq.NOBLOCK)
            if self._socket in events:
                self._read_subscriptions()
            with self._lock:
                outgoing, self._outgoing, self._queued_bytes = self._outgoing, deque(), 0
            for message in outgoing:
                self._send(message)

    def _read_subscriptions(self) -> None:
        while True:
            try:
                event = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            joined, topic = event[:1] == b"\x01", event[1:]
            with self._lock:
                before = self._subscribers.get(topic, 0)
                self._subscribers[topic] = max(0, before + (1 if joined else -1))
                after = self._subscribers[topic]
            self._greet(topic, joined, before, after)

    def _greet(self, topic: bytes, joined: bool, before: int, after: int) -> None:
        kind, _, rest = topic.decode("utf-8", "replace").partition("/")
        if kind != "v" or rest.count("/") != 2:
            return
        camera, profile, _ = rest.split("/")
        key = cast(StreamKey, (camera, profile))
        if (before == 0) != (after == 0) and self._on_watched:
            self._on_watched(key[0], key[1], after > 0)
        if joined:
            with self._lock:
                gop = list(self._gops.get(key, ()))
            for packet in gop:
                self._send(packet)

    def _send(self, message: Message) -> None:
        try:
            self._socket.send_multipart(encode(message), zmq.NOBLOCK)
        except zmq.Again:
            self.dropped += 1


class BusSubscriber:
    """Reads from all capture processes in a thread of its own and calls `handler(message)` there.

    The handler must be quick (put it in a queue, or call_soon_threadsafe). subscribe and unsubscribe may be
    called from any thread. Publishers may come and go: ZeroMQ reconnects, the subscription stays.

    batch: a context around the handling of all messages that came at once.
    """

    def __init__(
        self,
        endpoints: list[str],
        handler: Callable[[Message], None],
        name: str = "bus",
        batch: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._endpoints = endpoints
        self._handler = handler
        self._batch = batch
        self._lock = threading.Lock()
        self._changes: deque[tuple[int, bytes]] = deque()
        self._counts: dict[bytes, int] = {}
        self._wake_out: zmq.Socket[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        # Not before: a context with open sockets that nobody ends holds up the thread that collects it, for good.
        self._context = zmq.Context()
        self._wake_in = self._context.socket(zmq.PAIR)
        self._wake_in.bind("inproc://changes")
        wake_out = self._context.socket(zmq.PAIR)
        wake_out.connect("inproc://changes")
        with self._lock:
            self._wake_out = wake_out
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._poke()
        with self._lock:
            wake_out, self._wake_out = self._wake_out, None
        if wake_out is None:
            return
        self._thread.join(timeout=3)
        wake_out.close(0)
        self._wake_in.close(0)
        self._context.term()

    def subscribe(self, topic: bytes) -> None:
        """Counted: as many unsubscribes end it. A first subscribe of a stream brings its current GOP."""
        with self._lock:
            self._counts[topic] = self._counts.get(topic, 0) + 1
            if self._counts[topic] == 1:
                self._changes.append((zmq.SUBSCRIBE, topic))
        self._poke()

    def unsubscribe(self, topic: bytes) -> None:
        with self._lock:
            self._counts[topic] = self._counts.get(topic, 0) - 1
            if self._counts[topic] <= 0:
                del self._counts[topic]
                self._changes.append((zmq.UNSUBSCRIBE, topic))
        self._poke()

    def _poke(self) -> None:
        with self._lock, contextlib.suppress(zmq.Again):  # enough wake-ups are waiting
            if self._wake_out is not None:
                self._wake_out.send(b"", zmq.NOBLOCK)

    def _run(self) -> None:
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, _SEND_HIGH_WATER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        for endpoint in self._endpoints:
            socket.connect(endpoint)
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        self._apply_changes(socket)
        while not self._stop.is_set():
            events = dict(poller.poll(1000))
            if self._wake_in in events:
                self._wake_in.recv(zmq.NOBLOCK)
                self._apply_changes(socket)
            if socket in events:
                self._drain(socket)
        socket.close(0)

    def _apply_changes(self, socket: "zmq.Socket[bytes]") -> None:
        with self._lock:
            changes, self._changes = self._changes, deque()
        for option, topic in changes:
            socket.setsockopt(option, topic)

    def _drain(self, socket: "zmq.Socket[bytes]") -> None:
        with self._batch():
            for _ in range(_AT_ONCE):
                try:
                    parts = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    if not socket.poll(_GATHER_MS):
                        return
                    continue
                self._handler(decode(parts))


Answer = Mapping[str, Any]


class RequestServer:
    """Answers requests to a capture process. One hung camera holds up one worker thread, not the next request.

    handler(request) runs in a worker thread and returns a JSON-able mapping; UitkijkError becomes
    {"error": text, "kind": class name}. More requests than workers wait their turn.
    """

    def __init__(self, endpoint: str, handler: Callable[[Mapping[str, Any]], Answer], workers: int = 8) -> None:
        self._endpoint = endpoint
        self._handler = handler
        self._context = zmq.Context()
        self._lock = threading.Lock()
        self._answers: deque[list[bytes]] = deque()
        self._wake_in = self._context.socket(zmq.PAIR)
        self._wake_out = self._context.socket(zmq.PAIR)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="request")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="requests", daemon=True)

    def start(self) -> None:
        _make_ipc_dir(self._endpoint)
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MAX_REQUEST_BYTES)
        self._socket.bind(self._endpoint)
        _only_owner(self._endpoint)
        self._wake_in.bind("inproc://answers")
        self._wake_out.connect("inproc://answers")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._poke()
        self._thread.join(timeout=3)
        with self._lock:
            for socket in (self._socket, self._wake_in, self._wake_out):
                socket.close(0)
        self._context.term()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        while not self._stop.is_set():
            events = dict(poller.poll(1000))
            if self._wake_in in events:
                self._wake_in.recv(zmq.NOBLOCK)
            if self._socket in events:
                frames = self._socket.recv_multipart()
                with contextlib.suppress(RuntimeError):  # the pool was just shut down
                    self._pool.submit(self._work, frames)
            while self._answers:
                self._socket.send_multipart(self._answers.popleft())

    def _work(self, frames: list[bytes]) -> None:
        self._answers.append([*frames[:-1], json.dumps(self._answer(frames[-1])).encode()])
        self._poke()

    def _poke(self) -> None:
        with self._lock:
            if not self._wake_out.closed:
                with contextlib.suppress(zmq.Again):  # enough wake-ups are waiting
                    self._wake_out.send(b"", zmq.NOBLOCK)

    def _answer(self, body: bytes) -> Answer:
        try:
            return self._handler(json.loads(body))
        except UitkijkError as error:
            return {"error": str(error), "kind": type(error).__name__}
        except (ValueError, KeyError, TypeError) as error:
            return {"error": f"malformed request: {error}", "kind": "ProtocolError"}


def request(endpoint: str, body: Mapping[str, Any], timeout_s: float = 3.0) -> dict[str, Any]:
    """Ask a capture process and wait (blocking; call in a thread). Raises CameraUnreachable on time-out.

    An {"error": …} answer is returned as it is; the caller decides what it means to its user.
    """
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    with context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDTIMEO, int(timeout_s * 1000))
        socket.setsockopt(zmq.RCVTIMEO, int(timeout_s * 1000))
        socket.connect(endpoint)
        try:
            socket.send(json.dumps(body).encode())
            answer: dict[str, Any] = json.loads(socket.recv())
        except zmq.Again as error:
            raise CameraUnreachable("the recording process did not answer; it may be restarting") from error
        return answer


def _make_ipc_dir(endpoint: str) -> None:
    if endpoint.startswith("ipc://"):
        Path(endpoint.removeprefix("ipc://")).parent.mkdir(parents=True, exist_ok=True)


def _only_owner(endpoint: str) -> None:
    if endpoint.startswith("ipc://"):
        Path(endpoint.removeprefix("ipc://")).chmod(0o600)
