from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import StatementError

from vms.errors import StoreBusy
from vms.store import Store, schema_incidents, schema_logins, schema_oversight, schema_shifts
from vms.store.schema import Base, VolumeRow


def test_migrations_build_exactly_the_schema_the_code_uses(store: Store) -> None:
    engine = create_engine(store.url)
    with engine.connect() as connection:
        modules = (schema_incidents, schema_logins, schema_oversight, schema_shifts)
        assert {module.Base for module in modules} == {Base}
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


def test_migrations_at_once_make_one_schema(tmp_path: Path, postgres) -> None:
    empty = postgres.new_database(template="template0")
    for url in (f"sqlite:///{tmp_path}/new.db", empty):
        stores = [Store(url) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Store.migrate, stores))
        for store in stores:
            with store.transaction() as tx:
                assert tx.get(VolumeRow, "none") is None
            store.close()
    postgres.drop(empty)


def test_a_schema_that_is_up_to_date_needs_no_lock(store: Store) -> None:
    other = Store(store.url)
    with other.transaction() as blocking:
        blocking.add(VolumeRow(uuid="a", path="/", created_at=datetime.now(UTC)))
        blocking.flush()
        store.migrate()
    other.close()


def test_tables_that_a_migration_still_has_to_make_are_a_store_busy(tmp_path: Path, postgres) -> None:
    empty = postgres.new_database(template="template0")
    for url in (f"sqlite:///{tmp_path}/new.db", empty):
        store = Store(url)
        with pytest.raises(StoreBusy), store.transaction() as tx:
            tx.get(VolumeRow, "v")
        with pytest.raises(StoreBusy), store.reading() as tx:
            tx.get(VolumeRow, "v")
        store.close()
    postgres.drop(empty)


def add_while_the_server_stops(tx, postgres) -> None:
    tx.add(VolumeRow(uuid="a", path="/", created_at=datetime.now(UTC)))
    tx.flush()
    postgres.stop()
    tx.get(VolumeRow, "b")


def test_a_database_server_that_restarts_is_a_store_busy_and_then_works_again(postgres) -> None:
    url = postgres.new_database()
    store = Store(url)
    with pytest.raises(StoreBusy), store.transaction() as tx:
        add_while_the_server_stops(tx, postgres)
    with pytest.raises(StoreBusy), store.reading() as tx:
        tx.get(VolumeRow, "a")
    postgres.start()
    with store.transaction() as tx:
        assert tx.get(VolumeRow, "a") is None
    store.close()
    postgres.drop(url)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_content_that_the_database_can_never_take_is_no_matter_of_waiting(store: Store) -> None:
    with pytest.raises(ValueError, match="refuses"), store.transaction() as tx:
        tx.add(VolumeRow(uuid="x" * 100, path="/", created_at=datetime.now(UTC)))


def test_one_writer_at_a_time_so_what_it_read_is_still_true_when_it_commits(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    second = Store(store.url)
    with store.transaction() as tx:
        assert tx.get(VolumeRow, "a") is None
        with pytest.raises(StoreBusy), second.transaction() as other:
            other.get(VolumeRow, "a")
    with second.transaction() as other:
        assert other.get(VolumeRow, "a") is None
    second.close()
