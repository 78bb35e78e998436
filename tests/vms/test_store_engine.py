from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import StatementError

from vms.errors import StoreBusy
from vms.store import Store
from vms.store.schema import Base, VolumeRow


@pytest.fixture
def store(tmp_path: Path):
    store = Store(f"sqlite:///{tmp_path}/u.db")
    store.migrate()
    yield store
    store.close()


def test_migrations_build_exactly_the_schema_the_code_uses(store: Store) -> None:
    engine = create_engine(store.url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_times_come_back_exact_and_naive_ones_are_refused(store: Store) -> None:
    at = datetime(2026, 10, 25, 1, 30, 0, 123457, tzinfo=UTC)
    with store.transaction() as tx:
        tx.add(VolumeRow(uuid="v", path="/x", created_at=at))
    with store.reading() as tx:
        assert tx.get_one(VolumeRow, "v").created_at == at
    with pytest.raises(StatementError), store.transaction() as tx:
        tx.add(VolumeRow(uuid="w", path="/x", created_at=datetime(2026, 1, 1)))


def test_a_locked_database_is_a_store_busy_and_nothing_is_written(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    other = Store(store.url)
    with other.transaction() as blocking:
        blocking.add(VolumeRow(uuid="a", path="/", created_at=datetime.now(UTC)))
        blocking.flush()
        second = Store(store.url)
        with pytest.raises(StoreBusy), second.transaction() as tx:
            tx.add(VolumeRow(uuid="b", path="/", created_at=datetime.now(UTC)))
        second.close()
    other.close()
    with store.reading() as tx:
        assert tx.get(VolumeRow, "a") is not None
        assert tx.get(VolumeRow, "b") is None
