"""Pages by role, language, where a login leads, and what may run on them."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from fake_backend import Backend, FakeDeps, make_backend, serving

from vms.rules.access import ROLES, Allow, decide
from web import pages


@pytest.fixture
def backend() -> Backend:
    return make_backend(2)


@pytest.fixture
def client(backend: Backend) -> Iterator[httpx.Client]:
    with serving(backend) as address, httpx.Client(base_url=address) as client:
        yield client


def test_without_login_every_page_leads_to_the_form_and_back(client: httpx.Client, backend: Backend) -> None:
    backend.logged_in = False
    for page in pages.PAGES:
        answer = client.get(page.path + "?camera=7")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/inloggen?next={page.path}%3Fcamera%3D7"
    assert client.get("/").headers["location"] == "/inloggen"


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("observer", "/muur"),
        ("police_reviewer", "/muur"),
        ("evidence_officer", "/terugkijken"),
        ("technician", "/techniek"),
        ("admin", "/techniek"),
        ("privacy_officer", "/toezicht"),
        ("shift_manager", "/toezicht"),
        ("policy_officer", "/toezicht"),
    ],
)
def test_each_role_starts_on_its_own_page(client: httpx.Client, backend: Backend, role: str, path: str) -> None:
    backend.roles = [role]
    assert client.get("/").headers["location"] == path
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_exactly_for_its_roles(client: httpx.Client, backend: Backend, role: str) -> None:
    backend.roles = [role]
    for page in pages.PAGES:
        answer = client.get(page.path)
        assert answer.status_code == (200 if role in page.roles else 403), (role, page.path)
        if role not in page.roles:
            assert "Geen toegang" in answer.text
            assert "vms-wall" not in answer.text


def test_wall_and_playback_are_offered_to_exactly_those_the_api_serves() -> None:
    by_path = {page.path: page.roles for page in pages.PAGES}
    for path, action in (("/muur", "live.watch"), ("/terugkijken", "footage.view")):
        allowed = {role for role in ROLES if isinstance(decide([role], action), Allow)}  # type: ignore[arg-type]
        assert by_path[path] == allowed


def test_the_menu_shows_only_pages_of_the_roles(client: httpx.Client, backend: Backend) -> None:
    backend.roles = ["observer"]
    text = client.get("/muur").text
    assert re.findall(r'<a href="(/\w+)"', text.split("</nav>")[0]) == ["/muur", "/dienst", "/incidenten", "/controle"]


def test_scripts_run_by_file_or_by_this_answers_nonce_only(client: httpx.Client) -> None:
    first, second = client.get("/muur"), client.get("/muur")
    nonces = []
    for answer in (first, second):
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
        nonce = re.search(r"'nonce-([^']+)'", policy)[1]  # type: ignore[index]
        assert f'nonce="{nonce}"' in answer.text
        nonces.append(nonce)
        for tag in re.findall(r"<script[^>]*>", answer.text):
            assert "src=" in tag or "nonce=" in tag or "application/json" in tag
        assert " style=" not in answer.text
        assert not re.search(r"\son[a-z]+=", answer.text)
    assert nonces[0] != nonces[1]


def test_names_cannot_break_out_of_the_page(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    deps = FakeDeps(backend)
    evil = "</script><script>alert(1)</script>"
    user = deps.page_user(None)  # type: ignore[arg-type]
    user.display_name = user.username = evil
    monkeypatch.setattr(deps, "page_user", lambda _request: user)
    monkeypatch.setattr(pages, "deps", deps)
    assert "<script>alert" not in client.get("/muur").text


def test_language_is_chosen_once_and_kept(client: httpx.Client) -> None:
    assert '<html lang="nl"' in client.get("/muur").text
    answer = client.get("/muur?stand=9&taal=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/muur?stand=9")
    english = client.get("/muur?stand=9").text
    assert '<html lang="en"' in english
    assert ">Wall<" in english
    island = json.loads(re.search(r'id="page-data">(.*?)</script>', english)[1])  # type: ignore[index]
    assert island["language"] == "en"
    assert island["messages"]["Verbinden…"] == "Connecting…"


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/terugkijken?camera=a", "/terugkijken?camera=a"),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("https://evil.example", None),
        ("/ok\nSet-Cookie: a", None),
        ("/" + "x" * 600, None),
        ("", None),
    ],
)
def test_a_login_never_leads_to_another_site(asked: str, leads_to: str | None) -> None:
    assert pages.safe_next(asked) == leads_to


def test_the_login_form_carries_where_to_go(client: httpx.Client, backend: Backend) -> None:
    backend.logged_in = False
    assert 'data-next="/muur?stand=4"' in client.get("/inloggen?next=/muur%3Fstand%3D4").text
    assert 'data-next="/"' in client.get("/inloggen?next=//evil.example").text


def test_static_files_are_served_and_nothing_else(client: httpx.Client) -> None:
    font = client.get("/static/vendor/lit@3.3.3/index.js")
    assert font.status_code == 200
    assert "immutable" in font.headers["cache-control"]
    own = client.get("/static/app/vms-wall.js")
    assert own.headers["content-type"].startswith("text/javascript")
    assert own.headers["cache-control"] == "no-cache"
    assert client.get("/static/app/vms-wall.js", headers={"if-none-match": own.headers["etag"]}).status_code == 304
    for path in ("/static/../pages.py", "/static/%2e%2e/pages.py", "/static/app", "/static/none.js", "/static/%00"):
        assert client.get(path).status_code == 404, path


def test_a_user_without_any_page_stays_at_the_form(client: httpx.Client, backend: Backend) -> None:
    backend.roles = []
    assert client.get("/").headers["location"] == "/inloggen"
    assert client.get("/inloggen").status_code == 200


def test_the_wall_waits_for_a_shift_where_one_is_required(client: httpx.Client, backend: Backend) -> None:
    backend.awaits_shift = True
    answer = client.get("/muur?stand=4")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dienst?next=/muur%3Fstand%3D4")
    assert client.get("/dienst").status_code == 200
