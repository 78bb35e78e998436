"""Several cameras at once in a real browser: in step by what their pictures show, each with its own gaps."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from fake_backend import Backend, lay_down_footage, make_backend, serving
from fake_pictures import FPS, SEGMENT_S
from playwright.sync_api import Browser, Page, expect
from test_playback_in_chromium import MINUTE_US, consult, eventually, find, local, now_us

pytestmark = pytest.mark.e2e
WATCHED_S = float(os.environ.get("UITKIJK_IN_STEP_S", "4"))
"""30 is what is promised."""
BAR_PERIOD_S = 320 / 8 / FPS

PHASES = """() => [...document.querySelectorAll('.screens video')].map(video => {
  const canvas = new OffscreenCanvas(320, 180), pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 320, 180);
  const row = pen.getImageData(0, 90, 320, 1).data;
  const bright = [...Array(320).keys()].filter(x => Math.min(row[4 * x], row[4 * x + 1], row[4 * x + 2]) > 190);
  return bright.find(x => !bright.includes((x + 319) % 320)) ?? null;
})"""


@pytest.fixture(scope="module")
def backend() -> Backend:
    backend = make_backend(9)
    backend.roles = ["police_reviewer"]
    return backend


@pytest.fixture(scope="module")
def start_us(backend: Backend) -> int:
    return lay_down_footage(backend)


@pytest.fixture(scope="module")
def address(backend: Backend, start_us: int) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str, backend: Backend) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="nl-NL")
    page = context.new_page()
    page.goto(address + "/terugkijken")
    yield page
    backend.absent.clear()
    backend.skew_ms.clear()
    context.close()


def together(page: Page, start_us: int, *others: int) -> None:
    """Camera 1 and these from the start of the footage."""
    consult(page)
    page.select_option("#camera", "camera-01")
    page.click(".also summary")
    for number in others:
        page.check(f'.also input[value="camera-{number:02d}"]')
    page.click(".also summary")
    find(page, start_us, start_us + 5 * MINUTE_US)
    ready = "[...document.querySelectorAll('.screens video')].every(v => v.readyState >= 3)"
    assert eventually(lambda: page.locator(".screens video").count() == 1 + len(others) and page.evaluate(ready), 15)


def spread_s(phases: list[Any]) -> float:
    """How far the pictures are apart, on the circle that their bar goes round."""
    assert None not in phases
    seconds = [left / 8 / FPS for left in phases]
    ahead = [(each - seconds[0] + BAR_PERIOD_S / 2) % BAR_PERIOD_S - BAR_PERIOD_S / 2 for each in seconds]
    return max(ahead) - min(ahead)


@pytest.mark.parametrize("others", [(2, 3, 4), (2, 3, 4, 5, 6, 7, 8, 9)], ids=["four", "nine"])
def test_cameras_play_in_step_within_200_ms(
    page: Page, start_us: int, others: tuple[int, ...], record_property: Any
) -> None:
    together(page, start_us, *others)
    before = now_us(page)
    assert eventually(lambda: now_us(page) > before + WATCHED_S * 1e6, WATCHED_S * 3)
    found = []
    for _ in range(10):
        found.append(spread_s(page.evaluate(PHASES)))
        page.wait_for_timeout(70)
    record_property("spread_s", found)
    print(f"{1 + len(others)} cameras: apart by at most {max(found) * 1000:.0f} ms after {WATCHED_S:.0f} s")
    assert max(found) < 0.2


def test_a_seek_and_a_step_move_all_to_the_same_moment(page: Page, start_us: int) -> None:
    together(page, start_us, 2, 3)
    page.keyboard.press("k")
    for offset_us in (95_000_000, 33_400_000):
        page.evaluate(f"document.querySelector('vms-playback').seek({start_us + offset_us})")
        times = "[...document.querySelectorAll('.screens video')].map(v => v.seeking ? -1 : v.currentTime)"
        assert eventually(lambda: all(abs(t - offset_us / 1e6) < 0.1 for t in page.evaluate(times)))  # noqa: B023
    page.keyboard.press(".")
    assert eventually(lambda: all(0.04 < t - 33.4 < 0.2 for t in page.evaluate(times)))


def test_what_camera_clocks_tell_of_late_footage_is_taken_into_account(
    page: Page, backend: Backend, start_us: int
) -> None:
    backend.skew_ms = {"camera-01": -600, "camera-02": -100, "camera-03": 90_000}
    together(page, start_us, 2, 3)
    page.keyboard.press("k")
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + 60_000_000})")
    times = "[...document.querySelectorAll('.screens video')].map(v => v.seeking ? -1 : v.currentTime)"
    wanted = [60.6, 60.1, 60.6]
    assert eventually(lambda: all(abs(t - w) < 0.1 for t, w in zip(page.evaluate(times), wanted, strict=True)))


def test_a_camera_without_footage_says_so_and_the_others_go_on(page: Page, backend: Backend, start_us: int) -> None:
    gap = range(2, 4)
    backend.absent["camera-02"] = {index + 1 for index in gap}
    together(page, start_us, 2, 3)
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + (gap.start * SEGMENT_S - 2) * 1_000_000})")
    tile = page.locator(".extra").first
    expect(tile).to_have_attribute("data-state", "gap", timeout=8000)
    expect(tile).to_contain_text("geen opname")
    into_us = now_us(page)
    assert eventually(lambda: now_us(page) > into_us + 1_500_000)
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + (gap.stop * SEGMENT_S - 1) * 1_000_000})")
    expect(tile).to_have_attribute("data-state", "playing", timeout=8000)
    assert spread_s(page.evaluate(PHASES)) < 0.2


def test_where_no_camera_has_footage_all_jump_and_it_is_said(page: Page, start_us: int) -> None:
    together(page, start_us, 2)
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + 148_500_000})")
    expect(page.locator(".notice")).to_contain_text("overgeslagen", timeout=8000)
    assert local(start_us + 150_000_000, "%H:%M:") in page.inner_text(".notice")
    assert eventually(lambda: now_us(page) > start_us + 210_500_000)
    assert eventually(lambda: spread_s(page.evaluate(PHASES)) < 0.2)


def test_another_camera_takes_the_timeline_at_the_same_moment(page: Page, start_us: int) -> None:
    together(page, start_us, 2)
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + 60_000_000})")
    page.locator(".extra .caption").click()
    assert eventually(lambda: page.evaluate("document.querySelector('vms-playback').camera") == "camera-02")
    assert eventually(lambda: abs(now_us(page) - start_us - 61_000_000) < 3_000_000)
    assert "ook=camera-01" in page.url
    page.reload()
    expect(page.locator(".screens video")).to_have_count(2)
