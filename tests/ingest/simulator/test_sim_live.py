"""A live camera for hours on end, on a scripted clock: what it holds does not grow."""

import gc
import tracemalloc
from dataclasses import replace

from ingest.simulator.feeds import CameraStream, TimestampShift
from ingest.simulator.live import LiveSource, RenderPool
from ingest.simulator.model import Faults, SimCamera, StreamSpec, ViewDeg
from tests.fakes import FakeClock
from tests.ingest.simulator.sim_video import LIVE, shared_street
from vms.units import PROFILES

FPS = 12.5
SPEC = replace(LIVE, main=StreamSpec(320, 180, FPS, 200_000, 12), sub=StreamSpec(160, 90, FPS, 80_000, 12))
WARM_UP, ROUNDS, PICTURES = 250, 3, 250
"""Rounds of pictures; each picture is one access unit of either stream."""
_MAX_GROWTH_BYTES = 60_000
"""Much less than one picture of 4:2:0 planes per hundred pictures."""
_MAX_GROWTH_OBJECTS = 300


class TurningHead:
    """Rests, looks elsewhere, rests: backgrounds, details and scenes come and go."""

    def view_at(self, at_us: int) -> ViewDeg:
        station = at_us // 4_000_000 % 5
        return ViewDeg(70.0 * station, -6.0, (60.0, 60.0, 20.0, 8.0, 60.0)[station])


class Viewer:
    def __init__(self):
        self.units = 0

    def send_frame(self, frame):
        assert frame.interleaved(0)
        self.units += 1


class DirectLoop:
    """An event loop that never waits: what a tick hands over is delivered at once."""

    def call_soon_threadsafe(self, callback, *arguments):
        callback(*arguments)


class HandPool(RenderPool):
    """Ticks when told."""

    def __init__(self, clock):
        super().__init__(clock, threads=0)
        self.camera = None

    def add(self, camera):
        self.camera = camera


def test_thousands_of_access_units_leave_nothing_behind(monkeypatch):
    monkeypatch.setattr("ingest.simulator.live.asyncio.get_running_loop", DirectLoop)
    clock, viewers = FakeClock(), [Viewer() for _ in PROFILES]
    camera = SimCamera(SPEC, TurningHead(), Faults())
    pool = HandPool(clock)
    source = LiveSource(camera, shared_street(), clock, pool)
    streams = [CameraStream(camera, profile, source, TimestampShift()) for profile in PROFILES]
    for stream, viewer in zip(streams, viewers, strict=True):
        stream.add(viewer)

    def stream_pictures(count):
        for _ in range(count):
            due_s = pool.camera.tick()
            clock.advance(due_s - clock.mono_s)
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(gc.get_objects())

    tracemalloc.start()
    try:
        before = stream_pictures(WARM_UP)
        rounds = [stream_pictures(PICTURES) for _ in range(ROUNDS)]
    finally:
        tracemalloc.stop()
    assert sum(viewer.units for viewer in viewers) > 2 * ROUNDS * PICTURES
    assert max(after[0] for after in rounds) - before[0] < _MAX_GROWTH_BYTES
    assert max(after[1] for after in rounds) - before[1] < _MAX_GROWTH_OBJECTS
