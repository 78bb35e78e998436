"""The page of what is secured, in a real browser on the real application."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import OPEN, PASSWORD, Site
from vms.clock import now_utc
from vms.store import holds

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Europe/Amsterdam", locale="nl-NL"
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page, site: Site, path: str) -> None:
    """The browser has a clock of its own, by which it keeps cookies."""
    page.goto(f"{site.url}/inloggen?next={path}")
    page.fill("#username", "evidence_officer")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("vms-holds > *")


def test_what_is_secured_is_extended_and_released_on_its_own_page(page: Page, site: Site) -> None:
    site.clock.us = time.time_ns() // 1000
    segment = site.segment(OPEN)
    body = {
        "cameras": [OPEN], "from": segment.start_at.isoformat(), "to": segment.end_at.isoformat(),
        "case_number": "PL2300-2026118822", "basis": "sv_126nd", "requester": "B. Smits",
    }  # fmt: skip
    assert site.client("evidence_officer").post("/api/holds", json=body).status_code == 201
    assert site.browser("evidence_officer").post("/api/holds", json=body).status_code == 201
    with site.store.transaction() as tx:
        holds.set_secured(tx, 1, now_utc(site.clock), "ab" * 32)
        holds.set_problem(tx, 2, "the evidence store is 91 % full")
    sign_in(page, site, "/veiliggesteld")
    first, own = page.locator('[data-hold="1"]'), page.locator('[data-hold="2"]')
    expect(first).to_contain_text("geborgd")
    expect(first).to_contain_text("ab" * 32)
    expect(first).to_contain_text("01 Plein")
    expect(own).to_contain_text("aangevraagd")
    expect(own).to_contain_text("Borgen lukt nu niet")
    expect(own.locator('[data-do="release"]')).to_be_disabled()
    first.locator("summary").click()
    expect(first.locator("details")).to_contain_text("Niets: de hele periode is er.")
    first.locator('[data-do="extend"]').click()
    later = now_utc(site.clock) + timedelta(days=200)
    page.fill("#hold-review", "1-1-2020")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .field-error[role=alert]")).to_contain_text("moet nog komen")
    page.fill("#hold-review", f"{later:%d-%m-%Y}")
    page.keyboard.press("Enter")
    expect(first).to_contain_text(f"{later:%d-%m-%Y}")
    first.locator('[data-do="release"]').click()
    page.click("dialog.hold button.primary")
    expect(page.locator('[data-hold="1"]')).to_have_count(0)
    page.click("#released")
    expect(page.locator('[data-hold="1"]')).to_contain_text("vrijgegeven, wordt gewist")
    assert [row.actor for row in site.audit("holds.release", "allowed")] == ["evidence_officer"]


def test_nothing_secured_says_how_to_begin(page: Page, site: Site) -> None:
    site.clock.us = time.time_ns() // 1000
    sign_in(page, site, "/veiliggesteld")
    expect(page.locator(".empty")).to_be_visible()
