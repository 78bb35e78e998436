"""The real application against text that is meant for a shell, a database, a path, a spreadsheet or a log."""

import contextlib
import http.client
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.web.served_site import MASKED, OPEN, TURNING, Site
from vms.clock import now_utc
from vms.log import JsonLines
from vms.store.schema import AuditRow

SECRET = "geheim-van-de-camera"
HOSTILE = [
    "$(id>/tmp/x)", "`id`", ";id", "|id", "-rf", "--help", "a\nb", "a\r\nX-Evil: 1", "a\x00b",
    "' OR '1'='1", "'; DROP TABLE audit;--", "1) UNION SELECT token_hash FROM token--", "%27%20OR%201=1", "%' ESCAPE '",
    "../../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd", "....//....//etc/passwd",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "${7*7}", "%s%n", "=cmd|'/c calc'!A1",
]  # fmt: skip
PATHS = [
    "/static/../site.toml", "/static/app/../../../pyproject.toml", "/static/%2e%2e/%2e%2e/pages.py",
    "/static/..%2fpages.py", "/static/app/%2e%2e%2f%2e%2e%2fpages.py", "/static//etc/passwd",
    "/static/app/page.js%00.html", "/static/\\..\\pages.py", "/static/app", "/static/",
    "/api/retention/certificates/..%2f..%2fuitkijk.db", "/api/bundles/..%2f..%2fkeys/file",
    "/api/exports/../../../../uitkijk.db/file", "/api/media/..%2f1", "/api/media/1/../../openapi.json",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A camera whose password nobody may ever see, and footage."""
    password_file = tmp_path_factory.mktemp("secret") / "camera"
    password_file.write_text(SECRET)
    login = {"username": "vms-account", "password_file": password_file}
    made = Site(cameras={TURNING: {"onvif": {"host": "127.0.0.1", "port": 9, **login}}})
    made.segment(OPEN, content=b"original of an open camera " * 10)
    made.segment(MASKED, content=b"original that nobody may see " * 10)
    yield made
    made.close()


def answers_of(site: Site, role: str) -> Iterator[tuple[str, httpx.Response]]:
    """Every GET of the API, with what the site has in the places of its numbers."""
    client = site.client(role)
    described = client.get("/api/openapi.json").json()
    for path, operations in described["paths"].items():
        if "get" in operations:
            real = path.replace("{camera}", TURNING).replace("{segment}", "2")
            yield path, client.get(re.sub(r"\{\w+\}", "1", real))


def test_no_answer_to_anybody_has_a_credential_an_address_or_an_unmasked_original(site: Site) -> None:
    unseen = (
        "rtsp://",
        "token-",
        "argon2",
        "original that nobody",
        SECRET,
        "vms-account",
        str(site.directory / "keys"),
    )
    for role in ("technician", "evidence_officer", "privacy_officer", "admin"):
        for path, answer in answers_of(site, role):
            assert answer.status_code < 500 or answer.status_code in (502, 503), (role, path, answer.text)
            assert [text for text in unseen if text in answer.text] == [], (role, path)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_any_field_finds_nothing_changes_nothing_and_stays_text(site: Site, text: str) -> None:
    overseer, officer = site.client("shift_manager"), site.client("evidence_officer")
    for name in ("actor", "action"):
        answer = overseer.get("/api/audit", params={name: text})
        assert answer.status_code in (200, 422)
        assert answer.status_code == 422 or answer.json()["rows"] == []
    start = now_utc(site.clock) - timedelta(hours=1)
    body = {
        "organisation": text, "requester": text, "case_number": text, "legal_basis": text, "recipient": text,
        "cameras": [OPEN], "from": start.isoformat(), "to": (start + timedelta(seconds=5)).isoformat(),
    }  # fmt: skip
    answer = officer.post("/api/requests", json=body)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        kept = officer.get(f"/api/requests/{answer.json()['id']}").json()
        assert [kept[name] for name in ("organisation", "requester", "case_number")] == [text] * 3
        page = officer.get("/api/requests")
        assert (page.headers["content-type"], page.headers["x-content-type-options"]) == ("application/json", "nosniff")
    for path in (f"/api/cameras/{quote(text, safe='')}/snapshot", f"/api/coverage?camera={quote(text, safe='')}"):
        assert site.client("police_reviewer").get(path).status_code in (403, 404, 422)
    assert site.client().post("/api/login", json={"username": text, "password": text}).status_code in (401, 422, 429)
    with site.store.reading() as tx:
        assert tx.get(AuditRow, 1) is not None
    assert not site.directory.with_name("x").exists()


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_what_is_served(site: Site, path: str) -> None:
    """Sent as it is: clients that people use would tidy it up."""
    address = urlsplit(site.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    with contextlib.closing(connection):
        connection.putrequest("GET", path, skip_host=False)
        connection.putheader("Authorization", "Bearer token-privacy_officer")
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status in (400, 403, 404, 405, 422), (path, answer.status)
    assert b"root:" not in content
    assert b"SQLite" not in content
    assert b"import " not in content


def test_a_link_among_what_is_downloaded_leads_nowhere(site: Site) -> None:
    certificates = site.config.certificates_dir
    certificates.mkdir(exist_ok=True)
    (certificates / "wiscertificaat-2026-11-01.zip").symlink_to(site.config.site_key_file)
    client = site.client("privacy_officer")
    assert client.get("/api/retention/certificates").json()["items"] == []
    assert client.get("/api/retention/certificates/2026-11-01").status_code == 404


def test_another_persons_session_export_and_consultation_are_nobodys(site: Site) -> None:
    own, other = site.client("observer"), site.client("police_reviewer")
    opened = own.post(f"/whep/{MASKED}", content="v=0\r\n", headers={"Content-Type": "application/sdp"})
    assert opened.status_code == 201
    session = opened.headers["location"]
    assert other.delete(session).status_code == 404
    assert other.get(session).status_code == 404
    consultation = site.consultation(site.client("evidence_officer"))
    span = {"from_us": site.clock.us - 3_600_000_000, "to_us": site.clock.us - 3_540_000_000}
    for segment in (1, 2):
        borrowed = other.get(f"/api/media/{segment}", headers={"X-Consultation": str(consultation)}, params=span)
        assert borrowed.status_code in (403, 422), borrowed.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer null"},
        {"Authorization": "Basic YWRtaW46"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."},
        {"Cookie": "session=; uitkijk_session="},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        {"X-Forwarded-User": "admin", "Remote-User": "admin", "X-Remote-User": "admin"},
    ],
)
def test_no_header_stands_in_for_a_login(site: Site, headers: dict[str, str]) -> None:
    for path in ("/api/cameras", "/api/me", "/metrics", f"/api/cameras/{OPEN}/snapshot"):
        assert site.client().get(path, headers=headers).status_code == 401


def test_an_empty_password_is_no_password(site: Site) -> None:
    for password in ("", " ", "\x00"):
        answer = site.client().post("/api/login", json={"username": "admin", "password": password})
        assert answer.status_code in (401, 422, 429)


def test_a_log_line_stays_one_line() -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "login_refused", None, None)
    record.username = 'x"}\n{"event": "forged"}\r\n'
    line = JsonLines("web").format(record)
    assert len(line.splitlines()) == 1
    known: dict[str, Any] = json.loads(line)
    assert known["event"] == "login_refused"
