"""A camera whose connection stays up while nothing useful comes (fault list F10): pictures count, not bytes."""

import socket
import threading
import time

import pytest

from ingest.rtsp import RtspSession, RtspTiming
from ingest.rtsp_connection import Connection
from ingest.source import StreamSource
from tests.ingest.scripted_rtsp import RtspCamera, media, rtsp_camera
from tests.ingest.test_rtsp_session import open_session, wait_for
from tests.ingest.test_stream_worker import Rig, Running, pictures
from vms.clock import SystemClock
from vms.errors import CameraUnreachable
from vms.units import CameraId


def drip(camera: RtspCamera, data: bytes, until: threading.Event) -> threading.Thread:
    """One byte, a pause, one byte …"""

    def run() -> None:
        for at in range(len(data)):
            if until.wait(0.02):
                return
            try:
                camera.send(data[at : at + 1])
            except OSError:
                return

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_camera_that_sends_byte_by_byte_is_stalled_and_left():
    camera, done = RtspCamera(media=media(10)), threading.Event()
    with rtsp_camera(camera), Running(camera, read_every_s=0.05) as running:
        running.until(lambda: len(running.packets) == 10)
        thread = drip(camera, media(50, first=10), done)
        running.until(lambda: running.downs)
        done.set()
        thread.join(5)
    assert running.downs[0].state == "stalled"
    assert "no picture" in running.downs[0].detail


def test_a_camera_that_only_answers_keep_alives_is_stalled():
    """RTCP and replies go on, pictures do not: what a camera does whose encoder crashed."""
    camera, done = RtspCamera(media=media(10)), threading.Event()
    reply = b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n"

    def talk() -> None:
        while not done.wait(0.05):
            try:
                camera.send(reply)
            except OSError:
                return

    with rtsp_camera(camera), Running(camera, read_every_s=0.05) as running:
        running.until(lambda: len(running.packets) == 10)
        thread = threading.Thread(target=talk)
        thread.start()
        running.until(lambda: running.downs)
        done.set()
        thread.join(5)
    assert running.downs[0].state == "stalled"


def test_the_default_watchdog_finds_silence_well_within_ten_seconds():
    rig = Rig([*pictures(0, 25), *[0.5] * 40])
    rig.attempt()
    assert rig.downs[0].state == "stalled"
    assert (rig.downs[0].at_us - rig.packets[-1].received_us) / 1e6 <= 6.0


def test_replies_that_drip_in_end_the_attempt_in_time():
    camera = RtspCamera()
    stop, threads = threading.Event(), []

    def answer(asked):
        threads.append(drip(camera, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nX-Fill: " + b"x" * 4000, stop))
        return b""

    camera.answers["OPTIONS"] = answer
    before_s = time.monotonic()
    with rtsp_camera(camera):
        with pytest.raises(CameraUnreachable, match="no reply to OPTIONS"):
            open_session(camera)
        stop.set()
        threads[0].join(5)
    assert time.monotonic() - before_s < 2


def test_a_peer_that_never_reads_is_given_up_when_the_window_is_full():
    """Zero window: our keep-alives and reports fill the buffers, and then sending fails in bounded time."""
    ours, deaf = socket.socketpair()
    with ours, deaf:
        ours.setblocking(False)
        before_s = time.monotonic()
        with pytest.raises(CameraUnreachable, match="takes no data"):
            Connection(ours, SystemClock(), threading.Event()).send(b"x" * (1 << 22), 0.3)
        assert time.monotonic() - before_s < 2


@pytest.mark.parametrize("silent_after", ["connect", "tls"])
def test_a_half_open_peer_is_given_up_while_connecting(silent_after):
    """It takes the connection and says nothing, also where a TLS handshake should begin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        scheme = "rtsps" if silent_after == "tls" else "rtsp"
        source = StreamSource(CameraId("markt-01"), "main", f"{scheme}://127.0.0.1:{port}/x")
        before_s = time.monotonic()
        with pytest.raises(CameraUnreachable, match=r"no answer to the TLS|no reply to OPTIONS"):
            RtspSession.open(source, SystemClock(), threading.Event(), RtspTiming(0.4, 0.4))
        assert time.monotonic() - before_s < 2


def test_after_the_hang_the_camera_is_taken_back_at_once():
    camera = RtspCamera(media=media(10))
    with rtsp_camera(camera), Running(camera, read_every_s=0.05) as running:
        running.until(lambda: running.downs)
        wait_for(lambda: camera.connections >= 2)
        running.until(lambda: len(running.packets) >= 20)
        assert running.worker.health().reconnects >= 1
