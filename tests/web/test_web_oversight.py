"""Masks by two persons, and the audit log for those who oversee."""

from datetime import timedelta
from typing import Any

import httpx

from tests.web.served_site import MASKED, PASSWORD_HASH, Site
from vms.clock import now_utc
from vms.store import audit, masks, users

MASKS = f"/api/cameras/{MASKED}/masks"
SQUARE = {"name": "woning 12", "space": "image", "polygon": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]]}


def drawing(site: Site, **changes: Any) -> dict[str, Any]:
    valid_from = (now_utc(site.clock) - timedelta(days=9)).isoformat()
    return {"camera": MASKED, "lens": None, "masks": [SQUARE], "author": "x", "valid_from": valid_from, **changes}


def second_officer(site: Site) -> httpx.Client:
    with site.store.transaction() as tx:
        users.add(tx, "a.bakker", "A. Bakker", PASSWORD_HASH, ["privacy_officer"], now_utc(site.clock))
    return site.browser("a.bakker")


def test_a_drawing_is_a_draft_by_whoever_is_signed_in(site: Site) -> None:
    client = site.browser("privacy_officer")
    drawn = client.post(MASKS, json=drawing(site, author="somebody else", approver="a.bakker"))
    assert drawn.status_code == 201, drawn.text
    assert (drawn.json()["author"], drawn.json()["approver"]) == ("privacy_officer", None)
    known = client.get(MASKS).json()
    assert (known["in_force"], len(known["versions"])) == (None, 1)
    with site.store.reading() as tx:
        assert masks.in_force(tx, MASKED, now_utc(site.clock)) is None


def test_a_second_person_puts_it_in_force_from_now_on_and_never_before(site: Site) -> None:
    drawer = site.browser("privacy_officer")
    drawer.post(MASKS, json=drawing(site))
    own = drawer.post(f"{MASKS}/1/approve")
    assert (own.status_code, own.json()["code"]) == (403, "second_person")
    approved = second_officer(site).post(f"{MASKS}/1/approve").json()
    assert (approved["version"], approved["author"], approved["approver"]) == (2, "privacy_officer", "a.bakker")
    assert approved["valid_from_us"] == site.clock.us
    with site.store.reading() as tx:
        assert masks.in_force(tx, MASKED, now_utc(site.clock) - timedelta(seconds=1)) is None
        found = masks.in_force(tx, MASKED, now_utc(site.clock))
    assert found is not None
    assert found.masks[0].name == "woning 12"
    assert [(row.action, row.result) for row in site.audit() if row.action.startswith("masks")] == [
        ("masks.draw", "allowed"),
        ("masks.approve", "refused"),
        ("masks.approve", "allowed"),
    ]


def test_only_drafts_can_be_approved(site: Site) -> None:
    site.browser("privacy_officer").post(MASKS, json=drawing(site))
    other = second_officer(site)
    assert other.post(f"{MASKS}/1/approve").status_code == 201
    assert other.post(f"{MASKS}/2/approve").status_code == 404
    assert other.post(f"{MASKS}/99/approve").status_code == 404


def test_every_fault_of_a_drawing_is_named(site: Site) -> None:
    client = site.browser("privacy_officer")
    broken = drawing(site, valid_from="2026-11-01", masks=[{**SQUARE, "polygon": [[0, 0], [1, 1]]}], colour="grey")
    fields = client.post(MASKS, json=broken).json()["fields"]
    assert set(fields) == {"colour", "valid_from", "masks[0].polygon"}
    assert client.post(MASKS, content="{").json()["fields"]["body"]
    assert client.post(MASKS, content="[" * 100_000).status_code == 422


def test_the_audit_log_is_read_in_pages_and_that_is_written_down(site: Site) -> None:
    site.browser("observer")
    client = site.client("privacy_officer")
    first = client.get("/api/audit?limit=1").json()["rows"]
    assert [(row["action"], row["actor"]) for row in first] == [("audit.read", "token:privacy_officer")]
    older = client.get(f"/api/audit?before={first[0]['seq']}").json()["rows"]
    assert [(row["action"], row["actor"]) for row in older] == [("login", "observer")]
    assert client.get("/api/audit?limit=100000").status_code == 422
    with site.store.reading() as tx:
        assert audit.verify(tx) == []
