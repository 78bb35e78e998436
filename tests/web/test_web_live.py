"""WHEP towards browsers: rights and audit first, then live."""

import pytest

from tests.web.served_site import MASKED, OFFER, OPEN, Site, eventually
from vms.clock import now_utc
from vms.store import Store
from vms.store.schema import VolumeRow
from web import background

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


def start(client, camera: str = MASKED, profile: str = "tile") -> str:
    answer = client.post(f"/whep/{camera}?profile={profile}", content=OFFER, headers=SDP)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].rpartition("/")[2]


def test_an_offer_is_answered_with_the_session_to_talk_to(site: Site) -> None:
    client = site.browser("observer")
    answer = client.post(f"/whep/{MASKED}?profile=hero", content=OFFER, headers=SDP)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.headers["location"] == "/whep/session/session-0001"
    assert answer.text == "v=0\r\nanswer"
    [asked] = [body for method, path, body in site.live.asked if path == "/whep"]
    assert asked == {"camera": MASKED, "profile": "hero", "sdp": OFFER, "user": "observer"}
    [row] = site.audit("live.watch")
    assert (row.actor, row.object, row.result) == ("observer", f"camera:{MASKED}", "allowed")


def test_a_swap_is_audited_and_keeps_the_session(site: Site) -> None:
    client = site.browser("observer")
    session = start(client)
    answer = client.patch(f"/api/live/{session}", json={"camera": OPEN, "profile": "hero"})
    assert answer.json() == {"camera": OPEN, "profile": "hero", "after_rtp": 90_000}
    assert site.live.asked[-1] == ("PATCH", f"/whep/{session}", {"camera": OPEN, "profile": "hero"})
    assert [row.object for row in site.audit("live.watch")] == [f"camera:{MASKED}", f"camera:{OPEN}"]


def test_candidates_and_the_end_go_to_live(site: Site) -> None:
    client = site.browser("observer")
    session = start(client)
    assert client.patch(f"/whep/session/{session}", content="a=candidate:1", headers=FRAGMENT).status_code == 204
    assert site.live.asked[-1][2] == {"sdpfrag": "a=candidate:1"}
    assert client.delete(f"/whep/session/{session}").status_code == 200
    assert site.live.sessions == {}
    assert client.delete(f"/whep/session/{session}").status_code == 404


def test_somebody_elses_session_does_not_exist(site: Site) -> None:
    session = start(site.browser("observer"))
    other = site.browser("police_reviewer")
    assert other.delete(f"/whep/session/{session}").status_code == 404
    assert other.patch(f"/api/live/{session}", json={"camera": OPEN}).status_code == 404
    assert other.patch(f"/whep/session/{session}", content="a=x", headers=FRAGMENT).status_code == 404
    assert session in site.live.sessions


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (OFFER, {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        ("v=0\r\n" + "x" * 65_536, SDP, 413, "too_large"),
        ("hello", SDP, 400, "sdp_malformed"),
        (b"v=0\xff\xfe", SDP, 400, "sdp_malformed"),
        ("", SDP, 400, "sdp_malformed"),
    ],
)
def test_what_is_no_offer_never_reaches_live(steady_site: Site, content, headers, status, code) -> None:
    answer = steady_site.client("observer").post(f"/whep/{MASKED}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["nl"] != answer.json()["en"]
    assert steady_site.live.paths("POST") == []


@pytest.mark.parametrize("camera", ["nowhere-99", "..%2f..%2fetc", "x" * 300, "markt-01%00"])
def test_an_unknown_camera_is_404(steady_site: Site, camera: str) -> None:
    answer = steady_site.client("observer").post(f"/whep/{camera}", content=OFFER, headers=SDP)
    assert answer.status_code == 404
    assert steady_site.live.paths("POST") == []


def test_an_unknown_profile_is_refused(steady_site: Site) -> None:
    answer = steady_site.client("observer").post(f"/whep/{MASKED}?profile=raw", content=OFFER, headers=SDP)
    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == ["profile"]


def test_lives_refusal_comes_through_with_its_retry_after(site: Site) -> None:
    client = site.client("observer")
    site.live.refuse["whep"] = (409, {"Retry-After": "2"})
    answer = client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (409, "no_picture", "2")
    site.live.refuse["whep"] = (503, {"Retry-After": "5"})
    answer = client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")


def test_a_dead_live_process_is_a_clear_503(site: Site) -> None:
    site.stop_live()
    answer = site.client("observer").post(f"/whep/{MASKED}", content=OFFER, headers=SDP)
    assert (answer.status_code, answer.json()["code"]) == (503, "live_down")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("path", "header", "accepted", "methods"),
    [
        (f"/whep/{MASKED}", "accept-post", "application/sdp", "POST"),
        ("/whep/session/0123-abcd-4567", "accept-patch", "application/trickle-ice-sdpfrag", "PATCH, DELETE"),
    ],
)
def test_players_on_other_sites_pages_may_ask_first(steady_site: Site, path, header, accepted, methods) -> None:
    asking = {"Origin": "https://elders.example", "Access-Control-Request-Method": methods[:4]}
    answer = steady_site.client().options(path, headers=asking)
    assert answer.status_code == 200
    assert answer.headers[header] == accepted
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert methods in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, If-Match"


def test_a_player_elsewhere_reads_refusals_too_and_a_cookie_counts_for_nothing_there(site: Site) -> None:
    elsewhere = {"Origin": "https://elders.example", **SDP}
    nobody = site.client().post(f"/whep/{MASKED}", content=OFFER, headers=elsewhere)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.headers["access-control-allow-origin"] == "*"
    with_cookie = site.browser("observer").post(f"/whep/{MASKED}", content=OFFER, headers=elsewhere)
    assert (with_cookie.status_code, with_cookie.json()["code"]) == (403, "origin")
    with_token = site.client("observer").post(f"/whep/{MASKED}", content=OFFER, headers=elsewhere)
    assert with_token.status_code == 201
    exposed = with_token.headers["access-control-expose-headers"].split(", ")
    assert {"Location", "ETag", "Link", "Accept-Patch"} <= set(exposed)


def test_asking_whether_it_is_there_starts_nothing(site: Site) -> None:
    client = site.client("observer")
    session = client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP).headers["location"]
    for path in (f"/whep/{MASKED}", session):
        for answer in (client.get(path), client.head(path)):
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"] == "application/sdp"
    assert len(site.live.sessions) == 1
    assert site.client().head(f"/whep/{MASKED}").status_code == 401
    assert site.client("police_reviewer").head(session).status_code == 404
    assert client.put(f"/whep/{MASKED}").status_code == 405


def test_candidates_of_another_generation_are_refused(site: Site) -> None:
    client = site.client("observer")
    started = client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP)
    path, tag = started.headers["location"], started.headers["etag"]

    def patch(**headers: str) -> tuple[int, str]:
        answer = client.patch(path, content="a=candidate:1", headers=FRAGMENT | headers)
        return answer.status_code, answer.headers.get("etag", "")

    assert patch() == (204, "")
    assert patch(**{"If-Match": tag}) == (204, "")
    assert patch(**{"If-Match": "*"}) == (204, "")
    asked = len(site.live.asked)
    assert patch(**{"If-Match": '"other"'}) == (412, tag)
    assert len(site.live.asked) == asked
    assert client.delete(path, headers={"If-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(("status", "code"), [(400, "sdp_malformed"), (406, "no_h264"), (429, "too_many_requests")])
def test_what_live_cannot_answer_is_told_apart(site: Site, status: int, code: str) -> None:
    site.live.refuse["whep"] = (status, {})
    answer = site.client("observer").post(f"/whep/{MASKED}", content=OFFER, headers=SDP)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_without_audit_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    site = Site()
    other = Store(site.config.database_url)
    client = site.client("observer")
    try:
        with other.transaction() as blocking:
            blocking.add(VolumeRow(uuid="lock", path="/", created_at=now_utc(site.clock)))
            blocking.flush()
            answers = [
                client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP),
                client.get(f"/api/cameras/{MASKED}/snapshot"),
            ]
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(503, "audit_unavailable")] * 2
        assert site.live.asked == []
    finally:
        other.close()
        site.close()


def test_logging_out_ends_the_pictures_of_that_login_only(site: Site) -> None:
    leaving, staying = site.browser("observer"), site.browser("police_reviewer")
    gone, kept = start(leaving), start(staying)
    leaving.post("/api/logout")
    assert set(site.live.sessions) == {kept}
    assert ("DELETE", f"/whep/{gone}", None) in site.live.asked


def test_pictures_end_when_the_login_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_LOGINS_EVERY_S", 0.05)
    site = Site()
    try:
        start(site.browser("observer"))
        site.clock.advance(12 * 3600)
        eventually(lambda: not site.live.sessions)
    finally:
        site.close()


def test_after_a_restart_of_web_the_page_keeps_its_session(site: Site) -> None:
    client = site.browser("observer")
    session = start(client)
    site.stop_web()
    site.start_web()
    again = site.client()
    again.cookies, again.headers["X-CSRF-Token"] = client.cookies, client.headers["X-CSRF-Token"]
    eventually(lambda: site.client().get("/readyz").status_code == 200)
    assert again.patch(f"/api/live/{session}", json={"camera": OPEN}).status_code == 200
    other = site.browser("police_reviewer")
    assert other.patch(f"/api/live/{session}", json={"camera": OPEN}).status_code == 404


def test_a_snapshot_is_lives_masked_picture(site: Site) -> None:
    answer = site.client("technician").get(f"/api/cameras/{MASKED}/snapshot?profile=hero")
    assert answer.content == b"\xff\xd8masked"
    assert (answer.headers["content-type"], answer.headers["x-mask"]) == ("image/jpeg", "ok")
    assert site.live.paths("GET") == [f"/snapshot/{MASKED}?profile=hero"]
    assert [row.object for row in site.audit("snapshot.view")] == [f"camera:{MASKED}"]


def test_a_flood_of_offers_is_slowed_down(site: Site) -> None:
    client = site.client("observer")
    site.live.refuse["whep"] = (409, {})
    codes = [client.post(f"/whep/{MASKED}", content=OFFER, headers=SDP).status_code for _ in range(125)]
    assert set(codes[:120]) == {409}
    assert set(codes[120:]) == {429}
