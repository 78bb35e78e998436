"""Fixtures for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.faulty_disk import FaultyDisk
from tests.mounts import Mounts, real_mounts
from tests.postgres import PostgresServer
from tests.sqlite import migrated_sqlite
from web import passwords

CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Real argon2id, in this process at a price that thousands of logins can pay."""
    passwords._argon2id = PasswordHash((CHEAP,))
    passwords._NOBODY = passwords._argon2id.hash("nobody has this one")


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    with real_mounts() as made:
        yield made


@pytest.fixture
def faulty_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDisk]:
    disk = FaultyDisk(monkeypatch)
    yield disk
    disk.release()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """One for all browsers: a second one cannot start while the first runs."""
    with sync_playwright() as driver:
        yield driver


BOTH = ("sqlite", "postgresql")
ONE = BOTH if os.environ.get("UITKIJK_BOTH_DATABASES") else ("sqlite",)


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own for this test; every test that takes it runs on both kinds."""
    yield from _database(request, tmp_path)


@pytest.fixture(params=ONE)
def site_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same for a site in a test that is about something else: SQLite, unless UITKIJK_BOTH_DATABASES is set.

    A module that is about the database as well overrides it with `store_url`.
    """
    yield from _database(request, tmp_path)


def _database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield migrated_sqlite(tmp_path / "u.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)
