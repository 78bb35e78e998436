"""/dienst: from the form to the first picture's page, the hand-over, and what managers read."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import MASKED, PASSWORD, PASSWORD_HASH, Site
from vms.clock import now_utc
from vms.rules.shifts import HOUR_US
from vms.store import users, viewing
from vms.store.viewing import Watched
from web.api import websocket

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site({MASKED: {"area": "Haven"}}, shifts={"required": True})
    with made.store.transaction() as tx:
        users.add(tx, "a.aydin", "A. Aydin", PASSWORD_HASH, ["observer"], now_utc(made.clock))
    yield made
    made.close()


def signed_in(browser: Browser, site: Site, name: str, path: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL").new_page()
    page.set_default_timeout(10_000)
    page.clock.set_fixed_time(now_utc(site.clock))
    page.goto(f"{site.url}/inloggen?next={path}")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    return page


def violations(page: Page) -> list[str]:
    return [f"{found['id']}: {found['nodes'][0]['html']}" for found in Axe().run(page).response["violations"]]


def test_a_shift_from_its_form_to_the_register(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, "observer", "/muur")
    expect(page.get_by_role("heading", name="Dienst beginnen")).to_be_visible()
    assert page.url == f"{site.url}/dienst?next=/muur"
    assert violations(page) == []
    page.get_by_label("Coördinator van de politie").fill("B. Smits")
    page.get_by_label("Werkplek").fill("Werkplek 2")
    page.get_by_label("A. Aydin").check()
    page.get_by_role("button", name="Dienst beginnen").click()
    expect(page.locator("vms-wall")).to_be_visible()
    expect(page.locator(".shift-now")).to_have_text("Demo observer + A. Aydin")
    page.locator(".shift-now").click()
    expect(page.locator(".shift .facts")).to_contain_text("B. Smits")
    page.get_by_label("Overdracht aan de volgende dienst").fill("Melding 2231 loopt nog.")
    assert violations(page) == []
    page.get_by_role("button", name="Dienst afsluiten").click()
    expect(page.get_by_text("Uw dienst is afgesloten.")).to_be_visible()
    expect(page.locator(".handover")).to_contain_text("Melding 2231 loopt nog.")
    expect(page.get_by_label("Werkplek")).to_have_value("Werkplek 2")
    page.context.close()


def test_managers_read_hours_what_was_watched_and_the_register(browser: Browser, site: Site) -> None:
    hour_us = site.clock.now_us() // HOUR_US * HOUR_US
    with site.store.transaction() as tx:
        viewing.add(tx, {(MASKED, hour_us): Watched(HOUR_US // 2, HOUR_US)})
    page = signed_in(browser, site, "shift_manager", "/dienst")
    expect(page.locator(f'.watched [data-camera="{MASKED}"] td[data-share]')).to_have_text("50")
    expect(page.locator('#shift-areas tr:has-text("Haven") td').first).to_have_text("0,5")
    expect(page.locator(".shifts tbody tr")).to_contain_text("Demo observer + A. Aydin")
    assert violations(page) == []
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".watched")).to_be_visible()
    assert violations(page) == []
    page.context.close()


def begun(page: Page) -> None:
    page.get_by_label("Coördinator van de politie").fill("B. Smits")
    page.get_by_label("Werkplek").fill("Werkplek 2")
    page.get_by_role("button", name="Dienst beginnen").click()
    expect(page.locator("vms-wall .wall")).to_be_visible()


def test_walls_go_to_dienst_when_their_shift_ends_and_come_back_as_they_were(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two screens of one person: what happens in one window reaches the other; a note that is being typed stays."""
    monkeypatch.setattr(websocket, "DIGEST_EVERY_S", 0.1)
    page = signed_in(browser, site, "observer", "/muur?stand=4%26camera=3")
    begun(page)
    other = page.context.new_page()
    other.goto(f"{site.url}/muur?stand=1%2B5&camera=2&scherm=2")
    expect(other.locator("vms-wall .wall")).to_be_visible()
    other.keyboard.press("b")
    other.locator("#bookmark-note").fill("fietser bij de fontein")
    walls = [page.url, other.url]
    ending = page.context.new_page()
    ending.goto(f"{site.url}/dienst")
    ending.get_by_role("button", name="Dienst afsluiten").click()
    expect(page.get_by_role("heading", name="Dienst beginnen")).to_be_visible()
    expect(other.locator("#shift-over")).to_contain_text("Uw dienst is voorbij.")
    expect(other.locator("#bookmark-note")).to_have_value("fietser bij de fontein")
    other.locator("vms-bookmark dialog button.primary").click()
    expect(other.get_by_role("heading", name="Dienst beginnen")).to_be_visible()
    assert [row.detail["note"] for row in site.audit("bookmarks.make")] == ["fietser bij de fontein"]
    begun(other)
    expect(page.locator("vms-wall .wall")).to_be_visible()
    assert [page.url, other.url] == walls
    expect(ending.get_by_role("heading", name="Uw dienst")).to_be_visible()
    page.context.close()
