"""Looking back in a real browser: purpose first, seeks land, gaps are jumped aloud, refusals are said, download."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from fake_backend import Backend, lay_down_footage, make_backend, serving
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE_US = 60_000_000
PLAYER = "document.querySelector('vms-playback').player"


@pytest.fixture(scope="module")
def backend() -> Backend:
    backend = make_backend(2)
    backend.roles = ["police_reviewer"]
    return backend


@pytest.fixture(scope="module")
def start_us(backend: Backend) -> int:
    return lay_down_footage(backend)


@pytest.fixture(scope="module")
def address(backend: Backend, start_us: int) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str, backend: Backend) -> Iterator[Page]:
    backend.requests.clear()
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="America/New_York", locale="nl-NL"
    )
    page = context.new_page()
    page.goto(address + "/terugkijken")
    yield page
    context.close()


def consult(page: Page) -> None:
    page.select_option("#purpose", "opsporing")
    page.fill("#reference", "BVH 2026-118822")
    page.click("form.purpose button.primary")
    page.wait_for_selector("form.query")


def local(us: int, form: str) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).astimezone(AMSTERDAM).strftime(form)


def find(page: Page, from_us: int, to_us: int) -> None:
    page.fill("#day", local(from_us, "%Y-%m-%d"))
    page.fill("#from", local(from_us, "%H:%M"))
    page.fill("#to", local(to_us, "%H:%M"))
    page.click("form.query button.primary")


def playing(page: Page, start_us: int) -> None:
    consult(page)
    find(page, start_us, start_us + 5 * MINUTE_US)
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"), 10)


def now_us(page: Page) -> int:
    return int(page.evaluate(f"{PLAYER}.nowUs"))


def eventually(check: Callable[[], bool], timeout_s: float = 6.0) -> bool:
    until = time.monotonic() + timeout_s
    while not check() and time.monotonic() < until:
        time.sleep(0.05)
    return check()


def test_nothing_plays_before_purpose_and_number(page: Page, backend: Backend) -> None:
    page.click("form.purpose button.primary")
    expect(page.locator("#purpose-error")).not_to_be_empty()
    page.select_option("#purpose", "heterdaad")
    page.click("form.purpose button.primary")
    expect(page.locator("#reference-error")).not_to_be_empty()
    assert page.input_value("#purpose") == "heterdaad"
    assert backend.calls("/api/coverage") == backend.calls("/api/consultations") == []
    page.fill("#reference", "BVH 2026-1")
    page.click("form.purpose button.primary")
    expect(page.locator("form.query")).to_be_visible()


def test_footage_plays_at_its_own_time_in_the_citys_zone(page: Page, start_us: int) -> None:
    playing(page, start_us)
    assert abs(now_us(page) - start_us) < 3_000_000
    assert local(start_us, "%d-%m-%Y %H:%M:") in page.inner_text(".instant")
    assert page.inner_text(".instant").endswith(("CET", "CEST"))
    assert page.locator(".erased").inner_text().startswith("wordt gewist over 2 d 0 u")
    assert (
        page.evaluate(f"(a => new Promise(r => setTimeout(() => r({PLAYER}.nowUs - a), 1000)))({now_us(page)})") > 5e5
    )


def test_seeks_land_where_asked(page: Page, start_us: int) -> None:
    playing(page, start_us)
    page.keyboard.press("k")
    for offset_us in (95_000_000, 3_500_000, 251_250_000, 62_000_000):
        page.evaluate(f"document.querySelector('vms-playback').seek({start_us + offset_us})")
        assert eventually(lambda: not page.evaluate("document.querySelector('video').seeking"))
        assert abs(now_us(page) - start_us - offset_us) < 100_000
    before = now_us(page)
    page.keyboard.press(".")
    assert eventually(lambda: 40_000 < now_us(page) - before < 200_000), now_us(page) - before
    page.keyboard.press("ArrowRight")
    assert eventually(lambda: abs(now_us(page) - before - 10_083_000) < 300_000)


SEEK = """us => new Promise(done => {
  const page = document.querySelector('vms-playback'), video = page.video, began = performance.now();
  const look = (_, { mediaTime }) => {
    const isOfBefore = Math.abs(mediaTime - video.currentTime) > 1;  // on its way when the seek began
    if (isOfBefore) video.requestVideoFrameCallback(look);
    else done([performance.now() - began, page.player.baseUs + mediaTime * 1e6 - us]);
  };
  video.requestVideoFrameCallback(look);
  page.seek(us);
})"""


def test_twenty_random_seeks_land_within_a_picture(page: Page, start_us: int) -> None:
    playing(page, start_us)
    page.keyboard.press("k")
    random = Random(21)
    moments_us = [
        start_us + round(random.choice((random.uniform(0, 149), random.uniform(211, 299))) * 1e6) for _ in range(20)
    ]
    found = [page.evaluate(SEEK, us) for us in moments_us]
    assert max(abs(off_us) for _, off_us in found) <= 84_000
    took_ms = sorted(ms for ms, _ in found)
    print(f"20 seeks: p50 {took_ms[9]:.0f} ms, p95 {took_ms[18]:.0f} ms, longest {took_ms[19]:.0f} ms")


def test_what_is_shown_is_what_the_camera_took_at_that_instant(page: Page, backend: Backend, start_us: int) -> None:
    """Footage lies where it arrived; the camera's clock tells how much later that was."""
    backend.skew_ms = {"camera-01": -150}
    try:
        playing(page, start_us)
        page.keyboard.press("k")
        found = [page.evaluate(SEEK, start_us + offset_us)[1] for offset_us in (95_000_000, 33_410_000, 62_777_000)]
    finally:
        backend.skew_ms.clear()
    assert all(-84_000 <= off_us - 150_000 <= 1_000 for off_us in found), found


SHOWN = """keys => new Promise(async done => {
  const page = document.querySelector('vms-playback'), found = [];
  const next = () => new Promise(r => page.video.requestVideoFrameCallback((_, { mediaTime }) => r(mediaTime)));
  for (const key of keys) {
    const shown = next();
    if (typeof key === 'number') page.seek(key); else dispatchEvent(new KeyboardEvent('keydown', { key }));
    found.push(await shown);
  }
  done(found);
})"""


def test_a_step_is_one_picture_each_way_wherever_in_a_picture_it_begins(page: Page, start_us: int) -> None:
    playing(page, start_us)
    page.keyboard.press("k")
    for into_us in (1_000, 42_000, 82_000):
        keys = [start_us + 33_000_000 + into_us, *".....,,,,,,,"]
        times_s = page.evaluate(SHOWN, keys)
        steps = [round((after - before) * 12, 2) for before, after in pairwise(times_s)]
        assert steps == [1.0] * 5 + [-1.0] * 7, into_us


SOON = """us => new Promise(done => {
  const page = document.querySelector('vms-playback');
  const next = () => new Promise(r => page.video.requestVideoFrameCallback((_, { mediaTime }) => r(mediaTime)));
  page.seek(us);
  next().then(shown => {
    page.seek(us + 1000);
    dispatchEvent(new KeyboardEvent('keydown', { key: '.' }));
    next().then(then => done((then - shown) * 12));
  });
})"""


def test_a_step_while_the_same_picture_is_sought_is_one_picture(page: Page, start_us: int) -> None:
    playing(page, start_us)
    page.keyboard.press("k")
    assert page.evaluate(SOON, start_us + 33_000_000) == pytest.approx(1.0, abs=0.01)


COUNT = """speed => new Promise(done => {
  const page = document.querySelector('vms-playback'), times = [];
  const watch = () => page.video.requestVideoFrameCallback((_, { mediaTime }) => { times.push(mediaTime); watch(); });
  for (let rate = 1; rate <= speed; rate *= 2) page.backward();
  watch();
  setTimeout(() => { page.hold(); done(times); }, 3000);
})"""


@pytest.mark.parametrize("speed", [1, 2, 4])
def test_backwards_shows_five_pictures_a_second(page: Page, start_us: int, speed: int) -> None:
    playing(page, start_us)
    page.evaluate(f"document.querySelector('vms-playback').seek({start_us + 48_000_000})")
    assert eventually(lambda: page.evaluate("document.querySelector('video').readyState >= 3"))
    times_s = page.evaluate(COUNT, speed)
    print(f"backwards at {speed}: {len(times_s) / 3:.1f} pictures a second")
    assert times_s == sorted(times_s, reverse=True)
    assert len(set(times_s)) >= 15
    assert times_s[0] - times_s[-1] > 2 * speed


def test_a_gap_is_jumped_and_said(page: Page, start_us: int) -> None:
    playing(page, start_us)
    gap_from, gap_to = start_us + 150_000_000, start_us + 210_000_000
    page.evaluate(f"document.querySelector('vms-playback').seek({gap_from - 1_500_000})")
    expect(page.locator(".notice")).to_contain_text("overgeslagen", timeout=8000)
    assert local(gap_from, "%H:%M:%S") in page.inner_text(".notice")
    assert eventually(lambda: now_us(page) >= gap_to)
    assert eventually(lambda: now_us(page) > gap_to + 500_000)
    page.locator(".foot summary").click()
    assert "camera niet bereikbaar" in page.inner_text(".foot details")


def test_time_before_the_first_recording_and_time_nobody_explains_have_their_reason(
    page: Page, backend: Backend, start_us: int
) -> None:
    began_us = start_us - 60 * MINUTE_US
    backend.stretches = [
        {"start_us": began_us, "end_us": start_us - MINUTE_US, "kind": "not_installed"},
        {"start_us": start_us - MINUTE_US, "end_us": start_us, "kind": "unknown"},
    ]
    try:
        consult(page)
        find(page, began_us, start_us + 5 * MINUTE_US)
        page.locator(".foot summary").click()
        told = page.locator(".foot li")
        expect(told.nth(0)).to_contain_text("(59 m 0 s): nog niet in gebruik")
        expect(told.nth(1)).to_contain_text("geen opname: onverklaard")
    finally:
        backend.stretches = []


def test_keys_are_left_alone_while_somebody_types(page: Page, start_us: int) -> None:
    playing(page, start_us)
    page.focus("#from")
    page.keyboard.type("k[]")
    assert not page.evaluate("document.querySelector('video').paused")
    assert "–" in page.inner_text("section.export")


def test_in_and_out_make_a_file_with_its_hash(page: Page, backend: Backend, start_us: int) -> None:
    playing(page, start_us)
    page.keyboard.press("[")
    page.keyboard.press("ArrowRight")
    assert eventually(lambda: now_us(page) > start_us + 9_000_000)
    page.keyboard.press("]")
    page.click("#export")
    expect(page.locator("progress")).to_be_visible()
    expect(page.locator("#export-file")).to_be_visible(timeout=6000)
    assert page.inner_text(".hash code") == "ab" * 32
    expect(page.locator(".export .hint")).to_contain_text(f"Verzegeld met certificaat {'cd' * 8}, zonder manifest.")
    expect(page.locator(".export .hint a")).to_have_count(2)
    body = backend.calls("/api/exports")[0][2]
    assert '"consultation":7' in body
    assert '"from":"' in body
    assert 'Z"' in body


def test_erased_footage_is_said_plainly(page: Page, backend: Backend, start_us: int) -> None:
    backend.refuse_media = 410
    try:
        consult(page)
        find(page, start_us, start_us + 5 * MINUTE_US)
        expect(page.locator(".notice")).to_contain_text("bewaartermijn")
    finally:
        backend.refuse_media = 0


def test_an_empty_period_leaves_nothing_of_the_one_before(page: Page, start_us: int) -> None:
    playing(page, start_us)
    expect(page.locator(".instant")).not_to_be_empty()
    find(page, start_us - 120 * MINUTE_US, start_us - 60 * MINUTE_US)
    expect(page.locator(".notice")).to_contain_text("niets opgenomen")
    assert page.inner_text(".instant") + page.inner_text(".erased") == ""


def test_the_hour_that_comes_twice_and_the_one_that_does_not_exist(page: Page) -> None:
    consult(page)
    page.fill("#day", "2026-10-25")
    page.fill("#from", "2:30")
    page.locator("#from").blur()
    assert page.locator('[name="from-zone"] option').all_inner_texts() == ["CEST", "CET"]
    module = "import('/static/app/times.js').then(m => m.instants"
    assert page.evaluate(module + "('2026-10-25', '02:30'))") == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() * 1e6,
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp() * 1e6,
    ]
    assert page.evaluate(module + "('2026-03-29', '02:30'))") == []
    page.fill("#day", "2026-03-29")
    page.click("form.query button.primary")
    expect(page.locator("#from-error")).to_contain_text("bestaat niet")


def test_a_day_is_typed_as_people_here_write_it(page: Page) -> None:
    consult(page)
    day = page.locator("#day")
    now_us = time.time_ns() // 1000
    today = local(now_us, "%d-%m-%Y")
    expect(day).to_have_value(local(now_us - 30 * 60 * 1_000_000, "%d-%m-%Y"))
    for typed, written in (("5/3/26", "05-03-2026"), ("29.02.2024", "29-02-2024"), ("2026-03-05", "05-03-2026")):
        day.fill(typed)
        day.blur()
        expect(day).to_have_value(written)
    day.press("ArrowDown")
    expect(day).to_have_value("04-03-2026")
    page.get_by_label("dag later").click()
    expect(day).to_have_value("05-03-2026")
    day.fill(today)
    day.press("ArrowUp")
    expect(day).to_have_value(today)


def test_a_day_or_time_that_cannot_be_is_explained_at_its_field(page: Page, backend: Backend) -> None:
    consult(page)
    page.fill("#day", "31-02-2026")
    page.click("form.query button.primary")
    expect(page.locator("#day-error")).to_contain_text("bijvoorbeeld")
    expect(page.locator("#day")).to_be_focused()
    page.fill("#day", "31-12-2999")
    page.click("form.query button.primary")
    expect(page.locator("#day-error")).to_contain_text("nog niet geweest")
    page.fill("#day", "05-03-2026")
    page.fill("#from", "99:99")
    page.click("form.query button.primary")
    expect(page.locator("#from-error")).to_contain_text("14:03")
    assert page.inner_text("#day-error") == ""
    expect(page.locator("#from")).to_be_focused()
    assert backend.calls("/api/coverage") == []
