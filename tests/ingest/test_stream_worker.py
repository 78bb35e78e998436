"""The stream worker on scripted feeds (fake clock, no thread) and against a scripted camera (real ones)."""

import json
import logging
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from ingest.back_off import BackOff
from ingest.camera import StreamDown, StreamSource, StreamWorker, WorkerTiming
from ingest.depacketize import AccessUnit
from ingest.rtcp import SenderReport
from ingest.rtsp import RtspTiming
from ingest.source import FeedRead
from tests.fakes import T0_US, FakeClock
from tests.ingest.rtp_script import H264_PPS, H264_SPS, annexb, slice_nal
from tests.ingest.scripted_rtsp import RtspCamera, demanding, media, rtsp_camera
from vms.clock import SystemClock
from vms.errors import CameraUnreachable, ConfigError, ProtocolError, StreamStalled
from vms.log import JsonLines
from vms.units import CameraId

CAMERA = CameraId("markt-01")
SOURCE = StreamSource(CAMERA, "sub", "rtsp://192.0.2.1/x", "vms", "geheim-wachtwoord")
NO_PAUSE = WorkerTiming(read_every_s=0)


def unit(n, gop=10):
    key = n % gop == 0
    return AccessUnit(annexb([slice_nal(40, key=key)]), n * 3600, key, (), 0)


class ScriptedFeed:
    """Each step is a FeedRead, an exception, or a number of seconds in which nothing comes."""

    codec = "h264"
    parameter_sets = (H264_SPS, H264_PPS)

    def __init__(self, clock, steps, stop=None):
        self.clock, self.steps, self.stop, self.closed = clock, list(steps), stop, False

    def read(self):
        if not self.steps:
            self.stop.set()
            return FeedRead([])
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float | int):
            self.clock.advance(step)
            return FeedRead([])
        self.clock.advance(0.04)
        return step

    def close(self):
        self.closed = True


class Rig:
    """A worker that is never started: `attempt()` makes one session in this thread."""

    def __init__(self, *sessions, resolve=lambda: SOURCE):
        self.clock = FakeClock()
        self.packets, self.downs, self.feeds = [], [], []
        self.sessions = list(sessions)
        self.connected = []
        self.worker = StreamWorker(
            CAMERA,
            "sub",
            resolve,
            self.clock,
            self.packets.extend,
            self.downs.append,
            timing=NO_PAUSE,
            back_off=BackOff(jitter=lambda: 0.5),
            open_feed=self._open,
            on_connected=lambda: self.connected.append(len(self.packets)),
        )

    def _open(self, source, clock, stop, timing):
        session = self.sessions.pop(0)
        if isinstance(session, Exception):
            raise session
        feed = ScriptedFeed(clock, session, stop)
        self.feeds.append(feed)
        return feed

    def attempt(self):
        return self.worker._attempt()


def pictures(first, count):
    return [FeedRead([unit(n)]) for n in range(first, first + count)]


def test_packets_come_in_order_and_health_tells_what_they_are():
    rig = Rig(pictures(0, 60))
    rig.attempt()
    health = rig.worker.health()
    assert [p.sequence for p in rig.packets] == list(range(60))
    assert [p.starts_run for p in rig.packets] == [True] + [False] * 59
    assert (health.state, health.codec, health.width, health.height) == ("up", "h264", 640, 360)
    assert (health.fps, health.gop_s, health.last_frame_us) == (25.0, 0.4, rig.packets[-1].received_us)
    assert rig.downs == []
    assert rig.feeds[0].closed


def test_the_watchdog_counts_pictures_not_bytes():
    report = FeedRead([], [SenderReport(1, 5 << 32, 0)])
    rig = Rig([*pictures(0, 3), *[item for _ in range(6) for item in (report, 0.9)]])
    with pytest.raises(StreamStalled, match="no picture"):
        rig.worker.run_once()


def test_a_stream_that_never_starts_is_stalled_and_says_why():
    rig = Rig([item for n in range(1, 80) for item in (FeedRead([unit(n, gop=1000)]), 0.5)])
    rig.attempt()
    (down,) = rig.downs
    assert (down.state, down.last_frame_us) == ("stalled", None)
    assert "no keyframe" in down.detail
    assert 30 < (rig.clock.us - T0_US) / 1e6 < 32
    assert rig.packets == []


def test_a_camera_that_is_down_stays_so_since_then_whatever_is_tried():
    gone = CameraUnreachable("cannot connect: refused")
    rig = Rig(gone, gone)
    rig.attempt()
    since_us = rig.worker.health().since_us
    rig.clock.advance(15)
    seen = []
    opens = rig.worker._open_feed
    rig.worker._open_feed = lambda *args: (seen.append(rig.worker.health().state), opens(*args))[1]
    rig.attempt()
    assert seen == ["unreachable"]
    assert rig.worker.health().since_us == since_us


def test_one_loss_is_told_once_however_many_attempts_follow():
    gone = CameraUnreachable("cannot connect: refused")
    rig = Rig([*pictures(0, 5), gone], gone, gone, [*pictures(5, 10), gone])
    waits = [rig.attempt() for _ in range(4)]
    assert waits == [1, 2, 4, 8]
    last = rig.packets[4].received_us
    told = [(down.state, down.detail, down.last_frame_us) for down in rig.downs]
    assert told == [
        ("unreachable", "cannot connect: refused", last),
        ("unreachable", "cannot connect: refused", rig.packets[-1].received_us),
    ]


def test_a_new_session_starts_a_run_at_a_keyframe_and_goes_on_counting():
    gone = CameraUnreachable("x")
    rig = Rig([*pictures(0, 5), gone], [*pictures(7, 6)])
    rig.attempt()
    rig.attempt()
    assert [p.sequence for p in rig.packets] == list(range(8))
    assert [n for n, p in enumerate(rig.packets) if p.starts_run] == [0, 5]
    assert rig.packets[5].is_keyframe
    assert rig.worker.health().reconnects == 1


def test_every_session_says_that_it_began_before_its_first_picture():
    gone = CameraUnreachable("x")
    rig = Rig(gone, [*pictures(0, 5), gone], pictures(0, 5))
    for _ in range(3):
        rig.attempt()
    assert rig.connected == [0, 5]


def test_a_stream_that_moved_is_left_and_begun_anew():
    rig = Rig(pictures(0, 20), pictures(0, 5))
    rig.worker._on_packets = lambda packets: (
        rig.packets.extend(packets),
        len(rig.packets) == 5 and rig.worker.reconnect("moved"),
    )
    rig.attempt()
    rig.attempt()
    assert [n for n, p in enumerate(rig.packets) if p.starts_run] == [0, 5]
    assert [(down.state, down.detail) for down in rig.downs] == [("unreachable", "moved")]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ProtocolError("JPEG only"), "protocol_error"),
        (CameraUnreachable("away"), "unreachable"),
        (ConfigError(["password_file: cannot be read"]), "unreachable"),
    ],
)
def test_what_goes_wrong_is_in_the_health(error, state):
    rig = Rig(error)
    rig.attempt()
    assert (rig.worker.health().state, rig.worker.health().detail) == (state, str(error))


def test_an_address_that_cannot_be_resolved_is_a_loss_like_any_other():
    def resolve():
        raise CameraUnreachable("ONVIF: no answer")

    rig = Rig(resolve=resolve)
    assert rig.attempt() == 1
    assert rig.downs[0].detail == "ONVIF: no answer"


def test_mended_timestamps_and_leaps_are_counted_over_sessions_and_logged_now_and_then(caplog):
    def shaky(first):
        times = [0, 3600, 3600, 3000, 10_800, 90_000_000, 90_003_600]
        return [FeedRead([unit(n)._replace(rtp_timestamp=at)]) for n, at in enumerate(times, first)]

    rig = Rig([*shaky(0), *pictures(25_002, 11), CameraUnreachable("x")], shaky(10))
    with caplog.at_level(logging.WARNING):
        rig.attempt()
        rig.attempt()
    health = rig.worker.health()
    assert (health.repaired_times, health.clock_leaps) == (4, 2)
    told = [(r.repaired, r.leaps) for r in caplog.records if r.message == "camera_clock"]
    assert told[0] == (1, 0)
    assert len(told) == 3


def test_the_cameras_clock_reaches_the_packets_and_the_skew():
    ntp = (T0_US // 1_000_000 + 2_208_988_800 + 60) << 32
    rig = Rig([FeedRead([unit(0)], [SenderReport(1, ntp, 0)]), *pictures(1, 5)])
    rig.attempt()
    expected = T0_US // 1_000_000 * 1_000_000 + 60_000_000
    assert [p.camera_utc_us for p in rig.packets] == [expected + 40_000 * n for n in range(6)]
    assert abs(rig.worker.health().skew_ms - 60_000) < 1000


def test_a_bug_in_the_thread_is_not_silence():
    caught = []
    previous, threading.excepthook = threading.excepthook, lambda args: caught.append(args.exc_type)
    try:
        rig = Rig(ZeroDivisionError())
        rig.worker.start()
        rig.worker._thread.join(5)
    finally:
        threading.excepthook = previous
    assert caught == [ZeroDivisionError]
    assert rig.worker.health().state == "protocol_error"
    assert len(rig.downs) == 1


class Running:
    """A started worker on the real clock, with short waits."""

    def __init__(self, camera, **changes):
        self.packets, self.downs = [], []
        self.source = StreamSource(CAMERA, "sub", camera.url, "vms", "geheim-wachtwoord")
        timing = WorkerTiming(watchdog_s=0.6, rtsp=RtspTiming(2, 0.5), **changes)
        self.worker = StreamWorker(
            CAMERA,
            "sub",
            lambda: self.source,
            SystemClock(),
            self.packets.extend,
            self.downs.append,
            timing=timing,
            back_off=BackOff((0.05,)),
        )

    def __enter__(self):
        self.worker.start()
        return self

    def __exit__(self, *_):
        self.worker.stop()
        assert not self.worker._thread.is_alive()

    def until(self, condition, timeout_s=5.0):
        end = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
        assert condition()


def test_watching_and_not_watching_lose_nothing():
    camera = RtspCamera()
    with rtsp_camera(camera), Running(camera, read_every_s=0.1) as running:
        camera.playing.wait(5)
        for n in range(12):
            running.worker.set_watched(n % 3 == 0)
            camera.send(media(10, first=n * 10))
            time.sleep(0.03)
        running.until(lambda: len(running.packets) == 120)
        assert running.worker.health().lost_packets == 0
    assert [p.sequence for p in running.packets] == list(range(120))
    assert [p.pts_90k for p in running.packets] == [n * 3600 for n in range(120)]


def test_watched_packets_do_not_wait_for_the_next_large_read():
    camera = RtspCamera()
    with rtsp_camera(camera), Running(camera, read_every_s=5.0) as running:
        running.worker.set_watched(True)
        camera.playing.wait(5)
        sent_s = time.monotonic()
        camera.send(media(1))
        running.until(lambda: running.packets)
        assert time.monotonic() - sent_s < 2.5


def test_a_hanging_camera_is_left_and_found_again():
    camera = RtspCamera(media=media(10))
    with rtsp_camera(camera), Running(camera, read_every_s=0.05) as running:
        running.until(lambda: camera.connections >= 3)
        running.until(lambda: len(running.packets) >= 20)
    assert running.downs[0].state == "stalled"
    assert isinstance(running.downs[0], StreamDown)
    assert [p.sequence for p in running.packets] == list(range(len(running.packets)))


def test_three_refusals_then_silence_and_never_the_password(caplog):
    camera = RtspCamera(media=media(10))
    camera.answers["OPTIONS"] = demanding('Digest realm="r", nonce="n"', lambda _: False)
    with rtsp_camera(camera), caplog.at_level(logging.DEBUG), Running(camera) as running:
        running.until(lambda: camera.connections == 3)
        time.sleep(0.4)
        assert camera.connections == 3
        assert running.worker.health().state == "unauthorized"
        assert len(running.downs) == 1
    lines = [JsonLines("test").format(record) for record in caplog.records]
    assert any(json.loads(line)["event"] == "stream_lost" for line in lines)
    assert not any("geheim-wachtwoord" in line for line in lines)
    assert "geheim" not in repr(replace(running.source, username="x"))


@contextmanager
def unanswering_port():
    """Its queue of connections is full: the next attempt waits for ever."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.parametrize("moment", ["connecting", "waiting for a reply", "playing", "backing off"])
def test_stopping_takes_less_than_a_second(moment):
    camera = RtspCamera(media=media(3))
    if moment == "waiting for a reply":
        camera.answers["DESCRIBE"] = lambda asked: b""
    if moment == "backing off":
        camera.answers["DESCRIBE"] = lambda asked: None
    with rtsp_camera(camera), unanswering_port() as port:
        running = Running(camera)
        running.worker._back_off = BackOff((60.0,))
        if moment == "connecting":
            running.source = replace(running.source, url=f"rtsp://127.0.0.1:{port}/never-answers")
        running.worker._timing = WorkerTiming(rtsp=RtspTiming(30, 30))
        running.worker.start()
        if moment != "connecting":
            running.until(lambda: camera.connections == 1)
        state = {"playing": "up", "backing off": "unreachable"}.get(moment, "connecting")
        running.until(lambda: running.worker.health().state == state)
        before_s = time.monotonic()
        running.worker.stop()
        assert time.monotonic() - before_s < 1
        assert not running.worker._thread.is_alive()
        assert running.worker.health().state == "stopped"
