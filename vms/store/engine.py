"""Open the database. The caller owns each transaction: `with store.transaction() as tx:`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from vms.errors import ConfigError, StoreBusy

BUSY_TIMEOUT_MS = 5_000
MIGRATION_WAIT_MS = 120_000
"""How long one migration waits for another, or for a long transaction."""
MIGRATIONS = Path(__file__).parent / "migrations"
_IDLE_LIMIT_MS = 60_000
_WRITER_LOCK = 0x7569746B
"""PostgreSQL's advisory lock of this product: one writer at a time, as SQLite has it by nature. What a transaction
read (holds, heads of chains) is then still true when it commits."""
_NOT_NOW = frozenset({"25006", "42P01", "42703"})
"""SQLSTATE: read-only standby; table or column that a migration still has to make."""


class Store:
    """A database and its connections. Thread-safe; one per process. Close it at the end.

    A database that is locked, away, restarting, migrating or full leaves a transaction as StoreBusy: nothing of it
    was written (or, when the connection broke during its commit, perhaps all of it), the caller keeps its work and
    tries again. Content that no retry makes acceptable leaves as ValueError.
    """

    def __init__(self, url: str) -> None:
        """Raises ConfigError: PostgreSQL without its driver."""
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        except ModuleNotFoundError as error:
            problem = f"database.url: {error.name} is not installed; pip install 'uitkijk[postgres]'"
            raise ConfigError([problem]) from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commits when the block ends, rolls back when it raises. One at a time, in all processes."""
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                session.info["write"] = True
                self._lock_out_writers(session)
                yield session
        except DataError as error:
            raise ValueError(f"the database refuses it: {error.orig}") from error
        except DBAPIError as error:
            if not _is_busy(error):
                raise
            raise StoreBusy(f"the database did not take it: {type(error.orig).__name__}: {error.orig}") from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent read that takes no write lock."""
        options: dict[str, Any] = {"uitkijk_read": True}
        if not self.is_sqlite:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with Session(self._engine.execution_options(**options)) as session, session.begin():
                yield session
        except DBAPIError as error:
            if not _is_busy(error):
                raise
            raise StoreBusy(f"the database did not answer: {type(error.orig).__name__}: {error.orig}") from error

    def migrate(self) -> None:
        """Bring the schema to this version. Who comes second waits, and finds it done. Raises StoreBusy."""
        # Here and not above: a dozen megabytes that recorders, of which there are many, never need.
        from alembic import command
        from alembic.config import Config as AlembicConfig
        from alembic.script import ScriptDirectory

        config = AlembicConfig()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            if self._is_at(ScriptDirectory.from_config(config).get_current_head()):
                return
            with self._engine.connect() as connection:
                self._wait_long(connection)
                with connection.begin():
                    self._lock_out_writers(connection)
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                connection.invalidate()
        except OperationalError as error:
            raise StoreBusy(f"the database cannot be migrated now: {error.orig}") from error

    def close(self) -> None:
        self._engine.dispose()

    def _is_at(self, revision: str | None) -> bool:
        from alembic.migration import MigrationContext

        with self._engine.execution_options(uitkijk_read=True).connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == revision

    def _wait_long(self, connection: Connection) -> None:
        """For the life of this connection, which `invalidate` ends after the migration."""
        driver: Any = connection.connection.driver_connection
        if self.is_sqlite:
            driver.execute(f"PRAGMA busy_timeout={MIGRATION_WAIT_MS}")
        else:
            driver.execute(f"SET lock_timeout = {MIGRATION_WAIT_MS}")
            driver.commit()

    def _lock_out_writers(self, session: Session | Connection) -> None:
        if not self.is_sqlite:
            session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})


def _is_busy(error: DBAPIError) -> bool:
    """Would it work later?"""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return True
    return getattr(error.orig, "sqlstate", None) in _NOT_NOW


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _sqlite_pragmas)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _postgres_engine(url: str) -> Engine:
    """A server that went away is noticed within seconds, and a connection that died is replaced unseen."""
    settings = {
        "lock_timeout": BUSY_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": _IDLE_LIMIT_MS,
        "client_encoding": "UTF8",
    }
    given = make_url(url).query.get("options", "")
    own = " ".join(f"-c {name}={value}" for name, value in settings.items())
    arguments = {
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": f"{own} {given if isinstance(given, str) else ' '.join(given)}".strip(),
    }
    return create_engine(url, connect_args=arguments, pool_pre_ping=True)


def _sqlite_pragmas(dbapi_connection: sqlite3.Connection, _record: object) -> None:
    """WAL: readers never wait for a writer. NORMAL: a power cut may lose the last rows, never the file;
    the journals (recorder) still have those rows, and start-up recovery finds footage whose row was lost."""
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    """IMMEDIATE for writers: two read-then-write transactions cannot deadlock into "database is locked"."""
    mode = "DEFERRED" if connection.get_execution_options().get("uitkijk_read") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")
