"""Roles for some cameras or some time, given and withdrawn by an administrator."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.web.served_site import MASKED, OFFER, OPEN, PASSWORD_HASH, Site, eventually
from tests.web.test_reach import AREAS, HERE, SDP, THERE
from vms.clock import now_utc
from vms.store import users

WISH = {"role": "observer", "group": THERE, "purpose": "public_order", "reason": "inval, zaak 12"}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(AREAS)
    with made.store.transaction() as tx:
        users.add(tx, "sessions", "S. Essions", PASSWORD_HASH, ["observer"], now_utc(made.clock))
    yield made
    made.close()


def account(client: httpx.Client, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.get("/api/users").json()["users"]
    return next(user for user in found if user["username"] == name)


def cameras(client: httpx.Client) -> set[str]:
    return {camera["id"] for camera in client.get("/api/cameras").json()["cameras"]}


def test_a_grant_limits_a_role_at_once_and_is_listed_with_who_gave_it_and_why(site: Site) -> None:
    admin, observer = site.browser("admin"), site.browser("observer")
    assert {OPEN, MASKED} <= cameras(observer)
    answer = admin.post("/api/users/observer/grants", json=WISH | {"until": "2099-12-31"})
    assert answer.status_code == 201, answer.text
    assert OPEN not in cameras(observer)
    assert MASKED in cameras(observer)
    [given] = account(admin, "observer")["grants"]
    assert (given["role"], given["group"], given["purpose"], given["state"]) == (
        "observer",
        THERE,
        "public_order",
        "holds",
    )
    assert (given["given_by"], given["reason"], given["to_us"]) == ("admin", WISH["reason"], answer.json()["to_us"])
    [row] = site.audit("users.grant")
    assert (row.actor, row.object, row.detail["group"], row.detail["reason"]) == (
        "admin",
        "user:observer",
        THERE,
        WISH["reason"],
    )
    choices = admin.get("/api/users").json()
    assert (choices["groups"], "observer" in choices["roles"]) == ([HERE, THERE], True)


def test_a_withdrawn_grant_ends_at_once_for_good_and_only_with_a_reason(site: Site) -> None:
    admin, observer = site.browser("admin"), site.browser("observer")
    grant = admin.post("/api/users/observer/grants", json=WISH).json()["id"]
    path = f"/api/users/observer/grants/{grant}/withdraw"
    missing = admin.post(path, json={})
    assert (missing.json()["code"], list(missing.json()["fields"])) == ("reason_missing", ["reason"])
    assert admin.post(path, json={"reason": "klaar"}).status_code == 204
    assert observer.get("/api/cameras").status_code == 403, "the role does not come back for every camera"
    [given] = account(admin, "observer")["grants"]
    assert (given["state"], given["revoked_by"]) == ("revoked", "admin")
    assert site.audit("users.revoke")[0].detail["reason"] == "klaar"
    assert admin.post(path, json={"reason": "klaar"}).json()["code"] == "grant_ended"
    elsewhere = admin.post(f"/api/users/technician/grants/{grant}/withdraw", json={"reason": "klaar"})
    assert elsewhere.json()["code"] == "not_found", "a grant of somebody else"


def test_open_tiles_of_what_was_withdrawn_end_within_seconds_and_the_others_stay(site: Site) -> None:
    admin, observer = site.browser("admin"), site.browser("observer")
    there = admin.post("/api/users/observer/grants", json=WISH).json()["id"]
    assert admin.post("/api/users/observer/grants", json=WISH | {"group": HERE}).status_code == 201
    for camera in (MASKED, OPEN):
        assert observer.post(f"/whep/{camera}", content=OFFER, headers=SDP).status_code == 201
    assert admin.post(f"/api/users/observer/grants/{there}/withdraw", json={"reason": "klaar"}).status_code == 204
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"], timeout_s=5)
    assert list(site.live.sessions) == ["session-0002"]


def test_nobody_gives_oneself_a_role_and_the_attempt_is_audited(site: Site) -> None:
    admin = site.browser("admin")
    answer = admin.post("/api/users/admin/grants", json=WISH)
    assert (answer.status_code, answer.json()["code"]) == (403, "grant_to_oneself")
    assert account(admin, "admin")["grants"] == []
    [refused] = site.audit("users.grant", "refused")
    assert refused.object == "user:admin"


def test_what_is_wrong_stands_beside_its_field_and_gives_nothing(site: Site) -> None:
    admin = site.browser("admin")
    wrong = {"role": "boss", "group": "Zee", "purpose": "fun", "start": "x", "until": "2026-02-30", "reason": " "}
    answer = admin.post("/api/users/observer/grants", json=wrong)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"role", "group", "purpose", "start", "until", "reason"}
    past = admin.post("/api/users/observer/grants", json=WISH | {"start": "2020-01-01", "until": "2020-01-02"})
    assert past.json()["code"] == "grant_past", "it would only take the role away"
    nobody = admin.post("/api/users/nobody/grants", json=WISH)
    assert (nobody.status_code, nobody.json()["code"]) == (404, "unknown_account")
    assert account(admin, "observer")["grants"] == []


def test_only_a_person_who_manages_accounts_sees_and_gives_and_it_takes_the_pages_own_token(site: Site) -> None:
    for role in ("observer", "privacy_officer"):
        client = site.browser(role)
        assert client.get("/api/users").status_code == 403
        assert client.post("/api/users/technician/grants", json=WISH).status_code == 403
    machine = site.client("admin")
    assert machine.post("/api/users/observer/grants", json=WISH).json()["code"] == "forbidden"
    assert machine.get("/api/users").status_code == 200
    admin = site.browser("admin")
    del admin.headers["X-CSRF-Token"]
    assert admin.post("/api/users/observer/grants", json=WISH).json()["code"] == "csrf"


def test_somebody_called_sessions_is_an_account_like_any_other(site: Site) -> None:
    admin = site.browser("admin")
    grant = admin.post("/api/users/sessions/grants", json=WISH).json()["id"]
    assert [one["id"] for one in account(admin, "sessions")["grants"]] == [grant]
    assert admin.post(f"/api/users/sessions/grants/{grant}/withdraw", json={"reason": "klaar"}).status_code == 204
    assert admin.get("/api/users/sessions").json()["sessions"]
