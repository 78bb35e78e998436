"""One product, one browser and one observer's wall for all of these tests; each test leaves them as it found them."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from e2e.browser import Watched, chromium, log_in, new_context
from e2e.outage import Outage, suffer
from e2e.product import Product, is_alive, make_product
from e2e.waiting import wait_for
from e2e.wall import Wall

OLD_FOOTAGE_EXPIRES_IN_S = 90
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All are marked; the ones that kill processes come last."""
    ours = [index for index, item in enumerate(items) if item.path.parent == HERE]
    chosen = sorted((items[index] for index in ours), key=lambda item: item.path.name == "test_kill.py")
    for index, item in zip(ours, chosen, strict=True):
        item.add_marker(pytest.mark.e2e)
        items[index] = item


@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    """Started by the command; stopped by SIGTERM, and then nothing of it may run any more."""
    with tempfile.TemporaryDirectory(prefix="uk-", dir="/tmp") as directory:
        product = make_product(Path(directory) / "d", OLD_FOOTAGE_EXPIRES_IN_S)
        try:
            product.start()
            yield product
            product.pids()
            assert product.stop() == 0
            assert [pid for pid in product.seen_pids if is_alive(pid)] == []
        finally:
            _kill_what_is_left(product)


def _kill_what_is_left(product: Product) -> None:
    if product.process and product.process.poll() is None:
        product.process.kill()
        product.process.wait(10)
        product.pids()
    for pid in filter(is_alive, product.seen_pids):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="package")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    with chromium(playwright_driver) as browser:
        yield browser


@pytest.fixture(scope="package")
def cameras_up(product: Product) -> list[str]:
    """The ids of all cameras, once each of them sends pictures."""
    with product.client("technician") as client:

        def all_up() -> bool:
            found = client.get("/api/status").json()["cameras"]
            return len(found) == len(product.camera_ids) and all(
                camera["source"] == "up" and camera["main"]["state"] == "up" and camera["sub"]["state"] == "up"
                for camera in found.values()
            )

        wait_for(all_up, "all cameras send pictures", timeout_s=60)
    return product.camera_ids


@pytest.fixture(scope="package")
def open_wall(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    """An observer's wall with every camera live."""
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", "/muur"))
    wall.wait_live(cameras_up, timeout_s=60)
    yield wall
    context.close()


@pytest.fixture
def wall(open_wall: Wall) -> Iterator[Wall]:
    """The same wall; what a page must not do fails the test that made it do so."""
    yield open_wall
    assert_clean(open_wall.watched)


@pytest.fixture(scope="package")
def outage(product: Product, open_wall: Wall, cameras_up: list[str]) -> Outage:
    """Camera 8 was dark for some seconds."""
    outage = suffer(product, open_wall, cameras_up[7])
    open_wall.watched.excused.append(r"status of (409|503)")  # asking for a picture that is not there yet
    assert_clean(open_wall.watched)
    return outage


def assert_clean(watched: Watched) -> None:
    found = watched.unexcused()
    watched.faults.clear()
    watched.excused.clear()
    assert found == []
