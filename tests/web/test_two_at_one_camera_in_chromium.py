"""Two walls on the real web application: who drives is seen by the other, police go first, the idle let go."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.served_site import MASKED, PASSWORD, PASSWORD_HASH, TURNING, Site, camera_status, eventually
from tests.web.test_web_status import publish
from vms.clock import now_utc
from vms.rules.ptz_lock import IDLE_RELEASE_S
from vms.store import users

pytestmark = pytest.mark.e2e

UP = 'vms-ptz-pad .ptz-button[data-direction="up"]'


@pytest.fixture(scope="module")
def street(browser: Browser) -> Iterator[tuple[Site, list[BrowserContext]]]:
    site = Site()
    with site.store.transaction() as tx:
        users.add(tx, "a.jansen", "A. Jansen", PASSWORD_HASH, ["observer"], now_utc(site.clock))
    publish(site, camera_status(TURNING, ptz="ok"))
    contexts: list[BrowserContext] = []
    yield site, contexts
    for context in contexts:
        context.close()
    site.close()


def wall_of(browser: Browser, street: tuple[Site, list[BrowserContext]], username: str) -> Page:
    """Its only camera turns. There is no picture: nothing here looks at one."""
    site, contexts = street
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="nl-NL")
    contexts.append(context)
    page = context.new_page()
    page.goto(f"{site.url}/muur?stand=1&camera=3")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("vms-tile.hero")).to_have_attribute("data-camera", TURNING)
    expect(page.locator("vms-ptz-pad .presets button").nth(1)).to_be_attached()
    return page


def test_one_drives_the_other_sees_who_police_take_over_and_the_idle_let_go(
    browser: Browser, street: tuple[Site, list[BrowserContext]]
) -> None:
    site, _ = street
    driver = wall_of(browser, street, "a.jansen")
    other = wall_of(browser, street, "observer")
    driver.keyboard.press("p")
    driver.keyboard.down("ArrowUp")
    assert eventually(lambda: "ptz_move" in site.capture.operations())
    driver.keyboard.up("ArrowUp")
    assert eventually(lambda: site.capture.operations()[-1] == "ptz_stop")
    expect(driver.locator("vms-tile.hero")).to_have_attribute("data-ptz", "mine")
    expect(other.locator("vms-tile.hero")).to_have_attribute("data-ptz", "other")
    expect(other.locator(".lock")).to_contain_text("A. Jansen")
    expect(other.locator(UP)).to_be_disabled()
    expect(other.locator(".badge.ptz").first).to_have_attribute("title", "PTZ: A. Jansen")

    police = site.browser("police_reviewer")
    assert police.post(f"/api/cameras/{TURNING}/ptz/lock").status_code == 200
    expect(driver.locator(".toast")).to_have_text("Demo police_reviewer heeft camera 3 van u overgenomen")
    expect(driver.locator(UP)).to_be_disabled()
    other.get_by_role("button", name="Overnemen").click()
    expect(other.locator(".ptz-problem")).to_contain_text("Demo police_reviewer bestuurt deze camera.")

    site.clock.advance(IDLE_RELEASE_S)
    for page in (driver, other):
        expect(page.locator("vms-tile.hero")).to_have_attribute("data-ptz", "free")
    taken = [(row.actor, row.detail["taken_from"]) for row in site.audit("ptz.take")]
    assert taken == [("a.jansen", None), ("police_reviewer", "a.jansen")]


def test_what_is_not_for_a_role_is_refused_by_page_and_by_picture_each_with_one_audit_row(
    browser: Browser, street: tuple[Site, list[BrowserContext]]
) -> None:
    site, contexts = street
    context = browser.new_context()
    contexts.append(context)
    page = context.new_page()
    page.goto(site.url)
    page.fill("input[name=username]", "technician")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniek")
    before = len(site.audit(result="refused"))
    answer = page.goto(f"{site.url}/muur?camera=2")
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("h1")).to_have_text("Geen toegang")
    assert page.locator("video, vms-tile, vms-map").count() == 0
    offer = (
        "async (camera) => { const me = await (await fetch('/api/me')).json(); return (await fetch(`/whep/${camera}`, {"
        " method: 'POST', body: 'v=0', headers: { 'Content-Type': 'application/sdp', 'X-CSRF-Token': me.csrf_token }"
        " })).status; }"
    )
    assert page.evaluate(offer, MASKED) == 403
    rows = [(row.actor, row.action, row.object) for row in site.audit(result="refused")[before:]]
    assert rows == [
        ("technician", "page.open", "path:/muur"),
        ("technician", "live.watch", f"path:/whep/{MASKED}"),
    ]
