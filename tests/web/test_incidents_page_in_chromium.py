"""The register of incidents as people read and go on with it: found, opened, followed up, closed, looked back."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_backend import Backend, lay_down_footage, make_backend, serving
from fake_incidents import an_incident
from fake_records import now_us
from playwright.sync_api import Browser, Page, expect
from test_playback_in_chromium import consult

pytestmark = pytest.mark.e2e

MINUTE_US = 60_000_000
OPEN = "dialog.incident-open"


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(3)
    made.has_video = False
    lay_down_footage(made, 10, 0)
    return made


@pytest.fixture(scope="module")
def address(backend: Backend) -> Iterator[str]:
    with serving(backend) as found:
        yield found


@pytest.fixture
def page(browser: Browser, backend: Backend) -> Iterator[Page]:
    """Three incidents: followed up with a trail, open, and closed the day before."""
    at_us = now_us() - 5 * MINUTE_US
    steps = [{"camera": "camera-02", "at_us": at_us - MINUTE_US}, {"camera": "camera-01", "at_us": at_us}]
    followed = {"status": "followed_up", "follow_ups": {"aangesproken": 2}, "trail": steps, "note": "bij de fontein"}
    closed = {"cameras": ["camera-03"], "status": "closed", "category": 4, "category_name": "Verkeer"}
    backend.incidents[:] = [
        an_incident(1, at_us, **followed),
        an_incident(2, at_us + 2 * MINUTE_US, category=5, category_name="Winkeldiefstal"),
        an_incident(3, at_us - 1440 * MINUTE_US, **closed),
    ]
    backend.roles = ["observer"]
    context = browser.new_context(viewport={"width": 1400, "height": 900}, timezone_id="Europe/Amsterdam")
    yield context.new_page()
    context.close()


def test_the_list_is_narrowed_and_the_file_is_of_the_same_choice(page: Page, address: str) -> None:
    page.goto(f"{address}/incidenten")
    rows = page.locator("table.incidents tbody tr")
    expect(rows).to_have_count(3)
    page.select_option("#filter-status", "closed")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("03 Station")
    page.fill("#filter-van", "31-12-2020")
    page.keyboard.press("Enter")
    href = page.locator("#register-csv").get_attribute("href")
    asked = parse_qs(urlsplit(str(href)).query)
    assert asked == {"from": ["2020-12-30T23:00:00.000Z"], "status": ["closed"]}
    page.fill("#filter-tot", "geen dag")
    page.keyboard.press("Enter")
    expect(page.locator("#filter-error")).to_contain_text("Vul een dag in")
    page.reload()
    expect(rows).to_have_count(1)
    assert page.input_value("#filter-van") == "31-12-2020"


def test_an_observer_follows_up_and_closes_by_keyboard_and_the_history_tells(
    page: Page, address: str, backend: Backend
) -> None:
    page.goto(f"{address}/incidenten?nr=2")
    expect(page.locator(OPEN)).to_contain_text("Incident 2 · Winkeldiefstal")
    page.locator("#follow-up-gecontroleerd").focus()
    page.keyboard.press("l")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#follow-up-loos")).to_have_value("1")
    expect(page.locator('[name="status"][value="followed_up"]')).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator(".history li")).to_have_count(2)
    expect(page.locator(".history li").last).to_contain_text("loos 0 → 1 · notitie gewijzigd · opgevolgd")
    page.locator('[name="status"][value="closed"]').focus()
    page.keyboard.press("Space")
    expect(page.locator(OPEN)).to_contain_text("verandert niet meer")
    page.locator("#incident-note").press("Enter")
    expect(page.locator(f"{OPEN} form")).to_have_count(0)
    page.keyboard.press("Escape")
    page.wait_for_url(f"{address}/incidenten")
    expect(page.locator('[data-incident="2"]')).to_contain_text("afgesloten")
    assert (backend.incidents[1]["status"], backend.incidents[1]["follow_ups"]["loos"]) == ("closed", 1)


def test_what_somebody_else_changed_meanwhile_is_told_and_what_was_entered_stays(
    page: Page, address: str, backend: Backend
) -> None:
    page.goto(f"{address}/incidenten?nr=1")
    page.fill("#incident-note", "bij de bank")
    backend.incidents[0]["revision"] += 1
    page.locator("#incident-note").press("Enter")
    expect(page.locator(f"{OPEN} [role=alert]").filter(has_text="Iemand anders")).to_be_visible()
    assert page.input_value("#incident-note") == "bij de bank"
    page.keyboard.press("Escape")
    expect(page.locator(f"{OPEN} [role=alert]").filter(has_text="nog niet bewaard")).to_be_visible()
    page.locator("#incident-note").press("Enter")
    page.get_by_role("button", name="Toon wat er nu staat").click()
    expect(page.locator("#incident-note")).to_have_value("bij de fontein")


def test_police_read_and_go_from_an_incident_to_its_cameras_at_its_time(
    page: Page, address: str, backend: Backend
) -> None:
    backend.roles = ["police_reviewer"]
    page.goto(f"{address}/incidenten?nr=1")
    expect(page.locator(OPEN)).to_contain_text("bij de fontein")
    expect(page.locator(f"{OPEN} form")).to_have_count(0)
    page.locator(f"{OPEN} a").click()
    consult(page)
    expect(page.locator(".caption").first).to_contain_text("01 Parade")
    expect(page.locator(".extra .caption")).to_contain_text("02 Vleesstraat")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["camera"], asked["ook"], asked["op"]) == (
        ["camera-01"],
        ["camera-02"],
        [str(backend.incidents[0]["at_us"])],
    )


def test_an_incident_is_on_the_ruler_in_its_list_and_a_key_away(page: Page, address: str, backend: Backend) -> None:
    backend.roles = ["police_reviewer"]
    first, second = backend.incidents[:2]
    query = f"camera=camera-01&van={first['at_us'] - 2 * MINUTE_US}&tot={second['at_us'] + MINUTE_US}"
    page.goto(f"{address}/terugkijken?{query}")
    consult(page)
    marks = page.locator(".incident-marks button")
    expect(marks).to_have_count(2)
    where = page.locator("vms-timeline").bounding_box()
    assert where
    page.mouse.move(where["x"] + where["width"] * 0.4, where["y"] + 40)
    expect(page.locator("vms-timeline .hover")).to_contain_text("◆ incident 1 · Geluidsoverlast · opgevolgd")
    page.locator(".foot summary").click()
    expect(page.locator(".foot li", has_text="◆ incident 2 · Winkeldiefstal · open")).to_have_count(1)
    page.keyboard.press("i")
    page.wait_for_url(f"**op={first['at_us']}**")
    marks.last.press("Enter")
    page.wait_for_url(f"**op={second['at_us']}**")


def test_the_categories_of_years_are_kept_by_who_reports(page: Page, address: str, backend: Backend) -> None:
    backend.roles = ["policy_officer"]
    backend.requests.clear()
    page.goto(f"{address}/incidenten")
    row = page.locator('table.year [data-category="2"]')
    expect(row).to_contain_text("vorig jaar deel van Overlast; zie bijlage")
    expect(page.locator("table.year tfoot")).to_contain_text("19 (14)")
    page.locator("details summary", has_text="Categorieën").click()
    expect(page.locator('.categories [data-category="7"]')).to_contain_text("2025")
    page.locator("#new-category").click()
    page.fill("#category-name", "Deelfietsen")
    page.get_by_role("checkbox", name="Verkeer").check()
    page.locator("#category-name").press("Enter")
    expect(page.locator("dialog.category-form")).to_be_hidden()
    [body] = [json.loads(body) for method, _, body in backend.calls("/categories") if method == "POST"]
    assert (body["name"], body["replaces"]) == ("Deelfietsen", [4])
