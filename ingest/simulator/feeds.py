"""From a camera's pictures to RTP frames for its viewers, live or from a loop that many cameras share.

A live camera renders and encodes in a thread of its own, only while somebody watches; its access units come over
to the event loop with a bounded hand-over. A loop is encoded once and sent from one timer in the event loop for
all of its cameras. Everything here but `_LiveWorker.run` and `LoopLibrary` belongs to the event loop's thread.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ingest.simulator.encode import AccessUnit, VideoEncoder
from ingest.simulator.loops import LoopClip, LoopLibrary
from ingest.simulator.model import Faults, SimCamera, StreamSpec
from ingest.simulator.render import Renderer
from ingest.simulator.rtp import PacketTemplate, RtpFrame, packetize
from ingest.simulator.street import Street
from vms.clock import Clock
from vms.units import PROFILES, TICKS_PER_SECOND, US_PER_SECOND, Profile

log = logging.getLogger(__name__)

_MAX_PENDING = 40
"""Access units under way from a camera's thread to the event loop; more means the loop stands still."""
_MAX_CLOCK_DRIFT_US = 60_000
_LOOP_PHASES = 8


class Viewer(Protocol):
    def send_frame(self, frame: RtpFrame) -> None:
        """Must not block."""


class _Source(Protocol):
    """Where a stream's pictures come from."""

    def watch(self, stream: "CameraStream") -> None: ...
    def unwatch(self, stream: "CameraStream") -> None: ...
    def request_keyframe(self, profile: Profile) -> None: ...


def effective_spec(camera: SimCamera, profile: Profile) -> StreamSpec:
    """The stream as it is now: a fault may have switched the main stream's resolution."""
    spec = camera.spec.stream(profile)
    size = camera.faults.resolution
    if profile == "main" and size is not None:
        return replace(spec, width=size[0] // 2 * 2, height=size[1] // 2 * 2)
    return spec


@dataclass(slots=True)
class TimestampShift:
    """How far a camera's RTP clock has leapt in all; both of its streams share it."""

    shift_90k: int = 0

    def absorb(self, faults: Faults) -> None:
        if faults.pts_jump_s:
            self.shift_90k += round(faults.pts_jump_s * TICKS_PER_SECOND)
            faults.pts_jump_s = 0.0


class CameraStream:
    """One stream of one camera and those who watch it."""

    def __init__(self, camera: SimCamera, profile: Profile, source: _Source, shift: TimestampShift) -> None:
        self.camera = camera
        self.profile = profile
        self._source = source
        self._shift = shift
        self._viewers: list[Viewer] = []
        self._losses = random.Random(f"{camera.spec.id}/{profile}")  # noqa: S311 (repeatable packet loss)

    @property
    def is_watched(self) -> bool:
        return bool(self._viewers)

    def add(self, viewer: Viewer) -> None:
        self._viewers.append(viewer)
        if len(self._viewers) == 1:
            self._source.watch(self)
        self._source.request_keyframe(self.profile)

    def remove(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            if not self._viewers:
                self._source.unwatch(self)

    def request_keyframe(self) -> None:
        if self._viewers:
            self._source.request_keyframe(self.profile)

    def publish(self, frame: RtpFrame) -> None:
        """Hand one picture to every viewer, with the camera's faults of this moment."""
        faults = self.camera.faults
        if faults.hang or faults.offline:
            return
        self._shift.absorb(faults)
        ratio = faults.drop_packets_ratio
        missing: frozenset[int] = frozenset()
        if ratio > 0:
            missing = frozenset(i for i in range(frame.packet_count) if self._losses.random() < ratio)
        if missing or self._shift.shift_90k:
            frame = frame.changed(self._shift.shift_90k, missing)
        for viewer in tuple(self._viewers):
            viewer.send_frame(frame)


class LiveSource:
    """Renders and encodes one camera while it is watched: both profiles in one thread, from one tick."""

    def __init__(self, camera: SimCamera, street: Street, clock: Clock) -> None:
        self._camera = camera
        self._street = street
        self._clock = clock
        self._worker: _LiveWorker | None = None
        self._streams: dict[Profile, CameraStream] = {}
        self._numbering = {profile: _Numbering() for profile in PROFILES}
        self._ended: list[_LiveWorker] = []

    def watch(self, stream: CameraStream) -> None:
        self._streams[stream.profile] = stream
        if self._worker is None:
            self._worker = _LiveWorker(
                self._camera, self._street, self._clock, asyncio.get_running_loop(), self._deliver
            )
            self._worker.watched.add(stream.profile)
            self._worker.start()
        else:
            self._worker.watched.add(stream.profile)

    def unwatch(self, stream: CameraStream) -> None:
        self._streams.pop(stream.profile, None)
        if self._worker is not None:
            self._worker.watched.discard(stream.profile)
            if not self._streams:
                self._worker.stopping.set()
                self._ended = [worker for worker in self._ended if worker.is_alive()]
                self._ended.append(self._worker)
                self._worker = None

    def request_keyframe(self, profile: Profile) -> None:
        if self._worker is not None:
            self._worker.keyframes_wanted.add(profile)

    def threads(self) -> list[threading.Thread]:
        """Threads that still run or end; for a clean stop."""
        return [*self._ended, *([self._worker] if self._worker is not None else [])]

    def _deliver(self, worker: "_LiveWorker", profile: Profile, unit: AccessUnit) -> None:
        worker.pending -= 1
        stream = self._streams.get(profile)
        if worker is not self._worker or stream is None:
            return
        template = PacketTemplate(packetize(self._camera.spec.codec, unit.nals))
        stream.publish(self._numbering[profile].frame(template, unit))


class _Numbering:
    """SSRC, sequence numbers and timestamp origin of one stream: random at first, as RTP asks."""

    def __init__(self) -> None:
        origin = random.SystemRandom()
        self._ssrc = origin.getrandbits(32)
        self._sequence = origin.getrandbits(16)
        self._origin_90k = origin.getrandbits(32)

    def frame(self, template: PacketTemplate, unit: AccessUnit) -> RtpFrame:
        sequence = self._sequence
        self._sequence = (sequence + template.count) & 0xFFFF
        return RtpFrame(
            template,
            sequence,
            self._origin_90k + unit.timestamp_90k,
            self._ssrc,
            is_keyframe=unit.is_keyframe,
            at_us=unit.at_us,
        )


@dataclass(slots=True)
class _Encoding:
    spec: StreamSpec
    encoder: VideoEncoder
    frame_number: int = 0


class _LiveWorker(threading.Thread):
    """watched, keyframes_wanted: changed by the event loop, read here; single set operations only."""

    def __init__(
        self,
        camera: SimCamera,
        street: Street,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[["_LiveWorker", Profile, AccessUnit], None],
    ) -> None:
        super().__init__(name=f"sim-{camera.spec.id}", daemon=True)
        self.watched: set[Profile] = set()
        self.keyframes_wanted: set[Profile] = set()
        self.stopping = threading.Event()
        self.pending = 0
        self._camera = camera
        self._clock = clock
        self._loop = loop
        self._deliver = deliver
        self._renderer = Renderer(street, camera.spec)
        self._encodings: dict[Profile, _Encoding] = {}
        self._behind = False

    def run(self) -> None:
        fps = max(self._camera.spec.main.fps, self._camera.spec.sub.fps)
        start_s, first_us, tick = self._clock.monotonic_s(), self._clock.now_us(), 0
        # RTP time goes on where the wall clock stands, so that a stream watched again does not repeat itself.
        origin_90k = first_us * 9 // 100
        while not self.stopping.is_set():
            at_us = first_us + round(tick * US_PER_SECOND / fps)
            drift_us = self._clock.now_us() - at_us
            if abs(drift_us) > _MAX_CLOCK_DRIFT_US:  # the server's clock stepped
                first_us += drift_us
                at_us += drift_us
            self._tick(tick, fps, at_us, origin_90k + round(tick * TICKS_PER_SECOND / fps))
            tick = max(tick + 1, int((self._clock.monotonic_s() - start_s) * fps))
            self.stopping.wait(max(0.0, start_s + tick / fps - self._clock.monotonic_s()))

    def _tick(self, tick: int, fps: float, at_us: int, timestamp_90k: int) -> None:
        for profile in PROFILES:
            if profile not in self.watched:
                self._encodings.pop(profile, None)
                continue
            ratio = self._camera.spec.stream(profile).fps / fps
            if int(tick * ratio) != int((tick - 1) * ratio):
                self._picture(profile, at_us, timestamp_90k)

    def _picture(self, profile: Profile, at_us: int, timestamp_90k: int) -> None:
        camera = self._camera
        if camera.faults.hang or camera.faults.offline:
            return
        encoding = self._encoding(profile)
        spec = encoding.spec
        view = camera.head.view_at(at_us)
        number = encoding.frame_number
        encoding.frame_number += 1
        planes = self._renderer.view(at_us, view, camera.faults, spec.width, spec.height, number)
        wanted = profile in self.keyframes_wanted
        self.keyframes_wanted.discard(profile)
        for unit in encoding.encoder.encode(planes, timestamp_90k, at_us, keyframe=wanted or number == 0):
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
        if self.pending >= _MAX_PENDING or (self._behind and not unit.is_keyframe):
            if not self._behind:
                log.warning("simulator_behind", extra={"camera": self._camera.spec.id, "profile": profile})
            self._behind = True
            self.keyframes_wanted.update(self.watched)
            return
        self._behind = False
        # After a switch of resolution the description is out of date: then the sets come in-band after all.
        if not self._camera.spec.parameter_sets_in_band and not switched:
            unit = unit.without_parameter_sets(self._camera.spec.codec)
        self.pending += 1
        try:
            self._loop.call_soon_threadsafe(self._deliver, self, profile, unit)
        except RuntimeError:  # the event loop has closed
            self.stopping.set()


class LoopSource:
    """Pictures of one loop camera's streams, from clips shared through `LoopPumps`."""

    def __init__(self, camera: SimCamera, pumps: "LoopPumps") -> None:
        self._camera = camera
        self._pumps = pumps

    def watch(self, stream: CameraStream) -> None:
        self._pumps.watch(stream)

    def unwatch(self, stream: CameraStream) -> None:
        self._pumps.unwatch(stream)

    def request_keyframe(self, profile: Profile) -> None:
        """A loop cannot; its next keyframe is at most a GOP away."""


_ClipKey = tuple[StreamSpec, str, Profile, bool]


class LoopPumps:
    """One timer per clip and phase sends that clip's pictures to all of its cameras."""

    def __init__(self, library: LoopLibrary, clock: Clock) -> None:
        self._library = library
        self._clock = clock
        self._pumps: dict[tuple[_ClipKey, int], _Pump] = {}
        self._tasks: dict[CameraStream, asyncio.Task[None]] = {}

    def watch(self, stream: CameraStream) -> None:
        self._tasks[stream] = asyncio.get_running_loop().create_task(self._follow(stream))

    def unwatch(self, stream: CameraStream) -> None:
        task = self._tasks.pop(stream, None)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _follow(self, stream: CameraStream) -> None:
        """Keep the stream on the pump of its effective spec, until cancelled."""
        camera = stream.camera.spec
        phase = random.Random(camera.id).randrange(_LOOP_PHASES)  # noqa: S311 (spreads cameras over time)
        pump: _Pump | None = None
        try:
            while True:
                spec = effective_spec(stream.camera, stream.profile)
                in_band = camera.parameter_sets_in_band or spec != camera.stream(stream.profile)
                key: _ClipKey = (spec, camera.codec, stream.profile, in_band)
                if pump is None or pump.key != key:
                    clip = await asyncio.to_thread(
                        self._library.clip, spec, camera.codec, stream.profile, in_band
                    )
                    if pump is not None:
                        self._leave(pump, stream)
                    pump = self._join(key, phase, clip, stream)
                await asyncio.sleep(0.2)
        finally:
            if pump is not None:
                self._leave(pump, stream)

    def _join(self, key: _ClipKey, phase: int, clip: LoopClip, stream: CameraStream) -> "_Pump":
        pump = self._pumps.get((key, phase))
        if pump is None:
            pump = self._pumps[key, phase] = _Pump(key, phase, clip, self._clock)
        pump.streams.append(stream)
        return pump

    def _leave(self, pump: "_Pump", stream: CameraStream) -> None:
        pump.streams.remove(stream)
        if not pump.streams:
            pump.cancel()
            self._pumps.pop((pump.key, pump.phase), None)


class _Pump:
    """Sends one clip for ever. All its streams share sequence numbers, timestamps, SSRC and bytes."""

    def __init__(self, key: _ClipKey, phase: int, clip: LoopClip, clock: Clock) -> None:
        self.key = key
        self.phase = phase
        self.streams: list[CameraStream] = []
        self._clip = clip
        self._clock = clock
        self._numbering = _Numbering()
        self._fps = key[0].fps
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time() + phase / _LOOP_PHASES / self._fps
        self._origin_90k = clock.now_us() * 9 // 100
        self._offset = phase * len(clip.templates) // _LOOP_PHASES
        self._tick = 0
        self._timer = self._loop.call_at(self._start_s, self._send)

    def cancel(self) -> None:
        self._timer.cancel()

    def _send(self) -> None:
        index = (self._tick + self._offset) % len(self._clip.templates)
        unit = AccessUnit(
            (),
            self._clip.keyframes[index],
            self._origin_90k + round(self._tick * TICKS_PER_SECOND / self._fps),
            self._clock.now_us(),
        )
        frame = self._numbering.frame(self._clip.templates[index], unit)
        for stream in tuple(self.streams):
            stream.publish(frame)
        self._tick += 1
        self._timer = self._loop.call_at(self._start_s + self._tick / self._fps, self._send)
