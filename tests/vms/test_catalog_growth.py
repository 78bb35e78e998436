"""The catalog's questions read a camera's own rows, however many others there are."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from tests.sqlite import migrated_sqlite
from vms.cli import make_app
from vms.store import Store, catalog
from vms.store.bulk import CatalogShape, bulk_camera, fill, settle
from vms.store.spans import segment_spans
from vms.units import us_from_utc

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CAMERA = bulk_camera(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Without statistics, as a new site's SQLite is."""
    store = Store(migrated_sqlite(tmp_path / "u.db"))
    with store.transaction() as tx:
        fill(tx, CatalogShape(cameras=2, days=1), START)
    yield store
    store.close()


SPAN_US = us_from_utc(START), us_from_utc(START + DAY)
QUESTIONS: dict[str, tuple[Callable[[Session], object], str]] = {
    "coverage": (
        lambda tx: segment_spans(tx, CAMERA, "main", *SPAN_US),
        "COVERING INDEX segment_by_span (camera_id=? AND profile=? AND start_at>? AND start_at<?)",
    ),
    "footage": (
        lambda tx: catalog.segments(tx, CAMERA, "main", START, START + DAY),
        "segment_by_span (camera_id=? AND profile=? AND start_at>? AND start_at<?)",
    ),
    "next": (
        lambda tx: catalog.next_segment(tx, CAMERA, "main", START + 2 * DAY),
        "segment_by_span (camera_id=? AND profile=? AND start_at>?",
    ),
    "chain": (lambda tx: catalog.last_chain_hash(tx, CAMERA, "main"), "segment_by_chain (camera_id=? AND profile=?)"),
    "expired": (lambda tx: catalog.expired(tx, START, 10), "segment_by_expiry (state=? AND start_at<?)"),
    "page": (lambda tx: catalog.page(tx, 5, 10), "INTEGER PRIMARY KEY (rowid>?)"),
    "open gap": (lambda tx: catalog.current_gap(tx, CAMERA, "main"), "gap_by_end (camera_id=? AND profile=? AND end_"),
    "day key": (
        lambda tx: catalog.needs_day_key(tx, CAMERA, START.date(), CAMERA),
        "segment_by_span (camera_id=? AND profile=? AND start_at>? AND start_at<?)",
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_answered_by_its_index_and_sorts_nothing(store: Store, question: str) -> None:
    ask, index = QUESTIONS[question]
    statements = []
    with store.reading() as tx:
        connection = tx.connection()
        event.listen(connection, "before_cursor_execute", lambda *seen: statements.append((seen[2], seen[3])))
        ask(tx)
        asked = list(statements)
        plans = [connection.exec_driver_sql(f"explain query plan {sql}", values).all() for sql, values in asked]
    lines = [step[3] for plan in plans for step in plan]
    assert all(index in line for line in lines), lines


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_too_reads_a_cameras_day_from_the_index_alone(store_url: str) -> None:
    store = Store(store_url)
    with store.transaction() as tx:
        fill(tx, CatalogShape(cameras=3, days=3), START)
    settle(store)
    statements = []
    with store.reading() as tx:
        connection = tx.connection()
        event.listen(connection, "before_cursor_execute", lambda *seen: statements.append((seen[2], seen[3])))
        assert len(segment_spans(tx, CAMERA, "main", *SPAN_US)) == 1440
        [(sql, values)] = statements
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"explain analyze {sql}", values))
    store.close()
    assert "Index Only Scan using segment_by_span" in plan
    assert "Heap Fetches: 0" in plan
    assert "Sort" not in plan


def test_the_next_segment_is_the_one_at_that_moment_or_the_first_after_it(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(text(f"delete from segment where camera_id = '{CAMERA}' and path like '%/5.mp4'"))
        for minute, expected in ((4.5, 4), (5.5, 6), (6, 6)):
            found = catalog.next_segment(tx, CAMERA, "main", START + timedelta(minutes=minute))
            assert found is not None
            assert found.start_at == START + timedelta(minutes=expected)
        assert catalog.next_segment(tx, CAMERA, "main", START + DAY) is None


def test_the_benchmark_names_its_figures(monkeypatch) -> None:
    monkeypatch.setattr("vms.cli.bench_catalog.SHAPES", {1440: CatalogShape(1, 1), 2880: CatalogShape(2, 1)})
    for name, smaller in (("_SEGMENTS_TO_EXPIRE", 20), ("_ROUNDS", 2), ("_INSERTS", 5), ("_EXPIRIES", 1)):
        monkeypatch.setattr(f"vms.cli.bench_catalog.{name}", smaller)
    result = CliRunner().invoke(make_app(), ["bench", "catalog", "--json", "--sizes", "1440,2880"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [figure["segments"] for figure in answer["figures"]] == [1440, 2880]
    assert set(answer["growth"]) == {"coverage_ms", "footage_ms", "next_ms", "insert_ms", "expire_ms"}
