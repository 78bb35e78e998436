"""Signing in with an account of elsewhere, against a real provider: roles by claim, and no way in without one."""

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.web.oidc_server import Provider
from tests.web.served_site import Site
from vms.clock import now_utc
from vms.rules.grants import Grant
from vms.store import grants, users
from vms.units import us_from_utc

CONFIG = {
    "client_id": "uitkijk",
    "label": "gemeenteaccount",
    "claim": "groups",
    "roles": {"cctv-kijken": ["observer"], "cctv-beheer": ["admin", "technician"]},
}


def site_with(issuer: str, **web: object) -> Site:
    made = Site(
        web={
            "second_factor": "required",
            "oidc": CONFIG
            | {"issuer": issuer, "address": "http://127.0.0.1:1", "client_secret_file": "/dev/null"}
            | web,
        }
    )
    secret = made.directory / "oidc.secret"
    secret.write_text("s3cret\n", encoding="utf-8")
    object.__setattr__(made.config.web.oidc, "client_secret_file", secret)
    object.__setattr__(made.config.web.oidc, "address", made.url)  # known only now: the server's port is a free one
    made.clock.us = time.time_ns() // 1000  # the provider's tokens are of today
    return made


@pytest.fixture
def site(provider: Provider) -> Iterator[Site]:
    made = site_with(provider.address)
    yield made
    made.close()


def depart(client: httpx.Client, following: str = "") -> str:
    answer = client.get("/inloggen/oidc", params={"next": following})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def sign_in(site: Site, provider: Provider, subject: str) -> tuple[httpx.Client, httpx.Response]:
    client = site.client()
    return client, client.get(provider.sign_in(depart(client, "/muur?stand=4"), subject))


def test_the_provider_is_asked_with_state_nonce_and_a_code_challenge(site: Site, provider: Provider) -> None:
    answer = site.client().get("/inloggen/oidc")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(f"{provider.address}/oauth2/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{site.url}/inloggen/oidc/terug"]
    assert asked["scope"] == ["openid profile email"]
    assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))


def test_a_person_with_a_mapped_role_is_in_and_goes_where_they_wanted(site: Site, provider: Provider) -> None:
    provider.knows("sub-1", preferred_username="J.Jansen", name="J. Jansen", groups=["cctv-kijken", "other"])
    client, answer = sign_in(site, provider, "sub-1")
    assert answer.status_code == 200
    assert 'content="0; url=/muur?stand=4"' in answer.text
    me = client.get("/api/me").json()
    assert (me["username"], me["display_name"], me["roles"]) == ("j.jansen", "J. Jansen", ["observer"])
    rows = [(row.actor, row.action, row.detail) for row in site.audit(result="allowed")]
    assert rows == [
        ("j.jansen", "users.external", {"roles": "observer"}),
        ("j.jansen", "login", {"method": "oidc"}),
    ]
    assert client.get("/api/account").json()["is_local"] is False
    assert site.client().post("/api/login", json={"username": "j.jansen", "password": "!"}).status_code == 401


def test_the_roles_are_those_of_today(site: Site, provider: Provider) -> None:
    provider.knows("sub-2", preferred_username="p", groups=["cctv-kijken"])
    earlier, _ = sign_in(site, provider, "sub-2")
    provider.knows("sub-2", preferred_username="renamed", groups="cctv-beheer", amr=["pwd", "mfa"])
    now, _ = sign_in(site, provider, "sub-2")
    me = now.get("/api/me").json()
    assert (me["username"], me["roles"]) == ("p", ["admin", "technician"])  # the audit log knows them by that name
    assert earlier.get("/api/me").status_code == 401


def test_a_role_that_the_provider_takes_away_takes_its_grants_with_it(site: Site, provider: Provider) -> None:
    provider.knows("sub-3", preferred_username="moved", groups=["cctv-kijken"])
    sign_in(site, provider, "sub-3")
    limited = Grant(id=0, role="observer", group="Haven")
    with site.store.transaction() as tx:
        grants.give(tx, "moved", limited, "test", now_utc(site.clock))
    provider.knows("sub-3", preferred_username="moved", groups=["cctv-beheer"], amr=["mfa"])
    client, _ = sign_in(site, provider, "sub-3")
    assert client.get("/api/me").json()["roles"] == ["admin", "technician"]
    assert site.audit("users.external")[-1].detail == {"roles": "technician,admin", "revoked": "1"}


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "no_role": ({"preferred_username": "q", "groups": ["other"]}, "geen rol"),
    "mfa": ({"preferred_username": "q", "groups": ["cctv-beheer"], "amr": ["pwd"]}, "tweede factor"),
    "no_name": ({"groups": ["cctv-kijken"]}, "geen gebruikersnaam"),
    "name_taken": ({"preferred_username": "observer", "groups": ["cctv-kijken"]}, "al een account"),
}


def test_who_is_refused_is_told_why_in_dutch(site: Site, provider: Provider) -> None:
    for reason, (claims, says) in REFUSED.items():
        provider.knows(f"sub-{reason}", **claims)
        client, answer = sign_in(site, provider, f"sub-{reason}")
        assert (answer.status_code, says in answer.text) == (403, True), reason
        assert "uitkijk_session" not in answer.cookies
        assert client.get("/api/me").status_code == 401
        assert site.audit("login", "refused")[-1].detail == {"reason": f"oidc: {reason}"}


def granted(site: Site, holder: str, after: timedelta = timedelta(0)) -> None:
    grant = Grant(id=0, role="evidence_officer", start_us=us_from_utc(now_utc(site.clock) + after))
    with site.store.transaction() as tx:
        grants.give(tx, holder, grant, "test", now_utc(site.clock))


def test_a_privileged_role_that_was_granted_here_needs_a_second_factor_there(site: Site, provider: Provider) -> None:
    provider.knows("sub-7", preferred_username="granted", groups=["cctv-kijken"], amr=["pwd"])
    sign_in(site, provider, "sub-7")
    granted(site, "granted")
    _, refused = sign_in(site, provider, "sub-7")
    assert (refused.status_code, "tweede factor" in refused.text) == (403, True)
    assert site.audit("login", "refused")[-1].detail == {"reason": "oidc: mfa"}
    provider.knows("sub-7", preferred_username="granted", groups=["cctv-kijken"], amr=["pwd", "mfa"])
    client, _ = sign_in(site, provider, "sub-7")
    assert client.get("/api/me").json()["roles"] == ["evidence_officer", "observer"]
    login = site.audit("login", "allowed")[-1]
    assert (login.roles, login.detail) == (("evidence_officer", "observer"), {"method": "oidc_mfa"})


def test_a_login_without_one_is_over_when_a_role_that_needs_it_begins(site: Site, provider: Provider) -> None:
    clients = []
    for subject, amr in (("sub-8", ["pwd"]), ("sub-9", ["mfa"])):
        provider.knows(subject, preferred_username=subject, groups=["cctv-kijken"], amr=amr)
        clients.append(sign_in(site, provider, subject)[0])
        granted(site, subject, timedelta(seconds=60))
    assert [client.get("/api/me").status_code for client in clients] == [200, 200]
    site.clock.advance(60)
    assert [client.get("/api/me").status_code for client in clients] == [401, 200]


def test_an_account_that_was_switched_off_stays_out(site: Site, provider: Provider) -> None:
    provider.knows("sub-3", preferred_username="gone", groups=["cctv-kijken"])
    sign_in(site, provider, "sub-3")
    with site.store.transaction() as tx:
        users.set_active(tx, "gone", active=False)
    _, answer = sign_in(site, provider, "sub-3")
    assert answer.status_code == 403
    assert "uitgezet" in answer.text


def test_another_browser_cannot_bring_the_answer(site: Site, provider: Provider) -> None:
    provider.knows("sub-4", preferred_username="r", groups=["cctv-kijken"])
    location = provider.sign_in(depart(site.client()), "sub-4")
    victim = site.client()
    assert "andere browser" in victim.get(location).text
    depart(victim)
    assert victim.get(location).status_code == 403
    assert victim.get("/api/me").status_code == 401


def test_an_answer_counts_once_and_for_ten_minutes(site: Site, provider: Provider) -> None:
    provider.knows("sub-5", preferred_username="s", groups=["cctv-kijken"])
    client = site.client()
    location = provider.sign_in(depart(client), "sub-5")
    state = client.cookies["uitkijk_oidc"]
    assert client.get(location).status_code == 200
    client.cookies.set("uitkijk_oidc", state)
    assert client.get(location).status_code == 403
    late = site.client()
    location = provider.sign_in(depart(late), "sub-5")
    site.clock.advance(601)
    assert late.get(location).status_code == 403


def test_who_does_not_consent_comes_back_to_the_form(site: Site, provider: Provider) -> None:
    client = site.client()
    url = depart(client)
    answer = client.get(provider.refuse(url) + f"&state={client.cookies['uitkijk_oidc']}")
    assert answer.status_code == 403
    assert "niet aangemeld" in answer.text


def test_a_token_for_another_client_or_of_another_time_is_refused(provider: Provider) -> None:
    provider.knows("sub-6", preferred_username="t", groups=["cctv-kijken"])
    site = site_with(provider.address)
    try:
        site.clock.advance(2 * 3600)  # the token lasts an hour
        _, answer = sign_in(site, provider, "sub-6")
        assert "klopt niet" in answer.text
        assert site.audit("login", "refused")[-1].detail == {"reason": "oidc: token"}
    finally:
        site.close()


def test_a_provider_that_is_away_is_said_and_local_accounts_go_on() -> None:
    away = site_with("http://127.0.0.1:9")
    try:
        answer = away.client().get("/inloggen/oidc")
        assert answer.status_code == 503
        assert "antwoordt niet" in answer.text
        assert "Inloggen met gemeenteaccount" in " ".join(away.client().get("/inloggen").text.split())
        assert away.browser("observer").get("/api/me").status_code == 200
    finally:
        away.close()


def test_where_nothing_is_configured_there_is_no_button_and_no_way(steady_site: Site) -> None:
    client = steady_site.client()
    assert "/inloggen/oidc" not in client.get("/inloggen").text
    assert client.get("/inloggen/oidc").status_code == 404
    assert client.get("/inloggen/oidc/terug").status_code == 404
