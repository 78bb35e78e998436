"""The map on the wall, in a real browser and without internet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_backend import Backend, make_backend
from playwright.sync_api import Browser, Page, expect
from pmtiles_file import write_pmtiles
from test_accessible_in_chromium import violations
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e

LIST = {"name": "Als lijst"}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    made = make_backend(6)
    made.has_video = False
    made.areas = [{"name": "Binnenstad <b>", "outline": [[51.369, 6.168], [51.373, 6.168], [51.373, 6.175]]}]
    made.views = {
        "camera-01": {"direction_deg": 90, "hfov_deg": 60},
        "camera-02": {"direction_deg": 225, "hfov_deg": 3},
    }
    made.cameras[5] |= {"lat": None, "lon": None}
    made.ground = tmp_path_factory.mktemp("map") / "kaart.pmtiles"
    write_pmtiles(made.ground)
    return made


@pytest.fixture(scope="module")
def kept_page(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend, "/muur?camera=1") as page:
        expect(page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
        yield page


@pytest.fixture
def wall(kept_page: Page) -> Iterator[Page]:
    """The map is open; every test leaves camera 1 in the hero."""
    kept_page.keyboard.press("m")
    expect(kept_page.locator(".pin")).to_have_count(5)
    yield kept_page
    expect(kept_page.locator("#server-lost")).to_have_count(0)
    kept_page.keyboard.press("m")
    kept_page.keyboard.type("1")
    kept_page.keyboard.press("Enter")
    expect(kept_page.locator("vms-map")).to_have_count(0)


def test_the_map_opens_by_key_and_stays_open_after_a_reload(wall: Page) -> None:
    assert "kaart=1" in wall.url
    wall.reload()
    expect(wall.locator(".pin")).to_have_count(5)
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight")
    bottoms = "[...document.querySelectorAll('vms-tile:not(.hero)')].map((t) => t.getBoundingClientRect().bottom)"
    box = wall.locator("vms-map").bounding_box()
    assert box
    assert max(wall.evaluate(bottoms)) <= box["y"]
    assert wall.locator(".pin[data-hero]").evaluate("pin => pin.dataset.camera") == "camera-01"


def test_a_click_on_a_camera_puts_it_in_the_hero_and_marks_it(wall: Page) -> None:
    wall.locator('.pin[data-camera="camera-04"]').click()
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-04")
    expect(wall.locator(".pin[data-hero]")).to_have_count(1)
    expect(wall.locator('.pin[data-camera="camera-04"]')).to_have_attribute("aria-pressed", "true")


def test_keys_alone_reach_every_camera_on_it(wall: Page) -> None:
    wall.locator('.pin[data-camera="camera-03"]').focus()
    wall.keyboard.press("Enter")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-03")
    wall.keyboard.type("2")
    wall.keyboard.press("Enter")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-02")


def test_views_are_cones_in_the_direction_and_width_that_the_server_tells(wall: Page) -> None:
    expect(wall.locator(".map-cone")).to_have_count(2)
    middle = "document.querySelector('.pin[data-camera=\"%s\"]').getBoundingClientRect()"
    shape = "document.querySelector('.map-cone[data-camera=\"%s\"]').getBoundingClientRect()"
    pin, cone = (wall.evaluate(f"(({text}).toJSON())" % "camera-01") for text in (middle, shape))
    assert abs(cone["left"] - (pin["left"] + pin["width"] / 2)) < 3  # begins at the camera and lies east of it
    assert cone["right"] > pin["left"] + pin["width"] / 2 + 5
    narrow = wall.evaluate(f"(({shape}).toJSON())" % "camera-02")
    assert narrow["width"] < cone["width"]
    expect(wall.locator('.pin[data-camera="camera-01"]')).to_have_attribute(
        "title", "Camera 1 Parade, in bedrijf, kijkt naar oost"
    )
    expect(wall.locator('.pin[data-camera="camera-03"]')).to_have_attribute(
        "aria-label", "Camera 3 Station, in bedrijf, kijkrichting niet bekend"
    )


def test_a_fault_is_shape_and_word_besides_colour(wall: Page, backend: Backend) -> None:
    pin = wall.locator('.pin[data-camera="camera-03"]')
    fine = pin.evaluate("pin => getComputedStyle(pin).borderRadius")
    backend.states["camera-03"] |= {"source": "unreachable", "reason": "unreachable"}
    expect(pin).to_contain_text("storing", timeout=5000)
    assert pin.evaluate("pin => getComputedStyle(pin).borderRadius") != fine
    backend.states["camera-03"] |= {"source": "up", "reason": "up", "mask": "fault"}
    expect(pin).to_contain_text("masker onzeker", timeout=5000)
    backend.states["camera-03"] |= {"mask": "none"}
    expect(pin).not_to_contain_text("onzeker", timeout=5000)


def test_a_list_says_the_same_also_of_who_has_no_place(wall: Page) -> None:
    wall.get_by_role("button", **LIST).click()
    lines = wall.locator(".map-list li")
    expect(lines).to_have_count(6)
    expect(lines.first).to_contain_text("in bedrijf")
    expect(lines.first).to_contain_text("kijkt naar oost")
    expect(lines.last).to_contain_text("geen plaats in de configuratie")
    lines.nth(4).get_by_role("button").click()
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-05")
    assert violations(wall) == []
    wall.get_by_role("button", **LIST).click()


def test_the_ground_comes_from_our_own_server_and_names_stay_text(wall: Page) -> None:
    expect(wall.locator(".map-canvas img.leaflet-tile").first).to_be_attached()
    assert eventually(
        lambda: wall.evaluate("[...document.querySelectorAll('img.leaflet-tile')].some((i) => i.naturalWidth === 256)")
    )
    expect(wall.locator(".map-thanks")).to_have_text("Testgrond")
    expect(wall.locator(".map-area-name")).to_have_text("Binnenstad <b>")
    assert violations(wall) == []


def test_without_a_file_or_with_a_broken_one_areas_and_cameras_lie_on_a_plain_ground(
    wall: Page, backend: Backend, tmp_path: Path
) -> None:
    kept, broken = backend.ground, tmp_path / "broken.pmtiles"
    broken.write_bytes(b"PMTiles\x03 and then nothing" * 10)
    for ground, messages in ((None, 0), (broken, 1)):
        wall.keyboard.press("m")
        expect(wall.locator("vms-map")).to_have_count(0)
        backend.ground = ground
        wall.keyboard.press("m")
        expect(wall.locator(".pin")).to_have_count(5)
        expect(wall.locator(".map-area")).to_have_count(1)
        expect(wall.locator(".map-message")).to_have_count(messages)
        assert wall.locator("img.leaflet-tile").count() == 0
    backend.ground = kept
