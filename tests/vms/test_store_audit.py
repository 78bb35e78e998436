from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from vms.store import Store, audit
from vms.store.audit import AuditEntry

AT = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def write(store: Store, count: int, **changes: object) -> None:
    for number in range(count):
        known = {
            "at": AT + timedelta(seconds=number), "actor": "a.jansen", "roles": ("observer",), "action": "live.watch",
            "object": f"camera:markt-{number:02}", "result": "allowed", "detail": {"profile": "tile", "n": number},
            "workstation": "127.0.0.1",
        }  # fmt: skip
        with store.transaction() as tx:
            audit.append(tx, AuditEntry(**{**known, **changes}))  # type: ignore[arg-type]


def findings(store: Store) -> list[str]:
    with store.reading() as tx:
        return [str(finding) for finding in audit.verify(tx)]


def meddle(store: Store, sql: str) -> None:
    engine = create_engine(store.url)
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()


def test_a_whole_log_has_no_findings_also_over_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    write(store, 5)
    assert findings(store) == []
    with store.reading() as tx:
        assert [record.seq for record in audit.newest(tx, 3)] == [5, 4, 3]
        assert [record.seq for record in audit.newest(tx, 10, before_seq=3)] == [2, 1]


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("update audit set actor = 'somebody.else' where seq = 3", "audit 3: was changed after it was written"),
        ("update audit set result = 'refused' where seq = 1", "audit 1: was changed after it was written"),
        ("update audit set at = at + 1 where seq = 2", "audit 2: was changed after it was written"),
        ("delete from audit where seq = 2", "audit 2: 1 row(s) missing"),
        ("delete from audit where seq = 1", "audit 1: 1 row(s) missing"),
    ],
)
def test_any_edit_shows(store: Store, sql: str, finding: str) -> None:
    write(store, 4)
    meddle(store, sql)
    assert finding in findings(store)


def test_a_forged_row_with_a_right_hash_of_its_own_breaks_the_chain(store: Store) -> None:
    write(store, 3)
    meddle(store, "update audit set prev_hash = (select hash from audit where seq = 3) where seq = 2")
    assert "audit 2: does not follow the row before it" in findings(store)


def test_hostile_text_fits_its_column_and_stays_one_line(store: Store) -> None:
    write(store, 1, actor="x" * 500, object="camera:\r\n2026 allowed", detail={"agent": "\x1b[31m" + "y" * 900})
    with store.reading() as tx:
        [record] = audit.newest(tx, 1)
    assert len(record.entry.actor) == 80
    assert record.entry.object == "camera:\ufffd\ufffd2026 allowed"
    assert len(str(record.entry.detail["agent"])) == 500
    assert findings(store) == []


def test_two_writers_at_once_make_one_chain(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write(store, 5), range(4)))
    assert findings(store) == []
    with store.reading() as tx:
        assert audit.newest(tx, 1)[0].seq == 20
