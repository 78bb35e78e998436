"""Roles on the account page, in a real browser on the real application: given by keyboard, withdrawn, refused."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import PASSWORD, Site
from tests.web.test_reach import AREAS, HERE, THERE

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    site = Site(AREAS)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{site.url}/inloggen?next=/account")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator('[data-account="observer"]')).to_be_visible()
    yield page
    context.close()
    site.close()


def violations(page: Page) -> list[str]:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    return [found["id"] for found in Axe().run(page, options=options).response["violations"]]


def test_a_role_is_given_with_the_keyboard_alone_and_withdrawn_with_a_reason(page: Page) -> None:
    row = page.locator('[data-account="observer"]')
    expect(row).to_contain_text("voor alle camera's")
    opener = row.get_by_role("button", name="Rol geven…")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.grant")
    expect(dialog.get_by_label("Rol", exact=True)).to_be_focused()
    page.keyboard.type("camera-obs")
    expect(dialog.get_by_text("hierna alleen nog zoals u hier geeft")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type(THERE)
    for text in ("", "", "31-12", ""):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Tot en met dag")).to_be_focused()
    expect(dialog.locator("#grant-until-error")).to_contain_text("Vul een dag met jaartal in")
    page.keyboard.press("Control+A")
    page.keyboard.type("31-12-2099")
    page.keyboard.press("Enter")
    expect(dialog.locator("#grant-reason-error")).to_have_text("Geef een reden op.")
    expect(dialog.get_by_label("Reden")).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("inval, zaak 12")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    grant = row.locator('li[data-state="holds"]')
    expect(grant).to_contain_text(f"camera-observant · {THERE} · alle doelen")
    expect(grant).to_contain_text("01-01-2100")
    expect(grant).to_contain_text("gegeven door admin")
    expect(grant).to_contain_text("inval, zaak 12")
    expect(opener).to_be_focused()

    grant.get_by_role("button", name="Intrekken…").click()
    expect(dialog.get_by_text("Het account heeft deze rol daarna nergens meer.")).to_be_visible()
    dialog.get_by_label("Reden").fill("inval is klaar")
    dialog.get_by_role("button", name="Intrekken").click()
    expect(page.locator("vms-grants .verdict")).to_contain_text("is ingetrokken; open beelden eindigen")
    expect(row).to_contain_text("alleen volgens toekenning")
    row.locator("summary").click()
    expect(row.locator('li[data-state="revoked"]')).to_contain_text("ingetrokken")
    assert violations(page) == []


def test_what_the_server_refuses_stands_in_the_form_and_nobody_is_asked_for_oneself(page: Page) -> None:
    own = page.locator('[data-account="admin"]')
    expect(own).to_contain_text("vraag een andere beheerder")
    expect(own.get_by_role("button")).to_have_count(0)
    page.locator('[data-account="technician"]').get_by_role("button", name="Rol geven…").click()
    dialog = page.locator("dialog.grant")
    dialog.get_by_label("Rol", exact=True).select_option("technician")
    dialog.get_by_label("Gebied").select_option(HERE)
    dialog.get_by_label("Vanaf dag").fill("02-01-2099")
    dialog.get_by_label("Tot en met dag").fill("01-01-2099")
    dialog.get_by_label("Reden").fill("onderhoud")
    dialog.get_by_role("button", name="Rol geven").click()
    expect(dialog.locator("#grant-until-error")).to_contain_text("Het einde ligt niet na het begin")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_another_password_is_confirmed_though_its_answer_is_empty(page: Page) -> None:
    form = page.locator("#change-password")
    form.get_by_label("Huidig wachtwoord").fill(PASSWORD)
    form.get_by_label("Nieuw wachtwoord").fill("een-veel-beter-wachtwoord")
    form.get_by_role("button", name="Wachtwoord wijzigen").click()
    expect(page.get_by_text("Uw wachtwoord is gewijzigd.").first).to_be_visible()
