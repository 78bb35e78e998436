"""Steering over HTTP: who may, who has it, and that the camera always stops."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes import T0_US
from tests.web.served_site import OPEN, TURNING, Site, eventually
from vms.errors import CameraUnreachable
from vms.rules.masks import parse_mask_import
from vms.store import masks as mask_store
from vms.units import utc_from_us

PTZ = f"/api/cameras/{TURNING}/ptz"
LEFT = {"pan": -0.5, "tilt": 0, "zoom": 0}


@pytest.fixture
def site(site: Site) -> Site:
    assert site.capture.operations() == []
    return site


def test_a_movement_takes_the_free_camera_and_goes_to_it(site: Site) -> None:
    answer = site.browser("observer").post(f"{PTZ}/move", json=LEFT)
    assert answer.json()["holder"]["name"] == "Demo observer"
    [asked] = site.capture.asked
    assert (asked["op"], asked["camera"], asked["pan"], asked["timeout_s"]) == ("ptz_move", TURNING, -0.5, 1.0)
    assert [row.object for row in site.audit("ptz.take")] == [f"camera:{TURNING}"]


def test_heart_beats_of_one_movement_are_not_all_sent_and_are_one_audit_row(site: Site) -> None:
    client = site.browser("observer")
    for _ in range(4):
        client.post(f"{PTZ}/move", json=LEFT)
        site.clock.advance(0.15)
    assert site.capture.operations() == ["ptz_move", "ptz_move"]
    client.post(f"{PTZ}/move", json={"pan": 0.5})
    assert site.capture.asked[-1]["pan"] == 0.5
    assert len(site.audit("ptz.take")) == 1


def test_without_heart_beats_the_camera_is_stopped_within_half_a_second(site: Site) -> None:
    site.browser("observer").post(f"{PTZ}/move", json=LEFT)
    site.clock.advance(0.49)
    site.client("technician").get("/api/status")
    assert site.capture.operations() == ["ptz_move"]
    site.clock.advance(0.01)
    eventually(lambda: site.capture.operations() == ["ptz_move", "ptz_stop"])


def test_letting_go_stops_at_once_and_keeps_the_lock(site: Site) -> None:
    client = site.browser("observer")
    client.post(f"{PTZ}/move", json=LEFT)
    assert client.post(f"{PTZ}/stop").json()["holder"]["name"] == "Demo observer"
    client.post(f"{PTZ}/move", json={"pan": 0, "tilt": 0, "zoom": 0})
    assert site.capture.operations() == ["ptz_move", "ptz_stop", "ptz_stop"]


def test_somebody_elses_camera_is_refused_with_the_name(site: Site) -> None:
    site.browser("police_reviewer").post(f"{PTZ}/lock")
    for command, body in (("lock", None), ("move", LEFT), ("stop", None), ("goto", {"preset": "1"})):
        answer = site.client("observer").post(f"{PTZ}/{command}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "ptz_busy")
        assert answer.json()["holder"]["name"] == "Demo police_reviewer"
        assert answer.json()["holder"]["role"] == "police"
        assert "Demo police_reviewer" in answer.json()["nl"]
    assert site.capture.asked == []


def test_police_take_over_a_moving_camera_it_stops_and_the_audit_says_from_whom(site: Site) -> None:
    observer = site.browser("observer")
    observer.post(f"{PTZ}/move", json=LEFT)
    answer = site.browser("police_reviewer").post(f"{PTZ}/lock")
    assert answer.json()["holder"]["role"] == "police"
    assert site.capture.operations() == ["ptz_move", "ptz_stop"]
    assert site.audit("ptz.take")[-1].detail == {"taken_from": "observer"}
    assert observer.post(f"{PTZ}/move", json=LEFT).status_code == 409


def test_an_idle_lock_frees_itself(site: Site) -> None:
    site.browser("police_reviewer").post(f"{PTZ}/lock")
    site.clock.advance(15)
    assert site.browser("observer").post(f"{PTZ}/lock").status_code == 200


def test_release_frees_and_stops(site: Site) -> None:
    client = site.browser("observer")
    client.post(f"{PTZ}/move", json=LEFT)
    assert client.post(f"{PTZ}/release").json() == {"holder": None}
    assert site.capture.operations() == ["ptz_move", "ptz_stop"]
    assert site.client("police_reviewer").post(f"{PTZ}/release").json() == {"holder": None}


def test_logging_out_stops_what_moves_and_frees_it(site: Site) -> None:
    client = site.browser("observer")
    client.post(f"{PTZ}/move", json=LEFT)
    client.post("/api/logout")
    eventually(lambda: site.capture.operations() == ["ptz_move", "ptz_stop"])
    assert site.client("observer").post(f"{PTZ}/lock").status_code == 200


def test_the_end_of_the_web_process_stops_what_moves(site: Site) -> None:
    site.browser("observer").post(f"{PTZ}/move", json=LEFT)
    site.stop_web()
    assert site.capture.operations() == ["ptz_move", "ptz_stop"]


def test_presets_are_listed_and_called(site: Site) -> None:
    client = site.client("observer")
    assert client.get(f"{PTZ}/presets").json() == {"presets": [{"token": "1", "name": "Terras"}]}
    assert client.post(f"{PTZ}/goto", json={"preset": "1"}).status_code == 200
    assert site.capture.asked[-1] == {"op": "ptz_goto", "camera": TURNING, "preset": "1"}


@pytest.mark.parametrize("body", ['{"pan": NaN}', '{"pan": 1.01}', '{"pan": "fast"}', '{"yaw": 1}', "[]", "{"])
def test_velocities_have_bounds(steady_site: Site, body: str) -> None:
    answer = steady_site.client("observer").post(
        f"{PTZ}/move", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert steady_site.capture.asked == []


def test_a_fixed_camera_cannot_turn(site: Site) -> None:
    answer = site.client("observer").post(f"/api/cameras/{OPEN}/ptz/move", json=LEFT)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_ptz")


def test_the_cameras_refusal_is_told(site: Site) -> None:
    site.capture.refuse = CameraUnreachable("camera toren-01 did not answer")
    answer = site.client("observer").post(f"{PTZ}/move", json=LEFT)
    assert (answer.status_code, answer.json()["code"]) == (502, "camera_silent")
    assert "did not answer" in answer.json()["detail"]


def test_two_who_reach_for_it_at_once_make_one_holder(site: Site) -> None:
    clients = [site.client("observer"), site.browser("observer")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda client: client.post(f"{PTZ}/lock"), clients))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(site.audit("ptz.take")) == 1


def test_the_texts_of_a_refusal_are_json(site: Site) -> None:
    site.browser("police_reviewer").post(f"{PTZ}/lock")
    answer = site.client("observer").post(f"{PTZ}/lock")
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "nl", "en", "fields"} <= set(json.loads(answer.text))


LENS = {"pan_range_deg": [-180, 180], "tilt_range_deg": [-90, 20], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}


def test_pointing_at_a_place_needs_a_calibrated_lens_and_turns_the_camera_there(site: Site) -> None:
    client = site.client("observer")
    box = {"x": 1.0, "y": 0.5, "width": 1.0}
    answer = client.post(f"{PTZ}/look", json=box)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_lens")
    document = {"camera": TURNING, "lens": LENS, "masks": [], "author": "a", "approver": "b"}
    with site.store.transaction() as tx:
        mask_store.add(tx, parse_mask_import({**document, "valid_from": "2020-01-01T00:00:00Z"}), utc_from_us(T0_US))
    site.capture.pose = {"pan": 0.0, "tilt": 2 * 90 / 110 - 1, "zoom": 0.0, "at_us": site.clock.now_us()}
    assert client.post(f"{PTZ}/look", json=box).json()["holder"]["name"] == "observer"
    asked = site.capture.asked[-1]
    assert (asked["op"], round(asked["pan"] * 180, 3), asked["zoom"]) == ("ptz_look", 30.0, 0.0)
    site.clock.advance(10)
    assert client.post(f"{PTZ}/look", json=box).json()["code"] == "camera_silent"


def test_home_and_a_new_preset_are_for_the_holder_alone_and_the_preset_is_audited(site: Site) -> None:
    client = site.client("observer")
    assert client.post(f"{PTZ}/home").status_code == 200
    saved = client.post(f"{PTZ}/presets", json={"name": " Terras "})
    assert (saved.status_code, saved.json()) == (201, {"token": "9", "name": "Terras"})
    assert site.capture.operations() == ["ptz_home", "ptz_save_preset"]
    assert [row.detail for row in site.audit("ptz.preset")] == [{"name": "Terras"}]
    police = site.client("police_reviewer")
    assert police.post(f"{PTZ}/home").status_code == 409
    assert police.post(f"{PTZ}/presets", json={"name": "x"}).status_code == 409
