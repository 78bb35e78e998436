"""Open the database. The caller owns each transaction: `with store.transaction() as tx:`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from vms.errors import StoreBusy

BUSY_TIMEOUT_MS = 5_000
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """A database and its connections. Thread-safe; one per process. Close it at the end.

    Every OperationalError (locked, away, disk full) leaves a transaction as StoreBusy: nothing of it was written,
    the caller keeps its work and tries again.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(
            url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000} if self.is_sqlite else {}
        )
        if self.is_sqlite:
            event.listen(self._engine, "connect", _sqlite_pragmas)
            event.listen(self._engine, "begin", _sqlite_begin)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commits when the block ends, rolls back when it raises."""
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                session.info["write"] = True
                yield session
        except OperationalError as error:
            raise StoreBusy(f"the database did not take it: {type(error.orig).__name__}: {error.orig}") from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent read that takes no write lock."""
        try:
            with Session(self._engine.execution_options(uitkijk_read=True)) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StoreBusy(f"the database did not answer: {type(error.orig).__name__}: {error.orig}") from error

    def migrate(self) -> None:
        """Bring the schema to this version (Alembic upgrade head)."""
        config = AlembicConfig()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self._engine.dispose()


def _sqlite_pragmas(dbapi_connection: object, _record: object) -> None:
    """WAL: readers never wait for a writer. NORMAL: a power cut may lose the last rows, never the file;
    start-up recovery finds footage whose row was lost."""
    dbapi_connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: object) -> None:
    """IMMEDIATE for writers: two read-then-write transactions cannot deadlock into "database is locked"."""
    options = connection.get_execution_options()  # type: ignore[attr-defined]
    mode = "DEFERRED" if options.get("uitkijk_read") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")  # type: ignore[attr-defined]
