"""A flex camera moves on /besluiten, by a technician, in one form."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import OPEN, PASSWORD, Site
from tests.web.test_web_placements import FLEX, decision
from vms.clock import now_utc
from vms.store import decisions

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def register(browser: Browser) -> Iterator[Page]:
    site = Site(FLEX, decisions={"enforce": True})
    with site.store.transaction() as tx:
        for number, place in (("1001", "Markt"), ("1002", "Casinoweg")):
            decisions.add(tx, decision(site, number, place), "beleid", now_utc(site.clock))
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{site.url}/inloggen?next=/besluiten")
    page.fill("input[name=username]", "technician")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".placements tbody tr")).to_have_count(1)
    yield page
    context.close()
    site.close()


def violations(page: Page) -> list[str]:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    return [found["id"] for found in Axe().run(page, options=options).response["violations"]]


def test_a_move_is_one_form_and_its_history_stays(register: Page) -> None:
    row = register.locator(f'.placements [data-camera="{OPEN}"]')
    expect(row).to_contain_text("paal 3")
    row.get_by_role("button", name="Verplaatsen…").click()
    dialog = register.locator("vms-placements dialog")
    dialog.get_by_label("Nieuwe plaats (naam)").fill("paal 7")
    dialog.get_by_label("Gebied").fill("Parade")
    dialog.get_by_label("Besluit").select_option(label="1002 · Casinoweg")
    assert violations(register) == []
    dialog.get_by_role("button", name="Verplaatsen").click()
    expect(dialog.locator(".field-error", has_text="gaat niet over de nieuwe plaats")).to_be_visible()
    dialog.get_by_label("Gebied").fill("Casinoweg")
    dialog.get_by_role("button", name="Verplaatsen").click()
    expect(register.get_by_text("Er is geen beeld tot daar maskers zijn vastgesteld.")).to_be_visible()
    expect(row).to_contain_text("paal 7")
    expect(row).to_contain_text("1002")
    row.locator("summary").click()
    expect(row.locator("li")).to_contain_text("paal 3 (Markt)")
    assert violations(register) == []
