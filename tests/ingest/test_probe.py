"""Probing real simulated cameras: their RTSP streams and ONVIF services."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ingest import probe as probe_module
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.probe import probe
from ingest.simulator.mechanics import PtzMechanics
from ingest.simulator.onvif import OnvifServer
from tests.ingest.simulator.sim_video import LOOP, PASSWORD, USER, SimVideo
from vms.cli.cameras import cameras_app
from vms.clock import SystemClock
from vms.errors import ConfigError

SPEC = replace(LOOP, ptz=True)


@dataclass
class Running:
    video: SimVideo
    host: str

    def fault(self, **faults: object) -> None:
        for name, value in faults.items():
            setattr(self.video.cameras[SPEC.id].faults, name, value)

    @property
    def rtsp(self) -> str:
        return f"rtsp://127.0.0.1:{self.video.port}/{SPEC.id}/main"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    video, clock = SimVideo(SPEC), SystemClock()
    video.cameras[SPEC.id].head = PtzMechanics(SPEC, clock)
    with video.running():
        onvif = OnvifServer(video.cameras, video.server, clock, "127.0.0.1", 0, lambda _camera: None)
        video.run(onvif.start())
        try:
            yield Running(video, f"127.0.0.1:{onvif.port(SPEC.id)}")
        finally:
            video.run(onvif.stop())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, running: Running) -> Iterator[None]:
    monkeypatch.setattr(probe_module, "MIN_MEASURE_S", 1.0)
    yield
    running.fault(clock_offset_s=0.0, ptz_status="honest")


def test_a_camera_is_tested_through_onvif(running: Running) -> None:
    report = probe(running.host, USER, PASSWORD)
    assert [problem.code for problem in report.problems] == []
    main, sub = report.facts.streams
    assert (main.codec, main.width, main.height, sub.width) == ("h264", 640, 360, 480)
    assert main.fps == pytest.approx(25, abs=2)
    assert main.gop_s == pytest.approx(0.4, abs=0.05)
    assert report.facts.ptz == "ok"
    assert report.pose
    assert report.pose.pan == pytest.approx(SPEC.pan_deg / 180, abs=0.01)
    assert report.is_usable
    assert PASSWORD not in repr(report)


def test_a_wrong_clock_and_a_hidden_position_are_found(running: Running) -> None:
    running.fault(clock_offset_s=120.0, ptz_status="missing")
    report = probe(f"http://{running.host}/onvif/device_service", USER, PASSWORD)
    assert {problem.code for problem in report.problems} == {"clock_skew", "no_ptz_status"}
    assert report.facts.skew_ms == pytest.approx(120_000, abs=1000)
    assert not report.is_usable


def test_a_stream_is_tested_by_its_address_and_its_credentials_stay_out(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        report = probe(running.rtsp.replace("rtsp://", f"rtsp://{USER}:{PASSWORD}@"))
    assert report.target == running.rtsp
    assert report.problems == ()
    assert PASSWORD not in repr(report) + caplog.text


@pytest.mark.parametrize(
    "target", ["", "file:///etc/passwd", "http://", "rtsp://[::1", "ftp://10.0.0.9/", "a:b:c:99999"]
)
def test_what_is_no_camera_is_wrong_usage(target: str) -> None:
    with pytest.raises(ConfigError):
        probe(target)


def test_a_wrong_password_is_one_clear_fault(running: Running) -> None:
    report = probe(running.host, USER, "wrong-word")
    assert [problem.code for problem in report.problems] == ["unreachable"]
    assert "account refused" in report.problems[0].en
    assert "wrong-word" not in repr(report)


# the command


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cameras_app, list(arguments), env={"VMS_CONFIG": None, **environment})  # type: ignore[dict-item]


@pytest.fixture
def site(running: Running, tmp_path: Path) -> Path:
    host, _, port = running.host.partition(":")
    (tmp_path / "camera.password").write_text(f"{PASSWORD}\n")
    path = tmp_path / "site.toml"
    path.write_text(
        f"""
[site]
name = "Test"
data_dir = "data"
[[cameras]]
id = "lus"
number = 7
name = "Lus"
kind = "ptz"
onvif = {{ host = "{host}", port = {port}, username = "{USER}", password_file = "camera.password" }}
[[cameras]]
id = "vast"
number = 8
name = "Vast"
main = "{running.rtsp}"
username = "{USER}"
password_file = "camera.password"
masks = "none"
"""
    )
    return path


def test_list_shows_the_configured_cameras(site: Path, running: Running) -> None:
    text, shown = run("list", "--config", str(site)), run("list", "--json", VMS_CONFIG=str(site))
    assert (text.exit_code, shown.exit_code) == (0, 0)
    first, second = text.stdout.splitlines()
    assert first.split()[:3] == ["7", "lus", "Lus"]
    assert "masks=none" in second
    cameras = json.loads(shown.stdout)["cameras"]
    assert [(camera["id"], camera["can_turn"]) for camera in cameras] == [("lus", True), ("vast", False)]
    assert PASSWORD not in text.stdout + shown.stdout


def test_probe_takes_a_configured_camera_by_its_id(site: Path) -> None:
    for camera_id, streams in (("lus", 2), ("vast", 1)):
        result = run("probe", camera_id, "--config", str(site), "--json")
        report = json.loads(result.stdout)
        assert (result.exit_code, len(report["streams"]), report["usable"]) == (0, streams, True)


def test_probe_ends_with_1_when_there_is_something_to_mend(running: Running) -> None:
    running.fault(clock_offset_s=-60.0)
    result = run("probe", running.host, "--username", USER, VMS_CAMERA_PASSWORD=PASSWORD)
    assert result.exit_code == 1
    assert "De klok van de camera wijkt -60" in result.stdout
    assert PASSWORD not in result.stdout + result.stderr


def test_discover_answers_also_when_nobody_is_there(site: Path) -> None:
    result = run("discover", "--timeout", "0.3", "--json", "--config", str(site))
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout)["found"], list)


def test_a_configuration_that_is_missing_is_wrong_usage() -> None:
    assert isinstance(run("list").exception, ConfigError)


def test_a_password_is_not_in_an_endpoint_s_repr() -> None:
    assert PASSWORD not in repr(OnvifEndpoint("h", 80, USER, PASSWORD))
