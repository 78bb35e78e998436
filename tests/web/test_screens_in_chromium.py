"""A wall of several screens: windows that know each other, one of which steers, and whose cameras are not lost."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from fake_backend import Backend, make_backend
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e
PEERS = "document.querySelector('vms-wall').screens.peers"


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(6)
    made.has_video = False
    return made


@pytest.fixture(scope="module")
def first(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        shows(page, "camera-01")
        yield page


@pytest.fixture
def second(first: Page) -> Iterator[Page]:
    """Opened by a key of the first one, with its camera; both at rest."""
    for key in ("Escape", "*", "3", "2", "Enter"):
        first.keyboard.press(key)
    shows(first, "camera-02")
    with first.expect_popup() as opened:
        first.keyboard.press("v")
        first.keyboard.press("2")
    page = opened.value
    shows(page, "camera-02")
    expect(first.locator(".this-screen")).to_contain_text("Scherm 1")
    yield page
    if not page.is_closed():
        page.close()
    expect(first.locator(".this-screen")).to_have_count(0)
    first.evaluate(f"[...{PEERS}.gone.keys()].forEach((screen) => {PEERS}.forget(screen))")
    expect(first.locator(".screens")).to_have_count(0)


def shows(page: Page, camera: str) -> None:
    expect(page.locator("vms-tile.hero")).to_have_attribute("data-camera", camera)


def call_up(page: Page, number: int) -> None:
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    shows(page, f"camera-{number:02d}")


def test_a_camera_is_sent_to_another_screen_by_key_and_by_palette(first: Page, second: Page) -> None:
    call_up(first, 5)
    first.keyboard.press("v")
    first.keyboard.press("2")
    shows(second, "camera-05")
    expect(first.locator(".toast")).to_contain_text("Camera 5 staat op scherm 2")
    call_up(second, 3)
    second.keyboard.press("/")
    second.keyboard.type("scherm 1")
    second.keyboard.press("Enter")
    shows(first, "camera-03")
    assert len(first.context.pages) == 2


def test_one_window_steers_and_the_one_that_loses_it_lets_go(first: Page, second: Page, backend: Backend) -> None:
    call_up(first, 4)  # turns
    first.keyboard.press("p")
    first.keyboard.down("ArrowLeft")
    assert eventually(lambda: len(backend.calls("/ptz/move")) > 0)
    assert first.evaluate(f"{PEERS}.steers")
    second.locator(".toolbar").click(position={"x": 2, "y": 2})
    expect(second.locator(".this-screen")).to_contain_text("bediening hier")
    expect(first.locator(".this-screen")).to_contain_text("bediening op scherm 2")
    assert first.evaluate("document.querySelector('vms-wall').driver.moving") is False
    assert eventually(lambda: backend.calls("/ptz/")[-1][1].endswith("/stop"))
    first.keyboard.up("ArrowLeft")
    first.keyboard.press("Escape")
    expect(first.locator(".this-screen")).to_contain_text("bediening hier")
    expect(second.locator(".this-screen")).to_contain_text("bediening op scherm 1")


def test_a_closed_windows_cameras_are_named_and_come_back_where_one_wants(first: Page, second: Page) -> None:
    for key in ("*", "4"):
        second.keyboard.press(key)
    expect(second.locator("vms-tile")).to_have_count(4)
    call_up_in_grid(second, 6)
    second.close()
    notice = first.locator(".screen-gone")
    expect(notice).to_contain_text("Scherm 2 is gesloten: 06 02 03 04")
    with first.expect_popup() as opened:
        notice.locator("button").first.click()
    again = opened.value
    expect(again.locator('vms-tile[data-camera="camera-06"]')).to_have_count(1)
    expect(again.locator("vms-tile")).to_have_count(4)
    expect(notice).to_have_count(0)
    again.close()
    notice.get_by_text("Hier tonen").click()
    expect(first.locator("vms-tile")).to_have_count(4)
    expect(first.locator('vms-tile[data-camera="camera-06"]')).to_have_count(1)
    expect(notice).to_have_count(0)


def call_up_in_grid(page: Page, number: int) -> None:
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    expect(page.locator(f'vms-tile[data-camera="camera-{number:02d}"]').first).to_be_visible()


def test_a_screen_finds_its_own_layout_again_and_two_windows_are_never_the_same_screen(
    first: Page, second: Page
) -> None:
    for key in ("*", "4"):
        second.keyboard.press(key)
    expect(second.locator("vms-tile")).to_have_count(4)
    second.goto(second.url.split("?")[0] + "?scherm=2")
    expect(second.locator("vms-tile")).to_have_count(4)
    assert "scherm=2" in second.url
    third = first.context.new_page()
    third.goto(second.url.split("?")[0] + "?scherm=2")
    assert eventually(lambda: third.evaluate(f"{PEERS}?.settled && {PEERS}.number") == 3)
    assert eventually(lambda: "scherm=3" in urlsplit(third.url).query)
    assert second.evaluate(f"{PEERS}.number") == 2
    third.close()
    expect(first.locator(".screen-gone")).to_contain_text("Scherm 3 is gesloten")


def test_a_window_that_crashed_is_missed_too(first: Page, second: Page) -> None:
    second.evaluate(f"{PEERS}._channel.close()")  # it says nothing any more
    second.close()
    expect(first.locator(".screen-gone")).to_contain_text("Scherm 2 is gesloten", timeout=6000)


def test_a_second_screen_says_which_it_is_also_when_it_is_alone(first: Page) -> None:
    address = first.url.split("?")[0]
    first.goto(f"{address}?scherm=2")
    expect(first.locator(".this-screen")).to_contain_text("Scherm 2")
    first.goto(address)
    expect(first.locator(".this-screen")).to_have_count(0)
