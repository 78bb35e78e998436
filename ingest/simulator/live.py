"""Live cameras: rendered and encoded while somebody watches.

A few threads serve all cameras, each camera's ticks in turn: with a thread per camera, threads spend more on
handing the interpreter lock to each other between OpenCV calls than on pictures. Access units come over to the
event loop with a bounded hand-over.
"""

import asyncio
import heapq
import itertools
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import av
import cv2

from ingest.simulator.encode import AccessUnit, VideoEncoder
from ingest.simulator.feeds import CameraStream, Numbering, effective_spec
from ingest.simulator.model import SimCamera, StreamSpec
from ingest.simulator.render import Renderer
from ingest.simulator.rtp import PacketTemplate, packetize
from ingest.simulator.street import Street
from vms.clock import Clock
from vms.units import PROFILES, TICKS_PER_SECOND, US_PER_SECOND, Profile

log = logging.getLogger(__name__)

_MAX_PENDING = 40
"""Access units under way from a camera to the event loop; more means the loop stands still."""
_MAX_CLOCK_DRIFT_US = 120_000
"""The wall clock may leave the monotonic one by this much; then pictures follow it with a leap."""
_THREADS = 2
_PATIENCE_S = 0.025
_JOIN_TIMEOUT_S = 3.0


class RenderPool:
    """Runs the ticks of live cameras when they are due. Threads start with the first camera."""

    def __init__(self, clock: Clock, threads: int = _THREADS) -> None:
        self._clock = clock
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._due: list[tuple[float, int, _LiveCamera]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False

    def add(self, camera: "_LiveCamera") -> None:
        with self._changed:
            heapq.heappush(self._due, (camera.first_due_s, next(self._order), camera))
            self._changed.notify_all()
        while len(self._threads) < self._count:
            index = len(self._threads)
            thread = threading.Thread(
                target=self._run, args=(index * _PATIENCE_S,), name=f"sim-render-{index}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Wait for the running ticks to end. Blocks for at most some seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_S)

    def _run(self, patience_s: float) -> None:
        """patience_s: how late a camera must be before this thread takes it: one thread works, others help out."""
        while (camera := self._next(patience_s)) is not None:
            try:
                due_s = camera.tick()
            except (av.FFmpegError, cv2.error, ValueError):  # one camera's trouble must not stop the others
                log.exception("simulated_camera_failed", extra={"camera": camera.camera_id})
                continue
            if due_s is not None:
                with self._changed:
                    heapq.heappush(self._due, (due_s, next(self._order), camera))

    def _next(self, patience_s: float) -> "_LiveCamera | None":
        with self._changed:
            while not self._stopping:
                wait_s = self._due[0][0] + patience_s - self._clock.monotonic_s() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait_s)
            return None


class LiveSource:
    """Pictures of one camera, both profiles from one tick, only while watched. Event loop only."""

    def __init__(self, camera: SimCamera, street: Street, clock: Clock, pool: RenderPool) -> None:
        self._camera = camera
        self._street = street
        self._clock = clock
        self._pool = pool
        self._worker: _LiveCamera | None = None
        self._streams: dict[Profile, CameraStream] = {}
        self._numbering = {profile: Numbering() for profile in PROFILES}

    def watch(self, stream: CameraStream) -> None:
        self._streams[stream.profile] = stream
        if self._worker is not None:
            self._worker.watched.add(stream.profile)
            return
        loop = asyncio.get_running_loop()
        self._worker = _LiveCamera(self._camera, self._street, self._clock, loop, self._deliver)
        self._worker.watched.add(stream.profile)
        self._pool.add(self._worker)

    def unwatch(self, stream: CameraStream) -> None:
        self._streams.pop(stream.profile, None)
        if self._worker is not None:
            self._worker.watched.discard(stream.profile)
            if not self._streams:
                self._worker.stopped = True
                self._worker = None

    def request_keyframe(self, profile: Profile) -> None:
        if self._worker is not None:
            self._worker.keyframes_wanted.add(profile)

    def _deliver(self, worker: "_LiveCamera", profile: Profile, unit: AccessUnit) -> None:
        worker.taken += 1
        stream = self._streams.get(profile)
        if worker is not self._worker or stream is None:
            return
        template = PacketTemplate(packetize(self._camera.spec.codec, unit.nals))
        stream.publish(self._numbering[profile].frame(template, unit))


@dataclass(slots=True)
class _Encoding:
    spec: StreamSpec
    encoder: VideoEncoder
    frame_number: int = 0


class _LiveCamera:
    """watched, keyframes_wanted, stopped, taken: written by the event loop, read in ticks."""

    def __init__(
        self,
        camera: SimCamera,
        street: Street,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[["_LiveCamera", Profile, AccessUnit], None],
    ) -> None:
        self.watched: set[Profile] = set()
        self.keyframes_wanted: set[Profile] = set()
        self.stopped = False
        self.taken = 0
        self._given = 0
        self._camera = camera
        self._clock = clock
        self._loop = loop
        self._deliver = deliver
        self._renderer = Renderer(street, camera.spec)
        self._encodings: dict[Profile, _Encoding] = {}
        self._behind = False
        self._fps = max(camera.spec.main.fps, camera.spec.sub.fps)
        # Cameras are not in step with each other: each takes its pictures at a moment of its own.
        lead_s = random.Random(camera.spec.id).random() / self._fps  # noqa: S311
        self._start_s = clock.monotonic_s() + lead_s
        self._first_us = clock.now_us() + round(lead_s * US_PER_SECOND)
        # RTP time goes on where the wall clock stands, so that a stream watched again does not repeat itself.
        self._origin_90k = self._first_us * 9 // 100
        self._number = 0

    @property
    def camera_id(self) -> str:
        return self._camera.spec.id

    @property
    def first_due_s(self) -> float:
        return self._start_s

    def tick(self) -> float | None:
        """Take the pictures that are due; the monotonic time of the next tick, None when nobody watches."""
        if self.stopped:
            return None
        at_us = self._first_us + round(self._number * US_PER_SECOND / self._fps)
        elapsed_us = round((self._clock.monotonic_s() - self._start_s) * US_PER_SECOND)
        drift_us = self._clock.now_us() - self._first_us - elapsed_us  # not how late this tick is
        if abs(drift_us) > _MAX_CLOCK_DRIFT_US:  # the server's clock stepped
            self._first_us += drift_us
            at_us += drift_us
        timestamp_90k = self._origin_90k + round(self._number * TICKS_PER_SECOND / self._fps)
        for profile in PROFILES:
            if profile not in self.watched:
                self._encodings.pop(profile, None)
                continue
            ratio = self._camera.spec.stream(profile).fps / self._fps
            if int(self._number * ratio) != int((self._number - 1) * ratio):
                self._picture(profile, at_us, timestamp_90k)
        passed = int((self._clock.monotonic_s() - self._start_s) * self._fps)
        self._number = max(self._number + 1, passed)
        return self._start_s + self._number / self._fps

    def _picture(self, profile: Profile, at_us: int, timestamp_90k: int) -> None:
        camera = self._camera
        if camera.faults.hang or camera.faults.offline:
            return
        encoding = self._encoding(profile)
        spec = encoding.spec
        view = camera.head.view_at(at_us)
        camera.took_picture(at_us)
        number = encoding.frame_number
        encoding.frame_number += 1
        picture = self._renderer.view(at_us, view, camera.faults, spec.width, spec.height, number)
        wanted = profile in self.keyframes_wanted
        self.keyframes_wanted.discard(profile)
        for unit in encoding.encoder.encode(picture, timestamp_90k, at_us, keyframe=wanted or number == 0):
            self._hand_over(profile, unit, switched=spec != camera.spec.stream(profile))

    def _encoding(self, profile: Profile) -> _Encoding:
        wanted = effective_spec(self._camera, profile)
        encoding = self._encodings.get(profile)
        at_gop_start = encoding is None or encoding.encoder.next_is_keyframe
        if encoding is None or (encoding.spec != wanted and at_gop_start):
            encoding = _Encoding(wanted, VideoEncoder(wanted, self._camera.spec.codec, profile))
            self._encodings[profile] = encoding
        return encoding

    def _hand_over(self, profile: Profile, unit: AccessUnit, *, switched: bool) -> None:
        if self._given - self.taken >= _MAX_PENDING or (self._behind and not unit.is_keyframe):
            if not self._behind:
                log.warning("simulator_behind", extra={"camera": self._camera.spec.id, "profile": profile})
            self._behind = True
            self.keyframes_wanted.update(self.watched)
            return
        self._behind = False
        # After a switch of resolution the description is out of date: then the sets come in-band after all.
        if not self._camera.spec.parameter_sets_in_band and not switched:
            unit = unit.without_parameter_sets(self._camera.spec.codec)
        self._given += 1
        try:
            self._loop.call_soon_threadsafe(self._deliver, self, profile, unit)
        except RuntimeError:  # the event loop has closed
            self.stopped = True
