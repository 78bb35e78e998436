"""What helps an observer through a shift, in a real browser: alarms, the round, the palette, saved layouts."""

from collections.abc import Iterator

import pytest
from fake_backend import Backend, make_backend
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def backend() -> Backend:
    """Without pictures: nothing here looks at one, and encoding them is what costs time."""
    made = make_backend(6)
    made.has_video = False
    return made


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
    kept_page.evaluate("document.querySelector('vms-wall').tools.setRound(0)")


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


def test_the_round_steps_on_over_cameras_that_are_down_and_waits_for_who_does_something(
    wall: Page, backend: Backend
) -> None:
    hero = wall.locator("vms-tile.hero")
    backend.states["camera-02"] |= {"source": "unreachable", "reason": "unreachable"}
    down = "document.querySelector('vms-wall').link.cameras['camera-02']?.source === 'unreachable'"
    assert eventually(lambda: wall.evaluate(down))
    wall.keyboard.press("q")
    expect(wall.locator(".round[data-running]")).to_be_visible()
    assert "rondje=10" in wall.url
    wall.evaluate("document.querySelector('vms-wall').tools.setRound(0.2)")
    expect(hero).to_have_attribute("data-camera", "camera-03")
    wall.keyboard.press("ArrowRight")
    expect(wall.locator(".round[data-running]")).to_have_count(0)
    stood = hero.get_attribute("data-camera")
    wall.wait_for_timeout(500)
    assert hero.get_attribute("data-camera") == stood
    wall.keyboard.press("q")
    expect(wall.locator(".round[data-running]")).to_be_visible()
    expect(hero).not_to_have_attribute("data-camera", str(stood))
    backend.states["camera-02"] |= {"source": "up", "reason": "up"}


def test_a_few_letters_call_up_camera_area_or_layout(wall: Page, backend: Backend) -> None:
    hero, field = wall.locator("vms-tile.hero"), wall.locator(".palette input")
    wall.keyboard.press("/")
    wall.keyboard.type("vlees")
    expect(wall.locator('.palette [aria-selected="true"]')).to_contain_text("02 Vleesstraat")
    wall.keyboard.press("Enter")
    expect(hero).to_have_attribute("data-camera", "camera-02")
    wall.keyboard.press("Control+k")
    wall.keyboard.type("hav")
    expect(wall.locator('.palette [role="option"]').first).to_contain_text("Haven")
    wall.keyboard.press("Enter")
    expect(hero).to_have_attribute("data-camera", "camera-05")
    wall.keyboard.press("/")
    wall.keyboard.type("4")
    expect(wall.locator('.palette [aria-selected="true"]')).to_contain_text("04 Klaasstraat")
    expect(field).to_have_attribute("aria-activedescendant", "palette-0")
    assert [call for call in backend.calls("/ptz/") if call[0] == "POST"] == []  # what is typed steers nothing
    wall.keyboard.press("Escape")
    expect(hero).to_have_attribute("data-camera", "camera-05")


def test_a_layout_that_was_kept_comes_back_with_its_cameras(wall: Page, backend: Backend) -> None:
    wall.keyboard.type("3")
    wall.keyboard.press("Enter")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-03")
    wall.keyboard.press("l")
    wall.locator("#layout-name").fill("Uitgaansavond")
    wall.keyboard.press("Enter")
    expect(wall.locator(".saved li")).to_contain_text("Uitgaansavond")
    wall.keyboard.press("Escape")
    expect(wall.locator(".saved")).to_be_hidden()
    expect(wall.locator("#layout-name")).not_to_be_focused()
    wall.keyboard.press("*")
    wall.keyboard.press("4")
    expect(wall.locator("vms-tile")).to_have_count(4)
    wall.keyboard.press("/")
    wall.keyboard.type("uitga")
    wall.keyboard.press("Enter")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-03")
    expect(wall.locator("vms-tile")).to_have_count(7)


def test_the_overview_shows_every_camera_tells_what_is_old_and_calls_up(wall: Page, backend: Backend) -> None:
    backend.ages["camera-04"], backend.ages["camera-05"] = "25", "-"
    wall.keyboard.press("*")
    wall.keyboard.press("8")
    cells = wall.locator(".overview button")
    expect(cells).to_have_count(6)
    expect(wall.locator(".overview button[data-old]")).to_have_attribute("aria-label", "Camera 4 Klaasstraat, 25 s oud")
    expect(wall.locator('[data-camera="camera-05"]')).to_contain_text("nog geen beeld")
    assert wall.locator("vms-tile").count() == 0
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight")
    cells.nth(2).click()
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-03")
    backend.ages.clear()


def test_the_shift_manager_shares_a_layout(browser: Browser) -> None:
    backend = make_backend(1)
    backend.roles = ["shift_manager"]
    wall = {"layout": "1+5", "hero": 3, "page": 0, "picks": {}}
    backend.layouts.append({"id": 1, "owner": "piet", "name": "Markt", "shared": False, "wall": wall})
    with opened_wall(browser, backend, "/toezicht") as page:
        row = page.locator("vms-shared-layouts tbody tr")
        expect(row).to_contain_text("1+5, camera 3 groot")
        row.locator("button").click()
        expect(row.locator("button")).to_have_attribute("aria-pressed", "true")
    assert backend.layouts[0]["shared"] is True
