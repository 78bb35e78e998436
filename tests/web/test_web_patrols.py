"""Patrols over HTTP: they go on by themselves, give way to any hand, and outlive the process."""

import pytest

from tests.web.served_site import OPEN, TURNING, Site, eventually
from vms.errors import CameraUnreachable
from vms.rules.ptz_lock import IDLE_RELEASE_S

PTZ = f"/api/cameras/{TURNING}/ptz"
LEFT = {"pan": -0.5}


@pytest.fixture
def site(site: Site) -> Site:
    site.capture.presets = [{"token": "1", "name": "Terras"}, {"token": "2", "name": "Plein"}]
    return site


def went(site: Site) -> list[str]:
    """The presets it was sent to, so far."""
    return [asked["preset"] for asked in site.capture.asked if asked["op"] == "ptz_goto"]


def start(site: Site, name: str = "Nacht") -> None:
    answer = site.browser("observer").post(f"{PTZ}/patrol", json={"name": name})
    assert answer.status_code == 200, answer.text


def seen(site: Site) -> tuple[str, str | None]:
    """What the wall is told: of the lock, and of the patrol."""
    camera = site.client("police_reviewer").get("/api/status").json()["cameras"][TURNING]
    return camera["ptz"], camera["patrol"] and camera["patrol"]["state"]


def test_a_patrol_goes_along_its_presets_and_keeps_its_lock_however_long_it_stays(site: Site) -> None:
    start(site)
    eventually(lambda: went(site) == ["1"])
    for _ in range(4):
        site.clock.advance(5)
        eventually(lambda: site.app.state.services.ptz.lock_of(TURNING).last_command_s == site.clock.mono_s)
    eventually(lambda: went(site) == ["1", "2"])
    assert seen(site) == ("patrol", "running")
    holder = site.client("observer").get("/api/status").json()["cameras"][TURNING]["ptz_holder"]
    assert (holder["name"], holder["role"]) == ("Nacht", "patrol")
    [row] = site.audit("ptz.patrol")
    assert (row.actor, row.object, row.detail) == ("observer", f"camera:{TURNING}", {"name": "Nacht", "what": "start"})
    assert site.audit("ptz.take") == []


def test_any_hand_takes_the_camera_at_once_and_the_patrol_waits_until_it_is_idle(site: Site) -> None:
    start(site)
    eventually(lambda: went(site) == ["1"])
    client = site.browser("observer")
    assert client.post(f"{PTZ}/move", json=LEFT).json()["holder"]["name"] == "Demo observer"
    eventually(lambda: seen(site) == ("other", "paused"))
    assert site.audit("ptz.take")[-1].detail == {"taken_from": "patrol:Nacht"}
    client.post(f"{PTZ}/stop")
    site.clock.advance(IDLE_RELEASE_S - 0.1)
    assert seen(site)[1] == "paused"
    site.clock.advance(0.1)
    eventually(lambda: went(site) == ["1", "1"])
    eventually(lambda: seen(site) == ("patrol", "running"))


def test_stopping_a_patrol_stops_the_camera_and_frees_it(site: Site) -> None:
    start(site)
    eventually(lambda: went(site) == ["1"])
    answer = site.browser("police_reviewer").delete(f"{PTZ}/patrol")
    assert answer.json()["running"] is None
    eventually(lambda: site.capture.operations()[-1] == "ptz_stop")
    assert seen(site) == ("free", None)
    site.clock.advance(60)
    assert site.browser("observer").post(f"{PTZ}/lock").status_code == 200
    assert went(site) == ["1"]
    assert [row.detail["what"] for row in site.audit("ptz.patrol")] == ["start", "stop"]


def test_who_starts_a_patrol_lets_go_of_the_camera(site: Site) -> None:
    client = site.browser("observer")
    client.post(f"{PTZ}/lock")
    assert client.post(f"{PTZ}/patrol", json={"name": "Nacht"}).json()["running"]["by"] == "Demo observer"
    eventually(lambda: went(site) == ["1"])


def test_a_camera_that_police_have_is_patrolled_when_they_let_it_go(site: Site) -> None:
    police = site.browser("police_reviewer")
    police.post(f"{PTZ}/lock")
    start(site)
    eventually(lambda: seen(site)[1] == "paused")
    assert went(site) == []
    police.post(f"{PTZ}/release")
    eventually(lambda: went(site) == ["1"])


def test_a_restart_of_web_goes_on_with_it_once_nobody_can_be_steering_any_more(site: Site) -> None:
    start(site)
    eventually(lambda: went(site) == ["1"])
    site.stop_web()
    site.start_web()
    eventually(lambda: seen(site) == ("patrol", "running"))
    site.clock.advance(IDLE_RELEASE_S - 0.1)
    assert went(site) == ["1"]
    site.clock.advance(0.1)
    eventually(lambda: went(site) == ["1", "1"])
    site.browser("observer").delete(f"{PTZ}/patrol")
    site.stop_web()
    site.start_web()
    assert seen(site) == ("free", None)


def test_a_preset_that_the_camera_lacks_is_named_and_nothing_starts(site: Site) -> None:
    answer = site.client("observer").post(f"{PTZ}/patrol", json={"name": "Dag"})
    assert (answer.status_code, answer.json()["code"]) == (409, "patrol_preset")
    assert "«Deur»" in answer.json()["nl"]
    assert seen(site) == ("free", None)


def test_a_camera_that_is_silent_is_told_and_gone_to_again_at_the_next_turn(site: Site) -> None:
    start(site)
    eventually(lambda: went(site) == ["1"])
    site.capture.refuse = CameraUnreachable("no answer")
    site.clock.advance(20)
    eventually(lambda: seen(site)[1] == "fault")
    site.capture.refuse = None
    site.clock.advance(40)
    eventually(lambda: seen(site)[1] == "running")
    assert went(site)[-1] == "1"


@pytest.mark.parametrize(
    ("path", "name", "code"),
    [(PTZ, "Avond", "unknown_patrol"), (f"/api/cameras/{OPEN}/ptz", "Nacht", "no_ptz"), (PTZ, "", "invalid_input")],
)
def test_what_is_no_patrol_of_a_turning_camera_is_refused(steady_site: Site, path: str, name: str, code: str) -> None:
    answer = steady_site.client("observer").post(f"{path}/patrol", json={"name": name})
    assert answer.json()["code"] == code


def test_the_patrols_of_a_camera_are_listed(steady_site: Site) -> None:
    known = steady_site.client("observer").get(f"{PTZ}/patrols").json()
    assert [patrol["name"] for patrol in known["patrols"]] == ["Nacht", "Dag"]
    assert known["patrols"][0]["steps"][1] == {"preset": "2", "dwell_s": 40}
    assert known["running"] is None
    assert steady_site.client("technician").get(f"{PTZ}/patrols").status_code == 403
