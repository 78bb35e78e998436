"""A flex camera moves by one form: the old placement closes, one opens under its decision, nothing shows yet."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.web.served_site import MASKED, OFFER, OPEN, TURNING, Site
from vms.cli.import_masks import import_documents
from vms.clock import now_utc
from vms.decision_file import DecisionBook
from vms.placement_file import PlacementBook, placements_path, read_placements
from vms.rules.masks import MaskImport
from vms.store import decisions, masks, placements
from vms.store.mask_lapse import lapse_moved
from vms.units import us_from_utc

SDP = {"Content-Type": "application/sdp"}
FLEX = {OPEN: {"kind": "flex", "area": "Markt", "placement": "paal 3"}, MASKED: {"area": "Markt"}}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(FLEX, decisions={"enforce": True})
    with made.store.transaction() as tx:
        for number, place in (("1001", "Markt"), ("1002", "Casinoweg")):
            decisions.add(tx, decision(made, number, place), "beleid", now_utc(made.clock))
    made.app.state.services.decisions.refresh()
    yield made
    made.close()


def decision(site: Site, number: str, place: str) -> dict[str, Any]:
    today = now_utc(site.clock).astimezone(ZoneInfo("Europe/Amsterdam")).date()
    period = {"start": (today - timedelta(days=9)).isoformat(), "end": (today + timedelta(days=9)).isoformat()}
    return {"kind": "designation", "registration_numbers": [number], "decided_on": [period["start"]],
            "locations": [place], "periods": [period]}  # fmt: skip


def move(site: Site, role: str = "technician", camera: str = OPEN, **changes: Any) -> httpx.Response:
    body = {"name": "paal 7", "area": "Casinoweg", "decision": 2, "reason": "evenement"}
    return site.client(role).post(f"/api/cameras/{camera}/placements", json=body | changes)


def watch(site: Site) -> httpx.Response:
    return site.client("observer").post(f"/whep/{OPEN}", content=OFFER, headers=SDP)


def test_the_camera_hangs_at_its_new_place_at_once_for_every_process(site: Site) -> None:
    recorder = DecisionBook(site.config)
    recorder.refresh()
    before = recorder.gate(OPEN, site.clock.now_us())
    assert (before.number, before.placement_id) == ("1001", 0)
    answer = move(site)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["gate"], answer.json()["decision"]) == ("open", "1002")
    assert recorder.refresh()
    after = recorder.gate(OPEN, site.clock.now_us())
    assert (after.number, after.decision_id, after.placement_id) == ("1002", 2, answer.json()["id"])
    [camera] = [one for one in site.client("observer").get("/api/cameras").json()["cameras"] if one["id"] == OPEN]
    assert (camera["area"], camera["neighbours"]) == ("Casinoweg", [])
    [row] = site.audit("placements.move")
    assert (row.object, row.detail["came_from"], row.detail["decision"]) == (f"camera:{OPEN}", "paal 3", 2)


def test_masks_of_the_old_place_lapse_and_stay_in_force_for_what_was_recorded_there(site: Site) -> None:
    then = now_utc(site.clock) - timedelta(days=2)
    new = MaskImport(camera_id=OPEN, lens=None, masks=(), author="a", approver="b", reason="", valid_from=then)
    with site.store.transaction() as tx:
        masks.add(tx, new, then, site.config.cameras[0].placed)
    move(site)
    now = now_utc(site.clock)
    with site.store.reading() as tx:
        in_force, past = masks.in_force(tx, OPEN, now), masks.in_force(tx, OPEN, now - timedelta(days=1))
    assert in_force is not None
    assert in_force.closes == "lapsed"
    assert past is not None
    assert past.closes is None
    overview = site.client("privacy_officer").get(f"/api/cameras/{OPEN}/masks").json()
    assert overview["versions"][-1]["closes"] == "lapsed" or overview["versions"][0]["closes"] == "lapsed"


def test_masks_approved_at_the_new_place_are_not_taken_for_moved_when_processes_start(site: Site) -> None:
    move(site)
    now = now_utc(site.clock)
    camera = PlacementBook(site.config).now(site.config.cameras[0])
    new = MaskImport(camera_id=OPEN, lens=None, masks=(), author="a", approver="b", reason="", valid_from=now)
    with site.store.transaction() as tx:
        masks.add(tx, new, now, camera.placed)
    configured = {one.id: one.placed for one in site.config.cameras}
    assert lapse_moved(site.store, configured, site.clock) == []


def test_masks_that_come_by_file_are_of_the_new_place_also_when_nobody_wrote_yet_where_that_is(site: Site) -> None:
    move(site)
    placements_path(site.config.site.data_dir).unlink()
    cameras = tuple(camera.model_copy(update={"masks": "required"}) for camera in site.config.cameras)
    valid_from = now_utc(site.clock).isoformat()
    drawn = {"camera": OPEN, "author": "a", "approver": "b", "masks": [], "valid_from": valid_from}
    config = site.config.model_copy(update={"cameras": cameras})
    told = import_documents(config, site.store, site.clock, [drawn])
    assert told["imported"] == 1, told
    assert lapse_moved(site.store, {one.id: one.placed for one in site.config.cameras}, site.clock) == []


def test_the_history_keeps_every_place_with_its_decision_and_footage_its_own(site: Site) -> None:
    move(site)
    site.clock.advance(3600)
    move(site, name="paal 9", area="Markt", decision=1)
    shown = site.client("policy_officer").get("/api/placements").json()
    [camera] = shown["cameras"]
    assert [(one["placement"], one["area"], one["decision"]) for one in camera["history"]] == [
        ("paal 9", "Markt", "1001"),
        ("paal 7", "Casinoweg", "1002"),
        ("paal 3", "Markt", ""),
    ]
    starts = [one["from_us"] for one in camera["history"]]
    assert starts == [us_from_utc(now_utc(site.clock)), starts[1], None]
    assert {one["label"] for one in shown["decisions"]} == {"1001", "1002"}
    assert camera["placement"] == "paal 9"


def test_outside_its_decision_a_moved_camera_shows_nothing(site: Site) -> None:
    assert watch(site).status_code == 201
    refused = move(site, area="Parade", decision=2)
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["decision"])
    with site.store.transaction() as tx:
        decisions.add(tx, decision(site, "1003", "Parade") | {"periods": []}, "beleid", now_utc(site.clock))
    assert move(site, area="Parade", decision=3).json()["gate"] == "none"
    assert watch(site).json()["code"] == "decision_missing"


def test_a_move_that_is_none_or_has_no_decision_is_refused_and_changes_nothing(site: Site) -> None:
    for changes, code in (
        ({"name": "paal 3"}, "same_place"),
        ({"decision": None}, "decision_needed"),
        ({"decision": 99}, "decision_elsewhere"),
        ({"decision": 1}, "decision_elsewhere"),
        ({"camera": TURNING}, "not_flex"),
        ({"lat": 51.3}, "invalid_input"),
    ):
        answer = move(site, **changes)
        assert answer.json()["code"] == code, answer.text
    assert move(site, role="observer").status_code == 403
    with site.store.reading() as tx:
        assert placements.current(tx) == []
    assert read_placements(placements_path(site.config.site.data_dir)) == (0, {})


def test_a_damaged_file_from_the_start_closes_gated_cameras_and_the_web_process_mends_it(site: Site) -> None:
    move(site)
    path = placements_path(site.config.site.data_dir)
    path.write_text("{", encoding="utf-8")
    book = DecisionBook(site.config)
    book.refresh()
    assert book.gate(OPEN, site.clock.now_us()).state == "unknown"
    site.app.state.services.decisions.refresh()
    book.refresh()
    assert book.gate(OPEN, site.clock.now_us()).number == "1002"
