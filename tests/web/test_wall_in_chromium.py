"""The wall in a real browser with real WebRTC, against a stand-in server: states, call-ups, steering, recovery."""

import copy
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fake_backend import Backend, make_backend, serving
from fake_pictures import colour_of
from fake_records import now_us
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e

COUNT_CONNECTIONS = """
  const Real = RTCPeerConnection; window.made = 0; window.servers = [];
  window.RTCPeerConnection = function (config) {
    window.made += 1;
    window.servers.push(...(config?.iceServers ?? ["none given"]));
    return new Real(config);
  };
  window.RTCPeerConnection.prototype = Real.prototype;
"""
HERO_COLOUR = """() => {
  const video = document.querySelector("vms-tile.hero video"), canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8; const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, video.videoHeight * 0.9, video.videoWidth, video.videoHeight * 0.1, 0, 0, 8, 8);
  return [...pen.getImageData(6, 4, 1, 1).data].slice(0, 3); }"""


@contextmanager
def opened_wall(browser: Browser, backend: Backend, path: str = "/muur") -> Iterator[Page]:
    """The wall in a context of its own. Afterwards: no request elsewhere, no error, no ICE server."""
    complaints: list[str] = []
    with serving(backend) as address:
        context = browser.new_context(
            viewport={"width": 1280, "height": 720}, timezone_id="Europe/Amsterdam", locale="nl-NL"
        )
        page = context.new_page()
        page.add_init_script(COUNT_CONNECTIONS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        others: list[str] = []
        page.on("request", lambda r: None if r.url.startswith((address, "blob:", "data:")) else others.append(r.url))
        page.goto(address + path)
        yield page
        assert page.evaluate("window.servers") == []
        context.close()
        assert others == []
        assert [text for text in complaints if "409" not in text and "404" not in text] == []


@pytest.fixture
def backend() -> Backend:
    return make_backend(4)


@pytest.fixture
def wall(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        yield page


@pytest.fixture(scope="module")
def kept_backend() -> Backend:
    return make_backend(4)


@pytest.fixture(scope="module")
def kept_page(browser: Browser, kept_backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, kept_backend) as page:
        yield page


@pytest.fixture
def steady(kept_page: Page, kept_backend: Backend) -> Iterator[Page]:
    """One page load for the tests that leave server and layout as they found them; camera 1 is in the hero."""
    before = copy.deepcopy(kept_backend.states)
    all_live(kept_page)
    kept_page.keyboard.type("1")
    kept_page.keyboard.press("Enter")
    expect(kept_page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
    all_live(kept_page)
    kept_backend.requests.clear()
    yield kept_page
    kept_page.keyboard.press("Escape")
    kept_page.mouse.up()
    kept_backend.states.update(before)


def all_live(page: Page, count: int = 5) -> None:
    expect(page.locator('vms-tile[data-state="live"]')).to_have_count(count, timeout=15_000)


def eventually(check: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.05)
    return check()


def near(pixel: list[int], number: int) -> bool:
    return all(abs(seen - want * 0.93) < 40 for seen, want in zip(pixel, colour_of(number), strict=True))


def test_every_tile_goes_live_and_nothing_scrolls(steady: Page) -> None:
    for width, height in ((1280, 720), (1920, 1080)):
        steady.set_viewport_size({"width": width, "height": height})
        steady.wait_for_timeout(300)
        assert steady.evaluate("[scrollX + scrollY, document.documentElement.scrollHeight <= innerHeight]") == [0, True]
        boxes = steady.evaluate(
            "[...document.querySelectorAll('vms-tile')].map(t => t.getBoundingClientRect())"
            ".map(b => b.left >= 0 && b.top >= 48 && b.right <= innerWidth && b.bottom <= innerHeight && b.width > 100)"
        )
        assert boxes == [True] * 5
    shown = steady.locator("vms-tile:not(.hero) .age")
    assert eventually(lambda: "live" not in shown.all_inner_texts()), (
        "how old a picture is, the server tells a little later"
    )
    ages = shown.all_inner_texts()
    assert all(0 <= float(age.removesuffix(" s").replace(",", ".")) < 1.5 for age in ages), ages


FIT = """async ({ width, height, areas, alarmsBeside }) => {
  const { fitWall } = await import("/static/app/wall-fit.js");
  return fitWall(width, height, areas, { hero: true, alarmsBeside }); }"""


SCREENS = [(1272, 664), (1358, 712), (1672, 994), (1912, 1024), (2552, 1384)]
AREAS = [[1], [2], [5], [3, 2], [3, 3, 3], [12], [4, 4, 4], [1, 1, 10]]


def test_hero_and_tiles_use_the_room_and_stay_within_it(steady: Page) -> None:
    for (width, height), areas in itertools.product(SCREENS, AREAS):
        beside = width < 1800
        fit = steady.evaluate(FIT, {"width": width, "height": height, "areas": areas, "alarmsBeside": beside})
        columns, tile, hero = fit["columns"], fit["tileWidth"], fit["heroWidth"]
        side_width, side_height = width - 4 - hero, height - 44 - (104 if beside else 0)
        rows = sum(math.ceil(count / columns) for count in ([sum(areas)] if fit["flow"] else areas))
        used_width = columns * (tile + 4) - 4
        used_height = rows * (tile * 9 / 16 + 4) + (0 if fit["flow"] else 24 * len(areas))
        case = f"{areas} on {width}×{height}: {fit}"
        assert used_width <= side_width, case
        assert used_height <= side_height + 4, case
        assert used_height > 0.75 * side_height or used_width > 0.9 * side_width or tile == 480, case
        assert hero >= 0.59 * width or hero * 9 / 16 >= height - 4 - 234 - 1, case


def test_nine_tiles_beside_a_hero_are_not_thumbnails(steady: Page) -> None:
    fit = steady.evaluate(FIT, {"width": 1912, "height": 1024, "areas": [3, 3, 3], "alarmsBeside": False})
    assert fit["tileWidth"] >= 320


def test_number_and_enter_call_a_camera_up_over_the_same_connection(steady: Page, kept_backend: Backend) -> None:
    made = steady.evaluate("window.made")
    hero = steady.locator("vms-tile.hero")
    for number in (3, 2, 4):
        steady.keyboard.type(f"{number}")
        steady.keyboard.press("Enter")
        expect(hero).to_have_attribute("data-camera", f"camera-{number:02d}")
        expect(hero).to_have_attribute("data-state", "live", timeout=5000)
        assert eventually(lambda n=number: near(steady.evaluate(HERO_COLOUR), n)), steady.evaluate(HERO_COLOUR)  # type: ignore[misc]
    assert steady.evaluate("window.made") == made
    assert len(kept_backend.calls("/api/live/")) == 3
    steady.reload()
    expect(hero).to_have_attribute("data-camera", "camera-04")


def test_a_camera_of_another_live_process_is_called_up_over_a_new_connection(
    steady: Page, kept_backend: Backend
) -> None:
    kept_backend.elsewhere.add("camera-03")
    hero, made = steady.locator("vms-tile.hero"), steady.evaluate("window.made")
    for number in (3, 2):
        steady.keyboard.type(f"{number}")
        steady.keyboard.press("Enter")
        expect(hero).to_have_attribute("data-camera", f"camera-{number:02d}")
        expect(hero).to_have_attribute("data-state", "live", timeout=8000)
        assert eventually(lambda n=number: near(steady.evaluate(HERO_COLOUR), n)), steady.evaluate(HERO_COLOUR)  # type: ignore[misc]
    kept_backend.elsewhere.clear()
    assert steady.evaluate("window.made") == made + 2


def test_an_unknown_number_changes_nothing_and_says_so(steady: Page) -> None:
    before = steady.locator("vms-tile.hero").get_attribute("data-camera")
    steady.keyboard.type("999")
    expect(steady.locator(".entry")).to_contain_text("999")
    expect(steady.locator(".toast")).to_contain_text("bestaat niet", timeout=3000)  # by the pause, without Enter
    assert steady.locator("vms-tile.hero").get_attribute("data-camera") == before


def test_a_click_calls_up_and_layouts_change_by_key(steady: Page) -> None:
    steady.locator('vms-tile:not(.hero)[data-camera="camera-03"] .hit').click()
    expect(steady.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-03")
    for key, count in (("4", 4), ("1", 1), ("3", 5)):
        steady.keyboard.press("*")
        steady.keyboard.press(key)
        expect(steady.locator("vms-tile")).to_have_count(count)
    assert "stand=1%2B12" in steady.url


def test_a_stopped_camera_stalls_then_is_offline_then_comes_back_by_itself(steady: Page, kept_backend: Backend) -> None:
    tile = steady.locator('vms-tile:not(.hero)[data-camera="camera-02"]')
    kept_backend.frozen.add("camera-02")
    expect(tile).to_have_attribute("data-state", "stalled", timeout=4000)
    assert "grayscale(1)" in tile.locator("video").evaluate("v => getComputedStyle(v).filter")
    assert "bevroren" in tile.locator(".plate").inner_text()
    kept_backend.states["camera-02"] |= {"source": "unreachable", "reason": "unreachable", "since_us": now_us()}
    expect(tile).to_have_attribute("data-state", "camera-offline", timeout=8000)
    assert "Storing sinds" in tile.locator(".plate").inner_text()
    assert "niet bereikbaar" in tile.locator(".plate").inner_text()
    assert steady.locator('vms-tile[data-state="live"]').count() == 4
    kept_backend.states["camera-02"] |= {"source": "up", "reason": "up", "since_us": now_us()}
    kept_backend.frozen.clear()
    expect(tile).to_have_attribute("data-state", "live", timeout=10_000)


def test_a_halting_picture_of_the_present_is_not_said_to_be_behind(steady: Page) -> None:
    tile = steady.locator('vms-tile:not(.hero)[data-camera="camera-02"]')
    rates = "document.querySelector('vms-wall').fps['camera-02']"
    steady.evaluate(f"{rates} = {{ main: 60, sub: 60 }}")
    expect(tile).to_have_attribute("data-state", "late", timeout=8000)
    expect(tile.locator(".age")).to_have_text("hapert")
    steady.evaluate(f"{rates} = {{ main: 12, sub: 12 }}")
    expect(tile).to_have_attribute("data-state", "live", timeout=8000)


def test_an_uncertain_mask_is_told(steady: Page, kept_backend: Backend) -> None:
    kept_backend.states["camera-01"] |= {"mask": "fault", "mask_reason": "no-pose"}
    for tile in steady.locator('vms-tile[data-camera="camera-01"]').all():
        expect(tile).to_have_attribute("data-state", "mask-fault", timeout=4000)
        expect(tile).to_have_attribute("data-mask", "fault")


def test_a_silent_server_blocks_the_wall_until_it_is_back(steady: Page, kept_backend: Backend) -> None:
    kept_backend.silent = True
    expect(steady.locator("#server-lost")).to_be_visible(timeout=5000)
    expect(steady.locator('vms-tile[data-state="live"]')).to_have_count(0)
    kept_backend.silent = False
    all_live(steady)
    expect(steady.locator("#server-lost")).to_have_count(0)


def test_steering_lives_only_while_the_key_is_held(steady: Page, kept_backend: Backend) -> None:
    steady.keyboard.press("p")
    steady.keyboard.down("ArrowUp")
    steady.keyboard.down("ArrowLeft")
    assert eventually(lambda: len(kept_backend.calls("ptz/move")) >= 4)
    assert '"pan":-0.6,"tilt":0.6' in kept_backend.calls("ptz/move")[-1][2]
    steady.keyboard.up("ArrowUp")
    assert eventually(lambda: '"pan":-0.6,"tilt":0,' in kept_backend.calls("ptz/move")[-1][2])
    assert kept_backend.calls("ptz/stop") == []
    steady.keyboard.up("ArrowLeft")
    assert eventually(lambda: len(kept_backend.calls("ptz/stop")) >= 1, 1.0)
    steady.wait_for_timeout(400)
    moves = len(kept_backend.calls("ptz/move"))
    steady.wait_for_timeout(500)
    assert len(kept_backend.calls("ptz/move")) == moves


def test_escape_gives_the_camera_back_after_the_last_word_about_its_movement(
    steady: Page, kept_backend: Backend
) -> None:
    steady.keyboard.press("p")
    steady.keyboard.down("ArrowUp")
    assert eventually(lambda: len(kept_backend.calls("ptz/move")) >= 2)
    steady.keyboard.press("Escape")
    assert eventually(lambda: len(kept_backend.calls("ptz/release")) == 1)
    steady.wait_for_timeout(400)
    assert "ptz/release" in kept_backend.calls("/ptz/")[-1][1]
    steady.keyboard.up("ArrowUp")


@pytest.mark.parametrize(
    "event", ["window.dispatchEvent(new Event('blur'))", "window.dispatchEvent(new Event('pagehide'))"]
)
def test_losing_the_window_stops_the_camera(wall: Page, backend: Backend, event: str) -> None:
    all_live(wall)
    pad = wall.locator('.ptz-button[data-direction="right"]').bounding_box()
    assert pad
    assert pad["width"] >= 44
    wall.mouse.move(pad["x"] + 20, pad["y"] + 20)
    wall.mouse.down()
    assert eventually(lambda: len(backend.calls("ptz/move")) >= 2)
    wall.evaluate(event)
    assert eventually(lambda: len(backend.calls("ptz/stop")) >= 1, 1.0)
    wall.mouse.up()


def test_dragging_in_the_picture_is_a_speed(steady: Page, kept_backend: Backend) -> None:
    box = steady.locator("vms-tile.hero").bounding_box()
    assert box
    steady.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    steady.mouse.down()
    assert eventually(lambda: len(kept_backend.calls("ptz/move")) >= 2)
    assert '"pan":0.2' in kept_backend.calls("ptz/move")[-1][2]
    steady.mouse.up()
    assert eventually(lambda: len(kept_backend.calls("ptz/stop")) >= 1, 1.0)


def test_a_box_and_a_double_click_say_where_to_look_without_a_movement(steady: Page, kept_backend: Backend) -> None:
    box = steady.locator("vms-tile.hero").bounding_box()
    assert box
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    steady.keyboard.down("Shift")
    steady.mouse.move(left + width * 0.5, top + height * 0.5)
    steady.mouse.down()
    steady.mouse.move(left + width * 0.75, top + height * 0.7, steps=3)
    expect(steady.locator(".stage rect")).to_be_attached()
    steady.mouse.up()
    steady.keyboard.up("Shift")
    expect(steady.locator(".stage rect")).to_have_count(0)
    steady.mouse.dblclick(left + width * 0.25, top + height * 0.5)
    assert eventually(lambda: len(kept_backend.calls("ptz/look")) == 2)
    boxes = [json.loads(call[2]) for call in kept_backend.calls("ptz/look")]
    assert [round(found["x"], 2) for found in boxes] == [0.62, 0.25]
    assert [round(found["width"], 2) for found in boxes] == [0.25, 1]
    assert kept_backend.calls("ptz/move") == []


def test_who_loses_a_camera_is_told_by_whom(steady: Page, kept_backend: Backend) -> None:
    steady.keyboard.press("p")
    steady.keyboard.press("Home")
    assert eventually(lambda: len(kept_backend.calls("ptz/home")) == 1)
    assert eventually(
        lambda: steady.evaluate("document.querySelector('vms-wall').link.cameras['camera-01'].ptz") == "mine"
    )
    taken = "{ camera: 'camera-01', holder: { username: 'smits', name: 'B. Smits', role: 'police', since_us: 0 } }"
    steady.evaluate(
        f"document.querySelector('vms-wall').link.dispatchEvent(new CustomEvent('ptz', {{ detail: {taken} }}))"
    )
    expect(steady.locator(".toast")).to_have_text("B. Smits heeft camera 1 van u overgenomen")


def test_where_the_camera_looks_is_kept_as_a_preset(steady: Page, kept_backend: Backend) -> None:
    steady.locator(".keep-preset").click()
    steady.keyboard.type("Steeg 12")  # steers nothing, calls up nothing
    steady.keyboard.press("Enter")
    assert eventually(
        lambda: [call[2] for call in kept_backend.calls("ptz/presets") if call[0] == "POST"] == ['{"name":"Steeg 12"}']
    )
    expect(steady.locator(".new-preset")).to_have_count(0)
    expect(steady.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
    assert kept_backend.calls("ptz/move") == []


def test_a_joystick_steers_in_proportion_rests_in_its_dead_zone_and_stops_unplugged(
    steady: Page, kept_backend: Backend
) -> None:
    steady.evaluate(
        "() => { window.pad = { connected: true, axes: [0.05, 0], buttons: [] };"
        " navigator.getGamepads = () => [window.pad]; dispatchEvent(new Event('gamepadconnected')); }"
    )
    steady.wait_for_timeout(400)
    assert kept_backend.calls("/ptz/") == []
    steady.evaluate("window.pad.axes = [0.5, 0]")
    assert eventually(lambda: len(kept_backend.calls("ptz/move")) >= 2)
    assert '"pan":0.125' in kept_backend.calls("ptz/move")[-1][2]
    steady.evaluate("window.pad = null")
    assert eventually(lambda: len(kept_backend.calls("ptz/stop")) >= 1, 1.0)


def test_somebody_elses_camera_cannot_be_steered(steady: Page, kept_backend: Backend) -> None:
    holder = {"name": "A. Jansen", "role": "observer", "since_us": now_us()}
    kept_backend.states["camera-01"] |= {"ptz": "other", "ptz_holder": holder}
    all_live(steady)
    expect(steady.locator(".lock")).to_contain_text("A. Jansen")
    expect(steady.locator('.ptz-button[data-direction="up"]')).to_be_disabled()
    steady.keyboard.press("p")
    steady.keyboard.press("ArrowUp")
    steady.wait_for_timeout(300)
    assert kept_backend.calls("ptz/move") == []


def test_the_page_frees_its_streams_when_it_goes(wall: Page, backend: Backend) -> None:
    all_live(wall)
    assert len(backend.sessions) == 5
    wall.goto("about:blank")
    assert eventually(lambda: not backend.sessions)
