"""The whole simulated street: what it consists of, and how the command starts and ends."""

import json
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import pairwise
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import typer
from onveef import OnvifClient
from typer.testing import CliRunner

from ingest.simulator import street_server
from ingest.simulator.faults import parse_fault_options
from ingest.simulator.mechanics import FixedHead
from ingest.simulator.model import Faults, SimCamera
from ingest.simulator.street_server import (
    BENCH_MAIN,
    DEFAULT_CONTROL_PORT,
    DEFAULT_ONVIF_PORT,
    DEFAULT_RTSP_PORT,
    StreetOptions,
    make_specs,
)
from tests.ingest.simulator.sim_video import shared_street
from vms.cli.simulate import simulate

FREE_PORTS = ("--rtsp-port", "0", "--onvif-port", "0", "--control-port", "0", "--no-discovery")


@contextmanager
def simulator(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "ingest.simulator", *FREE_PORTS, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str], wait_s: float = 30) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(wait_s), "the simulator did not get ready"
    return process.stdout.readline()


def run_cli(*arguments: str) -> Any:
    app = typer.Typer()
    app.command("simulate")(simulate)
    return CliRunner().invoke(app, list(arguments))


def test_specs_are_the_same_for_the_same_options() -> None:
    options = StreetOptions(cameras=45, password="pw")
    assert make_specs(options) == make_specs(StreetOptions(cameras=45, password="pw"))
    assert make_specs(options)[:6] == make_specs(StreetOptions(cameras=6, password="pw"))


def test_specs_are_a_plausible_street() -> None:
    specs = make_specs(StreetOptions(cameras=45))
    assert [spec.id for spec in specs[:3]] == ["markt-01", "parade-02", "vleesstraat-03"]
    assert len({spec.id for spec in specs}) == len({spec.name for spec in specs}) == 45
    assert all(re.fullmatch(r"[a-z-]+-\d\d", spec.id) for spec in specs)
    assert specs[0].ptz
    assert sum(spec.ptz for spec in specs) == 15
    angles_deg = sorted(spec.pan_deg for spec in specs if not spec.ptz)
    assert min(after - before for before, after in pairwise(angles_deg)) > 1
    assert all(-180 <= angle_deg <= 180 for angle_deg in angles_deg)
    assert {spec.parameter_sets_in_band for spec in specs} == {True, False}
    assert all(0.9 <= spec.main.gop_frames / spec.main.fps <= 1.1 and not spec.loop for spec in specs)


def test_bench_cameras_are_loops_of_two_second_gops() -> None:
    for spec in make_specs(StreetOptions(cameras=3, bench=True, codec="h265")):
        assert (spec.main, spec.loop, spec.codec) == (BENCH_MAIN, True, "h265")
        assert spec.main.gop_frames / spec.main.fps == 2


def test_passwords_are_random_and_not_shown_by_accident() -> None:
    options = StreetOptions()
    assert options.password != StreetOptions().password
    assert options.password not in repr(options)


def test_the_command_s_default_ports_are_the_street_s() -> None:
    defaults = {parameter.name: parameter.default for parameter in typer_parameters()}
    assert defaults["rtsp_port"] == DEFAULT_RTSP_PORT
    assert defaults["onvif_port"] == DEFAULT_ONVIF_PORT
    assert defaults["control_port"] == DEFAULT_CONTROL_PORT


def typer_parameters() -> list[Any]:
    app = typer.Typer()
    app.command("simulate")(simulate)
    return list(typer.main.get_command(app).params)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--cameras", "0"), "--cameras"),
        (("--cameras", "501"), "--cameras"),
        (("--cameras", "10", "--onvif-port", "65530"), "--onvif-port"),
        (("--rtsp-port", "70000"), "--rtsp-port"),
        (("--fault", "markt-01:offline"), "--fault markt-01:offline: give ID:KEY=VALUE"),
        (
            ("--fault", "nergens:offline=true"),
            "--fault nergens:offline=true: no camera 'nergens' (known: all, markt-01",
        ),
        (("--fault", "all:drop_packets_ratio=3"), "--fault all:drop_packets_ratio=3: drop_packets_ratio: "),
        (("--fault", "all:resolution=16x9"), "--fault all:resolution=16x9: resolution.1: "),
    ],
)
def test_impossible_options_end_with_one_line_and_code_2(arguments: tuple[str, ...], named: str) -> None:
    result = run_cli(*FREE_PORTS, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(named)
    assert result.stderr.count("\n") == 1


def test_an_unknown_fault_is_named_and_so_are_the_known_ones() -> None:
    result = run_cli(*FREE_PORTS, "--cameras", "1", "--fault", "markt-01:offlin=true", "--fault", "all:hung=1")
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first.startswith("--fault markt-01:offlin=true: offlin: ")
    assert second.startswith("--fault all:hung=1: hung: ")
    assert f"(known: {', '.join(field.name for field in fields(Faults))})" in first


def test_faults_given_as_options_are_those_of_the_control_port() -> None:
    texts = [
        "all:clock_offset_s=-2.5",
        "all:unauthorized=true",
        "markt-01:unauthorized=false",
        "markt-01:resolution=640x480",
        "markt-01:knocked_deg=6,-4",
        "parade-02:ptz_status=late",
        "parade-02:ptz_status_late_ms=700",
    ]
    street = [SimCamera(spec, FixedHead(spec)) for spec in make_specs(StreetOptions(cameras=3))]
    cameras = {camera.spec.id: camera for camera in street}
    for camera_id, patch in parse_fault_options(texts, cameras):
        patch.apply(cameras[camera_id].faults)
    first, second, third = (camera.faults for camera in street)
    assert first == Faults(clock_offset_s=-2.5, resolution=(640, 480), knocked_deg=(6.0, -4.0))
    assert second == Faults(unauthorized=True, clock_offset_s=-2.5, ptz_status="late", ptz_status_late_ms=700)
    assert third == Faults(unauthorized=True, clock_offset_s=-2.5)


@pytest.mark.parametrize("option", ["--rtsp-port", "--onvif-port", "--control-port"])
def test_a_taken_port_ends_with_one_clear_line_and_code_2(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(street_server, "Street", shared_street)  # painted once
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_cli(*FREE_PORTS, "--cameras", "1", option, str(port))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{option} {port}")
    assert "in use" in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_the_running_street_serves_and_ends_when_told_with_a_client_connected() -> None:
    with simulator("--cameras", "2", "--json", "--fault", "parade-02:clock_offset_s=90") as process:
        street = json.loads(first_line(process))
        camera, fixed = street["cameras"]
        assert (camera["id"], camera["ptz"], fixed["ptz"]) == ("markt-01", True, False)
        with OnvifClient("127.0.0.1", camera["onvif_port"], street["username"], street["password"]) as client:
            assert client.get_stream_uri(profile_token="main") == camera["main_url"]
            before, _ = client.get_snapshot(profile_token="main")
            client.ptz_absolute_move(profile_token="main", pan=0.5, tilt=0.4, zoom=0.0)
            time.sleep(1.0)
            after, _ = client.get_snapshot(profile_token="main")
        pictures = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in (before, after)]
        assert [picture.shape for picture in pictures] == [(720, 1280, 3)] * 2
        assert np.mean(cv2.absdiff(*pictures)) > 5, "the camera moved, and so did its picture"
        shown = httpx.get(f"{street['control_url']}/cameras").json()
        assert [camera["faults"]["clock_offset_s"] for camera in shown] == [0, 90]
        assert shown[0]["view"]["pan_deg"] == pytest.approx(90, abs=0.01)
        with socket.create_connection(("127.0.0.1", fixed["onvif_port"])):
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_lines_for_people_name_each_camera_and_the_account_once() -> None:
    with simulator("--cameras", "3", "--password", "geheim-99") as process:
        lines = [first_line(process)]
        assert process.stdout is not None
        lines += [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")
    assert [line.split()[0] for line in lines[:3]] == ["markt-01", "parade-02", "vleesstraat-03"]
    assert "".join(lines).count("geheim-99") == 1
    assert "rtsp://127.0.0.1:" in lines[0]
