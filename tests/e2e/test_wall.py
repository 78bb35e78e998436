"""The operator's wall: every camera live, the present and no later, called up by number."""

import os
import re

import httpx
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.pictures import clock_us
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall


def test_every_camera_is_live_on_the_wall_and_its_pictures_go_on(wall: Wall, cameras_up: list[str]) -> None:
    wall.wait_live(cameras_up)
    assert len(cameras_up) == 9
    assert wall.data("mask") == dict.fromkeys(cameras_up, "ok")
    assert wall.hero("mask") == "ok"
    before = wall.frames_decoded()
    assert len(before) == 10
    wait_for(
        lambda: all(now >= then + 5 for now, then in zip(wall.frames_decoded(), before, strict=True)),
        "five more decoded frames on each of ten connections",
    )
    widths = wall.page.locator("vms-tile video").evaluate_all("all => all.map((video) => video.videoWidth)")
    assert min(widths) >= 480
    assert max(widths) >= 1280


def test_connections_name_no_server_outside(wall: Wall) -> None:
    configurations = wall.page.evaluate("window.peerConfigurations")
    assert configurations
    assert all(configuration["iceServers"] == [] for configuration in configurations)


def test_a_tile_shows_the_present_and_says_how_old_it_is(wall: Wall, cameras_up: list[str]) -> None:
    """The camera's burned-in clock against the clock of the machine that both run on."""
    for camera in cameras_up[:5]:
        ages_s: list[float] = []

        def is_fresh(camera: str = camera, ages_s: list[float] = ages_s) -> bool:
            shot = wall.tile_shot(camera)
            burned_in_us = clock_us(shot.picture)
            assert burned_in_us is not None, f"{camera}: no clock to be read"
            ages_s.append(round((shot.at_us - burned_in_us) / 1e6, 3))
            assert ages_s[-1] > -0.05, f"{camera} shows the future"
            label = wall.page.locator(f"vms-tile:not(.hero)[data-camera={camera}] .age").text_content() or ""
            shown = re.match(r"(\d+),(\d) s", label)  # while pictures halt the label is a word
            return bool(shown) and ages_s[-1] < 1.0 and abs(float(f"{shown[1]}.{shown[2]}") - ages_s[-1]) < 0.3

        wait_for(is_fresh, f"{camera} less than a second old, and said so; ages seen {ages_s}")


HIDDEN_AFTER_S = 40 if "UITKIJK_REAL_WAITS" in os.environ else 0.5
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
HIDES_SOON = """
    const real = window.setTimeout;
    window.setTimeout = (act, ms, ...rest) => real(act, ms === 30_000 ? 500 : ms, ...rest);
"""


def test_a_hidden_window_has_no_viewers_and_returns_to_the_present(
    product: Product, browser: Browser, cameras_up: list[str]
) -> None:
    """Hidden for 40 s; the half minute after which it counts is shortened unless UITKIJK_REAL_WAITS is set."""
    context = new_context(browser)
    if HIDDEN_AFTER_S < 1:
        context.add_init_script(HIDES_SOON)
    wall = Wall(log_in(context, product, "observer", "/muur?stand=1%2B5&camera=2"))
    wall.wait_live(cameras_up[:5])
    own = "[...document.querySelectorAll('vms-tile')].map((tile) => tile.connection.session).filter(Boolean)"
    sessions = wall.page.evaluate(own)
    assert len(sessions) == 6
    known = "(ids) => ids.filter((id) => document.querySelector('vms-wall').link.sessions[id])"
    wait_for(lambda: len(wall.page.evaluate(known, sessions)) == 6, "the server counts six viewers")
    wall.page.evaluate(HIDE, True)
    wait_for(lambda: wall.page.evaluate(known, sessions) == [], "no viewer is left", HIDDEN_AFTER_S + 15)
    assert wall.page.evaluate(own) == []
    wall.page.evaluate(HIDE, False)
    wall.wait_live(cameras_up[:5], timeout_s=20)
    shot = wall.tile_shot(cameras_up[1])
    burned_in_us = clock_us(shot.picture)
    assert burned_in_us is not None
    assert -0.05 < (shot.at_us - burned_in_us) / 1e6 < 2
    assert wall.watched.unexcused() == []
    context.close()


def test_the_page_and_the_server_agree_on_the_time(wall: Wall) -> None:
    """Else the ages above would say nothing."""
    off_ms = wall.page.evaluate("fetch('/api/me').then((r) => r.json()).then((me) => Date.now() - me.server_us / 1000)")
    assert -50 < off_ms < 5000


def test_digits_and_enter_call_a_camera_up_without_a_blank_frame(wall: Wall, cameras_up: list[str]) -> None:
    for number in (5, 2):
        frames = wall.watched_call_up(number, cameras_up[number - 1])
        blank = [frame for frame in frames if frame["colour"] is None or max(frame["colour"]) < 10]
        assert blank == []
    assert "camera=2" in wall.page.url


def test_an_unknown_number_says_so_and_changes_nothing(wall: Wall) -> None:
    hero, address = wall.hero("camera"), wall.page.url
    wall.page.keyboard.type("999")
    wall.page.keyboard.press("Enter")
    wait_for(lambda: "Camera 999 bestaat niet" in wall.page.locator("vms-wall").inner_text(), "the wall says so")
    assert (wall.hero("camera"), wall.page.url) == (hero, address)


def test_keys_typed_into_a_field_trigger_nothing(wall: Wall, cameras_up: list[str]) -> None:
    wall.call_up(1, cameras_up[0])
    wall.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input id=\"note\">')")
    wall.page.focus("#note")
    asked = len([r for r in wall.watched.requests if r.method != "GET"])
    address = wall.page.url
    wall.page.keyboard.type("3p5s*2")
    wall.page.keyboard.down("ArrowRight")
    wall.page.keyboard.up("ArrowRight")
    wall.page.keyboard.press("Enter")
    assert wall.page.input_value("#note") == "3p5s*2"
    wall.page.evaluate("document.getElementById('note').remove()")
    # The same keys outside the field do something: the next call-up is answered, and nothing came before it.
    wall.call_up(4, cameras_up[3])
    assert "camera=4" in wall.page.url != address
    since = [r for r in wall.watched.requests if r.method != "GET"][asked:]
    assert [r.url for r in since if "/ptz/" in r.url] == []
    assert [r.post_data_json["camera"] for r in since if "/api/live/" in r.url] == [cameras_up[3]]


def test_nothing_is_shown_without_logging_in(product: Product, cameras_up: list[str]) -> None:
    camera = cameras_up[0]
    for path in ("/api/cameras", "/api/status", f"/api/cameras/{camera}/snapshot", "/api/media/1", "/metrics"):
        assert httpx.get(product.base + path).status_code == 401, path
    offer = httpx.post(f"{product.base}/whep/{camera}", content="v=0\r\n", headers={"Content-Type": "application/sdp"})
    assert offer.status_code == 401
    assert httpx.get(f"{product.base}/muur").headers["location"].startswith("/inloggen")


def test_the_watch_over_pages_sees_what_it_must(product: Product, browser: Browser) -> None:
    """A page that reaches outside is noticed, so the silence of the other tests means something."""
    context = new_context(browser)
    watched = log_in(context, product, "admin", "/techniek")
    assert watched.unexcused() == []
    watched.page.evaluate("fetch('http://127.0.0.1:9/elders').catch(() => 0)")
    watched.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"/api/geen\">')")
    wait_for(lambda: any("policy violated" in fault for fault in watched.unexcused()), "the policy's refusal")
    wait_for(lambda: any("/api/geen" in fault for fault in watched.unexcused()), "the failed request")
    context.close()
