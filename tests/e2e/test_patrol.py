"""A patrol on a real camera: the server turns it, masks go along, and any hand has it at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall

CAMERA = 7


@pytest.fixture
def watcher(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", f"/muur?stand=1&camera={CAMERA}"))
    wait_for(lambda: wall.hero("state") == "live", "the camera's picture")
    yield wall
    context.close()
    with product.client("police_reviewer") as police:
        path = f"/api/cameras/{cameras_up[CAMERA - 1]}/ptz"
        assert police.delete(f"{path}/patrol").status_code == 200
        assert police.post(f"{path}/lock", json={}).status_code == 200
        assert police.post(f"{path}/release", json={}).status_code == 200


def test_a_patrol_turns_the_camera_by_itself_and_waits_for_any_hand(
    product: Product, watcher: Wall, cameras_up: list[str]
) -> None:
    camera = cameras_up[CAMERA - 1]
    path = f"/api/cameras/{camera}/ptz"
    with product.client("observer") as client:
        assert client.post(f"{path}/goto", json={"preset": "3"}).status_code == 200
        wait_for(lambda: not product.truth(camera)["moving"], "it stands at the preset to the right")
        stood_deg = product.truth(camera)["pan_deg"]
        watcher.page.locator(".patrol", has_text="Straatronde").click()
        wait_for(lambda: watcher.hero("ptz") == "patrol", "the tile says that it patrols")
        wait_for(lambda: abs(product.truth(camera)["pan_deg"] - stood_deg) > 30, "it went to its first preset")
        assert "Straatronde" in watcher.page.locator("vms-tile.hero .badge.ptz").inner_text()
        assert client.post(f"{path}/stop", json={}).status_code == 200
        wait_for(lambda: client.get("/api/status").json()["cameras"][camera]["patrol"]["state"] == "paused", "it waits")
    wait_for(lambda: watcher.hero("ptz") == "mine", "the camera is the observer's at once")
    wait_for(lambda: not product.truth(camera)["moving"], "it stands")
    watcher.page.locator(".patrol", has_text="Straatronde").click()
    wait_for(lambda: watcher.page.locator('.patrol[aria-pressed="false"]').count() == 1, "stopped on the pad")
    assert watcher.watched.unexcused() == []
