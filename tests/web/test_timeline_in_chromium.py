"""The ruler of time in a real browser: nights on which the clock changes, holes, layers, motion, small pictures."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_backend import Backend, lay_down_footage, make_backend, serving
from playwright.sync_api import Browser, Page, expect
from test_playback_in_chromium import MINUTE_US, consult, eventually, find, local, now_us

pytestmark = pytest.mark.e2e
HOUR_US = 60 * MINUTE_US
FOUND = {"unreadable": 0, "recorded_us": 10 * MINUTE_US, "decoded_us": MINUTE_US}
CHANGE = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
"""The clock goes from 03:00 CEST to 02:00 CET."""


def us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


@pytest.fixture(scope="module")
def backend() -> Backend:
    backend = make_backend(2)
    backend.roles = ["police_reviewer"]
    return backend


@pytest.fixture(scope="module")
def start_us(backend: Backend) -> int:
    """Fifteen minutes with a hole of five; and an hour around 02:30 CET on the night that the clock goes back."""
    lay_down_footage(backend, 60, 0, us(CHANGE))
    count = len(backend.segments)
    backend.segments.clear()
    start_us = lay_down_footage(backend, 16, 5)
    at_night = [
        {
            **backend.segments[0],
            "start_us": us(CHANGE) + index * 10_000_000,
            "end_us": us(CHANGE) + (index + 1) * 10_000_000,
        }
        for index in range(count)
    ]
    backend.segments[:0] = [{**part, "id": 10_000 + n} for n, part in enumerate(at_night)]
    backend.gaps[:] = backend.gaps[-1:]
    backend.retention_from_us = us(CHANGE) - 100 * HOUR_US
    return start_us


@pytest.fixture(scope="module")
def address(backend: Backend, start_us: int) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str, backend: Backend) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    page = context.new_page()
    page.goto(address + "/terugkijken")
    consult(page)
    yield page
    backend.movements, backend.motion = [], []
    context.close()


def opened(page: Page, start_us: int, minutes: int = 16) -> None:
    find(page, start_us, start_us + minutes * MINUTE_US)
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)


def marks(page: Page, day: datetime, next_day: datetime) -> list[dict[str, Any]]:
    script = "import('/static/app/timeline-marks.js').then(m => m.marks(%d, %d, 1248))"
    return page.evaluate(script % (us(day), us(next_day)))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2026, 10, 24, 22), 25), (datetime(2026, 3, 28, 23), 23), (datetime(2026, 6, 9, 22), 24)],
)
def test_a_local_day_has_as_many_hour_marks_as_hours(page: Page, day: datetime, hours: int) -> None:
    day = day.replace(tzinfo=UTC)
    found = marks(page, day, day + timedelta(hours=hours))
    assert [mark["us"] for mark in found] == [us(day) + n * HOUR_US for n in range(hours)]


def test_the_hour_that_comes_twice_is_named_with_its_zone_both_times(page: Page) -> None:
    day = datetime(2026, 10, 24, 22, tzinfo=UTC)
    found = {mark["us"]: mark["label"] for mark in marks(page, day, day + timedelta(hours=25))}
    assert found[us(day) + 2 * HOUR_US] == "02:00 CEST"
    assert found[us(day) + 3 * HOUR_US] == "02:00 CET"
    day = datetime(2026, 3, 28, 23, tzinfo=UTC)
    spring = [mark["label"] for mark in marks(page, day, day + timedelta(hours=23))]
    assert "01:00 CET" in spring
    assert "03:00 CEST" in spring
    assert not any(label.startswith("02:00") for label in spring)


def test_choosing_half_past_two_winter_time_plays_half_past_one_utc(page: Page) -> None:
    page.fill("#day", "25-10-2026")
    page.fill("#from", "02:30")
    page.fill("#to", "02:50")
    page.locator("#to").blur()
    for name in ("from", "to"):
        page.select_option(f'[name="{name}-zone"]', label="CET")
    page.click("form.query button.primary")
    half_past_one_us = us(CHANGE + timedelta(minutes=30))
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)
    assert 0 <= now_us(page) - half_past_one_us < 3_000_000
    assert page.inner_text(".instant").endswith("CET")
    assert "25-10-2026 02:30:0" in page.inner_text(".instant")


def test_a_whole_day_of_25_hours_is_asked_for_at_once(page: Page) -> None:
    page.fill("#day", "25-10-2026")
    page.fill("#from", "00:00")
    page.fill("#to", "00:00")
    page.click("form.query button.primary")
    span = "(c => c && c.to_us - c.from_us)(document.querySelector('vms-playback').coverage)"
    assert eventually(lambda: page.evaluate(span) == 25 * HOUR_US)


def test_a_hole_is_hatched_with_its_reason_and_playing_into_it_jumps_and_says_from_and_to(
    page: Page, start_us: int
) -> None:
    opened(page, start_us)
    hole_from, hole_to = start_us + 8 * MINUTE_US, start_us + 13 * MINUTE_US
    box = page.locator("vms-timeline").bounding_box()
    assert box is not None
    in_hole = box["x"] + box["width"] * 10.5 / 16
    page.mouse.move(in_hole, box["y"] + 40)
    expect(page.locator("vms-timeline .hover")).to_contain_text("geen opname: camera niet bereikbaar")
    row = (
        "x => { const c = document.querySelector('vms-timeline canvas'), k = c.width / c.clientWidth;"
        " return [...c.getContext('2d').getImageData((x - 60) * k, 30 * k, 120 * k, 1).data] }"
    )
    pixels = page.evaluate(row, in_hole - box["x"])[::4]
    assert sum(left != right for left, right in itertools.pairwise(pixels)) > 8, "hatched"
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)
    page.evaluate(f"document.querySelector('vms-playback').seek({hole_from - 1_500_000})")
    assert eventually(lambda: hole_from - 1_600_000 < now_us(page), 10)
    expect(page.locator(".notice")).to_contain_text("overgeslagen", timeout=8000)
    assert local(hole_from, "%H:%M:%S") in page.inner_text(".notice")
    assert local(hole_to, "%H:%M:%S") in page.inner_text(".notice")
    assert eventually(lambda: now_us(page) > hole_to + 300_000)


def test_dragging_past_the_edge_pans_and_past_what_was_asked_looks_further(page: Page, start_us: int) -> None:
    find(page, start_us + 3 * MINUTE_US, start_us + 7 * MINUTE_US)
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)
    page.click('button[aria-label^="Tijdlijn fijner"]')
    view = "[document.querySelector('vms-timeline')._from, document.querySelector('vms-timeline')._to]"
    before = page.evaluate(view)
    box = page.locator("vms-timeline").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + 40)
    asked_us = start_us + 3 * MINUTE_US
    assert eventually(lambda: page.evaluate(view)[0] < asked_us - 20_000_000)
    left_us, right_us = page.evaluate(view)
    assert abs((right_us - left_us) - (before[1] - before[0])) < 1000
    page.mouse.up()
    coverage = "document.querySelector('vms-playback').coverage.from_us"
    assert eventually(lambda: page.evaluate(coverage) < asked_us)
    assert eventually(lambda: now_us(page) < asked_us)


def test_panning_ends_where_retention_does(page: Page, backend: Backend, start_us: int) -> None:
    limit_us = start_us + MINUTE_US
    before, backend.retention_from_us = backend.retention_from_us, limit_us
    try:
        find(page, start_us + 2 * MINUTE_US, start_us + 6 * MINUTE_US)
        assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)
        for _ in range(200):
            page.evaluate("document.querySelector('vms-timeline').pan(-0.1)")
        assert page.evaluate("document.querySelector('vms-timeline')._from") == limit_us
    finally:
        backend.retention_from_us = before


def test_turning_is_a_layer_of_the_timeline_and_in_the_list(page: Page, backend: Backend, start_us: int) -> None:
    backend.movements = [{"start_us": start_us + MINUTE_US, "end_us": start_us + 2 * MINUTE_US}]
    opened(page, start_us)
    page.locator(".foot summary").click()
    expect(page.locator(".foot details")).to_contain_text("camera draait")
    box = page.locator("vms-timeline").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 1.5 / 16, box["y"] + 40)
    expect(page.locator("vms-timeline .hover")).to_contain_text("opname · camera draait")


def test_a_drawn_region_gives_a_list_to_jump_along(page: Page, backend: Backend, start_us: int) -> None:
    hits = [
        {"start_us": start_us + n * MINUTE_US, "end_us": start_us + n * MINUTE_US + 4_000_000, "share": 0.12}
        for n in (2, 5)
    ]
    backend.motion = [
        FOUND | {"until_us": start_us + 3 * MINUTE_US, "hits": hits[:1], "ended": False},
        FOUND | {"until_us": start_us + 9 * MINUTE_US, "hits": hits[1:], "ended": True},
    ]
    opened(page, start_us)
    page.click("text=Beweging zoeken")
    box = page.locator(".screens video").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((80, 0), (80, 80), (0, 80), (0, 10)):
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
    expect(page.locator(".motion strong")).to_have_text("2 keer beweging gevonden")
    expect(page.locator(".motion .on")).to_contain_text("Verder zoeken vanaf")
    [(_, _, body)] = backend.calls("/api/motion-searches")[-1:]
    assert body.count("[") > 4
    page.locator(".motion li button").nth(1).click()
    assert eventually(lambda: abs(now_us(page) - hits[1]["start_us"] + 2_000_000) < 3_000_000)
    page.locator(".foot summary").click()
    expect(page.locator(".foot details")).to_contain_text("beweging in het vlak")


def test_a_small_picture_follows_the_pointer_and_a_photo_is_saved(page: Page, backend: Backend, start_us: int) -> None:
    opened(page, start_us)
    box = page.locator("vms-timeline").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 40)
    expect(page.locator("vms-timeline .thumbnail")).to_be_visible()
    assert eventually(lambda: page.evaluate("document.querySelector('.thumbnail').naturalWidth") == 240)
    page.mouse.move(box["x"] + box["width"] * 10.5 / 16, box["y"] + 40)
    expect(page.locator("vms-timeline .thumbnail")).to_be_hidden()
    with page.expect_download() as download:
        page.keyboard.press("s")
    assert download.value.suggested_filename.startswith("camera-01-")
    assert backend.calls("/photo")


def test_the_wheel_zooms_into_the_picture_and_two_clicks_go_back(page: Page, start_us: int) -> None:
    opened(page, start_us)
    scale = "new DOMMatrix(getComputedStyle(document.querySelector('video')).transform).a"
    page.click('button[aria-label="Beeld groter"]')
    assert page.evaluate(scale) == 1.5
    page.locator(".screens .screen").hover()
    page.mouse.wheel(0, -100)
    assert eventually(lambda: page.evaluate(scale) > 1.7)
    page.locator(".screens .screen").dblclick()
    assert page.evaluate(scale) == 1
