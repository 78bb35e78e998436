"""What helps an observer through a shift, in a real browser: alarms, the round, the palette, saved layouts."""

from collections.abc import Iterator

import pytest
from fake_backend import Backend, make_backend
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend(6)


@pytest.fixture(scope="module")
def kept_page(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        yield page


@pytest.fixture
def wall(kept_page: Page, backend: Backend) -> Iterator[Page]:
    """One page load; each test starts on camera 1 with twelve tiles."""
    for key in ("*", "3", "1", "Enter"):
        kept_page.keyboard.press(key)
    expect(kept_page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
    backend.requests.clear()
    yield kept_page
    kept_page.keyboard.press("Escape")


def test_the_newest_open_alarm_is_acknowledged_by_key_and_the_rest_stays_open(wall: Page, backend: Backend) -> None:
    backend.raise_alarm("camera-02", "camera_lost", "Geen beeld: niet bereikbaar")
    backend.raise_alarm("camera-03", "recording_fault", "Opname gestopt: schijf vol")
    expect(wall.locator(".alarms li[data-open]")).to_have_count(2, timeout=5000)
    expect(wall.locator(".dot-alarms .num")).to_have_text("2")
    wall.keyboard.press("a")
    expect(wall.locator(".alarms li[data-open]")).to_have_count(1, timeout=5000)
    assert [path for _, path, _ in backend.calls("/acknowledge")] == ["/api/alarms/2/acknowledge"]
    expect(wall.locator('.alarms li[data-alarm="recording_fault"] small')).to_contain_text("gezien: Jan de Wit")


def test_a_wall_of_tiles_alone_has_its_alarms_too_and_everything_fits(wall: Page, backend: Backend) -> None:
    backend.raise_alarm("camera-04", "camera_lost", "Geen beeld: camera zwijgt")
    wall.keyboard.press("*")
    wall.keyboard.press("5")
    expect(wall.locator(".alarm-bar p")).to_contain_text("camera zwijgt", timeout=5000)
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight")
    bottom = wall.evaluate(
        "Math.max(...[...document.querySelectorAll('vms-tile')].map((t) => t.getBoundingClientRect().bottom))"
    )
    box = wall.locator(".alarm-bar").bounding_box()
    assert box
    assert bottom <= box["y"]
    wall.locator(".alarm-bar > button").click()
    expect(wall.locator(".alarm-bar .alarms li")).to_have_count(3)
    wall.locator(".alarm-bar > button").click()
    wall.locator(".alarm-bar .acknowledge").click()
    assert eventually(lambda: len(backend.calls("/acknowledge")) == 1)
