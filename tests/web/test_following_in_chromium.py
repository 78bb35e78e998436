"""Following from camera to camera on the wall, patrols and bookmarks, and what who looks back finds of them."""

import json
from collections.abc import Iterator

import pytest
from fake_backend import Backend, lay_down_footage, make_backend
from playwright.sync_api import Browser, Page, expect
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(6)
    made.has_video = False
    return made


@pytest.fixture(scope="module")
def kept_page(browser: Browser, backend: Backend) -> Iterator[Page]:
    with opened_wall(browser, backend) as page:
        yield page


@pytest.fixture
def wall(kept_page: Page, backend: Backend) -> Page:
    """One page load; each test starts on camera 2, which stands still, without a trail."""
    backend.trails.clear()
    kept_page.evaluate("document.querySelector('vms-wall').trails.load()")
    for key in ("Escape", "*", "3", "2", "Enter"):
        kept_page.keyboard.press(key)
    shows(kept_page, "camera-02")
    backend.requests.clear()
    return kept_page


def shows(page: Page, camera: str) -> None:
    expect(page.locator("vms-tile.hero")).to_have_attribute("data-camera", camera)


def steps(backend: Backend) -> list[str]:
    return [step["camera"] for trail in backend.trails for step in trail["steps"]]


def test_n_and_an_arrow_follow_and_every_step_is_on_the_trail(wall: Page, backend: Backend) -> None:
    expect(wall.locator(".trail")).to_have_count(0)
    for _ in range(2):
        wall.keyboard.press("n")
        wall.keyboard.press("ArrowRight")
    shows(wall, "camera-04")
    expect(wall.locator(".trail li")).to_have_count(3)
    assert steps(backend) == ["camera-02", "camera-03", "camera-04"]
    assert [button.strip()[:2] for button in wall.locator(".trail li button").all_inner_texts()] == ["02", "03", "04"]
    wall.keyboard.press("n")
    wall.keyboard.press("ArrowUp")
    expect(wall.locator(".toast")).to_contain_text("Geen buurcamera in die richting")
    shows(wall, "camera-04")
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_shape_in_the_picture_shows_what_its_camera_sees_and_follows_by_a_click(wall: Page, backend: Backend) -> None:
    shape = wall.locator('.way[data-side="left"]')
    assert shape.get_attribute("aria-label") == "Volg naar camera 1 Parade (links)"
    stage, box = wall.locator(".stage").bounding_box(), shape.bounding_box()
    assert stage
    assert box
    assert abs(box["width"] - 0.2 * stage["width"]) < 2
    assert abs(box["y"] - stage["y"] - 0.2 * stage["height"]) < 2
    shape.hover()
    expect(wall.locator(".preview img")).to_be_visible()
    expect(wall.locator(".preview")).to_contain_text("01 Parade")
    assert len(backend.calls("/camera-01/snapshot")) in (1, 2), "one for each time the pointer came in"
    shape.click()
    shows(wall, "camera-01")
    expect(wall.locator(".preview")).to_have_count(0)
    assert eventually(lambda: steps(backend) == ["camera-02", "camera-01"])


def test_shapes_are_reached_by_keyboard_and_show_the_same(wall: Page, backend: Backend) -> None:
    wall.locator('.way[data-side="right"]').focus()
    expect(wall.locator(".preview")).to_contain_text("03 Station")
    wall.keyboard.press("Enter")
    shows(wall, "camera-03")
    assert eventually(lambda: steps(backend) == ["camera-02", "camera-03"])


def test_a_trail_is_named_and_ended_and_is_there_again_after_a_reload(wall: Page, backend: Backend) -> None:
    wall.locator(".neighbours button").first.click()
    shows(wall, "camera-01")
    field = wall.locator(".trail input")
    field.fill("rode jas")
    field.press("Enter")
    assert eventually(lambda: backend.trails[0]["name"] == "rode jas")
    wall.reload()
    expect(wall.locator(".trail input")).to_have_value("rode jas")
    shows(wall, "camera-01")
    wall.locator(".trail > button").click()
    expect(wall.locator(".trail")).to_have_count(0)
    expect(wall.locator(".toast")).to_contain_text("Volgspoor bewaard")
    assert backend.trails[0]["ended_us"]


def test_a_patrol_is_started_and_stopped_on_the_pad_and_stands_on_the_tile_by_name(
    wall: Page, backend: Backend
) -> None:
    wall.keyboard.type("4")
    wall.keyboard.press("Enter")
    shows(wall, "camera-04")
    patrol = wall.locator(".patrol", has_text="Nacht")
    patrol.click()
    hero = wall.locator("vms-tile.hero")
    expect(hero).to_have_attribute("data-ptz", "patrol")
    expect(hero.locator(".badge.ptz")).to_contain_text("patrouille Nacht")
    expect(patrol).to_have_attribute("aria-pressed", "true")
    expect(wall.locator('vms-tile:not(.hero)[data-camera="camera-04"]')).to_have_attribute("data-ptz", "patrol")
    assert wall.locator('[data-direction="left"]').is_enabled()  # any hand may take over
    assert json.loads(backend.calls("/ptz/patrol")[-1][2]) == {"name": "Nacht"}
    patrol.focus()
    wall.keyboard.press("Enter")
    expect(hero).to_have_attribute("data-ptz", "free")
    expect(patrol).to_have_attribute("aria-pressed", "false")


def test_b_marks_the_moment_it_was_pressed_and_a_refusal_keeps_what_was_typed(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("b")
    before_us = wall.evaluate("document.querySelector('vms-wall').link.nowUs()")
    note = wall.locator("#bookmark-note")
    note.fill("kenteken 4")
    wall.keyboard.press("Enter")
    expect(wall.locator("#bookmark-problem")).to_contain_text("Niet alle velden kloppen")
    expect(note).to_have_value("kenteken 4")
    note.fill("rode jas, fiets")
    wall.keyboard.press("Enter")
    expect(wall.locator("dialog.bookmark")).to_be_hidden()
    expect(wall.locator(".toast")).to_contain_text("Gemarkeerd: camera 2")
    mark = backend.bookmarks[-1]
    assert (mark["camera"], mark["note"]) == ("camera-02", "rode jas, fiets")
    assert before_us - 1e6 < mark["at_us"] <= before_us
    shows(wall, "camera-02")  # the digit was typed, not called up


@pytest.fixture(scope="module")
def looked_back() -> Backend:
    """Footage with a hole, a trail over two cameras and a bookmark."""
    backend = make_backend(2)
    backend.roles = ["police_reviewer"]
    start_us = lay_down_footage(backend)
    second = 1_000_000
    backend.trails.append({
        "id": 3, "owner": "piet", "name": "rode jas", "started_us": start_us, "ended_us": start_us + 60 * second,
        "steps": [
            {"camera": "camera-01", "at_us": start_us + 10 * second},
            {"camera": "camera-02", "at_us": start_us + 30 * second},
        ],
    })  # fmt: skip
    mark = {"camera": "camera-02", "at_us": start_us + 40 * second, "note": "fiets", "author": "piet"}
    backend.bookmarks.append(mark)
    return backend


def test_a_trail_opens_in_looking_back_with_camera_and_times_and_plays_on_along_it(
    browser: Browser, looked_back: Backend
) -> None:
    with opened_wall(browser, looked_back, "/terugkijken") as page:
        page.select_option("#purpose", "opsporing")
        page.fill("#reference", "BVH 2026-118822")
        page.click("form.purpose button.primary")
        page.select_option("#trail", "3")
        expect(page.locator(".trails [aria-current=step]")).to_contain_text("01")
        player = "document.querySelector('vms-playback').player"
        at_us = looked_back.trails[0]["steps"][0]["at_us"]
        assert eventually(lambda: page.evaluate(f"{player}?.isOpen && Math.abs({player}.nowUs - {at_us}) < 3e6"), 10)
        expect(page.locator("#camera")).to_have_value("camera-01")
        page.evaluate(f"{player}.seek({at_us} + 19.5e6)")
        expect(page.locator(".trails [aria-current=step]")).to_contain_text("02", timeout=15_000)
        expect(page.locator(".caption")).to_contain_text("02")
        assert "spoor=3&stap=2" in page.url
        page.locator(".foot summary").click()
        expect(page.locator(".foot li", has_text="markering")).to_contain_text("fiets · piet")
        page.locator(".trails ol button").first.click()
        expect(page.locator(".caption")).to_contain_text("01")
        page.reload()
        expect(page.locator(".trails [aria-current=step]")).to_contain_text("01")
        expect(page.locator(".caption")).to_contain_text("01")
