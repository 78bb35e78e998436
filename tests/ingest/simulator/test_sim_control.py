"""The control port: sets what is wrong with a camera, and says where it really looks."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import httpx
import pytest

from ingest.simulator.faults import FaultsPatch
from ingest.simulator.model import Faults
from tests.ingest.simulator.sim_street import PASSWORD, SimStreet


@pytest.fixture
def street() -> Iterator[SimStreet]:
    with SimStreet().running() as street:
        yield street


@pytest.fixture
def control(street: SimStreet) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{street.control.port}") as client:
        yield client


def test_cameras_are_shown_with_addresses_and_without_credentials(street: SimStreet, control: httpx.Client) -> None:
    answer = control.get("/cameras")
    first, second = answer.json()
    assert (first["id"], first["ptz"], first["state"]) == ("markt-01", True, "online")
    assert first["urls"]["onvif"] == street.url(street.ptz)
    assert first["urls"]["sub"].endswith("/markt-01/sub")
    assert (second["view"]["pan_deg"], second["codec"]) == (90.0, "h265")
    assert json.dumps(PASSWORD)[1:-1] not in answer.text


def test_faults_are_changed_one_by_one(street: SimStreet, control: httpx.Client) -> None:
    changes: dict[str, Any] = {
        "offline": True,
        "hang": True,
        "unauthorized": True,
        "clock_offset_s": -2.5,
        "drop_packets_ratio": 0.1,
        "pts_jump_s": 3600,
        "resolution": [640, 360],
        "ptz_status": "late",
        "ptz_status_late_ms": 700,
        "knocked_deg": [3.0, -1.5],
    }
    assert set(changes) == {field.name for field in fields(Faults)}
    for name, value in changes.items():
        answer = control.post("/cameras/markt-01/faults", json={name: value})
        assert answer.status_code == 200, answer.text
        assert answer.json()["faults"][name] == value
    faults = street.ptz.faults
    assert faults == Faults(True, True, True, -2.5, 0.1, 3600, (640, 360), "late", 700, (3.0, -1.5))
    assert street.fixed.faults == Faults()
    control.post("/cameras/markt-01/faults", json={"resolution": None})
    assert faults.resolution is None
    assert faults.ptz_status_late_ms == 700
    control.post("/faults/clear", json={})
    assert street.ptz.faults is faults
    assert faults == Faults()


def test_every_fault_of_the_model_can_be_set() -> None:
    assert set(FaultsPatch.model_fields) == {field.name for field in fields(Faults)}


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ('{"offlin": true}', "offlin"),
        ('{"offline": "yes"}', "offline"),
        ('{"drop_packets_ratio": 1.5}', "drop_packets_ratio"),
        ('{"clock_offset_s": NaN}', "clock_offset_s"),
        ('{"resolution": [641, 360]}', "resolution"),
        ('{"ptz_status": "asleep"}', "ptz_status"),
        ("[1, 2]", "body"),
        ("{", "body"),
        ("", "body"),
    ],
)
def test_a_wrong_fault_is_refused_by_name_and_changes_nothing(
    street: SimStreet, control: httpx.Client, patch: str, named: str
) -> None:
    answer = control.post("/cameras/markt-01/faults", content=patch)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(named)
    assert "known: offline, hang" in answer.json()["error"]
    assert street.ptz.faults == Faults()


def test_truth_knows_the_past_and_the_knock(street: SimStreet, control: httpx.Client) -> None:
    began_us = street.clock.now_us()
    street.mechanics.continuous_move(pan_tilt=(0.5, 0), timeout_s=1)
    street.clock.advance(3)
    truth = control.get("/cameras/markt-01/truth", params={"at_us": began_us + 500_000}).json()
    assert (truth["pan_deg"], truth["tilt_deg"], truth["hfov_deg"]) == (pytest.approx(30), -8.0, 60.0)
    assert truth["moving"]
    control.post("/cameras/markt-01/knock", json={"pan_deg": 5})
    truth = control.get("/cameras/markt-01/truth").json()
    assert (truth["at_us"], truth["moving"]) == (street.clock.now_us(), False)
    assert (truth["pan_deg"], truth["head_pan_deg"]) == (pytest.approx(65), pytest.approx(60))
    assert truth["tilt_deg"] == -12.0
    assert control.get("/cameras/markt-01/truth", params={"at_us": "noon"}).status_code == 400


def test_truth_of_a_past_picture_is_without_a_later_knock(street: SimStreet, control: httpx.Client) -> None:
    before_us = street.clock.now_us()
    street.ptz.took_picture(before_us)
    control.post("/cameras/markt-01/knock", json={"pan_deg": 5})
    street.clock.advance(0.08)
    street.ptz.took_picture(street.clock.now_us())
    answers = [
        control.get("/cameras/markt-01/truth", params={"at_us": before_us + late_us}).json() for late_us in (0, 80_000)
    ]
    assert [answer["pan_deg"] - answer["head_pan_deg"] for answer in answers] == [0, 5]


def test_reboot_is_offline_at_once(street: SimStreet, control: httpx.Client) -> None:
    answer = control.post("/cameras/parade-02/reboot")
    assert (answer.status_code, answer.json()["state"]) == (200, "offline")
    assert street.fixed.faults.offline


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/cameras/nolensplein-99/reboot", 404),
        ("GET", "/cameras/markt-01/faults", 404),
        ("DELETE", "/cameras", 404),
        ("GET", "/", 404),
    ],
)
def test_unknown_paths_and_cameras(control: httpx.Client, method: str, path: str, status: int) -> None:
    answer = control.request(method, path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_web_pages_are_refused(street: SimStreet, control: httpx.Client) -> None:
    answer = control.post("/cameras/markt-01/reboot", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert not street.ptz.faults.offline
