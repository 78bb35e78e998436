"""No default account: the first one is made once, by who can read a file on the server."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.web.served_site import Site
from vms.clock import now_utc
from vms.store import users
from vms.store.schema import ApiTokenRow, UserRow

WANTED = {"username": "j.jansen", "display_name": "J. Jansen", "password": "een-goed-wachtwoord"}


@pytest.fixture
def new_site() -> Iterator[Site]:
    made = Site()
    made.stop_web()
    with made.store.transaction() as tx:
        tx.query(ApiTokenRow).delete()
        tx.query(UserRow).delete()
    made.start_web()
    yield made
    made.close()


def code_of(site: Site) -> str:
    return site.config.first_run_file.read_text(encoding="ascii").strip()


def names(site: Site) -> list[tuple[str, tuple[str, ...]]]:
    with site.store.reading() as tx:
        return [(user.username, user.roles) for user in users.all_users(tx)]


def test_the_code_is_in_a_file_that_only_the_server_reads(new_site: Site) -> None:
    assert new_site.config.first_run_file.stat().st_mode & 0o777 == 0o600
    assert len(code_of(new_site)) >= 32


def test_who_has_the_code_makes_one_admin_who_can_sign_in(new_site: Site) -> None:
    code = code_of(new_site)
    client = new_site.client()
    assert client.get("/inloggen").headers["location"] == "/eerste-start"
    assert client.get("/eerste-start").status_code == 200
    assert client.post("/api/first-run", json=WANTED | {"code": code}).status_code == 201
    assert names(new_site) == [("j.jansen", ("admin",))]
    assert not new_site.config.first_run_file.exists()
    assert client.get("/eerste-start").headers["location"] == "/inloggen"
    login = client.post("/api/login", json={"username": "j.jansen", "password": WANTED["password"]})
    assert login.status_code == 200
    rows = [(row.action, row.object, row.result) for row in new_site.audit("users.first")]
    assert rows == [("users.first", "user:j.jansen", "allowed")]


def test_it_works_once(new_site: Site) -> None:
    code = code_of(new_site)
    client = new_site.client()
    client.post("/api/first-run", json=WANTED | {"code": code})
    again = client.post("/api/first-run", json=WANTED | {"code": code, "username": "second"})
    assert again.json()["code"] == "first_run_over"
    assert names(new_site) == [("j.jansen", ("admin",))]


def test_of_two_at_once_one_gets_in(new_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    both_there = threading.Barrier(2, timeout=10)

    def hashed(password: str) -> str:
        both_there.wait()
        return "$hash"

    monkeypatch.setattr("web.first_run.hash_password", hashed)
    code = code_of(new_site)
    clients = [new_site.client(), new_site.client()]
    with ThreadPoolExecutor(2) as pool:
        statuses = pool.map(
            lambda pair: pair[1].post("/api/first-run", json=WANTED | {"code": code, "username": f"n{pair[0]}"}),
            enumerate(clients),
        )
    assert sorted(answer.status_code for answer in statuses) == [201, 409]
    assert len(names(new_site)) == 1


def test_what_is_wrong_stands_beside_its_field_and_makes_nothing(new_site: Site) -> None:
    wrong = {"code": "guessed", "username": "Jan Jansen", "password": "short"}
    for field, value in wrong.items():
        answer = new_site.client().post("/api/first-run", json=WANTED | {"code": code_of(new_site)} | {field: value})
        assert answer.status_code in (403, 422)
        assert list(answer.json()["fields"]) == [field]
    assert names(new_site) == []


def test_a_wrong_code_is_audited_and_guessing_is_slowed_down(new_site: Site) -> None:
    client = new_site.client()
    answers = [client.post("/api/first-run", json=WANTED | {"code": "x"}).status_code for _ in range(21)]
    assert answers == [403] * 20 + [429]
    assert len(new_site.audit("users.first", "refused")) == 20


def test_another_sites_page_cannot_make_it(new_site: Site) -> None:
    elsewhere = {"Origin": "https://evil.example"}
    wanted = WANTED | {"code": code_of(new_site)}
    assert new_site.client().post("/api/first-run", json=wanted, headers=elsewhere).json()["code"] == "origin"


def test_with_accounts_there_is_no_code_and_no_page(steady_site: Site) -> None:
    assert not steady_site.config.first_run_file.exists()
    client = steady_site.client()
    assert client.get("/eerste-start").headers["location"] == "/inloggen"
    answer = client.post("/api/first-run", json=WANTED | {"code": "x"})
    assert answer.json()["code"] == "first_run_over"


def test_an_account_made_on_the_command_line_ends_it_too(new_site: Site) -> None:
    code = code_of(new_site)
    with new_site.store.transaction() as tx:
        users.add(tx, "cli", "Cli", "$hash", ["admin"], now_utc(new_site.clock))
    answer = new_site.client().post("/api/first-run", json=WANTED | {"code": code})
    assert answer.json()["code"] == "first_run_over"
    new_site.stop_web()
    new_site.start_web()
    assert not new_site.config.first_run_file.exists()
