"""A name from a camera, a configuration or a log that is a script stays text on every page."""

from collections.abc import Iterator

import pytest
from fake_backend import Backend, make_backend, serving
from fake_incidents import an_incident
from fake_records import now_us
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e
EVIL = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'
PAGES = {
    "observer": ("/muur", "vms-tile"),
    "technician": ("/techniek", "vms-health"),
    "police_reviewer": ("/terugkijken", "vms-playback"),
    "privacy_officer": ("/toezicht", "vms-oversight"),
    "policy_officer": ("/incidenten?nr=1", "dialog.incident-open .history"),
}


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(3)
    made.has_video = False
    for camera in made.cameras:
        camera |= {"name": EVIL, "area": EVIL}
    for state in made.states.values():
        state |= {"source": "down", "reason": "unreachable", "detail": EVIL, "ptz_holder": EVIL}
    made.raise_alarm("camera-01", "camera_lost", EVIL)
    typed = {"category_name": EVIL, "note": EVIL, "requester": EVIL, "follow_ups": {EVIL: 1}, "created_by": EVIL}
    made.incidents.append(an_incident(1, now_us(), **typed))
    return made


@pytest.fixture(scope="module")
def address(backend: Backend) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam")
    page = context.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    yield page
    context.close()
    assert dialogs == []


@pytest.mark.parametrize("role", PAGES)
def test_a_script_in_a_name_is_text(page: Page, backend: Backend, address: str, role: str) -> None:
    path, element = PAGES[role]
    backend.roles = [role]
    page.goto(address + path)
    expect(page.locator(element).first).to_be_attached()
    page.wait_for_load_state("networkidle")
    if role in ("observer", "technician", "policy_officer"):
        expect(page.locator("main")).to_contain_text(EVIL)
    assert page.evaluate("window.ran") is None
    assert page.locator('img[src="x"]').count() == 0
