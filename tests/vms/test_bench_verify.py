"""The figure of `vms audit verify` is of a check that reads every row, and says so when the log is not whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vms.cli.bench_verify import time_verify
from vms.clock import SystemClock
from vms.errors import UitkijkError
from vms.store import Store, audit
from vms.store.bulk_audit import fill_audit
from vms.store.schema import AuditRow

ROWS = 4000


@pytest.fixture
def store(tmp_path: Path):
    made = Store(f"sqlite:///{tmp_path}/bench.db")
    made.migrate()
    fill_audit(made, ROWS, datetime.now(UTC) - timedelta(days=300), 5, 5)
    yield made
    made.close()


def test_every_row_and_its_seal_are_checked_in_bounded_memory(store: Store, tmp_path: Path) -> None:
    figure = time_verify(store, tmp_path, SystemClock())
    assert figure.rows == ROWS
    assert figure.audit_verify_s > 0
    assert figure.audit_verify_mb is None or figure.audit_verify_mb < 100


def test_a_log_that_is_not_whole_gives_no_figure(store: Store, tmp_path: Path) -> None:
    with store.transaction() as tx:
        row = tx.get_one(AuditRow, ROWS // 2)
        row.actor = "somebody else"
    with pytest.raises(UitkijkError, match="does not verify"):
        time_verify(store, tmp_path, SystemClock())
    with store.reading() as tx:
        assert audit.head(tx).seq == ROWS
