"""The technician's page in a real browser on the real web application: the day's coverage, alarms as they come."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OPEN, PASSWORD, TURNING, Site, camera_status, stream_status
from tests.web.test_web_coverage import ago
from tests.web.test_web_status import publish
from vms.status import StreamCounts
from vms.store import catalog

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many looks at the cameras between two steps of a test."""
    monkeypatch.setattr("web.background._SECOND_S", 0.05)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """Signed in as technician, at 12:06:40 CET of the site's day. Afterwards: no error in its console."""
    for minute in (10, 9, 4, 3, 2):
        site.segment(OPEN, age=timedelta(minutes=minute), profile="main")
    site.segment(MASKED, age=timedelta(minutes=5), profile="main")
    with site.store.transaction() as tx:
        catalog.add_gap(tx, OPEN, "main", ago(site, minutes=8), ago(site, minutes=5), "overflow", "120 pictures")
        catalog.add_gap(tx, OPEN, "main", ago(site, minutes=1), None, "unreachable")
        catalog.add_gap(tx, MASKED, "main", ago(site, minutes=4), None, "restart")
    complaints: list[str] = []
    context = browser.new_context(timezone_id="America/New_York", locale="nl-NL")
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site.url)
    page.fill("input[name=username]", "technician")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniek")
    yield page
    context.close()
    assert complaints == []


def row(page: Page, camera: str) -> Locator:
    return page.locator(f'tr[data-coverage="{camera}"]')


def test_each_camera_has_its_day_with_reasons_in_words_and_what_was_missed(page: Page) -> None:
    cells = row(page, OPEN).locator("td.num")
    expect(cells.nth(1)).to_have_text("5 m 0 s")
    expect(cells.nth(0)).to_have_text("50,0 %")
    row(page, OPEN).locator("summary").click()
    lost = row(page, OPEN).locator("li")
    expect(lost).to_have_count(3)
    expect(lost.nth(0)).to_contain_text("11:58:40 – 12:01:40 CET (3 m 0 s) schijf te traag")
    expect(lost.nth(0)).to_contain_text("technische melding: 120 pictures")
    expect(lost.nth(1)).to_contain_text("12:01:40 – 12:02:40 CET (1 m 0 s) onverklaard")
    expect(lost.nth(2)).to_contain_text("12:05:40 – 12:06:40 CET (1 m 0 s) camera niet bereikbaar")
    expect(row(page, OPEN).locator("svg.bar")).to_have_attribute("aria-label", "01 Plein: 3 keer niet opgenomen")
    expect(row(page, TURNING).locator("td.num").nth(0)).to_have_text("–")
    expect(page.locator(".coverage .sum")).to_contain_text("onverklaarde tijd (aantal camera's: 1)")
    order = page.locator("tr[data-coverage]").evaluate_all("rows => rows.map((row) => row.dataset.coverage)")
    assert order == [OPEN, MASKED, TURNING]


def test_what_was_missed_stands_up_where_it_was_and_the_future_is_empty(page: Page) -> None:
    bar = row(page, OPEN).locator("svg.bar")
    expect(bar.locator("rect")).to_have_count(6)
    box, gap, recorded = bar.bounding_box(), bar.locator("rect.gap").first, bar.locator("rect.recorded").first
    assert box is not None
    places = [rect.bounding_box() for rect in bar.locator("rect").all()]
    now_x = box["x"] + box["width"] * (12 * 3600 + 6 * 60 + 40) / 86_400
    assert all(place and place["x"] + place["width"] <= now_x + 4 for place in places)
    low, high = recorded.bounding_box(), gap.bounding_box()
    assert low is not None
    assert high is not None
    assert high["height"] > 2 * low["height"]


def test_another_day_and_the_other_stream_are_one_click_away(page: Page) -> None:
    expect(row(page, OPEN)).to_be_visible()
    page.get_by_role("button", name="substroom").click()
    expect(row(page, OPEN).locator("td.num").nth(0)).to_have_text("–")
    page.get_by_role("button", name="hoofdstroom").click()
    expect(row(page, OPEN).locator("td.num").nth(0)).to_have_text("50,0 %")
    expect(page.get_by_role("button", name="Dag erna")).to_be_disabled()
    page.get_by_role("button", name="Dag ervoor").click()
    day = page.get_by_label("Dag", exact=True)
    expect(day).to_have_value("17-11-2026")
    for typed, shown in (("16/11", "16-11-2026"), ("31-2", "16-11-2026"), ("1-1-2027", "16-11-2026")):
        day.fill(typed)
        day.press("Enter")
        expect(day).to_have_value(shown)
    expect(row(page, OPEN).locator("td.num").nth(0)).to_have_text("–")


def test_a_disk_that_loses_pictures_is_told_on_the_page_within_five_seconds(site: Site, page: Page) -> None:
    publish(site, camera_status(OPEN))
    expect(page.locator('tr[data-camera="plein-01"]')).to_contain_text("wordt opgenomen", timeout=10_000)
    site.clock.advance(1)
    behind = stream_status(counts=StreamCounts(dropped_pictures=25), since_us=T0_US)
    publish(site, camera_status(OPEN, main=behind, at_us=site.clock.now_us()))
    alarm = page.locator('[data-alarm="pictures_lost"]')
    expect(alarm).to_contain_text("01 Plein Beelden verloren: schijf te traag", timeout=5_000)
    full = stream_status(recording="fault", recording_reason="disk", recording_detail="full: 3 MiB free")
    publish(site, camera_status(OPEN, main=full))
    expect(page.locator('[data-alarm="recording_fault"]')).to_contain_text("schijf vol of gestoord", timeout=5_000)
