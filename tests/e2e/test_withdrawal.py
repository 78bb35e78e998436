"""A decision is withdrawn while people watch: picture and recording end within seconds, and come back with the next."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall

CAMERA = 9
AREA = "Uitgaansgebied"
WITHIN_S = 5


@pytest.fixture
def watcher(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", f"/muur?stand=1&camera={CAMERA}"))
    wait_for(lambda: wall.hero("state") == "live", "the camera's picture")
    yield wall
    context.close()


def decision_of(client: httpx.Client, area: str) -> dict[str, Any]:
    known: list[dict[str, Any]] = client.get("/api/decisions").json()["decisions"]
    return next(one for one in known if area in one["document"]["locations"])


def correct(client: httpx.Client, number: int, reason: str, **document: Any) -> None:
    answer = client.patch(f"/api/decisions/{number}", json={"reason": reason, "document": document})
    assert answer.status_code == 200, answer.text


def test_a_withdrawn_decision_ends_picture_and_recording_at_once_and_a_correction_brings_them_back(
    product: Product, watcher: Wall, cameras_up: list[str]
) -> None:
    camera = cameras_up[CAMERA - 1]
    with product.client("policy_officer") as clerk, product.client("observer") as observer:
        known = decision_of(clerk, AREA)
        ended = datetime.now(ZoneInfo(product.config.site.timezone)) - timedelta(minutes=1)
        start = known["document"]["periods"][0]["start"]
        over = [{"start": start, "end": f"{ended:%Y-%m-%dT%H:%M}"}]
        try:
            correct(clerk, known["id"], "ingetrokken", periods=over)
            began_s = time.monotonic()
            wait_for(lambda: watcher.hero("state") == "decision-expired", "the tile says so", timeout_s=WITHIN_S)
            wait_for(lambda: watcher.hero("rec") == "off", "nothing is recorded", timeout_s=WITHIN_S)
            assert time.monotonic() - began_s < WITHIN_S
            plate = watcher.page.locator("vms-tile.hero .plate").inner_text()
            assert known["label"] in plate
            assert f"{ended:%H:%M}" in plate
            assert watcher.page.evaluate("document.querySelector('vms-tile.hero video').srcObject") is None
            offer = {"content": "v=0\r\n", "headers": {"Content-Type": "application/sdp"}}
            refused = observer.post(f"/whep/{camera}", **offer)
            assert (refused.status_code, refused.json()["code"]) == (403, "decision_expired")
            assert observer.get(f"/api/cameras/{camera}/snapshot").status_code == 403
            state = observer.get("/api/status").json()["cameras"]
            assert state[camera]["rec_reason"] == "no_decision"
            assert {each["rec"] for key, each in state.items() if key not in cameras_up[CAMERA - 3 :]} == {"on"}
        finally:
            correct(clerk, known["id"], "hersteld", periods=known["document"]["periods"])
        wait_for(lambda: watcher.hero("state") == "live", "the picture is back by itself", timeout_s=15)
        wait_for(lambda: watcher.hero("rec") == "on", "and is recorded", timeout_s=15)
    assert watcher.watched.unexcused() == []
