"""Signing in: cookies, CSRF, slow answers to guessing, and an audit row for each."""

from datetime import timedelta

import pytest

from tests.web.served_site import PASSWORD, Site, eventually
from vms.clock import now_utc
from vms.store import Store, login_sessions, users
from vms.store.schema import UserRow, VolumeRow
from vms.units import US_PER_SECOND
from web.passwords import verify_password

LOGIN = {"username": "observer", "password": PASSWORD}


def test_the_cookie_is_out_of_scripts_reach_and_only_its_hash_is_stored(site: Site) -> None:
    answer = site.client().post("/api/login", json=LOGIN)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    token = answer.cookies["uitkijk_session"]
    assert token.encode() not in (site.directory / "uitkijk.db").read_bytes()
    assert answer.json()["user"] == {"username": "observer", "display_name": "Demo observer", "roles": ["observer"]}


def test_me_tells_who_where_and_when(site: Site) -> None:
    client = site.browser("police_reviewer")
    me = client.get("/api/me").json()
    assert me["username"] == "police_reviewer"
    assert me["csrf_token"] == client.headers["X-CSRF-Token"]
    assert me["site"] == {"name": "Venlo", "timezone": "Europe/Amsterdam"}
    assert me["server_us"] == site.clock.us
    assert me["limits"]["observer_replay_s"] == 0


def test_an_unsafe_request_by_cookie_needs_the_csrf_token(site: Site) -> None:
    client = site.browser("observer")
    del client.headers["X-CSRF-Token"]
    assert client.post("/api/logout").json()["code"] == "csrf"
    assert client.post("/api/logout", headers={"X-CSRF-Token": "x"}).json()["code"] == "csrf"
    assert client.get("/api/me").status_code == 200


def test_another_sites_page_gets_nothing(site: Site) -> None:
    client = site.browser("observer")
    elsewhere = {"Origin": "https://evil.example"}
    assert client.get("/api/me", headers=elsewhere).json()["code"] == "origin"
    assert client.post("/api/login", json=LOGIN, headers=elsewhere).json()["code"] == "origin"
    assert client.get("/api/me", headers={"Origin": site.url}).status_code == 200


@pytest.mark.parametrize("name", ["observer", "nobody-of-this-name"])
def test_after_five_failures_even_the_right_password_waits_and_strangers_look_the_same(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.auth.verify_password", lambda password, _hash: password == PASSWORD)
    client = site.client()
    wrong = {"username": name, "password": "wrong"}
    answers = [client.post("/api/login", json=wrong) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 5
    paused = client.post("/api/login", json={"username": name, "password": PASSWORD})
    assert paused.status_code == 429
    assert paused.json()["code"] == "login_paused"
    assert 25 <= int(paused.headers["retry-after"]) <= 30
    site.clock.advance(31)
    again = client.post("/api/login", json=wrong)
    assert again.status_code == 401
    assert client.post("/api/login", json=wrong).headers["retry-after"] == "60"


def test_a_success_forgets_the_failures(site: Site) -> None:
    client = site.client()
    for _ in range(4):
        client.post("/api/login", json={**LOGIN, "password": "wrong"})
    assert client.post("/api/login", json=LOGIN).status_code == 200
    with site.store.reading() as tx:
        user = users.by_name(tx, "observer")
    assert user is not None
    assert user.failed_logins == 0


def test_one_address_cannot_try_many_names(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.auth.verify_password", lambda password, _hash: password == PASSWORD)
    client = site.client()
    codes = [
        client.post("/api/login", json={"username": f"name-{number}", "password": "w"}).status_code
        for number in range(22)
    ]
    assert codes == [401] * 20 + [429] * 2
    site.clock.advance(2)
    assert client.post("/api/login", json=LOGIN).status_code == 200


def test_a_session_lasts_twelve_hours(site: Site) -> None:
    client = site.browser("observer")
    site.clock.advance(12 * 3600 - 1)
    assert client.get("/api/me").status_code == 200
    site.clock.advance(1)
    assert client.get("/api/me").status_code == 401


def test_logging_out_ends_the_session_at_once(site: Site) -> None:
    client = site.browser("observer")
    cookie = client.cookies["uitkijk_session"]
    assert client.post("/api/logout").status_code == 204
    stolen = site.client()
    stolen.cookies.set("uitkijk_session", cookie)
    assert stolen.get("/api/me").status_code == 401


def test_a_switched_off_account_is_out(site: Site) -> None:
    client = site.browser("observer")
    with site.store.transaction() as tx:
        for row in tx.query(UserRow).filter_by(username="observer"):
            row.active = False
    assert client.get("/api/me").status_code == 401
    assert site.client().post("/api/login", json=LOGIN).status_code == 401


def test_a_token_ends_and_can_be_wrong(site: Site) -> None:
    from web.passwords import token_hash

    with site.store.transaction() as tx:
        now = now_utc(site.clock)
        users.add_token(tx, "short", token_hash("short"), ["technician"], now, now + timedelta(hours=1))
    client = site.client()
    assert client.get("/api/cameras", headers={"Authorization": "Bearer short"}).status_code == 200
    assert client.get("/api/cameras", headers={"Authorization": "Bearer wrong"}).status_code == 401
    site.clock.advance(3600)
    assert client.get("/api/cameras", headers={"Authorization": "Bearer short"}).status_code == 401


def test_every_attempt_is_in_the_audit_log(site: Site) -> None:
    client = site.client()
    client.post("/api/login", json={"username": "x\nforged line", "password": "w"})
    site.browser("observer").post("/api/logout")
    rows = [(row.actor, row.action, row.result) for row in site.audit()]
    assert rows == [
        ("x\ufffdforged line", "login", "refused"),
        ("observer", "login", "allowed"),
        ("observer", "logout", "allowed"),
    ]


def test_without_audit_nobody_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    site = Site()
    other = Store(site.config.database_url)
    try:
        with other.transaction() as blocking:
            blocking.add(VolumeRow(uuid="lock", path="/", created_at=now_utc(site.clock)))
            blocking.flush()
            answer = site.client().post("/api/login", json=LOGIN)
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
    finally:
        other.close()
        site.close()


def test_security_headers_are_on_every_answer(site: Site) -> None:
    client = site.client()
    for path in ("/healthz", "/api/me", "/nowhere", "/inloggen"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


def test_an_oversized_body_is_refused_announced_or_not(site: Site) -> None:
    client = site.client()
    big = b"x" * (300 * 1024)
    assert client.post("/api/login", content=big).json()["code"] == "too_large"
    chunks = (big[start : start + 1000] for start in range(0, len(big), 1000))
    answer = client.post("/api/login", content=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_no_account_exists_until_one_is_added(tmp_path) -> None:
    store = Store(f"sqlite:///{tmp_path}/u.db")
    store.migrate()
    with store.reading() as tx:
        assert users.all_users(tx) == []
    store.close()


def test_seen_at_follows_a_session_at_most_every_five_minutes(site: Site) -> None:
    client = site.browser("observer")
    began_us = site.clock.us
    site.clock.advance(301)
    client.get("/api/me")

    def seen_us() -> int:
        from vms.store.schema import LoginSessionRow
        from vms.units import us_from_utc

        with site.store.reading() as tx:
            return us_from_utc(tx.query(LoginSessionRow).one().seen_at)

    assert eventually(lambda: seen_us() == began_us + 301 * US_PER_SECOND)


def test_a_mistyped_address_of_a_page_is_answered_with_a_page(site: Site) -> None:
    as_a_person = {"Accept": "text/html,application/xhtml+xml"}
    for client, has_menu in ((site.browser("observer"), True), (site.client(), False)):
        answer = client.get("/moer", headers=as_a_person)
        assert answer.status_code == 404
        assert "Deze pagina bestaat niet" in answer.text
        assert ('href="/muur"' in answer.text) is has_menu
        for path in ("/api/moer", "/static/moer.js"):
            assert "<html" not in client.get(path, headers=as_a_person).text
    assert site.client().get("/moer").json()["code"] == "not_found"


@pytest.mark.parametrize("change", ["password", "off"])
def test_an_account_that_changes_during_a_login_lets_nobody_in(
    site: Site, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def and_it_changes(password: str, password_hash: str | None) -> bool:
        with site.store.transaction() as tx:
            if change == "off":
                users.set_active(tx, "observer", active=False)
            else:
                users.set_password(tx, "observer", "another")
        return verify_password(password, password_hash)

    monkeypatch.setattr("web.auth.verify_password", and_it_changes)
    answer = site.client().post("/api/login", json={"username": "observer", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "login_failed")
    with site.store.reading() as tx:
        assert login_sessions.standing(tx, now_utc(site.clock)) == []
    assert site.audit("login")[-1].detail == {"reason": "changed"}
