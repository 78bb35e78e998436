"""Signing in, in a real browser on the real application: first start, telephone, break-glass, account of elsewhere."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.web.oidc_server import Provider
from tests.web.served_site import PASSWORD, PASSWORD_HASH, Site
from tests.web.test_web_oidc import site_with
from vms.clock import now_utc
from vms.store import users
from vms.store.schema import ApiTokenRow, UserRow
from vms.units import US_PER_SECOND

pytestmark = pytest.mark.e2e
Open = Callable[[], Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """A browser of its own each. Afterwards: nothing was blocked, no error but answers that something is missing."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_() -> Page:
            context = browser.new_context(timezone_id="Europe/Amsterdam", locale="nl-NL", reduced_motion="reduce")
            stack.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console", lambda message: complaints.append(complaint(message)) if message.type == "error" else None
            )
            page.route(re.compile("^(?!http://(127.0.0.1|localhost):)"), lambda route: route.abort())
            return page

        yield open_
    assert [one for one in complaints if not re.search(r"^$|status of (401|403|404|422)", one)] == []


def complaint(message: ConsoleMessage) -> str:
    """Empty for what the provider's own page lacks: it wants a style sheet from the internet."""
    return message.text if message.location["url"].startswith("http://127.0.0.1:") else ""


@pytest.fixture
def strict_site() -> Iterator[Site]:
    made = Site(web={"second_factor": "required"})
    yield made
    made.close()


def fill_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("#submit")


def accessible(page: Page) -> None:
    assert Axe().run(page).response["violations"] == []


def test_the_first_administrator_is_made_and_couples_a_telephone(strict_site: Site, opened: Open) -> None:
    site = strict_site
    site.stop_web()
    with site.store.transaction() as tx:
        tx.query(ApiTokenRow).delete()
        tx.query(UserRow).delete()
    site.start_web()
    page = opened()
    page.goto(f"{site.url}/muur")
    expect(page).to_have_url(f"{site.url}/eerste-start")
    accessible(page)
    page.click("#submit")
    expect(page.locator("#code-error")).to_have_text("Vul dit in.")
    page.fill("#code", "geraden")
    page.fill("#display_name", "J. Jansen")
    fill_in(page, "j.jansen")
    expect(page.locator("#code-error")).to_have_text("Deze code klopt niet.")
    page.fill("#code", site.config.first_run_file.read_text(encoding="ascii").strip())
    page.click("#submit")
    expect(page).to_have_url(f"{site.url}/inloggen")
    fill_in(page, "j.jansen")
    expect(page.locator("#telephone h2")).to_be_focused()
    assert page.evaluate(
        "document.querySelector('#qr').decode().then(() => document.querySelector('#qr').naturalWidth)"
    )
    accessible(page)
    totp = pyotp.TOTP(page.inner_text("#secret").replace(" ", ""))
    page.fill("#first-code", "000000")
    page.keyboard.press("Enter")
    expect(page.locator("#first-code-error")).to_contain_text("klopt niet")
    page.fill("#first-code", totp.at(site.clock.us // US_PER_SECOND))
    page.keyboard.press("Enter")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    accessible(page)
    page.click("#go-on")
    expect(page).to_have_url(f"{site.url}/techniek")


def test_the_code_is_asked_for_when_it_is_needed_and_the_account_page_shows_the_sessions(
    strict_site: Site, opened: Open
) -> None:
    site = strict_site
    login = {"username": "admin", "password": PASSWORD}
    client = site.client()
    secret = client.post("/api/login/second-factor", json=login).json()["secret"]
    totp = pyotp.TOTP(secret)
    client.post("/api/login/second-factor/confirm", json=login | {"code": totp.at(site.clock.us // US_PER_SECOND)})
    site.clock.advance(60)
    page = opened()
    page.goto(f"{site.url}/inloggen?next=/account")
    expect(page.locator("#code-part")).to_be_hidden()
    fill_in(page, "admin")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.locator("#code-error")).to_contain_text("klopt niet")
    page.fill("#code", totp.at(site.clock.us // US_PER_SECOND))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/account")
    own = page.locator("vms-sessions").first
    expect(own.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".verdict")).to_contain_text("nog 10 herstelcodes")
    accessible(page)
    own.get_by_role("button", name="Beëindigen").click()
    expect(own.locator("tbody tr")).to_have_count(1)
    assert client.get("/api/me").status_code == 401
    page.fill("#change-password-password", "fout")
    page.fill("#change-password-code", "123456")
    page.fill("#change-password-new", "een-veel-beter-wachtwoord")
    page.get_by_role("button", name="Wachtwoord wijzigen").click()
    expect(page.locator("#change-password-password-error")).to_contain_text("niet uw huidige wachtwoord")
    expect(page.locator("#change-password-password")).to_be_focused()


def test_a_break_glass_login_takes_a_reason_and_is_seen_by_who_oversees(site: Site, opened: Open) -> None:
    with site.store.transaction() as tx:
        users.add(tx, "nood", "Noodtoegang", PASSWORD_HASH, ["observer"], now_utc(site.clock), is_break_glass=True)
    page = opened()
    page.goto(f"{site.url}/inloggen")
    fill_in(page, "nood")
    expect(page.locator("#reason-error")).to_contain_text("noodaccount")
    page.fill("#reason", "aanmelddienst ligt eruit")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/muur"))
    overseer = opened()
    overseer.clock.set_fixed_time(now_utc(site.clock))
    overseer.goto(f"{site.url}/inloggen?next=/toezicht")
    fill_in(overseer, "shift_manager")
    expect(overseer.locator("#break-glass tbody tr")).to_contain_text("aanmelddienst ligt eruit")
    expect(overseer.locator(".dot-alarms[data-open]")).to_contain_text("1")


@pytest.fixture
def shared_site(provider: Provider) -> Iterator[Site]:
    made = site_with(provider.elsewhere)
    yield made
    made.close()


def test_an_account_of_another_site_is_in_at_once_though_its_cookie_is_strict(
    provider: Provider, shared_site: Site, opened: Open
) -> None:
    """`localhost` and `127.0.0.1` are two sites to a browser, as a provider and this system are."""
    provider.knows("chromium-1", preferred_username="j.jansen", groups=["cctv-kijken"])
    provider.knows("chromium-2", preferred_username="vreemd", groups=[])
    page = opened()
    for subject, where in (("chromium-2", "Niet aangemeld"), ("chromium-1", "")):
        page.goto(f"{shared_site.url}/inloggen?next=/account")
        page.get_by_role("link", name="Inloggen met gemeenteaccount").click()
        page.fill('input[name="sub"]', subject)
        page.get_by_role("button", name="Authorize").click()
        if where:
            expect(page.locator("h1")).to_have_text(where)
            accessible(page)
    expect(page).to_have_url(f"{shared_site.url}/account")
    expect(page.locator("vms-sessions tbody tr")).to_contain_text("account van elders")
