"""An observer registers an incident from the wall by keyboard alone, and nothing that was entered is lost."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from fake_backend import Backend, make_backend
from fake_incidents import an_incident
from fake_records import now_us
from playwright.sync_api import Browser, Page, Route, expect
from test_wall_in_chromium import eventually, opened_wall

pytestmark = pytest.mark.e2e

DRAWER = ".incident-drawer"
POST = ("POST", "/api/incidents")


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
def wall(kept_page: Page, backend: Backend) -> Iterator[Page]:
    """One page load; each test starts on camera 1, with an empty register and without a drawer."""
    for key in ("*", "3", "1", "Enter"):
        kept_page.keyboard.press(key)
    expect(kept_page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
    for kept in (backend.requests, backend.incidents, backend.incident_keys, backend.trails):
        kept.clear()
    yield kept_page
    kept_page.evaluate("document.querySelector('vms-incident')._discard()")
    kept_page.evaluate("document.activeElement.blur()")


def sent(backend: Backend) -> list[dict[str, object]]:
    return [json.loads(body) for method, path, body in backend.calls("/api/incidents") if (method, path) == POST]


def test_letters_of_a_category_one_count_and_enter_register_with_camera_time_and_trail(
    wall: Page, backend: Backend
) -> None:
    wall.keyboard.press("n")
    wall.keyboard.press("ArrowLeft")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-02")
    expect(wall.locator(".trail li")).to_have_count(2)
    began, began_us = time.monotonic(), time.time() * 1e6
    wall.keyboard.press("i")
    expect(wall.locator("#incident-category")).to_be_focused()
    wall.keyboard.type("gel")
    expect(wall.locator('[role="option"][aria-selected="true"]')).to_have_text("Geluidsoverlast")
    for key in ("Enter", "a", "ArrowUp", "Enter"):
        wall.keyboard.press(key)
    expect(wall.locator(".toast")).to_contain_text("Incident 1 ingeschreven: Geluidsoverlast")
    assert time.monotonic() - began < 10
    expect(wall.locator(DRAWER)).to_have_count(0)
    expect(wall.locator("vms-tile[data-in-hero] .hit")).to_be_focused()
    [made] = backend.incidents
    assert (made["cameras"], made["category_name"], made["status"]) == (["camera-02"], "Geluidsoverlast", "followed_up")
    assert made["follow_ups"] == {"aangesproken": 1}
    assert [step["camera"] for step in made["trail"]] == ["camera-01", "camera-02"]
    assert began_us - 2e6 < made["at_us"] < time.time() * 1e6 + 2e6


def test_a_missing_category_is_told_and_what_was_entered_stays(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("i")
    wall.fill("#incident-note", "groep bij de fontein")
    wall.fill("#follow-up-loos", "2")
    wall.keyboard.press("Enter")
    error = wall.locator("#incident-category-error")
    expect(error).to_have_text("Kies een categorie.")
    assert error.get_attribute("role") == "alert"
    expect(wall.locator("#incident-category")).to_be_focused()
    wall.keyboard.type("xyz")
    wall.keyboard.press("Enter")
    expect(error).to_contain_text("kies er een uit de lijst")
    assert wall.input_value("#incident-note") == "groep bij de fontein"
    assert (wall.input_value("#follow-up-loos"), sent(backend)) == ("2", [])


def test_what_is_typed_in_the_drawer_calls_up_and_steers_nothing(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("i")
    address = wall.url
    for place in ("#incident-note", "#follow-up-loos", '[value="police"]', "#incident-category", ".stepper button"):
        wall.locator(place).last.focus()
        for key in ("3", "5", "p", "ArrowRight", "ArrowUp", "i", "r", "q", "s", "m", "*", "2", "Home"):
            wall.keyboard.press(key)
    wall.wait_for_timeout(1000)  # a number calls up after a pause of 900 ms
    assert (wall.url, wall.locator("vms-map, .entry").count()) == (address, 0)
    acted = [
        path
        for method, path, _ in backend.requests
        if method != "GET" and not path.startswith(("/whep/", "/api/incidents/note-hints"))
    ]
    assert acted == []


def test_enter_twice_makes_one_incident_and_moves_no_tile(wall: Page, backend: Backend) -> None:
    wall.keyboard.type("2")
    wall.keyboard.press("Enter")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-02")
    wall.keyboard.press("i")
    wall.keyboard.type("wild")
    for _ in range(5):
        wall.keyboard.press("Enter")
    expect(wall.locator(DRAWER)).to_have_count(0)
    assert (len(backend.incidents), len(sent(backend))) == (1, 1)
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-02")


def test_an_answer_that_is_lost_keeps_what_was_entered_and_the_next_enter_makes_no_second(
    browser: Browser, wall: Page, backend: Backend
) -> None:
    lost: list[int] = []
    page = browser.new_page(timezone_id="Europe/Amsterdam")
    page.goto(wall.url)
    expect(page.locator("vms-frame-status .dot")).to_contain_text("6/6")
    expect(page.locator("vms-tile.hero")).to_have_count(1)

    def lose(route: Route) -> None:
        """The server has it; its answer never comes."""
        lost.append(route.fetch().status)
        route.abort()

    page.route(re.compile(r"/api/incidents$"), lose, times=1)
    page.keyboard.press("i")
    page.keyboard.type("verk")
    for key in ("Enter", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".incident-failed")).to_contain_text("Wat u invulde blijft staan")
    assert (lost, len(backend.incidents)) == ([201], 1)
    assert page.input_value("#incident-category") == "Verkeer"
    page.fill("#incident-note", "toch nog iets")
    page.locator("#incident-note").press("Enter")
    expect(page.locator(".incident-failed a")).to_have_attribute("href", "/incidenten?nr=1")
    page.fill("#incident-note", "")
    page.locator("#incident-note").press("Enter")
    expect(page.locator(".toast")).to_contain_text("Incident 1 ingeschreven")
    assert (len(backend.incidents), len(sent(backend))) == (1, 3)
    page.close()


def test_what_was_left_comes_back_with_its_time_also_after_a_reload(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("i")
    wall.keyboard.type("drugs")
    wall.keyboard.press("Enter")
    seen_at = wall.input_value("#incident-time")
    wall.keyboard.press("Escape")
    expect(wall.locator(DRAWER)).to_have_count(0)
    expect(wall.locator(".toast")).to_contain_text("met I gaat u verder")
    expect(wall.locator("vms-tile[data-in-hero] .hit")).to_be_focused()
    wall.reload()
    expect(wall.locator(".resumed")).to_contain_text(seen_at[:5])
    assert wall.input_value("#incident-category") == "Drugsoverlast"
    assert wall.input_value("#incident-time") == seen_at
    wall.locator(".resumed button").click()
    expect(wall.locator(DRAWER)).to_have_count(0)
    wall.keyboard.press("i")
    assert wall.input_value("#incident-category") == ""


def test_a_note_that_looks_like_personal_data_is_told_while_it_is_written(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("i")
    wall.fill("#incident-note", "zwarte auto AB-123-C")
    expect(wall.locator("#incident-note-hint")).to_contain_text("een kenteken")
    wall.fill("#incident-note", "zwarte auto")
    expect(wall.locator("#incident-note-hint")).to_have_text("")


def test_another_time_and_another_camera_are_typed_and_what_is_none_is_told(wall: Page, backend: Backend) -> None:
    wall.keyboard.press("i")
    wall.fill("#incident-camera", "99")
    wall.keyboard.press("Enter")
    expect(wall.locator("#incident-camera-error")).to_have_text("Camera 99 bestaat niet")
    wall.fill("#incident-camera", "4")
    wall.keyboard.press("Enter")
    expect(wall.locator(".camera-chip")).to_have_count(2)
    wall.fill("#incident-time", "25:00")
    wall.locator("#incident-category").focus()
    expect(wall.locator("#incident-time-error")).to_contain_text("Vul een tijd in")
    wall.fill("#incident-time", "0:01")
    wall.locator("#incident-category").focus()
    assert wall.input_value("#incident-time") == "00:01:00"
    wall.keyboard.type("verk")
    for key in ("Tab", "Enter"):
        wall.keyboard.press(key)
    assert eventually(lambda: len(backend.incidents) == 1)
    [body] = sent(backend)
    assert body["cameras"] == ["camera-01", "camera-04"]
    assert time.time() * 1e6 - 86_400e6 < int(str(body["at_us"])) < time.time() * 1e6


def test_ones_own_open_incident_is_followed_up_beside_the_hero_and_what_was_being_entered_waits(
    wall: Page, backend: Backend
) -> None:
    backend.incidents[:] = [an_incident(1, now_us()), an_incident(2, now_us(), status="closed")]
    wall.keyboard.press("i")
    wall.keyboard.type("verk")
    wall.keyboard.press("Enter")
    expect(wall.locator(".unfinished button")).to_have_count(1)
    wall.locator(".unfinished button").press("Enter")
    panel, hero = wall.locator("dialog.incident-open"), wall.locator(".stage").bounding_box()
    expect(panel).to_contain_text("Incident 1 · Geluidsoverlast")
    expect(wall.locator(DRAWER)).to_have_count(0)
    where = panel.bounding_box()
    assert where
    assert hero
    assert where["x"] >= hero["x"] + hero["width"]
    wall.locator("#follow-up-ambulance").press("ArrowUp")
    wall.locator("#follow-up-ambulance").press("Enter")
    expect(wall.locator(".history li")).to_have_count(2)
    assert (backend.incidents[0]["status"], backend.incidents[0]["follow_ups"]["ambulance"]) == ("followed_up", 1)
    wall.keyboard.press("Escape")
    expect(wall.locator("#incident-category")).to_have_value("Verkeer")


def test_police_at_the_wall_are_told_whose_register_it_is(wall: Page) -> None:
    become = "async (role) => { (await import('/static/app/page.js')).page.user.roles = [role]; }"
    wall.evaluate(become, "police_reviewer")
    wall.keyboard.press("i")
    expect(wall.locator(".toast")).to_contain_text("voorbehouden aan camera-observanten")
    expect(wall.locator(DRAWER)).to_have_count(0)
    wall.evaluate(become, "observer")


def test_who_types_before_the_categories_are_there_gets_theirs(wall: Page) -> None:
    held: list[Route] = []
    wall.route("**/api/incidents/categories*", lambda route: held.append(route))
    wall.reload()
    expect(wall.locator("vms-frame-status .dot")).to_contain_text("6/6")
    expect(wall.locator("vms-tile.hero")).to_have_count(1)
    wall.keyboard.press("i")
    wall.keyboard.type("wink")
    wall.keyboard.press("Enter")
    assert eventually(lambda: wall.wait_for_timeout(20) or len(held) >= 3)
    for route in held:
        route.continue_()
    expect(wall.locator("#incident-category")).to_have_value("Winkeldiefstal")
    expect(wall.locator("#follow-up-gecontroleerd")).to_be_focused()
    wall.unroute("**/api/incidents/categories*")


def test_who_signs_out_leaves_nothing_of_it_at_the_desk(browser: Browser, backend: Backend) -> None:
    with opened_wall(browser, backend) as page:
        for key in ("*", "3", "1", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("vms-tile.hero")).to_have_attribute("data-camera", "camera-01")
        page.keyboard.press("i")
        expect(page.locator("#incident-category")).to_be_focused()
        page.keyboard.type("drugs")
        page.keyboard.press("Enter")
        assert "drugs" in page.evaluate("JSON.stringify(sessionStorage)").lower()
        page.locator("#logout").evaluate("button => button.click()")
        page.wait_for_url("**/inloggen*")
        assert page.evaluate("sessionStorage.length") == 0
