"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest

from tests.faulty_disk import FaultyDisk
from tests.mounts import Mounts, real_mounts


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    with real_mounts() as made:
        yield made


@pytest.fixture
def faulty_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDisk]:
    disk = FaultyDisk(monkeypatch)
    yield disk
    disk.release()
