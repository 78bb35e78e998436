"""Privileged roles also give a code of their telephone; each code and each recovery code counts once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest

from tests.web.served_site import PASSWORD, PASSWORD_HASH, Site
from vms.clock import now_utc
from vms.rules.access import ROLES, Role
from vms.rules.grants import Grant
from vms.rules.second_factor import PRIVILEGED
from vms.store import grants, second_factors, users
from vms.store.users import User
from vms.units import US_PER_SECOND, us_from_utc
from web.audit_trail import Actor
from web.auth import COOKIE
from web.passwords import hash_password, token_hash, verify_password
from web.second_factor import Proof, SecondFactors

LOGIN = {"username": "admin", "password": PASSWORD}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(web={"second_factor": "required"})
    yield made
    made.close()


def now_code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(site.clock.us // US_PER_SECOND)


def coupled(site: Site, client: httpx.Client) -> tuple[str, list[str]]:
    """The secret in the telephone of the admin, and their recovery codes; a new code counts from here."""
    secret = client.post("/api/login/second-factor", json=LOGIN).json()["secret"]
    answer = client.post("/api/login/second-factor/confirm", json=LOGIN | {"code": now_code(site, secret)})
    assert answer.status_code == 200, answer.text
    site.clock.advance(60)
    return secret, answer.json()["recovery_codes"]


def sign_in(site: Site, code: str = "", **changes: str) -> httpx.Response:
    return site.client().post("/api/login", json=LOGIN | {"code": code} | changes)


def problem(answer: httpx.Response) -> str:
    return str(answer.json().get("code"))


def test_the_password_of_a_privileged_role_is_not_enough(site: Site) -> None:
    found = {}
    for role in ROLES:
        answer = site.client().post("/api/login", json={"username": role, "password": PASSWORD})
        found[role] = problem(answer) if answer.status_code != 200 else "in"
        assert ("uitkijk_session" in answer.cookies) == (role not in PRIVILEGED)
    assert found == {role: "second_factor_enrol" if role in PRIVILEGED else "in" for role in ROLES}
    assert {"admin", "privacy_officer", "evidence_officer", "shift_manager"} == PRIVILEGED


def granted(site: Site, holder: str, role: Role, after: timedelta = timedelta(0)) -> None:
    grant = Grant(id=0, role=role, start_us=us_from_utc(utc(site) + after))
    with site.store.transaction() as tx:
        grants.give(tx, holder, grant, "test", utc(site))


def test_a_privileged_role_that_was_granted_needs_it_too_and_stands_in_the_audit_row(site: Site) -> None:
    granted(site, "observer", "evidence_officer")
    observer = {"username": "observer", "password": PASSWORD}
    client = site.client()
    assert problem(client.post("/api/login", json=observer)) == "second_factor_enrol"
    secret = client.post("/api/login/second-factor", json=observer).json()["secret"]
    code = {"code": now_code(site, secret)}
    assert client.post("/api/login/second-factor/confirm", json=observer | code).status_code == 200
    about = client.get("/api/account").json()
    assert (about["roles"], about["second_factor"]["is_needed"]) == (["observer"], True)
    assert [(row.action, row.roles) for row in site.audit(result="allowed")] == [
        ("second_factor.enrol", ("evidence_officer", "observer")),
        ("login", ("evidence_officer", "observer")),
    ]


def test_a_login_by_password_alone_is_over_when_a_role_that_needs_more_is_granted(site: Site) -> None:
    granted(site, "observer", "evidence_officer", timedelta(seconds=60))
    granted(site, "admin", "observer", timedelta(seconds=60))
    observer, admin = site.browser("observer"), site.client()
    coupled(site, admin)  # a minute goes by
    actor = Actor("observer", "", frozenset(), "", token_hash(observer.cookies[COOKIE]), "csrf")
    assert site.app.state.services.accounts.current(actor) is None
    assert observer.get("/api/me").status_code == 401
    assert admin.get("/api/me").status_code == 200


def test_a_telephone_is_coupled_at_the_first_login_and_needed_from_then_on(site: Site) -> None:
    client = site.client()
    enrolment = client.post("/api/login/second-factor", json=LOGIN).json()
    assert enrolment["uri"].startswith("otpauth://totp/Venlo:admin?secret=")
    assert enrolment["qr"].startswith("data:image/svg+xml")
    assert problem(sign_in(site, now_code(site, enrolment["secret"]))) == "second_factor_enrol"  # not confirmed yet
    confirmed = client.post(
        "/api/login/second-factor/confirm", json=LOGIN | {"code": now_code(site, enrolment["secret"])}
    )
    assert len(set(confirmed.json()["recovery_codes"])) == 10
    assert client.get("/api/me").json()["username"] == "admin"
    site.clock.advance(30)
    assert problem(sign_in(site)) == "second_factor_code"
    assert sign_in(site, now_code(site, enrolment["secret"])).status_code == 200
    assert [row.action for row in site.audit(result="allowed")] == ["second_factor.enrol", "login", "login"]
    assert site.audit("login", "allowed")[-1].detail == {"method": "totp"}


def test_who_has_only_the_password_cannot_couple_another_telephone(site: Site) -> None:
    coupled(site, site.client())
    assert problem(site.client().post("/api/login/second-factor", json=LOGIN)) == "second_factor_enrolled"
    again = site.client().post("/api/login/second-factor/confirm", json=LOGIN | {"code": "000000"})
    assert problem(again) == "second_factor_enrolled"


def test_a_code_confirms_only_the_secret_that_it_was_made_with(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client()
    secret = client.post("/api/login/second-factor", json=LOGIN).json()["secret"]
    prove = SecondFactors.proof

    def and_somebody_begins_anew(factors: SecondFactors, *proving: Any) -> Proof | None:
        proof = prove(factors, *proving)
        assert client.post("/api/login/second-factor", json=LOGIN).status_code == 200
        return proof

    monkeypatch.setattr(SecondFactors, "proof", and_somebody_begins_anew)
    answer = client.post("/api/login/second-factor/confirm", json=LOGIN | {"code": now_code(site, secret)})
    assert problem(answer) == "second_factor_wrong"
    assert "uitkijk_session" not in answer.cookies
    with site.store.reading() as tx:
        admin = users.by_name(tx, "admin")
        assert admin is not None
        factor = second_factors.of(tx, admin.id)
    assert factor is not None
    assert factor.confirmed_at is None


def test_a_code_of_a_telephone_that_was_replaced_meanwhile_opens_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = coupled(site, site.client())
    prove = SecondFactors.proof

    def and_it_is_replaced(factors: SecondFactors, user: User, *proving: Any) -> Proof | None:
        proof = prove(factors, user, *proving)
        with site.store.transaction() as tx:
            second_factors.reset(tx, user.id)
        with site.store.transaction() as tx:
            assert second_factors.begin(tx, user.id, b"another")
            second_factors.confirm(tx, user.id, now_utc(site.clock))
        return proof

    monkeypatch.setattr(SecondFactors, "proof", and_it_is_replaced)
    answer = sign_in(site, now_code(site, secret))
    assert problem(answer) == "second_factor_wrong"
    assert "uitkijk_session" not in answer.cookies


def test_who_needs_none_cannot_begin(site: Site) -> None:
    answer = site.client().post("/api/login/second-factor", json={"username": "observer", "password": PASSWORD})
    assert problem(answer) == "second_factor_enrolled"


def test_a_code_counts_once_and_an_older_one_not_after_it(site: Site) -> None:
    secret, _ = coupled(site, site.client())
    before, code = pyotp.TOTP(secret).at(site.clock.us // US_PER_SECOND - 30), now_code(site, secret)
    assert sign_in(site, code).status_code == 200
    assert problem(sign_in(site, code)) == "second_factor_wrong"
    assert problem(sign_in(site, before)) == "second_factor_wrong"


@pytest.mark.parametrize(("off_s", "counts"), [(-30, True), (60, False)])
def test_a_telephone_may_be_off_by_half_a_minute(site: Site, off_s: int, counts: bool) -> None:
    secret, _ = coupled(site, site.client())
    site.clock.advance(60)
    code = pyotp.TOTP(secret).at(site.clock.us // US_PER_SECOND + off_s)
    assert (sign_in(site, code).status_code == 200) is counts


def test_a_recovery_code_stands_in_once_and_only_for_its_owner(site: Site) -> None:
    _, codes = coupled(site, site.client())
    assert sign_in(site, codes[0].upper().replace("-", " ")).status_code == 200
    assert problem(sign_in(site, codes[0])) == "second_factor_wrong"
    assert sign_in(site, codes[1]).status_code == 200
    with site.store.reading() as tx:
        admin = users.by_name(tx, "admin")
        assert admin is not None
        assert second_factors.recovery_codes_left(tx, admin.id) == 8
        assert not second_factors.take_recovery_code(tx, admin.id + 1, "x", utc(site))
    assert site.audit("login", "allowed")[-1].detail == {"method": "recovery"}


def utc(site: Site) -> Any:
    from vms.clock import now_utc

    return now_utc(site.clock)


def test_guessing_codes_pauses_the_account_like_guessing_passwords(site: Site) -> None:
    secret, _ = coupled(site, site.client())
    answers = [problem(sign_in(site, "000000")) for _ in range(5)]
    assert answers == ["second_factor_wrong"] * 5
    paused = sign_in(site, now_code(site, secret))
    assert (problem(paused), paused.headers["retry-after"]) == ("login_paused", "30")
    assert [row.detail["reason"] for row in site.audit("login", "refused")] == ["second_factor"] * 5 + ["paused"]


def test_neither_secret_nor_recovery_codes_stand_in_the_database(site: Site) -> None:
    secret, codes = coupled(site, site.client())
    stored = b"".join(file.read_bytes() for file in site.directory.glob("uitkijk.db*"))
    for text in (secret, codes[0], codes[0].replace("-", "")):
        assert text.encode() not in stored
    assert site.config.login_key_file.stat().st_mode & 0o777 == 0o600


def test_a_secret_moved_to_another_account_opens_nothing(site: Site) -> None:
    secret, _ = coupled(site, site.client())
    with site.store.transaction() as tx:
        admin, other = users.by_name(tx, "admin"), users.by_name(tx, "privacy_officer")
        assert admin is not None
        assert other is not None
        factor = second_factors.of(tx, admin.id)
        assert factor is not None
        second_factors.begin(tx, other.id, factor.sealed_secret)
        second_factors.confirm(tx, other.id, utc(site))
    answer = sign_in(site, now_code(site, secret), username="privacy_officer")
    assert answer.status_code == 503
    assert "uitkijk_session" not in answer.cookies


def test_a_wrong_password_says_nothing_of_the_second_factor(site: Site) -> None:
    secret, _ = coupled(site, site.client())
    assert problem(sign_in(site, now_code(site, secret), password="wrong")) == "login_failed"
    assert problem(site.client().post("/api/login/second-factor", json=LOGIN | {"password": "w"})) == "login_failed"


def test_a_break_glass_account_needs_a_reason_and_everybody_is_told(site: Site) -> None:
    nood = sealed_account(site)
    client = site.client()
    assert problem(client.post("/api/login", json=nood)) == "break_glass_reason"
    assert problem(client.post("/api/login", json=nood | {"reason": "  kort  "})) == "break_glass_reason"
    answer = client.post("/api/login", json=nood | {"reason": "telefoons liggen eruit"})
    assert answer.status_code == 200
    assert "Max-Age=7200" in answer.headers["set-cookie"]
    row = site.audit("login.break_glass")[0]
    assert (row.actor, row.detail) == ("nood", {"method": "break_glass", "reason": "telefoons liggen eruit"})
    told = site.app.state.services.alarms.recent()[-1]
    says = "Noodaccount gebruikt: Noodtoegang op 127.0.0.1. Na afloop nieuw wachtwoord: vms users password nood"
    assert (told["code"], told["text_nl"]) == ("break_glass", says)
    site.clock.advance(2 * 3600)
    assert client.get("/api/me").status_code == 401


def sealed_account(site: Site) -> dict[str, str]:
    """What stands in its envelope."""
    with site.store.transaction() as tx:
        users.add(tx, "nood", "Noodtoegang", PASSWORD_HASH, ["shift_manager"], utc(site), is_break_glass=True)
    return {"username": "nood", "password": PASSWORD}


def test_a_break_glass_password_opens_one_session_and_then_nothing_until_there_is_another(site: Site) -> None:
    nood = sealed_account(site) | {"reason": "telefoons liggen eruit"}
    client = site.client()
    assert client.post("/api/login", json=nood).status_code == 200
    again = site.client().post("/api/login", json=nood)
    assert (again.status_code, again.json()["code"]) == (403, "break_glass_spent")
    assert "uitkijk_session" not in again.cookies
    assert client.get("/api/me").status_code == 200, "the session itself goes on"
    assert site.audit("login", "refused")[-1].detail["reason"] == "spent"
    wrong = site.client().post("/api/login", json=nood | {"password": "geraden"})
    assert wrong.json()["code"] == "login_failed", "only who has the password is told"
    site.clock.advance(2 * 3600)
    assert site.client().post("/api/login", json=nood).json()["code"] == "break_glass_spent"
    with site.store.transaction() as tx:
        users.set_active(tx, "nood", active=False)
        users.set_active(tx, "nood", active=True)
    assert site.client().post("/api/login", json=nood).json()["code"] == "break_glass_spent"
    with site.store.transaction() as tx:
        users.set_password(tx, "nood", hash_password("een-nieuwe-envelop"))
    assert site.client().post("/api/login", json=nood).json()["code"] == "login_failed"
    assert site.client().post("/api/login", json=nood | {"password": "een-nieuwe-envelop"}).status_code == 200


def test_two_at_once_with_one_break_glass_password_are_one_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    nood = sealed_account(site) | {"reason": "telefoons liggen eruit"}

    def overtaken(password: str, password_hash: str | None) -> bool:
        with site.store.transaction() as tx:
            user = users.by_name(tx, "nood")
            assert user is not None
            assert users.spend(tx, user.id, utc(site))
            assert not users.spend(tx, user.id, utc(site))
        return verify_password(password, password_hash)

    monkeypatch.setattr("web.auth.verify_password", overtaken)
    assert site.client().post("/api/login", json=nood).json()["code"] == "login_failed"
    assert site.audit("login.break_glass") == []


def test_a_break_glass_session_does_not_give_the_account_its_next_password(site: Site) -> None:
    nood = sealed_account(site)
    client = site.client()
    opened = client.post("/api/login", json=nood | {"reason": "telefoons liggen eruit"})
    client.headers["X-CSRF-Token"] = opened.json()["csrf_token"]
    given = {"password": PASSWORD, "new": "zelf-gekozen-wachtwoord"}
    assert client.post("/api/account/password", json=given).json()["code"] == "break_glass_spent"


def test_switched_off_nobody_is_asked_and_nothing_can_be_coupled() -> None:
    site = Site(web={"second_factor": "off"})
    try:
        assert sign_in(site).status_code == 200
        assert problem(site.client().post("/api/login/second-factor", json=LOGIN)) == "second_factor_enrolled"
    finally:
        site.close()
