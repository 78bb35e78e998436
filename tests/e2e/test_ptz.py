"""A movement lives only while it is held: released, closed or cut off, the camera stands."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall

CAMERA = 7
STOPS_WITHIN_S = 5
"""The design says half a second after the last heart-beat; here other tests may have the processor."""


@pytest.fixture
def driver(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    """A page of its own with only the turning camera on it."""
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", f"/muur?stand=1&camera={CAMERA}"))
    wait_for(lambda: wall.hero("state") == "live", "the camera's picture")
    yield wall
    context.close()
    with product.client("police_reviewer") as police:
        path = f"/api/cameras/{cameras_up[CAMERA - 1]}/ptz"
        assert police.post(f"{path}/lock", json={}).status_code == 200
        assert police.post(f"{path}/release", json={}).status_code == 200


def hold_arrow(product: Product, wall: Wall, camera: str) -> str:
    """Towards the farther end of its range. The key, to be let go."""
    wall.page.keyboard.press("p")
    wait_for(lambda: "Toetsen sturen de camera" in wall.page.locator("vms-ptz-pad").inner_text(), "steering by keys")
    key = "ArrowLeft" if product.truth(camera)["pan_deg"] > 0 else "ArrowRight"
    wall.page.keyboard.down(key)
    return key


def wait_moving(product: Product, camera: str) -> None:
    start_deg = product.truth(camera)["pan_deg"]
    wait_for(lambda: abs(product.truth(camera)["pan_deg"] - start_deg) > 3, "the camera turns", pause_s=0.02)


def assert_stops(product: Product, camera: str) -> None:
    """And stays where it stopped."""
    wait_for(lambda: not product.truth(camera)["moving"], "it stands", timeout_s=STOPS_WITHIN_S, pause_s=0.02)
    stood_deg = product.truth(camera)["pan_deg"]
    until_s = time.monotonic() + 1.0
    while time.monotonic() < until_s:
        assert product.truth(camera)["pan_deg"] == stood_deg
        time.sleep(0.05)


def test_holding_a_key_turns_and_releasing_it_stops(product: Product, driver: Wall, cameras_up: list[str]) -> None:
    camera = cameras_up[CAMERA - 1]
    key = hold_arrow(product, driver, camera)
    wait_moving(product, camera)
    wait_for(lambda: driver.hero("ptz") == "mine", "the camera is this operator's")
    driver.page.keyboard.up(key)
    assert_stops(product, camera)
    assert driver.watched.unexcused() == []


def test_losing_the_focus_stops(product: Product, driver: Wall, cameras_up: list[str]) -> None:
    camera = cameras_up[CAMERA - 1]
    hold_arrow(product, driver, camera)
    wait_moving(product, camera)
    driver.page.evaluate("dispatchEvent(new Event('blur'))")
    assert_stops(product, camera)


def test_closing_the_page_stops(product: Product, driver: Wall, cameras_up: list[str]) -> None:
    camera = cameras_up[CAMERA - 1]
    hold_arrow(product, driver, camera)
    wait_moving(product, camera)
    driver.page.close()
    assert_stops(product, camera)


def test_a_cut_network_stops(product: Product, driver: Wall, cameras_up: list[str]) -> None:
    """No stop can be sent: the server misses the heart-beat."""
    camera = cameras_up[CAMERA - 1]
    hold_arrow(product, driver, camera)
    wait_moving(product, camera)
    driver.page.context.set_offline(True)
    assert_stops(product, camera)


def test_who_steers_is_seen_by_the_others_and_police_take_over(
    product: Product, driver: Wall, wall: Wall, cameras_up: list[str]
) -> None:
    camera = cameras_up[CAMERA - 1]
    driver.page.keyboard.up(hold_arrow(product, driver, camera))
    wait_for(lambda: driver.hero("ptz") == "mine", "the observer has it")
    with product.client("police_reviewer") as police:
        assert police.post(f"/api/cameras/{camera}/ptz/lock", json={}).status_code == 200
        wait_for(lambda: driver.hero("ptz") == "other", "the observer sees that police took it")
        wait_for(lambda: wall.data("ptz")[camera] == "other", "so does everybody")
        assert driver.page.locator("vms-ptz-pad [data-direction=right]").is_disabled()
        police.post(f"/api/cameras/{camera}/ptz/release", json={})
    wait_for(lambda: driver.hero("ptz") == "free", "free again")
