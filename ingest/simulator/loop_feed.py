"""Sends shared loops: one timer per clip and phase serves all of its cameras. Event loop only."""

import asyncio
import random

from ingest.simulator.encode import AccessUnit
from ingest.simulator.feeds import CameraStream, Numbering, effective_spec
from ingest.simulator.loops import LoopClip, LoopLibrary
from ingest.simulator.model import SimCamera, StreamSpec
from vms.clock import Clock
from vms.units import TICKS_PER_SECOND, Profile

_LOOP_PHASES = 8


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
                    clip = await asyncio.to_thread(self._library.clip, spec, camera.codec, stream.profile, in_band)
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
        self._numbering = Numbering()
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
