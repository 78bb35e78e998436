"""Masks by two persons: drawn, proposed, approved, rejected, withdrawn; and the stills they are drawn on."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.web.served_site import MASKED, OPEN, PASSWORD_HASH, TURNING, Site
from vms.clock import now_utc
from vms.rules import masks as mask_rules
from vms.store import masks, users
from vms.store.mask_lapse import lapse_moved
from web.mask_problems import mask_fields

MASKS = f"/api/cameras/{MASKED}/masks"
SQUARE = {"name": "woning 12", "space": "image", "polygon": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]]}
WHY = {"reason": "woning aan de overkant"}


def drawing(site: Site, **changes: Any) -> dict[str, Any]:
    valid_from = (now_utc(site.clock) - timedelta(days=9)).isoformat()
    return {"lens": None, "masks": [SQUARE], "valid_from": valid_from, **WHY, **changes}


def second_officer(site: Site) -> httpx.Client:
    with site.store.transaction() as tx:
        if users.by_name(tx, "a.bakker") is None:
            users.add(tx, "a.bakker", "A. Bakker", PASSWORD_HASH, ["privacy_officer"], now_utc(site.clock))
    return site.browser("a.bakker")


def proposed(site: Site, role: str = "privacy_officer", **changes: Any) -> httpx.Client:
    """Version 1 of the camera, or the next one, by this role."""
    client = site.browser(role)
    version = client.post(MASKS, json=drawing(site, **changes)).json()["version"]
    assert client.post(f"{MASKS}/{version}/propose").status_code == 200
    return client


def mask_actions(site: Site) -> list[tuple[str, str, str]]:
    return [(row.actor, row.action, row.result) for row in site.audit() if row.action.startswith("masks")]


def states(client: httpx.Client) -> list[str]:
    return [version["state"] for version in client.get(MASKS).json()["versions"]]


def test_a_drawing_is_a_draft_by_whoever_is_signed_in(site: Site) -> None:
    client = site.browser("technician")
    drawn = client.post(MASKS, json=drawing(site, author="somebody else", approver="a.bakker"))
    assert drawn.status_code == 201, drawn.text
    assert (drawn.json()["author"], drawn.json()["approver"]) == ("technician", None)
    assert drawn.json()["reason"] == WHY["reason"]
    known = client.get(MASKS).json()
    assert (known["in_force"], [v["state"] for v in known["versions"]]) == (None, ["draft"])
    with site.store.reading() as tx:
        assert masks.in_force(tx, MASKED, now_utc(site.clock)) is None


def test_a_second_person_puts_it_in_force_from_now_on_and_never_before(site: Site) -> None:
    drawer = proposed(site)
    own = drawer.post(f"{MASKS}/1/approve")
    assert (own.status_code, own.json()["code"]) == (403, "second_person")
    approved = second_officer(site).post(f"{MASKS}/1/approve").json()
    assert (approved["version"], approved["author"], approved["approver"]) == (2, "privacy_officer", "a.bakker")
    assert (approved["approves"], approved["reason"]) == (1, WHY["reason"])
    assert approved["valid_from_us"] == site.clock.us
    with site.store.reading() as tx:
        assert masks.in_force(tx, MASKED, now_utc(site.clock) - timedelta(seconds=1)) is None
        found = masks.in_force(tx, MASKED, now_utc(site.clock))
    assert found is not None
    assert found.masks[0].name == "woning 12"
    assert states(drawer) == ["adopted", "active"]
    assert mask_actions(site) == [
        ("privacy_officer", "masks.draw", "allowed"),
        ("privacy_officer", "masks.propose", "allowed"),
        ("privacy_officer", "masks.approve", "refused"),
        ("a.bakker", "masks.approve", "allowed"),
    ]


def test_only_what_was_proposed_is_approved_and_only_once(site: Site) -> None:
    author = site.browser("privacy_officer")
    author.post(MASKS, json=drawing(site))
    other = second_officer(site)
    assert other.post(f"{MASKS}/1/approve").json()["code"] == "mask_state"
    author.post(f"{MASKS}/1/propose")
    assert author.post(f"{MASKS}/1/propose").json()["code"] == "mask_state"
    assert other.post(f"{MASKS}/1/approve").status_code == 201
    assert other.post(f"{MASKS}/1/approve").json()["code"] == "mask_state"
    assert other.post(f"{MASKS}/2/approve").status_code == 404
    assert other.post(f"{MASKS}/99/approve").status_code == 404


def test_a_technician_draws_and_never_approves(site: Site) -> None:
    technician = proposed(site, "technician")
    assert technician.post(f"{MASKS}/1/approve").json()["code"] == "forbidden"
    assert site.browser("privacy_officer").post(f"{MASKS}/1/approve").status_code == 201


def test_a_rejection_says_why_and_ends_the_proposal(site: Site) -> None:
    author = proposed(site)
    other = second_officer(site)
    assert other.post(f"{MASKS}/1/reject", json={"reason": ""}).status_code == 422
    assert author.post(f"{MASKS}/1/reject", json={"reason": "toch niet"}).json()["code"] == "second_person"
    assert other.post(f"{MASKS}/1/reject", json={"reason": "mist het dakraam"}).status_code == 200
    (version,) = author.get(MASKS).json()["versions"]
    assert version["state"] == "rejected"
    assert [(step["kind"], step["actor"], step["note"]) for step in version["steps"]] == [
        ("proposed", "privacy_officer", ""),
        ("rejected", "a.bakker", "mist het dakraam"),
    ]
    assert other.post(f"{MASKS}/1/approve").json()["code"] == "mask_state"


def test_a_draft_is_taken_back_by_its_author_only(site: Site) -> None:
    author = proposed(site)
    assert second_officer(site).post(f"{MASKS}/1/retract").json()["code"] == "mask_not_yours"
    assert author.post(f"{MASKS}/1/retract").status_code == 200
    assert states(author) == ["retracted"]
    assert author.post(f"{MASKS}/1/retract").json()["code"] == "mask_state"


def test_one_officer_withdraws_masks_and_the_camera_stays_closed_until_new_ones_are_approved(site: Site) -> None:
    proposed(site)
    other = second_officer(site)
    other.post(f"{MASKS}/1/approve")
    site.clock.advance(3600)
    assert other.post(f"{MASKS}/close", json={}).status_code == 422
    closed = other.post(f"{MASKS}/close", json={"reason": "dakkapel gebouwd"})
    assert closed.status_code == 201
    known = other.get(MASKS).json()
    assert (known["in_force"], known["closed"]) == (3, "withdrawn")
    assert states(other) == ["adopted", "ended", "active"]
    assert site.browser("technician").post(f"{MASKS}/close", json={"reason": "zomaar iets"}).status_code == 403
    site.clock.advance(3600)
    before = (now_utc(site.clock) - timedelta(hours=1, seconds=1)).isoformat()
    assert other.get(f"{MASKS}/at", params={"at": before}).json()["in_force"]["version"] == 2
    assert other.get(f"{MASKS}/at", params={"at": now_utc(site.clock).isoformat()}).json()["in_force"]["version"] == 3
    proposed(site)
    assert other.post(f"{MASKS}/4/approve").json()["version"] == 5
    assert other.get(MASKS).json()["closed"] is None


def test_masks_can_be_withdrawn_from_a_later_moment_and_never_from_an_earlier_one(site: Site) -> None:
    proposed(site)
    other = second_officer(site)
    other.post(f"{MASKS}/1/approve")
    later = (now_utc(site.clock) + timedelta(days=3)).isoformat()
    planned = other.post(f"{MASKS}/close", json={"reason": "einde van het besluit", "valid_from": later}).json()
    assert planned["valid_from_us"] == site.clock.us + 3 * 86_400_000_000
    assert states(other) == ["adopted", "active", "planned"]
    site.clock.advance(3 * 86_400)
    other = site.browser("a.bakker")
    earlier = (now_utc(site.clock) - timedelta(days=1)).isoformat()
    again = other.post(f"{MASKS}/close", json={"reason": "nog eens", "valid_from": earlier}).json()
    assert again["valid_from_us"] == site.clock.us


def test_masks_of_a_camera_that_was_moved_meanwhile_are_not_approved(site: Site) -> None:
    author = proposed(site)
    elsewhere = site.config.model_copy(
        update={
            "cameras": tuple(
                camera.model_copy(update={"placement": "mast 9"}) if camera.id == MASKED else camera
                for camera in site.config.cameras
            )
        }
    )
    site.stop_web()
    site.config = elsewhere
    site.start_web()
    other = second_officer(site)
    assert other.get(MASKS).json()["versions"][0]["moved"] is True
    assert other.post(f"{MASKS}/1/approve").json()["code"] == "mask_moved"
    assert other.post(f"{MASKS}/1/reject", json={"reason": "camera hangt elders"}).status_code == 200
    assert lapse_moved(site.store, {c.id: c.placed for c in elsewhere.cameras}, site.clock) == []
    del author


def test_a_proposal_says_what_it_changes_in_what_is_in_force(site: Site) -> None:
    other = second_officer(site)
    proposed(site, masks=[SQUARE, {**SQUARE, "name": "woning 14"}])
    other.post(f"{MASKS}/1/approve")
    moved = {**SQUARE, "polygon": [[0.2, 0.1], [0.4, 0.1], [0.4, 0.3]]}
    proposed(site, masks=[moved, {**SQUARE, "name": "woning 16"}])
    changes = other.get(MASKS).json()["versions"][2]["changes"]
    assert changes == {"added": ["woning 16"], "removed": ["woning 14"], "moved": ["woning 12"], "lens": False}


def test_every_fault_of_a_drawing_is_named(site: Site) -> None:
    client = site.browser("privacy_officer")
    broken = drawing(site, valid_from="2026-11-01", masks=[{**SQUARE, "polygon": [[0, 0], [1, 1]]}], colour="grey")
    fields = client.post(MASKS, json=broken).json()["fields"]
    assert set(fields) == {"colour", "valid_from", "masks[0].polygon"}
    assert client.post(MASKS, content="{").json()["fields"]["body"]
    assert client.post(MASKS, content="[" * 100_000).status_code == 422
    assert client.get(MASKS).json()["versions"] == []


@pytest.mark.parametrize(
    ("polygon", "dutch"),
    [
        ([[0.1, 0.1], [0.6, 0.5], [0.6, 0.1], [0.1, 0.4]], "kruist zichzelf"),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], "bedekken alles"),
        ([[0.1, 0.1], [0.1005, 0.1], [0.1005, 0.1005]], "bijna niets"),
        ([[0.1, 0.1], [1.2, 0.1], [0.3, 0.3]], "buiten het beeld"),
    ],
)
def test_a_drawing_is_checked_without_being_kept(steady_site: Site, polygon: Any, dutch: str) -> None:
    client = steady_site.browser("technician")
    found = client.post(f"{MASKS}/check", json={"masks": [{**SQUARE, "polygon": polygon}]}).json()["fields"]
    (problem,) = found.values()
    assert dutch in problem["nl"]
    assert client.post(f"{MASKS}/check", json={"masks": [SQUARE]}).json() == {"fields": {}}
    assert client.get(MASKS).json()["versions"] == []


def test_what_cannot_be_seen_or_does_not_turn_is_named_for_a_turning_camera(steady_site: Site) -> None:
    client = steady_site.browser("technician")
    lens = {"pan_range_deg": [-90, 90], "tilt_range_deg": [-60, 10], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}
    behind = {"name": "achter", "space": "sphere", "polygon": [[150, 5], [160, 5], [160, -5]]}
    url = f"/api/cameras/{TURNING}/masks/check"
    fields = client.post(url, json={"masks": [behind, SQUARE], "lens": lens}).json()["fields"]
    assert "kalibratie" in fields["masks[0]"]["nl"]
    assert "meedraaien" in fields["masks[1]"]["nl"]


def test_every_sentence_of_the_rules_about_drawings_has_its_dutch() -> None:
    bad = [
        {"name": "", "space": "cube", "polygon": [[0, 0]], "colour": 1},
        {"name": "a", "space": "sphere", "polygon": [[0, 91], [5, 0], [10, 0]]},
        {"name": "a", "space": "sphere", "polygon": [[-90, 0], [0, 0], [90, 0], [90, 10], [0, 10], [-90, 10]]},
        {"name": "a", "space": "image", "polygon": [[0, 0], [0.5, 0], [1, 0]]},
    ]
    with pytest.raises(mask_rules.MaskProblems) as refused:
        mask_rules.parse_mask_import({"camera": "c", "author": "a", "masks": bad, "valid_from": "x", "lens": {"x": 1}})
    fields = mask_fields(refused.value.problems)
    english = {name: text["en"] for name, text in fields.items() if text["nl"] == text["en"]}
    assert set(english) <= {"masks[0].space"}


STILL = f"{MASKS}/still"


def test_an_unmasked_still_needs_a_person_and_a_reason_and_stands_in_the_audit_log_first(site: Site) -> None:
    client = site.browser("technician")
    assert client.post(STILL, json={"reason": "  "}).status_code == 422
    assert client.post(STILL, json={}).status_code == 422
    picture = client.post(STILL, json={"reason": "masker tekenen", "at_rest": True})
    assert (picture.status_code, picture.content) == (200, b"\xff\xd8bare")
    assert (picture.headers["X-Shown-S"], picture.headers["Cache-Control"]) == ("60", "no-store")
    (_, _, asked) = site.live.asked[-1]
    assert (asked["user"], asked["reason"], asked["at_rest"]) == ("technician", "masker tekenen", True)
    machine = site.client("technician").post(STILL, json={"reason": "masker tekenen"})
    assert machine.status_code == 403
    assert len(site.live.paths("POST")) == 1
    assert mask_actions(site) == [
        ("technician", "masks.still", "allowed"),
        ("token:technician", "masks.still", "refused"),
    ]
    assert site.audit("masks.still", "allowed")[0].detail["reason"] == "masker tekenen"


def test_a_still_with_the_masks_being_drawn_goes_by_the_same_door(site: Site) -> None:
    client = site.browser("privacy_officer")
    assert client.post(STILL, json={"reason": "controle", "masks": [SQUARE]}).status_code == 200
    assert site.live.asked[-1][2]["masks"] == [SQUARE]
    assert site.audit("masks.still")[0].detail["masks"] == 1


def test_who_draws_turns_the_camera_and_whoever_watches_goes_first(site: Site) -> None:
    site.capture.operations()
    technician, observer = site.browser("technician"), site.browser("observer")
    url = f"/api/cameras/{TURNING}/masks"
    assert technician.get(f"{url}/presets").json()["presets"] == [{"token": "1", "name": "Terras"}]
    assert technician.post(f"{url}/aim", json={"preset": "1"}).json()["holder"]["role"] == "maintenance"
    assert observer.post(f"/api/cameras/{TURNING}/ptz/lock").status_code == 200
    busy = technician.post(f"{url}/aim", json={"pan": 0.2})
    assert (busy.status_code, busy.json()["code"]) == (409, "ptz_busy")
    observer.post(f"/api/cameras/{TURNING}/ptz/release")
    assert technician.post(f"{url}/aim", json={"pan": 0.2}).status_code == 200
    assert site.capture.operations()[-2:] == ["ptz_move", "ptz_stop"]
    assert technician.post(f"{url}/aim/release").json()["holder"] is None
    assert technician.post(f"/api/cameras/{TURNING}/ptz/move", json={"pan": 1}).status_code == 403
    assert technician.post(f"/api/cameras/{OPEN}/masks/aim", json={"pan": 0.2}).json()["code"] == "no_ptz"
