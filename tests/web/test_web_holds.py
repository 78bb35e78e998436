"""Setting, extending and releasing evidence holds over HTTP: who may, what is refused and how, and the audit log."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.web.served_site import MASKED, OPEN, PASSWORD_HASH, Site
from vms.clock import now_utc
from vms.store import catalog, users
from vms.units import us_from_utc

HOUR = timedelta(hours=1)


@pytest.fixture
def officer(site: Site) -> httpx.Client:
    return site.client("evidence_officer")


def second(site: Site) -> httpx.Client:
    """Another evidence officer."""
    with site.store.transaction() as tx:
        users.add(tx, "second", "S. Cond", PASSWORD_HASH, ["evidence_officer"], now_utc(site.clock))
    return site.browser("second")


def wish(site: Site, **changes: Any) -> dict[str, Any]:
    now = now_utc(site.clock)
    body = {
        "cameras": [OPEN], "from": (now - HOUR).isoformat(), "to": (now - HOUR + timedelta(minutes=1)).isoformat(),
        "case_number": "PL2300-2026118822", "basis": "sv_126nd", "requester": "B. Smits",
    }  # fmt: skip
    return {**body, **changes}


def test_a_hold_is_set_and_listed_and_stands_in_the_audit_log(site: Site, officer: httpx.Client) -> None:
    site.segment(OPEN)
    made = officer.post("/api/holds", json=wish(site))
    assert made.status_code == 201, made.text
    hold = made.json()
    assert (hold["state"], hold["missing"], hold["created_by"]) == ("requested", [], "token:evidence_officer")
    assert hold["review_us"] == us_from_utc(now_utc(site.clock) + timedelta(days=90))
    [listed] = site.client("police_reviewer").get("/api/holds").json()["holds"]
    assert listed["case_number"] == "PL2300-2026118822"
    assert site.client("privacy_officer").get("/api/holds/1").json()["missing"] == []
    [row] = site.audit("holds.create")
    assert (row.object, row.detail["reference"], row.detail["camera"]) == ("hold:1", "PL2300-2026118822", OPEN)
    assert officer.get("/api/holds/2").json()["code"] == "no_hold"


def test_what_is_missing_is_told_with_its_reason(site: Site, officer: httpx.Client) -> None:
    segment = site.segment(OPEN)
    with site.store.transaction() as tx:
        end = segment.end_at + timedelta(minutes=1)
        catalog.add_gap(tx, OPEN, "main", segment.end_at, end, "unreachable")
    made = officer.post("/api/holds", json=wish(site, to=end.isoformat())).json()
    [lack] = made["missing"]
    assert (lack["camera"], lack["reason"]) == (OPEN, "unreachable")
    assert officer.get("/api/holds/1").json()["missing"] == made["missing"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cameras": []}, "cameras"),
        ({"cameras": ["nergens"]}, "cameras"),
        ({"case_number": ""}, "case_number"),
        ({"case_number": "../../etc/passwd"}, "case_number"),
        ({"case_number": '=HYPERLINK("http://x")'}, "case_number"),
        ({"case_number": "<script>alert(1)</script>"}, "case_number"),
        ({"basis": "other"}, "legal_basis"),
        ({"requester": ""}, "requester"),
        ({"to": "2026-11-18T09:00:00+00:00"}, "to"),
        ({"to": "2030-01-01T00:00:00Z"}, "to"),
        ({"from": "2026-10-01T00:00:00Z"}, "to"),
        ({"from": "gisteren"}, "from"),
        ({"from": "2026-11-18T10:00:00"}, "from"),
        ({"from": "2026-09-01T00:00:00Z", "to": "2026-09-02T00:00:00Z"}, "from"),
        ({"review": "2020-01-01T00:00:00Z"}, "review"),
        ({"cameras": [MASKED]}, "from"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_written(
    site: Site, officer: httpx.Client, change: dict[str, Any], field: str
) -> None:
    site.segment(OPEN)
    answer = officer.post("/api/holds", json=wish(site, **change))
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["fields"]) == [field]
    assert answer.json()["fields"][field]["nl"]
    assert officer.get("/api/holds").json()["holds"] == []
    assert site.audit("holds.create") == []


def test_a_second_person_releases_it_once(site: Site) -> None:
    site.segment(OPEN)
    officer = site.browser("evidence_officer")
    officer.post("/api/holds", json=wish(site))
    own = officer.patch("/api/holds/1", json={"release": True})
    assert (own.status_code, own.json()["code"]) == (403, "second_person")
    [refused] = site.audit("holds.release", "refused")
    assert refused.detail["reason"] == "second_person"
    other = second(site)
    released = other.patch("/api/holds/1", json={"release": True})
    assert (released.status_code, released.json()["state"]) == (200, "released")
    assert other.patch("/api/holds/1", json={"release": True}).json()["code"] == "no_hold"
    assert [row.actor for row in site.audit("holds.release", "allowed")] == ["second"]


def test_extending_is_a_step_of_its_own(site: Site, officer: httpx.Client) -> None:
    segment = site.segment(OPEN)
    officer.post("/api/holds", json=wish(site))
    later = (segment.end_at + timedelta(minutes=1)).isoformat()
    review = (now_utc(site.clock) + timedelta(days=200)).isoformat()
    extended = officer.patch("/api/holds/1", json={"to": later, "review": review}).json()
    assert extended["to_us"] == us_from_utc(segment.end_at + timedelta(minutes=1))
    assert [lack["reason"] for lack in extended["missing"]] == ["unknown"]
    assert officer.patch("/api/holds/1", json={"to": wish(site)["to"]}).json()["fields"]["to"]
    assert officer.patch("/api/holds/1", json={}).status_code == 422
    assert officer.patch("/api/holds/1", json={"release": True, "to": later}).status_code == 422
    [row] = site.audit("holds.extend")
    assert row.detail["to_us"] == extended["to_us"]


def test_a_review_that_is_due_is_said(site: Site, officer: httpx.Client) -> None:
    site.segment(OPEN)
    officer.post("/api/holds", json=wish(site))
    assert officer.get("/api/holds/1").json()["review_due"] is False
    site.clock.advance(91 * 86_400)
    assert officer.get("/api/holds/1").json()["review_due"] is True


@pytest.mark.parametrize("role", ["observer", "police_reviewer", "technician", "admin", "privacy_officer"])
def test_nobody_else_sets_or_releases(steady_site: Site, role: str) -> None:
    client = steady_site.client(role)
    assert client.post("/api/holds", json=wish(steady_site)).status_code == 403
    assert client.patch("/api/holds/1", json={"release": True}).status_code == 403
