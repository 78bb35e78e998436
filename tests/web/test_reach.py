"""The matrix role × camera group × endpoint: what a role for one area gets of another one is nothing, on every path."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.web.served_site import MASKED, OFFER, OPEN, TURNING, Site, eventually
from tools.access_matrix import DOCUMENT, guarded, table, with_table
from vms.clock import now_utc
from vms.rules.access import ALLOWED, PERSONS_ONLY, ROLES, SITE_WIDE, Role
from vms.rules.grants import Grant
from vms.store import grants
from vms.units import us_from_utc
from web.api.websocket import LOGIN_OVER
from web.background import _LOGINS_EVERY_S
from web.reach_routes import ROUTES

HERE, THERE = "Binnenstad", "Haven"
AREAS = {OPEN: {"area": HERE}, MASKED: {"area": THERE, "neighbours": [OPEN]}, TURNING: {"area": THERE}}
SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(AREAS)
    yield made
    made.close()


def limit(site: Site, role: Role, holder: str | None = None, **limits: Any) -> Grant:
    """The role's account and token hold it only so from now on."""
    grant = Grant(id=0, role=role, start_us=us_from_utc(now_utc(site.clock) - timedelta(days=1)), **limits)
    with site.store.transaction() as tx:
        return grants.give(tx, holder or f"token:{role}", grant, "test", now_utc(site.clock))


def revoke(site: Site, grant: Grant, holder: str) -> None:
    with site.store.transaction() as tx:
        grants.revoke(tx, holder, [grant.id], "test", now_utc(site.clock))


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["code"] == "forbidden"


def test_every_route_says_what_it_does_beyond_a_group(site: Site) -> None:
    known = dict(guarded(site.app))
    assert set(known) == set(ROUTES)
    for route, action in known.items():
        assert (ROUTES[route] == "path") == ("{camera}" in route), route
        assert (ROUTES[route] == "whole") == (action in SITE_WIDE), route


def test_the_printed_matrix_is_the_true_one(site: Site) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(document, table(site.app)) == document, "run tools/access_matrix.py --write"


def test_no_route_serves_a_camera_in_its_address_to_a_role_for_another_area(site: Site) -> None:
    paths = [(route.split(" ", 1), action) for route, action in guarded(site.app) if ROUTES[route] == "path"]
    assert len(paths) > 20
    for role in ROLES:
        limit(site, role, group=HERE)
        client = site.client(role)
        for (method, path), action in paths:
            if role not in ALLOWED[action] or method == "HEAD" or action in PERSONS_ONLY:
                continue
            answer = client.request(method, path.format(camera=TURNING, version=1))
            assert is_refused(answer), (role, method, path, answer.text)
            assert answer.json()["nl"].startswith("Uw rol geldt niet voor deze camera")
            within = client.request(method, path.format(camera=OPEN, version=1))
            assert not is_refused(within), (role, method, path)
        refused = [row for row in site.audit(result="refused") if row.actor == f"token:{role}"]
        assert {(row.object, row.detail["reason"]) for row in refused} <= {(f"camera:{TURNING}", "out_of_reach")}


def test_no_route_serves_a_camera_that_is_named_elsewhere(site: Site) -> None:
    there = site.segment(MASKED)
    for role in ("police_reviewer", "evidence_officer", "observer"):
        limit(site, role, group=HERE)
    police, evidence, observer = (site.client(role) for role in ("police_reviewer", "evidence_officer", "observer"))
    case = site.consultation(police)
    headers = {"X-Consultation": str(case)}
    now = now_utc(site.clock)
    span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now - timedelta(minutes=1)).isoformat()}
    asked = {"organisation": "Politie", "requester": "B. Smits", "case_number": "BVH 1", "legal_basis": "Wpg"}
    region = [[0, 0], [1, 0], [1, 1]]
    first_us = us_from_utc(now) - 3_600_000_000
    answers = [
        police.get("/api/coverage", params={"camera": MASKED, **span}, headers=headers),
        police.get("/api/movements", params={"camera": MASKED, **span}, headers=headers),
        police.get("/api/coverage/days", params={"camera": MASKED, **span}),
        police.get(f"/api/media/{there.id}", headers=headers),
        police.get(f"/api/media/{there.id}/thumbnail?at_us={first_us}", headers=headers),
        police.get(f"/api/media/{there.id}/photo?at_us={first_us}", headers=headers),
        police.post("/api/motion-searches", headers=headers,
                    json={"camera": MASKED, "region": region, "from_us": first_us, "to_us": first_us + 1_000_000}),
        police.post("/api/exports", json={"camera": MASKED, "consultation": case, **span}),
        police.post("/api/requests", json={**asked, "cameras": [OPEN, MASKED], **span}),
        evidence.post("/api/holds", json={"cameras": [MASKED], "case_number": "BVH 1", "basis": "wpg_internal",
                                          "legal_basis": "x", "requester": "B. Smits", **span}),
        observer.post("/api/bookmarks", json={"camera": MASKED}),
        observer.post("/api/trails/steps", json={"came_from": OPEN, "since_us": first_us, "to": MASKED}),
    ]  # fmt: skip
    assert [is_refused(answer) for answer in answers] == [True] * len(answers), [a.text[:200] for a in answers]


def test_what_others_made_of_cameras_beyond_is_neither_listed_nor_given(site: Site) -> None:
    now = now_utc(site.clock)
    span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now - timedelta(minutes=1)).isoformat()}
    asked = {"organisation": "Politie", "requester": "B. Smits", "case_number": "BVH 1", "legal_basis": "Wpg"}
    evidence = site.client("evidence_officer")
    site.segment(MASKED)
    hold = evidence.post("/api/holds", json={"cameras": [MASKED], "case_number": "BVH 1", "basis": "wpg_internal",
                                             "legal_basis": "Wpg 8", "requester": "B. Smits", **span})  # fmt: skip
    assert hold.status_code == 201, hold.text
    request = evidence.post("/api/requests", json={**asked, "cameras": [MASKED], **span})
    assert request.status_code == 201, request.text
    for role in ("evidence_officer", "privacy_officer"):
        limit(site, role, group=HERE)
    assert evidence.get("/api/holds").json()["holds"] == []
    assert evidence.get("/api/requests").json()["requests"] == []
    assert evidence.get("/api/requests/figures").json()["months"] == []
    assert "BVH 1" not in evidence.get("/api/requests/register.csv").text
    hold_id, request_id = hold.json()["id"], request.json()["id"]
    assert is_refused(evidence.get(f"/api/holds/{hold_id}"))
    assert is_refused(evidence.patch(f"/api/holds/{hold_id}", json={"release": True}))
    assert is_refused(evidence.get(f"/api/requests/{request_id}"))
    privacy = site.client("privacy_officer")
    assert is_refused(privacy.patch(f"/api/requests/{request_id}", json={"decision": "granted", "reason": "ok"}))


def test_a_camera_beyond_is_in_no_list(site: Site) -> None:
    for role in ("observer", "technician", "policy_officer"):
        limit(site, role, group=HERE)
    observer, technician, policy = (site.client(role) for role in ("observer", "technician", "policy_officer"))
    lists = [
        observer.get("/api/cameras"),
        observer.get("/api/status"),
        observer.get("/api/map"),
        observer.get("/api/map/views"),
        observer.get("/api/alarms"),
        technician.get("/api/coverage/days", params={"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"}),
        policy.get("/api/decisions"),
    ]
    for answer in lists:
        assert answer.status_code == 200, answer.text
        assert MASKED not in answer.text, answer.request.url
        assert TURNING not in answer.text, answer.request.url
    assert [camera["id"] for camera in lists[0].json()["cameras"]] == [OPEN]
    assert lists[0].json()["cameras"][0]["neighbours"] == []
    assert list(lists[1].json()["cameras"]) == [OPEN]
    observer.get("/api/overview")
    assert site.live.paths("GET")[-1] == f"/sheet?only={OPEN}"


def test_the_websocket_tells_nothing_of_a_camera_beyond(site: Site) -> None:
    limit(site, "observer", group=HERE)
    address = site.url.replace("http", "ws") + "/api/ws"
    headers = {"Authorization": "Bearer token-observer", "Origin": site.url}
    with connect(address, additional_headers=headers, proxy=None) as socket:
        texts = [socket.recv(10) for _ in range(3)]
        steering = site.client("police_reviewer").post(f"/api/cameras/{TURNING}/ptz/lock")
        assert steering.status_code == 200 or steering.status_code == 503
        texts += [socket.recv(10) for _ in range(2)]
    assert not any(MASKED in str(text) or TURNING in str(text) for text in texts)
    assert '"counts": {"cameras": 1,' in "".join(map(str, texts))


def test_a_role_for_one_area_reads_nothing_that_is_about_every_camera(site: Site) -> None:
    limit(site, "shift_manager", group=HERE)
    for path in ("/api/audit", "/api/audit/chain", "/api/retention/proof", "/api/retention/certificates"):
        answer = site.client("shift_manager").get(path)
        assert is_refused(answer), path
        assert answer.json()["nl"].startswith("Dit gaat over alle camera's")


def test_an_open_tile_ends_within_five_seconds_when_its_right_is_withdrawn(site: Site) -> None:
    granted = limit(site, "observer", holder="observer", group=THERE)
    limit(site, "observer", holder="observer", group=HERE)
    observer = site.browser("observer")
    for camera in (MASKED, OPEN):
        assert observer.post(f"/whep/{camera}", content=OFFER, headers=SDP).status_code == 201
    assert _LOGINS_EVERY_S < 5
    revoke(site, granted, "observer")
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"])
    assert list(site.live.sessions) == ["session-0002"]
    assert is_refused(observer.post(f"/whep/{MASKED}", content=OFFER, headers=SDP))
    assert is_refused(observer.patch("/api/live/session-0002", json={"camera": MASKED}))


def test_a_tile_that_changed_its_camera_is_judged_by_the_camera_it_shows(site: Site) -> None:
    there = limit(site, "observer", group=THERE)
    limit(site, "observer", group=HERE)
    observer = site.client("observer")
    observer.post(f"/whep/{OPEN}", content=OFFER, headers=SDP)
    assert observer.patch("/api/live/session-0001", json={"camera": MASKED}).status_code == 200
    revoke(site, there, "token:observer")
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"])


def test_a_period_that_ends_ends_the_pictures_too(site: Site) -> None:
    end_us = us_from_utc(now_utc(site.clock)) + 60_000_000
    limit(site, "observer", end_us=end_us)
    observer = site.client("observer")
    assert observer.post(f"/whep/{OPEN}", content=OFFER, headers=SDP).status_code == 201
    site.clock.advance(60)
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"])
    assert is_refused(observer.get("/api/cameras"))


def test_the_page_menu_and_me_know_the_roles_that_hold_now(site: Site) -> None:
    limit(site, "technician", holder="observer", group=HERE)
    assert site.browser("observer").get("/api/me").json()["roles"] == ["observer", "technician"]


def test_nobody_goes_before_others_at_a_camera_by_a_role_for_another_area(site: Site) -> None:
    limit(site, "police_reviewer", holder="observer", group=HERE)
    assert site.capture.operations() == []
    assert site.client("observer").post(f"/api/cameras/{TURNING}/ptz/lock").status_code == 200
    both = site.browser("observer").post(f"/api/cameras/{TURNING}/ptz/lock")
    assert (both.status_code, both.json()["code"], both.json()["may_take"]) == (409, "ptz_busy", False)
    limit(site, "police_reviewer", holder="observer", group=THERE)
    assert site.browser("observer").post(f"/api/cameras/{TURNING}/ptz/lock").json()["holder"]["role"] == "police"


def test_the_websocket_ends_when_the_last_grant_is_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.websocket.DIGEST_EVERY_S", 0.02)
    limit(site, "observer", group=HERE, end_us=us_from_utc(now_utc(site.clock)) + 60_000_000)
    address = site.url.replace("http", "ws") + "/api/ws"
    headers = {"Authorization": "Bearer token-observer", "Origin": site.url}
    texts: list[str] = []
    with connect(address, additional_headers=headers, proxy=None) as socket:
        texts.append(str(socket.recv(10)))
        site.clock.advance(60)
        with pytest.raises(ConnectionClosed) as closed:
            texts.extend(str(socket.recv(10)) for _ in range(1000))
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == LOGIN_OVER
    assert '"counts": {"cameras": 3,' not in "".join(texts)
