"""What a wall must bear in a shift: hundreds of call-ups, a server that goes, a hidden window, keys meant for a field.

UITKIJK_CALLUPS=600 makes as many call-ups as a day; UITKIJK_REAL_WAITS=1 waits for hidden windows in real time.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from fake_backend import Backend, make_backend, serving
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import all_live, eventually, opened_wall

pytestmark = pytest.mark.e2e

CALL_UPS = int(os.environ.get("UITKIJK_CALLUPS", "40"))
REAL_WAITS = "UITKIJK_REAL_WAITS" in os.environ
HEAP_GROWTH_BYTES = 20e6
TILES = 5
CALL_UP_ALL = """async (count) => {
  const wall = document.querySelector("vms-wall");
  for (let n = 0; n < count; n += 1) {
    const { number } = wall.cameras[(n + 1) % wall.cameras.length];
    wall.callUp(number);
    await wall.updateComplete;
    const tile = wall.querySelector("vms-tile.hero");
    for (let waited = 0; tile.camera.number !== number || !tile.connection.confirmedMs; waited += 10) {
      if (waited > 10_000) throw new Error(`camera ${number} is not confirmed`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } }"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange")); }"""
SHORT_HIDING = """
  const real = window.setTimeout;
  window.setTimeout = (act, ms, ...rest) => real(act, ms === 30_000 ? 500 : ms, ...rest);
"""
FIELDS = (
    "<textarea id='typed'></textarea>",
    "<select id='typed'><option>x</option><option>3</option><option>5</option></select>",
    "<div id='typed' contenteditable='true'>x</div>",
    "<dialog id='around'><button id='typed' type='button'>x</button></dialog>",
)


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend(4)


@pytest.fixture(scope="module")
def kept_page(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        yield page


@pytest.fixture
def wall(kept_page: Page, backend: Backend) -> Page:
    """Every tile live, camera 1 in the hero."""
    kept_page.keyboard.type("1")
    kept_page.keyboard.press("Enter")
    expect(kept_page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
    all_live(kept_page)
    backend.requests.clear()
    return kept_page


def measured(page: Page) -> tuple[float, int, int]:
    """(bytes of heap that are in use after a collection, elements, connections made)."""
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used, page.evaluate("document.querySelectorAll('*').length"), page.evaluate("window.made")


def test_hundreds_of_call_ups_cost_no_connection_no_element_and_no_memory(wall: Page, backend: Backend) -> None:
    wall.evaluate(CALL_UP_ALL, 8)
    all_live(wall)
    heap, elements, _ = measured(wall)
    wall.evaluate(CALL_UP_ALL, CALL_UPS)
    all_live(wall)
    heap_after, elements_after, made = measured(wall)
    assert len(backend.calls("/api/live/")) >= CALL_UPS
    assert made <= TILES + 2
    assert abs(elements_after - elements) <= 10  # a badge or plate more or less
    assert heap_after - heap < HEAP_GROWTH_BYTES, f"{heap / 1e6:.1f} → {heap_after / 1e6:.1f} MB"


def test_what_is_typed_elsewhere_calls_up_and_steers_nothing(wall: Page, backend: Backend) -> None:
    address = wall.url
    for html in FIELDS:
        wall.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", html)
        wall.evaluate("document.getElementById('around')?.showModal()")
        wall.focus("#typed")
        for key in ("3", "p", "ArrowUp", "ArrowRight", "s", "i", "r", "a", "q", "m", "n", "f", "l", "*", "2", "Home"):
            wall.keyboard.press(key)
        wall.evaluate("(document.getElementById('around') ?? document.getElementById('typed')).remove()")
    wall.wait_for_timeout(1000)  # a number calls up after a pause of 900 ms
    assert (wall.url, wall.locator("vms-map, .entry").count()) == (address, 0)
    acted = [path for method, path, _ in backend.requests if method != "GET" or "snapshot" in path]
    assert acted == []


@pytest.mark.parametrize("ends", ["keyup", "blur", "hidden"])
def test_a_movement_ends_within_half_a_second_of_its_key_its_window_or_its_tab(
    wall: Page, backend: Backend, ends: str
) -> None:
    wall.keyboard.press("p")
    wall.keyboard.down("ArrowRight")
    assert eventually(lambda: len(backend.calls("ptz/move")) >= 2)
    if ends == "keyup":
        wall.keyboard.up("ArrowRight")
    elif ends == "blur":
        wall.evaluate("dispatchEvent(new Event('blur'))")
    else:
        wall.evaluate(HIDE, True)
    assert eventually(lambda: len(backend.calls("ptz/stop")) >= 1, 0.5)
    wall.evaluate(HIDE, False)
    wall.keyboard.up("ArrowRight")
    wall.keyboard.press("Escape")


def test_a_hidden_window_frees_its_streams_and_comes_back_to_the_present(browser: Browser) -> None:
    backend = make_backend(4)
    with ExitStack() as stack:
        address = stack.enter_context(serving(backend))
        context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="nl-NL")
        stack.callback(context.close)
        page = context.new_page()
        if not REAL_WAITS:
            page.add_init_script(SHORT_HIDING)
        page.goto(f"{address}/muur")
        all_live(page)
        assert len(backend.sessions) == TILES
        page.evaluate(HIDE, True)
        assert eventually(lambda: not backend.sessions, 40 if REAL_WAITS else 10)
        assert page.locator('vms-tile[data-state="hidden"]').count() == TILES
        assert page.locator("canvas.still:not([hidden])").count() == TILES  # what was seen last stays, and says so
        page.evaluate(HIDE, False)
        all_live(page)
        ages = page.locator("vms-tile .age")  # a word until the server has told the time of a picture
        assert eventually(lambda: all(re.fullmatch(r"[01],\d s", age) for age in ages.all_inner_texts()))


def test_a_server_that_goes_is_told_at_once_and_its_return_finds_the_same_wall(browser: Browser) -> None:
    backend = make_backend(4)
    with ExitStack() as stack:
        context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="nl-NL")
        stack.callback(context.close)
        page = context.new_page()
        with serving(backend) as address:
            page.goto(f"{address}/muur?stand=1%2B5&camera=3&kaart=1")
            all_live(page)
            query = urlsplit(page.url).query
        gone_s = time.monotonic()
        expect(page.locator("#server-lost")).to_be_visible(timeout=3000)
        expect(page.locator('vms-tile[data-state="live"], vms-tile[data-state="late"]')).to_have_count(0, timeout=1000)
        assert time.monotonic() - gone_s < 4
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('.wall').inert")
        with serving(backend, urlsplit(address).port or 0):
            all_live(page)
            expect(page.locator("#server-lost")).to_have_count(0)
            assert urlsplit(page.url).query == query
            assert page.locator("vms-tile.hero").get_attribute("data-camera") == "camera-03"
            expect(page.locator(".pin")).to_have_count(4)
