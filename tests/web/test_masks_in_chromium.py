"""Masks in a real browser against the real application: drawn by mouse and by keys alone, approved by another."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.served_site import MASKED, PASSWORD_HASH, TURNING, Site
from vms.clock import now_utc
from vms.rules.mask_projection import project
from vms.rules.masks import Mask, MaskSet, parse_mask_import
from vms.rules.ptz_geometry import FrameSize, ViewDeg, prepare
from vms.store import masks, users

pytestmark = pytest.mark.e2e
SLOW_MACHINE_MS = 20_000
Open = Callable[[str, str], Page]
VIEW = {"pan_deg": 172.0, "tilt_deg": -12.0, "hfov_deg": 40.0, "growth_deg": 0.0}
LENS = {"pan_range_deg": [-180, 180], "tilt_range_deg": [-90, 20], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}
HOME = {"name": "woning 12", "space": "image", "polygon": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]]}
AHEAD = {"name": "woning 9", "space": "sphere", "polygon": [[165, -5], [185, -5], [185, -15], [165, -15]]}


@pytest.fixture
def drawn_on(site: Site) -> Site:
    """Two officers, and a still that a browser can show."""
    with site.store.transaction() as tx:
        users.add(tx, "a.bakker", "A. Bakker", PASSWORD_HASH, ["privacy_officer"], now_utc(site.clock))
    found, jpeg = cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))
    assert found
    site.live.still = jpeg.tobytes()
    site.live.about_still = {"width": 640, "height": 360, "taken_us": 1, "view": None, "mask": "none", "reason": ""}
    site.capture.operations()
    return site


@pytest.fixture
def opened(browser: Browser, drawn_on: Site) -> Iterator[Open]:
    complaints: list[str] = []
    expect.set_options(timeout=SLOW_MACHINE_MS)
    with ExitStack() as stack:

        def open_(username: str, camera: str) -> Page:
            context = browser.new_context(
                viewport={"width": 1280, "height": 1400}, timezone_id="Europe/Amsterdam", locale="nl-NL"
            )
            stack.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            for name, value in drawn_on.browser(username).cookies.items():
                context.add_cookies([{"name": name, "value": value, "url": drawn_on.url}])
            page.goto(f"{drawn_on.url}/maskers?camera={camera}")
            expect(page.locator("vms-mask-canvas svg")).to_be_visible()
            return page

        yield open_
    expect.set_options(timeout=None)
    assert complaints == []


def take_still(page: Page) -> None:
    expect(page.locator("#take-still")).to_be_disabled()
    page.fill("#still-reason", "nieuwe woning")
    page.click("#take-still")
    expect(page.locator(".canvas image")).to_have_count(1)
    expect(page.locator(".left")).to_contain_text("zichtbaar")


def click_at(page: Page, *points: tuple[float, float]) -> None:
    """In shares of the drawing area, corner by corner, the first once more to close."""
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    for x, y in (*points, points[0]):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def save(page: Page, *, propose: bool) -> None:
    page.fill("#why", "woning aan de overkant")
    page.click("#propose" if propose else "#save-draft")


def newest(site: Site, camera: str = MASKED) -> MaskSet:
    with site.store.reading() as tx:
        return masks.history(tx, camera)[-1]


def put_in_force(site: Site, camera: str, mask: dict[str, Any], lens: dict[str, Any] | None = None) -> None:
    document = {
        "camera": camera, "lens": lens, "masks": [mask], "author": "x", "approver": "y",
        "valid_from": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    with site.store.transaction() as tx:
        masks.add(tx, parse_mask_import(document), now_utc(site.clock))


def test_by_mouse_a_mask_is_drawn_and_counts_only_after_another_person_confirms(drawn_on: Site, opened: Open) -> None:
    page = opened("privacy_officer", MASKED)
    expect(page.locator(".verdict")).to_contain_text("geen vastgestelde versie")
    take_still(page)
    page.click("#draw-mouse")
    click_at(page, (0.2, 0.2), (0.5, 0.2), (0.5, 0.6), (0.2, 0.6))
    expect(page.locator("[data-mask-row]")).to_have_count(1)
    save(page, propose=True)
    proposal = page.locator('[data-proposal="1"]')
    expect(proposal).to_contain_text("wacht op tweede persoon")
    expect(proposal.locator('[data-do="approve"]')).to_be_disabled()
    expect(proposal).to_contain_text("een ander moet het vaststellen")
    assert newest(drawn_on).masks[0].polygon[0] == pytest.approx((0.2, 0.2), abs=0.01)
    with drawn_on.store.reading() as tx:
        assert masks.in_force(tx, MASKED, now_utc(drawn_on.clock)) is None

    second = opened("a.bakker", MASKED)
    other = second.locator('[data-proposal="1"]')
    expect(other).to_contain_text("erbij: vlak 1")
    expect(other).to_contain_text("«woning aan de overkant»")
    other.locator('[data-do="approve"]').click()
    expect(second.locator('[data-active="2"]')).to_contain_text(
        "Getekend door privacy_officer, vastgesteld door a.bakker"
    )
    found = [(row.actor, row.action) for row in drawn_on.audit(result="allowed") if row.action.startswith("masks")]
    assert found == [
        ("privacy_officer", "masks.still"),
        ("privacy_officer", "masks.draw"),
        ("privacy_officer", "masks.propose"),
        ("a.bakker", "masks.approve"),
    ]


def test_by_keys_alone_a_mask_is_made_shaped_undone_and_offered(drawn_on: Site, opened: Open) -> None:
    page = opened("technician", MASKED)
    keys = page.keyboard
    page.locator("#still-reason").focus()
    keys.type("nieuwe woning")
    keys.press("Enter")
    expect(page.locator(".canvas image")).to_have_count(1)
    page.locator("#draw-keys").focus()
    keys.press("Enter")
    expect(page.locator('[data-point="0"]')).to_be_focused()
    for _ in range(3):
        keys.press("ArrowLeft")
    keys.press("Tab")
    expect(page.locator('[data-point="1"]')).to_be_focused()
    keys.press("Insert")
    expect(page.locator(".handle")).to_have_count(5)
    keys.press("ArrowRight")
    keys.press("Delete")
    expect(page.locator(".handle")).to_have_count(4)
    keys.press("Control+z")
    expect(page.locator(".handle")).to_have_count(5)
    keys.press("Control+y")
    expect(page.locator(".handle")).to_have_count(4)
    page.locator("#why").focus()
    keys.type("woning aan de overkant")
    expect(page.locator("#propose")).to_be_enabled()
    page.locator("#propose").focus()
    keys.press("Enter")
    expect(page.locator('[data-proposal="1"]')).to_contain_text("wacht op tweede persoon")
    expect(page.locator('[data-do="approve"]')).to_have_count(0)
    (mask,) = newest(drawn_on).masks
    assert mask.polygon[0] == pytest.approx((0.38 - 3 * 8 / 640, 0.38), abs=1e-4)
    assert mask.polygon[1] == pytest.approx((0.62, 0.38), abs=1e-4)


def test_problems_are_named_beside_the_mask_and_stop_it(drawn_on: Site, opened: Open) -> None:
    page = opened("technician", MASKED)
    take_still(page)
    page.click("#draw-mouse")
    click_at(page, (0.2, 0.2), (0.5, 0.6), (0.5, 0.2), (0.2, 0.5))
    expect(page.locator('[data-mask-row="0"]')).to_contain_text("kruist zichzelf")
    page.fill("#why", "woning aan de overkant")
    expect(page.locator("#propose")).to_be_disabled()
    page.click("#undo")
    page.click("#draw-mouse")
    click_at(page, (0.008, 0.008), (0.992, 0.008), (0.992, 0.992), (0.008, 0.992))
    expect(page.locator(".save .field-error").first).to_contain_text("bedekken alles wat de camera ziet")
    expect(page.locator("#save-draft")).to_be_disabled()
    assert drawn_on.audit("masks.draw") == []


def test_a_still_is_gone_after_a_minute_and_the_drawing_stays(opened: Open) -> None:
    page = opened("technician", MASKED)
    page.clock.install()
    take_still(page)
    page.click("#draw-keys")
    page.clock.run_for(61_000)
    expect(page.locator(".canvas image")).to_have_count(0)
    expect(page.locator(".left")).to_contain_text("Geen foto in beeld")
    expect(page.locator("[data-mask-row]")).to_have_count(1)


def test_masks_of_a_turning_camera_are_drawn_where_the_painter_paints_them(drawn_on: Site, opened: Open) -> None:
    """Across the seam at 180 degrees; the page's projection against the product's."""
    put_in_force(drawn_on, TURNING, AHEAD, LENS)
    drawn_on.live.about_still["view"] = VIEW
    page = opened("technician", TURNING)
    expect(page.locator("#draw-keys")).to_be_disabled()
    take_still(page)
    shown = page.locator('[data-mask="0"]').get_attribute("points")
    assert shown is not None
    points = np.array([[float(n) for n in pair.split(",")] for pair in shown.split()])
    view = ViewDeg(VIEW["pan_deg"], VIEW["tilt_deg"], VIEW["hfov_deg"])
    polygon = tuple((float(a), float(b)) for a, b in AHEAD["polygon"])
    (painted,) = project(prepare(Mask("w", "sphere", polygon)), view, FrameSize(640, 360), 0.0)
    for ours, theirs in zip((points.min(0), points.max(0)), (painted.min(0), painted.max(0)), strict=True):
        assert ours == pytest.approx(theirs, abs=1.0)

    page.click("#draw-mouse")
    click_at(page, (0.3, 0.75), (0.7, 0.75), (0.7, 0.95), (0.3, 0.95))
    save(page, propose=False)
    expect(page.locator('[data-proposal="2"]')).to_contain_text("erbij: vlak 2")
    drawn = newest(drawn_on, TURNING).masks[1]
    (back,) = project(prepare(drawn), view, FrameSize(640, 360), 0.0)
    assert back.min(0) == pytest.approx((0.3 * 640, 0.75 * 360), abs=4)
    assert back.max(0) == pytest.approx((0.7 * 640, 0.95 * 360), abs=4)


def test_what_is_drawn_is_tried_at_every_preset_with_the_products_own_paint(drawn_on: Site, opened: Open) -> None:
    put_in_force(drawn_on, TURNING, AHEAD, LENS)
    drawn_on.live.about_still["view"] = VIEW
    page = opened("privacy_officer", TURNING)
    page.fill("#still-reason", "controle")
    page.click("#try-presets")
    expect(page.locator('[data-trial="Terras"] img')).to_be_visible()
    expect(page.locator("#try-presets")).to_be_enabled()
    asked = drawn_on.live.asked[-1][2]
    assert (asked["masks"], asked["lens"], asked["at_rest"]) == ([AHEAD], LENS, True)
    assert "ptz_goto" in drawn_on.capture.operations()


def test_an_officer_covers_the_camera_rejects_and_compares(drawn_on: Site, opened: Open) -> None:
    put_in_force(drawn_on, MASKED, HOME)
    technician = drawn_on.browser("technician")
    url = f"/api/cameras/{MASKED}/masks"
    moved = {**HOME, "polygon": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]]}
    technician.post(url, json={"masks": [moved], "reason": "verschoven"})
    technician.post(f"{url}/2/propose")
    page = opened("a.bakker", MASKED)
    proposal = page.locator('[data-proposal="2"]')
    expect(proposal).to_contain_text("verlegd: woning 12")
    proposal.get_by_role("button", name="Bekijken in de foto").click()
    expect(page.locator(".canvas .compare")).to_have_count(1)
    proposal.locator('[data-do="reject"]').click()
    page.fill("#ask-note", "mist het dakraam")
    page.click("dialog .primary")
    expect(proposal).to_have_count(0)
    expect(page.locator('tr[data-version="2"]')).to_contain_text("mist het dakraam")

    page.click("#close-camera")
    page.fill("#ask-note", "dakkapel gebouwd")
    page.fill("#ask-from", "31-2-2027 08:30")
    expect(page.locator("dialog .primary")).to_be_disabled()
    page.fill("#ask-from", "")
    page.click("dialog .primary")
    expect(page.locator('[data-closed="withdrawn"]')).to_contain_text("ingetrokken door a.bakker")
    expect(page.locator('tr[data-version="1"]')).to_contain_text("vervallen")
    expect(page.locator("#close-camera")).to_have_count(0)
