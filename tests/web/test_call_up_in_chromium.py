"""Calling a camera up into the hero: at every frame on the way a picture, and never another camera's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_backend import Backend, make_backend
from fake_pictures import colour_of
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import all_live, opened_wall

pytestmark = pytest.mark.e2e

WATCH_HERO = (Path(__file__).parents[1] / "e2e" / "watch_hero.js").read_text(encoding="utf-8")


def watched_call_up(page: Page, number: int) -> list[dict[str, Any]]:
    """What the hero showed at every frame, from before the key until the camera's own stream is live."""
    page.evaluate(WATCH_HERO)
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    hero = page.locator("vms-tile.hero")
    expect(hero).to_have_attribute("data-camera", f"camera-{number:02d}")
    expect(hero).to_have_attribute("data-state", "live", timeout=15_000)
    return seen_so_far(page)


def seen_so_far(page: Page) -> list[dict[str, Any]]:
    """And a moment longer."""
    frames: list[dict[str, Any]] = page.evaluate(
        "() => new Promise((done) => setTimeout(() => { window.watching = false; done(window.frames_seen); }, 200))"
    )
    return frames


def is_of(colour: list[int] | None, number: int) -> bool:
    """The lowest rows of its picture; coding and scaling take a little off."""
    wanted = colour_of(number)
    return colour is not None and all(abs(seen - want) < 45 for seen, want in zip(colour, wanted, strict=True))


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend(4)


@pytest.fixture(scope="module")
def wall(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        all_live(page)
        yield page


def test_a_camera_on_the_wall_is_seen_in_the_hero_from_the_first_frame_on(wall: Page) -> None:
    for number in (2, 3, 4, 1, 3):
        frames = watched_call_up(wall, number)
        assert [frame for frame in frames if not is_of(frame["colour"], frame["number"])] == []
        after = [frame for frame in frames if frame["number"] == number]
        assert (after[0]["what"], after[-1]["what"]) == ("still", "video")
        assert {frame["plate"] for frame in after} == {""}


def test_streams_that_were_released_come_back_behind_their_last_picture(wall: Page) -> None:
    """As in a window that was covered for half a minute: every tile lets go, and none can lend its picture."""
    number = int(wall.locator("vms-tile.hero .number").inner_text())
    wall.evaluate(WATCH_HERO)
    wall.evaluate("() => [...document.querySelectorAll('vms-tile')].reverse().forEach((tile) => tile.release())")
    expect(wall.locator("vms-tile.hero")).not_to_have_attribute("data-state", "live")
    all_live(wall)
    frames = seen_so_far(wall)
    assert [frame for frame in frames if not is_of(frame["colour"], number)] == []
    assert "still" in {frame["what"] for frame in frames}
    assert "Verbinden…" in {frame["plate"] for frame in frames}


def test_a_poor_connection_is_told_on_the_picture(wall: Page, backend: Backend) -> None:
    badge = wall.locator("vms-tile .badge.reduced")
    expect(badge).to_have_count(0)
    hero = wall.evaluate("() => document.querySelector('vms-tile.hero').connection.session")
    backend.sessions[hero].is_reduced = True
    expect(badge).to_have_text("lagere kwaliteit: verbinding")
    expect(wall.locator("vms-tile.hero .badge.reduced")).to_be_visible()
    backend.sessions[hero].is_reduced = False
    expect(badge).to_have_count(0)
