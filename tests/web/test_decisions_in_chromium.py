"""The register on its page: what it shows of irregular rows, and how a policy officer keeps it."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests import venlo
from tests.web.served_site import MASKED, PASSWORD, Site
from tests.web.test_web_decisions import ENFORCED, MARKT
from vms.cli.import_decisions import import_rows

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def register(browser: Browser) -> Iterator[tuple[Site, Page]]:
    """A year of real rows, one decision of now, and the policy officer's page."""
    site = Site({MASKED: {"area": "Markt"}}, decisions=ENFORCED)
    import_rows(site.config, site.store, site.clock, [*venlo.documents(), MARKT])
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="nl-NL")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{site.url}/inloggen?next=/besluiten")
    page.fill("input[name=username]", "policy_officer")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".decisions tbody tr")).to_have_count(29, timeout=20_000)
    yield site, page
    context.close()
    site.close()


def test_every_row_stands_there_as_printed_with_what_is_unclear(register: tuple[Site, Page]) -> None:
    _, page = register
    row = page.locator('.decisions tr[data-decision="27"]')
    expect(row).to_contain_text("16dec23 – 16mrt24")
    expect(row).to_contain_text("Straelseweg tussen Herungerstraat en Craneveldstraat")
    row.locator("summary").click()
    expect(row.locator('[data-code="decided_after_start"]')).to_be_visible()
    expect(page.locator('.decisions tr[data-decision="2"]')).to_have_attribute("data-state", "withdrawn")
    expect(page.locator('[data-figure="active"] strong')).to_have_text("1")
    expect(page.locator('[data-figure="closed"] strong')).to_have_text("2")


def test_the_calendar_shows_a_year_at_a_time(register: tuple[Site, Page]) -> None:
    _, page = register
    expect(page.locator(".calendar tbody tr")).to_have_count(2)  # row 28 lasted until May
    for _ in range(3):
        page.get_by_role("button", name="Vorig jaar").click()
    expect(page.locator("#year")).to_have_text("2023")
    expect(page.locator(".calendar tbody tr")).to_have_count(len(venlo.HOLDS))
    expect(page.locator('.calendar tr[data-decision="22"] rect')).to_have_count(2)


def test_a_withdrawal_and_a_correction_work_from_the_page(register: tuple[Site, Page]) -> None:
    site, page = register
    camera = page.locator(f'[data-camera="{MASKED}"]')
    expect(camera).to_have_attribute("data-gate", "open")
    page.locator('.decisions tr[data-decision="29"] [data-do="withdraw"]').click()
    expect(page.locator("#decision-cites")).to_have_value("135777")
    expect(page.locator("#decision-periods")).to_have_value("18-11-2026 12:06 t/m …")
    page.get_by_role("button", name="Vastleggen").click()
    expect(camera).to_have_attribute("data-gate", "expired")
    expect(camera).to_contain_text("135777 · besluit verlopen · sinds wo 18-11-2026 12:06:00 CET")

    page.locator('.decisions tr[data-decision="30"] [data-do="correct"]').click()
    page.fill("#decision-periods", "1-12-2026 t/m …")
    page.get_by_role("button", name="Vastleggen").click()
    assert page.locator("dialog[open]").count() == 1
    page.fill("#decision-why", "ging pas in december in")
    page.get_by_role("button", name="Vastleggen").click()
    expect(camera).to_have_attribute("data-gate", "open")
    expect(camera).to_contain_text("tot di 01-12-2026 00:00:00 CET")
    assert site.audit("decisions.correct")[0].detail == {"reason": "ging pas in december in"}


def test_what_cannot_be_read_is_told_in_the_form_and_nothing_is_lost(register: tuple[Site, Page]) -> None:
    _, page = register
    page.locator("#new-decision").click()
    page.fill("#decision-decided_on", "31-2-2026")
    page.fill("#decision-locations", "Parade")
    page.get_by_role("button", name="Vastleggen").click()
    expect(page.locator("dialog [role=alert]")).to_contain_text("Datum van het besluit")
    expect(page.locator("#decision-locations")).to_have_value("Parade")
    page.get_by_role("button", name="Annuleren").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_checked_signs_are_noted_by_area(register: tuple[Site, Page]) -> None:
    _, page = register
    area = page.locator('[data-area="Markt"]')
    expect(area).to_contain_text("borden nog niet nagekeken")
    area.get_by_role("button", name="Borden nagekeken…").click()
    page.fill("#signs-note", "vier borden, foto in map 12")
    page.get_by_role("button", name="Vastleggen").click()
    expect(area).to_contain_text("nagekeken op 18-11-2026 door policy_officer")


@pytest.mark.parametrize("choice", ["taal=nl&thema=licht", "taal=en&thema=donker"])
def test_axe_finds_nothing(register: tuple[Site, Page], choice: str) -> None:
    site, page = register
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{site.url}/besluiten?{choice}")
    page.locator(".decisions tbody tr").first.wait_for()
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(rule["id"], node["html"][:100]) for rule in found for node in rule["nodes"]] == []
