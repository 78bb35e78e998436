from collections.abc import Iterator

import pytest

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
