from collections.abc import Iterator

import pytest

from vms.store import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty one of its own, on each kind of database."""
    made = Store(store_url)
    made.migrate()
    yield made
    made.close()
