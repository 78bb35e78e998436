from collections.abc import Iterator

import pytest

from tests.web.served_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()
