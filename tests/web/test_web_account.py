"""One's own account: password, telephone, recovery codes, sessions; and what an administrator sees of others."""

from collections.abc import Iterator

import httpx
import pyotp
import pytest

from tests.web.served_site import PASSWORD, Site
from vms.rules.access import ROLES
from vms.store import second_factors, users
from vms.units import US_PER_SECOND
from web.passwords import verify_password

NEW = "een-veel-beter-wachtwoord"


@pytest.fixture
def strict_site() -> Iterator[Site]:
    made = Site(web={"second_factor": "required"})
    yield made
    made.close()


def admin_with_telephone(site: Site) -> tuple[httpx.Client, str]:
    client = site.client()
    login = {"username": "admin", "password": PASSWORD}
    secret = client.post("/api/login/second-factor", json=login).json()["secret"]
    answer = client.post("/api/login/second-factor/confirm", json=login | {"code": code_of(site, secret)})
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    site.clock.advance(60)
    return client, secret


def code_of(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(site.clock.us // US_PER_SECOND)


def test_a_new_password_ends_the_other_sessions_and_not_this_one(site: Site) -> None:
    here, elsewhere = site.browser("observer"), site.browser("observer")
    assert here.post("/api/account/password", json={"password": PASSWORD, "new": NEW}).status_code == 204
    assert here.get("/api/me").status_code == 200
    assert elsewhere.get("/api/me").status_code == 401
    old = site.client().post("/api/login", json={"username": "observer", "password": PASSWORD})
    assert old.status_code == 401
    assert site.client().post("/api/login", json={"username": "observer", "password": NEW}).status_code == 200
    assert [row.object for row in site.audit("account.password")] == ["user:observer"]


def test_a_password_that_will_not_do_changes_nothing(site: Site) -> None:
    client = site.browser("observer")
    for given, code, field in (
        ({"password": "wrong", "new": NEW}, "own_password", "password"),
        ({"password": PASSWORD, "new": "short"}, "password_rule", "new"),
        ({"password": PASSWORD, "new": PASSWORD}, "password_same", "new"),
    ):
        answer = client.post("/api/account/password", json=given)
        assert (answer.json()["code"], list(answer.json()["fields"])) == (code, [field])
    assert site.client().post("/api/login", json={"username": "observer", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("change", ["password", "off"])
@pytest.mark.parametrize("path", ["password", "recovery-codes", "second-factor/reset"])
def test_what_was_proved_with_a_password_that_is_no_more_is_not_done(
    strict_site: Site, monkeypatch: pytest.MonkeyPatch, path: str, change: str
) -> None:
    """An administrator changes the account between the proof and the act."""
    site = strict_site
    client, secret = admin_with_telephone(site)

    def verified_and_then(password: str, password_hash: str | None) -> bool:
        is_right = verify_password(password, password_hash)
        with site.store.transaction() as tx:
            if change == "password":
                users.set_password(tx, "admin", "$other$")
            else:
                users.set_active(tx, "admin", active=False)
        return is_right

    before = left_of(site)
    monkeypatch.setattr("web.auth.verify_password", verified_and_then)
    given = {"password": PASSWORD, "code": code_of(site, secret)} | ({"new": NEW} if path == "password" else {})
    answer = client.post(f"/api/account/{path}", json=given)
    assert (answer.status_code, answer.json()["code"]) == (403, "own_password")
    assert left_of(site) == before
    with site.store.reading() as tx:
        user = users.by_name(tx, "admin")
    assert user is not None
    assert verify_password(NEW, user.password_hash) is False
    assert site.audit("login", "refused")[-1].detail["reason"] == "changed"


def left_of(site: Site) -> tuple[bool, int]:
    """Is a telephone coupled, and how many recovery codes are left?"""
    with site.store.reading() as tx:
        user = users.by_name(tx, "admin")
        assert user is not None
        return second_factors.of(tx, user.id) is not None, second_factors.recovery_codes_left(tx, user.id)


def test_guessing_the_password_in_an_open_session_pauses_too(site: Site) -> None:
    client = site.browser("observer")
    codes = [
        client.post("/api/account/password", json={"password": "wrong", "new": NEW}).json()["code"] for _ in range(6)
    ]
    assert codes == ["own_password"] * 5 + ["login_paused"]


def test_people_see_and_end_their_own_sessions_and_nobody_elses(site: Site) -> None:
    here, lost, other = site.browser("observer"), site.browser("observer"), site.browser("technician")
    sessions = here.get("/api/sessions").json()["sessions"]
    assert [(s["username"], s["is_this"], s["method"]) for s in sessions].count(("observer", True, "password")) == 1
    assert len(sessions) == 2
    lost_id = next(s["id"] for s in sessions if not s["is_this"])
    assert other.delete(f"/api/sessions/{lost_id}").json()["code"] == "not_found"
    assert here.delete(f"/api/sessions/{lost_id}").status_code == 204
    assert lost.get("/api/me").status_code == 401
    assert here.get("/api/me").status_code == 200
    assert site.audit("session.end")[0].object == "user:observer"


def test_what_a_session_list_shows_opens_nothing(site: Site) -> None:
    client = site.browser("observer")
    shown = client.get("/api/sessions").json()["sessions"][0]["id"]
    thief = site.client()
    for cookie in (shown, shown * 4):
        thief.cookies.set("uitkijk_session", cookie)
        assert thief.get("/api/me").status_code == 401
        thief.cookies.clear()


def test_the_administrator_sees_all_sessions_and_ends_any(site: Site) -> None:
    observer, admin = site.browser("observer"), site.browser("admin")
    found = admin.get("/api/users/sessions").json()["sessions"]
    assert {session["username"] for session in found} == {"observer", "admin"}
    theirs = next(session["id"] for session in found if session["username"] == "observer")
    assert admin.delete(f"/api/users/sessions/{theirs}").status_code == 204
    assert observer.get("/api/me").status_code == 401
    ended = site.audit("session.end")[0]
    assert (ended.actor, ended.object) == ("admin", "user:observer")
    for role in set(ROLES) - {"admin"}:
        assert site.client(role).get("/api/users/sessions").status_code == 403


def test_ending_a_session_needs_the_csrf_token(site: Site) -> None:
    client = site.browser("observer")
    session = client.get("/api/sessions").json()["sessions"][0]["id"]
    del client.headers["X-CSRF-Token"]
    assert client.delete(f"/api/sessions/{session}").json()["code"] == "csrf"


def test_a_machine_has_no_account(site: Site) -> None:
    client = site.client("observer")
    assert client.get("/api/account").status_code == 404
    assert client.get("/api/sessions").json()["sessions"] == []
    answer = client.post("/api/account/password", json={"password": PASSWORD, "new": NEW})
    assert answer.status_code == 404


def test_another_telephone_takes_password_and_code_and_signs_out_everywhere(strict_site: Site) -> None:
    site = strict_site
    client, secret = admin_with_telephone(site)
    reset = "/api/account/second-factor/reset"
    missing = client.post(reset, json={"password": PASSWORD})
    assert (missing.status_code, missing.json()["code"]) == (403, "second_factor_code")
    assert client.post(reset, json={"password": PASSWORD, "code": "000000"}).json()["code"] == "second_factor_wrong"
    assert client.get("/api/account").json()["second_factor"] == {
        "is_needed": True,
        "is_coupled": True,
        "recovery_codes_left": 10,
    }
    assert client.post(reset, json={"password": PASSWORD, "code": code_of(site, secret)}).status_code == 204
    assert client.get("/api/me").status_code == 401
    login = site.client().post("/api/login", json={"username": "admin", "password": PASSWORD})
    assert login.json()["code"] == "second_factor_enrol"


def test_new_recovery_codes_end_the_old_ones(strict_site: Site) -> None:
    site = strict_site
    client, secret = admin_with_telephone(site)
    given = {"password": PASSWORD, "code": code_of(site, secret)}
    codes = client.post("/api/account/recovery-codes", json=given).json()["recovery_codes"]
    assert len(set(codes)) == 10
    site.clock.advance(30)
    login = {"username": "admin", "password": PASSWORD}
    assert site.client().post("/api/login", json=login | {"code": codes[0]}).status_code == 200


def test_the_page_is_everybodys(steady_site: Site) -> None:
    for role in ("observer", "admin"):
        assert "<vms-account>" in steady_site.browser(role).get("/account").text
    assert steady_site.client().get("/account").headers["location"] == "/inloggen?next=/account"
