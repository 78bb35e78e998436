"""A real capture process against the simulated street: ONVIF, PTZ, bus, requests, kill -9, SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recorder.check import run_check
from recorder.clip import SegmentReader
from tests.recorder.encoded import brightness
from vms.bus import BusSubscriber, Message, packet_topic, pose_topic, request, status_topic
from vms.config import SiteConfig, load_config
from vms.errors import CameraUnreachable
from vms.keys import KeyRing
from vms.packet import Packet, PtzPose
from vms.status import CameraStatus
from vms.store import Store, catalog
from vms.units import PROFILES, utc_from_us

pytestmark = pytest.mark.e2e
PASSWORD = "geheim"
FREE_PORTS = ("--rtsp-port", "0", "--onvif-port", "0", "--control-port", "0", "--no-discovery", "--json")


@pytest.fixture(scope="module")
def street() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "ingest.simulator", *FREE_PORTS, "--cameras", "2", "--loop"]
    environment = {**os.environ, "VMS_SIMULATE_PASSWORD": PASSWORD}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def config(street: dict[str, Any], tmp_path: Path) -> SiteConfig:
    turning, fixed = street["cameras"]
    onvif = f'{{ host = "127.0.0.1", port = {turning["onvif_port"]}, username = "vms", password_file = "pw" }}'
    (tmp_path / "pw").write_text(PASSWORD + "\n")
    (tmp_path / "site.toml").write_text(
        f"""
[site]
data_dir = "data"
[recorder]
segment_s = 10
[decisions]
enforce = false
[[cameras]]
id = "turning"
number = 1
name = "Markt"
kind = "ptz"
onvif = {onvif}
[[cameras]]
id = "fixed"
number = 2
name = "Parade"
main = "{fixed["main_url"]}"
username = "vms"
password_file = "pw"
[[cameras]]
id = "wrong"
number = 3
name = "Kapot"
main = "{fixed["main_url"]}"
username = "vms"
password_file = "absent"
"""
    )
    return load_config(tmp_path / "site.toml")


@dataclass
class Heard:
    messages: list[Message] = field(default_factory=list)

    def of(self, kind: type, camera: str) -> list[Any]:
        return [m for m in list(self.messages) if isinstance(m, kind) and m.camera_id == camera]


class Capture:
    def __init__(self, config: SiteConfig) -> None:
        self.config = config
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        config_file = self.config.site.data_dir.parent / "site.toml"
        command = [sys.executable, "-m", "recorder", "--config", str(config_file), "--group", "0"]
        return subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)

    def ask(self, **body: Any) -> dict[str, Any]:
        return request(self.config.control_endpoint(0), body, 3.0)

    def kill_and_restart(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def stop(self) -> float:
        """Seconds it took."""
        started = time.monotonic()
        self.process.terminate()
        assert self.process.wait(10) == 0
        return time.monotonic() - started


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def capture(config: SiteConfig) -> Iterator[Capture]:
    store = Store(config.database_url)
    store.migrate()
    store.close()
    running = Capture(config)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def states(capture: Capture) -> dict[str, str]:
    try:
        answer = capture.ask(op="status")
    except CameraUnreachable:
        return {}
    found = {}
    for camera in answer["cameras"]:
        for profile in PROFILES:
            if camera[profile]:
                found[f"{camera['camera_id']}/{profile}"] = f"{camera[profile]['state']}/{camera[profile]['recording']}"
    return found


RECORDING = {"turning/main": "up/on", "turning/sub": "up/on", "fixed/main": "up/on", "wrong/main": "unauthorized/off"}


def test_a_group_records_answers_publishes_and_survives(capture: Capture, config: SiteConfig) -> None:
    heard = Heard()
    bus = BusSubscriber(config.bus_endpoints(), heard.messages.append)
    bus.start()
    for topic in (packet_topic("turning", "sub"), pose_topic("turning"), status_topic()):
        bus.subscribe(topic)
    until(lambda: states(capture) == RECORDING)

    until(lambda: len(heard.of(Packet, "turning")) > 40)
    packets = heard.of(Packet, "turning")
    assert packets[0].is_keyframe
    assert [b.sequence - a.sequence for a, b in pairwise(packets)] == [1] * (len(packets) - 1)
    assert "absent" in next(
        c["main"]["detail"] for c in capture.ask(op="status")["cameras"] if c["camera_id"] == "wrong"
    )

    presets = capture.ask(op="ptz_presets", camera="turning")["presets"]
    assert presets
    until(lambda: bool(heard.of(PtzPose, "turning")))
    before = heard.of(PtzPose, "turning")[-1].pan
    assert capture.ask(op="ptz_move", camera="turning", pan=0.8, tilt=0, zoom=0) == {"ok": True}
    until(lambda: abs(heard.of(PtzPose, "turning")[-1].pan - before) > 0.01)
    assert capture.ask(op="ptz_stop", camera="turning") == {"ok": True}
    assert capture.ask(op="ptz_move", camera="turning", pan=7, tilt=0, zoom=0)["kind"] == "ProtocolError"
    assert capture.ask(op="ptz_move", camera="fixed", pan=0, tilt=0, zoom=0)["kind"] == "ProtocolError"
    assert "error" in capture.ask(op="rm -rf")
    statuses = heard.of(CameraStatus, "fixed")
    assert statuses[-1].main.width > 0

    remembered = config.site.data_dir / "cameras" / "turning.json"
    assert PASSWORD not in remembered.read_text()
    capture.kill_and_restart()
    until(lambda: states(capture) == RECORDING)
    heard.messages.clear()
    until(lambda: len(heard.of(Packet, "turning")) > 20)
    bus.stop()
    assert capture.stop() < 5
    assert_sound(config)


def assert_sound(config: SiteConfig) -> None:
    store = Store(config.database_url)
    try:
        assert run_check(config, store, deep=True) == []
        keys = KeyRing(config.site.data_dir / "keys", config.site_key_file)
        reader = SegmentReader([volume.path for volume in config.volumes], keys)
        with store.reading() as tx:
            rows = catalog.page(tx)
            gaps = catalog.gaps(tx, "turning", "sub", utc_from_us(0), utc_from_us(4_000_000_000_000_000))
            wrong = catalog.gaps(tx, "wrong", "main", utc_from_us(0), utc_from_us(4_000_000_000_000_000))
        turning = [row for row in rows if (row.camera_id, row.profile) == ("turning", "sub")]
        assert len(turning) == 2
        for row in rows:
            assert row.camera_id in {"turning", "fixed"}
            assert len(brightness(reader, row)) * 7200 == pytest.approx(row.duration_90k, abs=7200)
            assert bool(reader.poses(row)) is (row.camera_id == "turning")
        assert [(gap.reason, gap.start_at, gap.end_at) for gap in gaps] == [
            ("restart", turning[0].end_at, turning[1].start_at),
            ("restart", turning[1].end_at, None),
        ]
        assert [gap.reason for gap in wrong] == ["unauthorized"]
    finally:
        store.close()
