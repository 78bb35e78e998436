"""The stream worker against the simulated street's RTSP server: real pictures, real faults, real decoding."""

import asyncio
import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest

from ingest.back_off import BackOff
from ingest.camera import StreamSource, StreamWorker, WorkerTiming
from ingest.rtsp import RtspTiming
from ingest.simulator.mechanics import FixedHead
from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec
from ingest.simulator.rtsp import RtspServer
from ingest.simulator.street import Street
from tests.ingest.rtp_script import decode_all
from vms.clock import SystemClock
from vms.units import CameraId

PASSWORD = "geheim & <wel>/@:"
SMALL = StreamSpec(320, 180, 12.5, 300_000, 6)
MAIN = StreamSpec(480, 270, 12.5, 500_000, 6)


def spec(codec, **changes):
    fields = {"ptz": False, "main": MAIN, "sub": SMALL, "username": "vms", "password": PASSWORD} | changes
    return SimCameraSpec(id=f"markt-{codec}", name="Markt", codec=codec, **fields)


class RunningStreet:
    def __init__(self):
        specs = [spec("h264"), spec("h265", parameter_sets_in_band=False)]
        self.cameras = {one.id: SimCamera(one, FixedHead(one)) for one in specs}
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server = RtspServer(self.cameras, Street(), SystemClock(), "127.0.0.1", 0)
        self.run(self.server.start())

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self):
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def street():
    running = RunningStreet()
    yield running
    running.close()


class Recorded:
    def __init__(self, street, codec, profile, password, transport):
        self.camera = street.cameras[f"markt-{codec}"]
        camera_id = CameraId(self.camera.spec.id)
        self.source = StreamSource(
            camera_id, profile, street.server.url(camera_id, profile), "vms", password, transport
        )
        self.packets, self.downs = [], []
        self.worker = StreamWorker(
            camera_id,
            profile,
            lambda: self.source,
            SystemClock(),
            self.packets.extend,
            self.downs.append,
            timing=WorkerTiming(read_every_s=0.1, watchdog_s=1.5, rtsp=RtspTiming(2, 2)),
            back_off=BackOff((0.1,)),
        )

    def until(self, condition, timeout_s=12.0):
        end = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)
        assert condition(), (self.worker.health(), self.downs)

    def frames(self):
        return decode_all(self.camera.spec.codec, [packet.data for packet in self.packets])


@contextmanager
def recording(street, codec="h264", profile="sub", *, password=PASSWORD, transport="tcp"):
    recorded = Recorded(street, codec, profile, password, transport)
    recorded.worker.start()
    try:
        yield recorded
    finally:
        recorded.worker.stop()
        for name, value in (("offline", False), ("hang", False), ("unauthorized", False), ("clock_offset_s", 0.0)):
            setattr(recorded.camera.faults, name, value)
        recorded.camera.faults.drop_packets_ratio = 0.0
        recorded.camera.faults.resolution = None


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_every_picture_is_received_decodes_and_carries_the_cameras_clock(street, codec):
    with recording(street, codec) as recorded:
        recorded.until(lambda: len(recorded.packets) >= 25)
        health = recorded.worker.health()
    frames = recorded.frames()
    assert len(frames) == len(recorded.packets)
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
    assert [p.starts_run for p in recorded.packets] == [True] + [False] * (len(recorded.packets) - 1)
    assert recorded.packets[0].is_keyframe
    stamped = [p for p in recorded.packets if p.camera_utc_us is not None]
    assert len(stamped) >= 20
    assert all(abs(p.camera_utc_us - p.received_us) < 1_000_000 for p in stamped)
    assert (health.state, health.codec, health.width, health.height) == ("up", codec, 320, 180)
    assert health.lost_packets == 0
    keyframes_90k = [p.dts_90k for p in recorded.packets if p.is_keyframe]
    # Six pictures 0.08 s apart; a street that is short of processor time leaves some out.
    assert health.gop_s in {round((b - a) / 90_000, 2) for a, b in pairwise(keyframes_90k)}
    assert health.gop_s >= 0.48
    assert abs(health.skew_ms) < 500


def test_libav_brings_the_same_stream(street):
    with recording(street, transport="libav") as recorded:
        recorded.until(lambda: len(recorded.packets) >= 13)
    assert len(recorded.frames()) == len(recorded.packets)
    steps = [b.pts_90k - a.pts_90k for a, b in zip(recorded.packets, recorded.packets[1:], strict=False)]
    assert set(steps) == {7200}


@pytest.mark.parametrize("transport", ["tcp", "libav"])
def test_a_wrong_password_is_told_as_such_and_never_shown(street, transport):
    with recording(street, password="fout-wachtwoord", transport=transport) as recorded:
        recorded.until(lambda: recorded.downs)
    (down,) = recorded.downs
    assert down.state == "unauthorized"
    assert "fout" not in down.detail


def test_a_power_cut_is_one_loss_and_the_stream_comes_back_by_itself(street):
    with recording(street) as recorded:
        recorded.until(lambda: len(recorded.packets) >= 5)
        recorded.camera.faults.offline = True
        recorded.until(lambda: recorded.downs)
        time.sleep(0.5)
        before = len(recorded.packets)
        recorded.camera.faults.offline = False
        recorded.until(lambda: len(recorded.packets) > before + 5)
    assert [down.state for down in recorded.downs] == ["unreachable"]
    again = recorded.packets[before]
    assert (again.starts_run, again.is_keyframe) == (True, True)
    assert [p.sequence for p in recorded.packets] == list(range(len(recorded.packets)))


def test_a_camera_that_hangs_is_stalled(street):
    with recording(street) as recorded:
        recorded.until(lambda: len(recorded.packets) >= 5)
        recorded.camera.faults.hang = True
        recorded.until(lambda: recorded.downs)
        assert recorded.downs[0].state == "stalled"
        recorded.camera.faults.hang = False
        recorded.until(lambda: recorded.worker.health().state == "up")


def test_a_leaping_clock_and_a_new_resolution_each_start_a_run(street):
    with recording(street, profile="main") as recorded:
        recorded.until(lambda: len(recorded.packets) >= 5)
        recorded.camera.faults.pts_jump_s = 60.0
        recorded.until(lambda: sum(p.starts_run for p in recorded.packets) == 2)
        recorded.camera.faults.resolution = (640, 360)
        recorded.until(lambda: sum(p.starts_run for p in recorded.packets) == 3)
        assert recorded.downs == []
        recorded.until(lambda: recorded.worker.health().width == 640)
    changed = [p for p in recorded.packets if p.starts_run][2]
    assert changed.is_keyframe
    sizes = [(frame.width, frame.height) for frame in recorded.frames()]
    assert {sizes[0], sizes[-1]} == {(480, 270), (640, 360)}


def test_lost_packets_are_counted_and_a_wrong_clock_is_measured(street):
    street.cameras["markt-h264"].faults.clock_offset_s = 90.0
    with recording(street) as recorded:
        recorded.camera.faults.drop_packets_ratio = 0.05
        recorded.until(lambda: sum(p.lost_before for p in recorded.packets) >= 3)
        recorded.until(lambda: recorded.worker.health().skew_ms is not None)
        health = recorded.worker.health()
    assert health.lost_packets >= 3
    assert abs(health.skew_ms - 90_000) < 1000
