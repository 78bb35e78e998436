from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.bundle.evidence import Evidence


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Shared: tests make exports of it and change nothing on it."""
    made = Evidence(tmp_path_factory.mktemp("evidence"))
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def package(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good export of both cameras, to be forged."""
    return evidence.make(tmp_path_factory.mktemp("package") / "export.zip").path
