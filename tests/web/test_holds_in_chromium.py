"""Securing footage from the timeline, in a real browser."""

from collections.abc import Iterator

import pytest
from fake_backend import Backend, lay_down_footage, make_backend, serving
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import eventually

pytestmark = pytest.mark.e2e
PLAYER = "document.querySelector('vms-playback').player"


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(2)
    made.roles = ["evidence_officer"]
    return made


@pytest.fixture(scope="module")
def start_us(backend: Backend) -> int:
    return lay_down_footage(backend)


@pytest.fixture(scope="module")
def address(backend: Backend, start_us: int) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Europe/Amsterdam", locale="nl-NL"
    )
    yield context.new_page()
    context.close()


def look_back(page: Page, address: str, start_us: int) -> None:
    page.goto(f"{address}/terugkijken?camera=camera-01&van={start_us}&tot={start_us + 300_000_000}")
    page.select_option("#purpose", "opsporing")
    page.fill("#reference", "BVH 2026-118822")
    page.click("form.purpose button.primary")
    opened = "document.querySelector('video')?.readyState >= 3 && !document.querySelector('vms-playback').busy"
    eventually(lambda: page.evaluate(opened))


def mark(page: Page, key: str, at_us: int) -> None:
    page.evaluate(f"document.querySelector('vms-playback').seek({at_us})")
    there = f"Math.abs({PLAYER}.nowUs - {at_us}) < 1e6 && !document.querySelector('video').seeking"
    eventually(lambda: page.evaluate(there))
    page.keyboard.press(key)


def test_an_interval_is_secured_from_the_timeline_by_keyboard(
    page: Page, address: str, backend: Backend, start_us: int
) -> None:
    look_back(page, address, start_us)
    page.keyboard.press("k")
    page.keyboard.press("v")
    expect(page.locator(".notice")).to_contain_text("Zet eerst begin en einde")
    mark(page, "[", start_us + 10_000_000)
    mark(page, "]", start_us + 40_000_000)
    page.keyboard.press("v")
    dialog = page.locator("dialog.hold")
    expect(dialog).to_be_visible()
    assert page.input_value("#hold-case_number") == "BVH 2026-118822"
    page.fill("#hold-requester", "B. Smits")
    page.keyboard.press("Enter")
    expect(page.locator("#hold-basis-error")).to_contain_text("Kies een grondslag")
    expect(page.locator("#hold-basis")).to_be_focused()
    assert page.input_value("#hold-requester") == "B. Smits"
    page.select_option("#hold-basis", "sv_126nd")
    page.click("dialog.hold button.primary")
    expect(dialog.locator(".hold-done")).to_contain_text("het wissen was al begonnen")
    [made] = backend.holds
    assert made["cameras"] == ["camera-01"]
    assert abs(made["from_us"] - start_us - 10_000_000) < 1_000_000
    page.click("dialog.hold .primary")
    expect(dialog).to_be_hidden()
    page.click(".foot summary")
    expect(page.locator(".foot li", has_text="veiliggesteld, zaak BVH 2026-118822")).to_have_count(1)


def test_a_reviewer_has_no_button_to_secure(page: Page, address: str, backend: Backend, start_us: int) -> None:
    backend.roles = ["police_reviewer"]
    try:
        look_back(page, address, start_us)
        mark(page, "[", start_us + 10_000_000)
        expect(page.locator("#secure")).to_have_count(0)
        page.keyboard.press("v")
        expect(page.locator("dialog[open]")).to_have_count(0)
    finally:
        backend.roles = ["evidence_officer"]
