"""Asking, deciding, giving and checking, in a real browser on the real application."""

import hashlib
import ssl
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.web.bundle.evidence import Evidence, recorded_mp4
from tests.web.served_site import MASKED, PASSWORD, Site
from vms.clock import now_utc
from web import bundle_jobs

pytestmark = pytest.mark.e2e
Open = Callable[[str, str], Page]


@pytest.fixture
def stocked(site: Site, evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(bundle_jobs, "_IDLE_S", 0.1)
    site.config.export_key_file.write_bytes(evidence.config.export_key_file.read_bytes())
    site.live.clip = recorded_mp4(0)
    site.segment(MASKED, age=timedelta(hours=1), content=site.live.clip, profile="main")
    return site


@pytest.fixture
def opened(browser: Browser, stocked: Site) -> Iterator[Open]:
    """A page as one role sees it. Afterwards: no error but an answer that a field was wrong, and nothing blocked."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_(role: str, path: str) -> Page:
            context = browser.new_context(
                viewport={"width": 1280, "height": 900}, timezone_id="Europe/Amsterdam", locale="nl-NL"
            )
            stack.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            login = {"username": role, "password": PASSWORD}
            assert context.request.post(f"{stocked.url}/api/login", data=login).ok
            page.goto(stocked.url + path)
            return page

        yield open_
    assert [one for one in complaints if "422" not in one] == []


def accessible(page: Page) -> None:
    assert Axe().run(page).response["violations"] == []


def test_a_request_goes_from_asked_to_given_and_its_export_is_checked(
    opened: Open, stocked: Site, tmp_path: Path
) -> None:
    start = now_utc(stocked.clock) - timedelta(hours=1)
    from_us = round(start.timestamp()) * 1_000_000
    query = f"?cameras={MASKED}&zaak=PL2300-2026118822&from_us={from_us}&to_us={from_us + 20_000_000}"
    reviewer = opened("police_reviewer", f"/verzoeken{query}")
    expect(reviewer.locator("#ask-from")).to_have_value("18-11-2026 11:06:40")
    for field, text in (("organisation", "Politie"), ("requester", "B. Smits"), ("legal_basis", "art. 126nd Sv")):
        reviewer.fill(f"#ask-{field}", text)
    reviewer.get_by_role("button", name="In het register zetten").click()
    row = reviewer.locator('tr[data-request="1"]')
    expect(row).to_contain_text("wacht op een besluit")
    expect(row).to_contain_text("11:06:40 CET – wo 18-11-2026 11:07:00 CET")
    accessible(reviewer)
    officer = opened("evidence_officer", "/verzoeken")
    row = officer.locator('tr[data-request="1"]')
    row.get_by_role("button", name="Weigeren").click()
    expect(officer.get_by_role("alert").first).to_contain_text("Geef een reden op.")
    row.get_by_role("button", name="Toewijzen").click()
    expect(row).to_contain_text("toegewezen door evidence_officer")
    row.get_by_role("button", name="Export maken").click()
    expect(row.locator('[data-bundle="done"]')).to_be_visible(timeout=20_000)
    accessible(officer)
    with officer.expect_download() as download:
        row.get_by_role("link", name="Ophalen").click()
    download.value.save_as(tmp_path / "export.zip")
    row.get_by_placeholder("wie het ontving").fill("B. Smits, bon 12")
    row.get_by_role("button", name="Ontvangst vastleggen").click()
    expect(row).to_contain_text("B. Smits, bon 12")
    expect(officer.locator(".months tbody tr")).to_contain_text("2026-11")
    check_page(opened("technician", "/controle"), tmp_path / "export.zip")


def check_page(page: Page, export: Path) -> None:
    page.set_input_files("#export-file", export)
    expect(page.locator('[data-verdict="intact"]')).to_contain_text("Dit bestand is precies zoals deze server het")
    expect(page.locator(".facts")).to_contain_text("PL2300-2026118822")
    check_video(page, export)
    changed = bytearray(export.read_bytes())
    changed[len(changed) // 4] ^= 1
    export.with_name("changed.zip").write_bytes(changed)
    page.set_input_files("#export-file", export.with_name("changed.zip"))
    expect(page.locator('[data-verdict="changed"]')).to_contain_text("Gewijzigd")
    expect(page.locator('[data-finding="changed"]')).to_contain_text("beeld gewijzigd")
    accessible(page)


def check_video(page: Page, export: Path) -> None:
    """By itself, without its manifest: what to compare is told all the same."""
    with zipfile.ZipFile(export) as package:
        [video] = [name for name in package.namelist() if name.endswith(".mp4")]
        certificate = hashlib.sha256(ssl.PEM_cert_to_DER_cert(package.read("certificaat.pem").decode())).hexdigest()
        export.with_name("video.mp4").write_bytes(package.read(video))
    page.set_input_files("#export-file", export.with_name("video.mp4"))
    expect(page.locator('[data-verdict="intact"]')).to_contain_text("Dit bestand is precies zoals deze server het")
    expect(page.get_by_text(f"Kenmerk van het certificaat: {certificate[:16]}")).to_be_visible()
    expect(page.get_by_text("Alleen de verzegeling is gecontroleerd")).to_be_visible()
    accessible(page)


def test_a_script_in_a_case_number_is_text(opened: Open, stocked: Site) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    start = now_utc(stocked.clock) - timedelta(hours=1)
    body = {
        "organisation": hostile, "requester": "B. Smits", "case_number": hostile, "legal_basis": "=1+1",
        "cameras": [MASKED], "from": start.isoformat(), "to": (start + timedelta(seconds=9)).isoformat(),
    }  # fmt: skip
    assert stocked.client("police_reviewer").post("/api/requests", json=body).status_code == 201
    page = opened("evidence_officer", "/verzoeken")
    expect(page.locator('tr[data-request="1"]')).to_contain_text(hostile)
    assert page.locator("img").count() == 0
