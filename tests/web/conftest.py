from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.chromium import launch_chromium
from tests.web.oidc_server import Provider
from tests.web.served_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="module")
def steady_site() -> Iterator[Site]:
    """Shared by tests of one module that change nothing on it."""
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """One for all tests; each has persons of its own."""
    made = Provider()
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests; each takes a context of its own."""
    chromium = launch_chromium(playwright_driver)
    yield chromium
    chromium.close()
