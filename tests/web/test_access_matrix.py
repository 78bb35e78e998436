"""Every route declares what it needs, and every role gets exactly its row of the table."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts

from tests.web.served_site import MASKED, OPEN, TURNING, Site
from vms.clock import now_utc
from vms.rules.access import (
    ACTIONS,
    ALLOWED,
    PERSONS_ONLY,
    ROLES,
    Action,
    Allow,
    Deny,
    decide,
    decide_at_all,
    decide_on,
)
from vms.rules.grants import Rights
from vms.store import users
from web import pages
from web.deps import PUBLIC_PATHS, Guard
from web.passwords import token_hash

VIDEO = {"live.watch", "snapshot.view", "footage.view", "footage.export", "footage.consult", "ptz.steer"}


def guards(dependant: Dependant) -> Iterator[Guard]:
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from guards(inner)


def names(route: RouteContext) -> set[str]:
    """A path, and for routes with a public sibling also path:METHOD."""
    return {str(route.path)} | {f"{route.path}:{method}" for method in route.methods or ()}


def test_every_route_has_an_action_or_is_public_on_purpose(site: Site) -> None:
    page_paths = {getattr(route, "path", "") for route in pages.router.routes}
    unguarded = []
    checked = 0
    for route in iter_route_contexts(site.app.routes):
        checked += 1
        if isinstance(route.original_route, APIRoute | APIWebSocketRoute):
            found = list(guards(route.dependant))
            if found and all(guard.action in ALLOWED for guard in found):
                continue
        if names(route) & PUBLIC_PATHS or names(route) & page_paths:
            continue
        unguarded.append(names(route))
    assert unguarded == []
    assert checked > 30


def test_an_unguarded_route_would_be_found(site: Site) -> None:
    @site.app.get("/api/forgotten")
    def forgotten() -> str:
        return "unguarded"

    with pytest.raises(AssertionError, match="forgotten"):
        test_every_route_has_an_action_or_is_public_on_purpose(site)


def test_the_admin_sees_no_video_and_observers_do_not_look_back() -> None:
    assert [action for action in VIDEO if isinstance(decide(["admin"], action), Allow)] == []  # type: ignore[arg-type]
    assert isinstance(decide(["observer"], "footage.view"), Deny)
    assert isinstance(decide(["technician"], "live.watch"), Deny)
    assert isinstance(decide(["policy_officer"], "snapshot.view"), Deny)
    assert decide(["admin", "observer"], "live.watch") == Allow("observer")
    assert isinstance(decide(["root", "*", ""], "cameras.list"), Deny)


def test_every_action_is_somebodys() -> None:
    assert set(ALLOWED) == set(ACTIONS)
    assert all(ALLOWED[action] <= set(ROLES) and ALLOWED[action] for action in ACTIONS)


REQUESTS = {
    "cameras.list": ("GET", "/api/cameras"),
    "status.read": ("GET", "/api/status"),
    "alarms.acknowledge": ("POST", "/api/alarms/1/acknowledge"),
    "layouts.use": ("GET", "/api/layouts"),
    "layouts.share": ("PATCH", "/api/layouts/1"),
    "live.watch": ("POST", f"/whep/{MASKED}"),
    "ptz.steer": ("POST", f"/api/cameras/{TURNING}/ptz/lock"),
    "trails.make": ("GET", "/api/trails/mine"),
    "bookmarks.make": ("POST", "/api/bookmarks"),
    "incidents.write": ("POST", "/api/incidents"),
    "incidents.read": ("GET", "/api/incidents"),
    "incidents.categories": ("POST", "/api/incidents/categories"),
    "snapshot.view": ("GET", f"/api/cameras/{MASKED}/snapshot"),
    "masks.read": ("GET", f"/api/cameras/{MASKED}/masks"),
    "masks.draw": ("POST", f"/api/cameras/{MASKED}/masks"),
    "masks.still": ("POST", f"/api/cameras/{MASKED}/masks/still"),
    "masks.approve": ("POST", f"/api/cameras/{MASKED}/masks/1/approve"),
    "footage.consult": ("POST", "/api/consultations"),
    "footage.view": ("GET", "/api/media/1"),
    "footage.export": ("GET", "/api/exports"),
    "requests.read": ("GET", "/api/requests"),
    "requests.ask": ("POST", "/api/requests"),
    "requests.decide": ("PATCH", "/api/requests/1"),
    "bundles.make": ("GET", "/api/bundles"),
    "exports.check": ("POST", "/api/controle"),
    "holds.read": ("GET", "/api/holds"),
    "holds.set": ("POST", "/api/holds"),
    "metrics.read": ("GET", "/metrics"),
    "audit.read": ("GET", "/api/audit"),
    "audit.alert": ("PATCH", "/api/oversight/alerts/1"),
    "audit.review": ("POST", "/api/oversight/logins"),
    "retention.proof": ("GET", "/api/retention/proof"),
    "decisions.read": ("GET", "/api/decisions"),
    "decisions.write": ("POST", "/api/decisions"),
    "accounts.manage": ("GET", "/api/users/sessions"),
    "accounts.grant": ("POST", "/api/users/observer/grants"),
}


def allowed_by_token(action: str) -> frozenset[str]:
    return frozenset() if action in PERSONS_ONLY else ALLOWED[action]  # type: ignore[index]


def test_each_role_gets_its_row_over_http_and_refusals_are_audited(site: Site) -> None:
    for role in ROLES:
        client = site.client(role)
        for action, (method, path) in REQUESTS.items():
            answer = client.request(method, path)
            forbidden = answer.status_code == 403 and answer.json()["code"] == "forbidden"
            assert forbidden == (role not in allowed_by_token(action)), (role, action, answer.text)
        refused = {entry.action for entry in site.audit(result="refused") if entry.actor == f"token:{role}"}
        assert refused == {action for action in REQUESTS if role not in allowed_by_token(action)}


@pytest.mark.parametrize("action", sorted(PERSONS_ONLY))
def test_a_token_does_nothing_that_takes_a_person(action: Action) -> None:
    for role in ALLOWED[action]:
        assert decide([role], action) == Allow(role)
        for rights in (Rights(frozenset({role}), is_machine=True), Rights(frozenset(ROLES), (), {action}, True)):
            for verdict in (decide_at_all(rights, action), decide_on(rights, action, "", "public_order")):
                assert isinstance(verdict, Deny)
                assert "geen token" in verdict.nl


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("privacy_officer", "POST", f"/api/cameras/{MASKED}/masks/1/approve", None),
        ("privacy_officer", "POST", f"/api/cameras/{MASKED}/masks/1/reject", {"reason": "mist het dakraam"}),
        ("evidence_officer", "PATCH", "/api/holds/1", {"release": True}),
        ("evidence_officer", "PATCH", "/api/requests/1", {"decision": "granted"}),
        ("evidence_officer", "POST", "/api/requests", {"unmasked": True}),
        ("privacy_officer", "PATCH", "/api/oversight/alerts/1", {"note": "nagegaan"}),
        ("shift_manager", "POST", "/api/oversight/logins", {}),
        ("admin", "POST", "/api/users/observer/grants", {"role": "observer", "reason": "inval"}),
    ],
)
def test_a_token_is_no_second_person_and_gives_no_rights(
    steady_site: Site, role: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """Who holds the token is one of the two already."""
    site = steady_site
    hour_ago = now_utc(site.clock) - timedelta(hours=1)
    span = {"from": hour_ago.isoformat(), "to": (hour_ago + timedelta(minutes=1)).isoformat()}
    if path == "/api/holds/1":
        wish = {"cameras": [OPEN], **span, "case_number": "PL 1", "basis": "sv_126nd", "requester": "B. Smits"}
        site.segment(OPEN)
        assert site.client(role).post("/api/holds", json=wish).status_code == 201, "which a token may"
    if path == "/api/requests":
        body = {**(body or {}), "organisation": "Politie", "requester": "B. Smits", "case_number": "PL 1",
                "legal_basis": "Sv", "cameras": [MASKED], "note": "gezicht onder het masker nodig", **span}  # fmt: skip
    answer = site.client(role).request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    assert "geen token" in answer.json()["nl"]
    [refused] = [row for row in site.audit(result="refused") if row.actor == f"token:{role}"][-1:]
    assert refused.detail.get("reason") != "out_of_reach"


@pytest.mark.parametrize("allowed", ["metrics.read", "status.read", "cameras.list"])
def test_a_narrowed_token_does_that_and_nothing_else_of_its_roles(site: Site, allowed: str) -> None:
    with site.store.transaction() as tx:
        users.add_token(tx, "narrow", token_hash("narrow"), ["technician"], now_utc(site.clock), None, [allowed])
    client = site.client()
    client.headers["Authorization"] = "Bearer narrow"
    answers = {action: client.request(*request) for action, request in REQUESTS.items()}
    forbidden = {action for action, answer in answers.items() if answer.status_code == 403}
    assert set(REQUESTS) - forbidden == {allowed}
    assert answers["masks.read"].json()["nl"] == "Dit token is hier niet voor uitgegeven."
    assert client.get("/api/me").status_code == 403


def test_a_token_is_never_more_than_its_roles(site: Site) -> None:
    with site.store.transaction() as tx:
        users.add_token(tx, "wide", token_hash("wide"), ["admin"], now_utc(site.clock), None, list(ACTIONS))
    client = site.client()
    client.headers["Authorization"] = "Bearer wide"
    allowed = {action for action, request in REQUESTS.items() if client.request(*request).status_code != 403}
    assert allowed == {action for action in REQUESTS if "admin" in allowed_by_token(action)}


@pytest.mark.parametrize(("method", "path"), [*REQUESTS.values(), ("GET", "/api/me"), ("POST", "/api/logout")])
def test_nobody_gets_nothing(steady_site: Site, method: str, path: str) -> None:
    answer = steady_site.client().request(method, path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
