"""A live camera for hours on end, on a scripted clock: what it holds does not grow."""

import gc
import sys
import tracemalloc
from dataclasses import replace

import pytest

from ingest.simulator.feeds import CameraStream, TimestampShift
from ingest.simulator.live import LiveSource, RenderPool
from ingest.simulator.model import Faults, SimCamera, StreamSpec, ViewDeg
from tests.fakes import FakeClock
from tests.ingest.simulator.sim_video import LIVE, shared_street
from vms.units import PROFILES

FPS = 12.5
SPEC = replace(LIVE, main=StreamSpec(320, 180, FPS, 200_000, 12), sub=StreamSpec(160, 90, FPS, 80_000, 12))
CYCLE = 125
"""Pictures until the camera looks where it looked before; each picture is one access unit of either stream."""
_MAX_GROWTH_BYTES = 60_000
"""Far less than one bare luma plane a second."""
_MAX_GROWTH_BLOCKS = 300


class TurningHead:
    """Rests, looks elsewhere, rests: backgrounds, details and scenes come and go."""

    def view_at(self, at_us: int) -> ViewDeg:
        station = at_us // 2_000_000 % 5
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

    def stream_cycles(count):
        for _ in range(count * CYCLE):
            due_s = pool.camera.tick()
            clock.advance(due_s - clock.mono_s)
        gc.collect()

    stream_cycles(2)
    blocks = sys.getallocatedblocks()
    stream_cycles(4)
    assert sys.getallocatedblocks() - blocks < _MAX_GROWTH_BLOCKS
    tracemalloc.start()
    try:
        stream_cycles(1)
        first_bytes, _ = tracemalloc.get_traced_memory()
        stream_cycles(1)
        assert tracemalloc.get_traced_memory()[0] - first_bytes < _MAX_GROWTH_BYTES
    finally:
        tracemalloc.stop()
    assert [viewer.units for viewer in viewers] == [8 * CYCLE, 8 * CYCLE]


def test_a_late_picture_keeps_its_time_and_a_clock_that_leaps_is_followed(monkeypatch):
    """RTP time, burned-in time and view belong to one moment, or whoever masks by them masks the wrong place."""
    monkeypatch.setattr("ingest.simulator.live.asyncio.get_running_loop", DirectLoop)
    clock, camera = FakeClock(), SimCamera(SPEC, TurningHead(), Faults())
    pool = HandPool(clock)
    source = LiveSource(camera, shared_street(), clock, pool)
    stream = CameraStream(camera, "sub", source, TimestampShift())
    stream.add(Viewer())
    offsets_us, encoder = [], pool.camera._encoding("sub").encoder
    encode = encoder.encode

    def watched(picture, timestamp_90k, at_us, **options):
        offsets_us.append(at_us - timestamp_90k * 100 // 9)
        assert at_us <= clock.now_us() + 100
        return encode(picture, timestamp_90k, at_us, **options)

    monkeypatch.setattr(encoder, "encode", watched)
    clock.advance(pool.camera.first_due_s - clock.mono_s)
    for late_s in (0.0, 0.05, 0.4, 1.3, 0.0):
        due_s = pool.camera.tick()
        clock.advance(max(0.0, due_s - clock.mono_s) + late_s)
    assert max(offsets_us) - min(offsets_us) < 100
    clock.us += 5_000_000
    pool.camera.tick()
    assert offsets_us[-1] - offsets_us[0] == pytest.approx(5_000_000, abs=100)
