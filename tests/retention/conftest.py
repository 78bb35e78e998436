from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.retention.world import World


@pytest.fixture
def world(tmp_path: Path, site_database: str) -> Iterator[World]:
    world = World(tmp_path, site_database)
    yield world
    world.store.close()
