"""Questions to the audit log, on both databases, and the columns that they need for rows written before."""

from datetime import UTC, datetime, timedelta

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from vms.store import Store, audit, audit_search, users
from vms.store.audit import AuditEntry, AuditResult
from vms.store.audit_search import AuditSearch
from vms.store.engine import MIGRATIONS

AT = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
ROWS: list[tuple[str, str, str, AuditResult, dict[str, str | int | None]]] = [
    ("a.jansen", "login", "user:a.jansen", "allowed", {}),
    ("a.jansen", "live.watch", "camera:markt-01", "allowed", {"profile": "hero"}),
    ("b.smits", "footage.view", "segment:7", "allowed", {"camera": "markt-01", "reference": "BVH 1"}),
    ("b.smits", "export.create", "request:3", "allowed", {"cameras": "markt-01,plein-02"}),
    ("b.smits", "holds.create", "hold:3", "refused", {"camera": "markt-01, haven-03"}),
    ("a.jansen", "live.watch", "cameras:all", "allowed", {"profile": "overview"}),
    ("command line", "users.add", "user:c", "allowed", {}),
    ("token:meldkamer", "live.watch", "camera:plein-02", "allowed", {}),
]


def write(store: Store) -> None:
    with store.transaction() as tx:
        users.add(tx, "a.jansen", "A", "x", ["observer"], AT)
        users.add(tx, "b.smits", "B", "x", ["police_reviewer"], AT)
        users.add_token(tx, "meldkamer", "h", ["observer"], AT, None)
        for number, (actor, action, object_, result, detail) in enumerate(ROWS):
            at = AT + timedelta(minutes=number)
            entry = AuditEntry(
                at=at, actor=actor, roles=(), action=action, object=object_, result=result, detail=detail
            )
            audit.append(tx, entry)


def found(store: Store, before: int | None = None, **asked: object) -> list[int]:
    with store.reading() as tx:
        rows = audit_search.newest(tx, 100, before, AuditSearch(**asked))  # type: ignore[arg-type]
    return [row.seq for row in rows]


def test_rows_are_found_by_person_act_camera_outcome_and_time(store: Store) -> None:
    write(store)
    assert found(store) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert found(store, actor="a.j") == [6, 2, 1]
    assert found(store, actor="token:m") == [8]
    assert found(store, actor="command") == [7]
    assert found(store, actor="nobody") == []
    assert found(store, action="live.watch") == [8, 6, 2]
    assert found(store, action=("login", "users.add")) == [7, 1]
    assert found(store, camera="markt-01") == [6, 5, 4, 3, 2], "also where it is one of several"
    assert found(store, camera="haven-03") == [6, 5]
    assert found(store, camera="100%") == [6]
    assert found(store, result="refused") == [5]
    assert found(store, start=AT + timedelta(minutes=2), end=AT + timedelta(minutes=4)) == [4, 3]
    assert found(store, before=4, actor="b.smits", camera="markt-01") == [3]


def test_pages_follow_each_other_also_where_the_clock_stepped_back(store: Store) -> None:
    with store.transaction() as tx:
        for minutes in (0, 10, 3, 3, 12):
            at = AT + timedelta(minutes=minutes)
            entry = AuditEntry(at=at, actor="a", roles=(), action="x", object="y", result="allowed", detail={})
            audit.append(tx, entry)
    whole, pages, before = found(store), [], None
    while True:
        with store.reading() as tx:
            rows = audit_search.newest(tx, 2, before)
        if not rows:
            break
        pages += [row.seq for row in rows]
        before = rows[-1].seq
    assert pages == whole == [5, 2, 4, 3, 1]


def test_rows_from_before_this_version_are_found_by_camera_and_their_chain_still_closes(store_url: str) -> None:
    engine = create_engine(store_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        store = Store(store_url)
    write(store)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0013_login")
        assert "camera" not in [column["name"] for column in inspect(connection).get_columns("audit")]
        command.upgrade(config, "head")
    engine.dispose()
    assert found(store, camera="markt-01") == [6, 5, 4, 3, 2]
    with store.reading() as tx:
        assert audit.verify(tx) == []
    store.close()
