"""Tampering with the audit log in the database itself: whatever is done, the row is named."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from retention.sealing import seal_audit
from vms.audit_check import check_audit
from vms.rules.chain import GENESIS, canonical_json, entry_hash
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, audit
from vms.store.audit import AuditEntry, Link, content_of

AT = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
ROWS = 6
"""Sealed; UNSEALED more came after the seal."""
UNSEALED = 2


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> SiteSigner:
    path = tmp_path_factory.mktemp("key") / "signing.pem"
    create_signing_key(path)
    return SiteSigner(path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, signer: SiteSigner) -> Path:
    path = tmp_path_factory.mktemp("log") / "u.db"
    filled(f"sqlite:///{path}", signer).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = delete")
    return path


@pytest.fixture
def store(untouched: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(untouched, tmp_path / "u.db")
    store = Store(f"sqlite:///{tmp_path / 'u.db'}")
    yield store
    store.close()


def filled(url: str, signer: SiteSigner) -> Store:
    store = Store(url)
    store.migrate()
    write(store, 0, ROWS)
    seal_audit(store, signer, AT)
    write(store, ROWS, ROWS + UNSEALED)
    return store


def write(store: Store, first: int, end: int) -> None:
    with store.transaction() as tx:
        for number in range(first, end):
            entry = AuditEntry(
                at=AT + timedelta(seconds=number), actor="a.jansen", roles=("observer",), action="live.watch",
                object=f"camera:markt-{number:02}", result="allowed", detail={"profile": "hero", "n": number},
                workstation="127.0.0.1",
            )  # fmt: skip
            audit.append(tx, entry)


def meddle(store: Store, *statements: str) -> None:
    engine = create_engine(store.url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def findings(store: Store, signer: SiteSigner, **more: object) -> list[str]:
    return [str(finding) for finding in check_audit(store, signer.public, **more).findings]  # type: ignore[arg-type]


def copied(store: Store) -> list[str]:
    with store.reading() as tx:
        records = audit.after(tx, 0, 1000)
    rows = [content_of(one) | {"prev_hash": one.prev_hash, "hash": one.hash} for one in records]
    return [canonical_json(row).decode() for row in rows]


def written_anew(store: Store, from_seq: int) -> None:
    """By somebody who knows the format: every hash from a row on fits again."""
    with store.reading() as tx:
        records = audit.after(tx, 0, 1000)
    engine = create_engine(store.url)
    with engine.begin() as connection:
        prev_hash = GENESIS
        for record in records:
            new = entry_hash(prev_hash, content_of(record))
            if record.seq >= from_seq:
                change = "update audit set prev_hash = :prev, hash = :new where seq = :seq"
                connection.execute(text(change), {"prev": prev_hash, "new": new, "seq": record.seq})
                prev_hash = new
            else:
                prev_hash = record.hash
    engine.dispose()


def test_a_whole_log_has_no_findings_and_tells_how_far_it_is_sealed(store: Store, signer: SiteSigner) -> None:
    proof = check_audit(store, signer.public, copies=[copied(store)])
    assert proof.findings == ()
    assert (proof.rows, proof.sealed_rows, proof.sealed_at) == (ROWS + UNSEALED, ROWS, AT)


EDITS = {
    "actor": "'somebody.else'",
    "roles": "'[\"admin\"]'",
    "action": "'logout'",
    "object": "'camera:elsewhere'",
    "result": "'refused'",
    "detail": '\'{"profile": "tile"}\'',
    "workstation": "'10.0.0.9'",
    "at": "at - 1",
    "camera": "'elsewhere'",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_any_column_names_the_row(store: Store, signer: SiteSigner, column: str) -> None:
    meddle(store, f"update audit set {column} = {EDITS[column]} where seq = 3")
    assert findings(store, signer) == ["audit 3: was changed after it was written"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("update audit set hash = 'no hash' where seq = 3", "audit 3: was changed after it was written"),
        ("update audit set hash = 'no hash' where seq = 3", "audit 1: the seal over rows 1 to 6 is over other rows"),
        ("update audit set detail = '{' where seq = 3", "audit 3: was changed after it was written"),
        ("update audit set roles = 'x' where seq in (3, 8)", "audit 8: was changed after it was written"),
        ("update audit_seal set signature = 'none'", "audit 1: the seal over rows 1 to 6 is not this site's"),
    ],
)
def test_what_cannot_even_be_read_is_a_finding(store: Store, signer: SiteSigner, change: str, says: str) -> None:
    meddle(store, change)
    assert says in findings(store, signer)


def test_a_row_that_cannot_be_read_is_named_alone(store: Store, signer: SiteSigner) -> None:
    meddle(store, "update audit set detail = '{' where seq = 3")
    assert findings(store, signer) == ["audit 3: was changed after it was written"]


def test_deleted_rows_are_counted_and_the_first_is_named(store: Store, signer: SiteSigner) -> None:
    meddle(store, "delete from audit where seq in (3, 4)")
    assert "audit 3: 2 row(s) missing" in findings(store, signer)


def test_swapped_rows_are_both_named(store: Store, signer: SiteSigner) -> None:
    meddle(
        store,
        "update audit set seq = -2 where seq = 2",
        "update audit set seq = 2 where seq = 5",
        "update audit set seq = 5 where seq = -2",
    )
    found = findings(store, signer)
    assert "audit 2: was changed after it was written" in found
    assert "audit 5: was changed after it was written" in found


def test_a_row_put_in_between_is_named(store: Store, signer: SiteSigner) -> None:
    columns = "at, actor, roles, action, object, result, detail, workstation, camera, prev_hash, hash"
    meddle(
        store,
        *(f"update audit set seq = {seq + 1} where seq = {seq}" for seq in range(ROWS + UNSEALED, 3, -1)),
        f"insert into audit (seq, {columns}) select 4, {columns} from audit where seq = 3",
    )
    assert findings(store, signer)[0].startswith("audit 4: ")


def test_a_tail_cut_below_the_seal_is_named_with_what_is_gone(store: Store, signer: SiteSigner) -> None:
    meddle(store, "delete from audit where seq > 4")
    assert "audit 5: cut off: rows 5 to 6, sealed on 2026-11-22 13:00 UTC, are gone" in findings(store, signer)


def test_a_cut_tail_stays_found_when_new_rows_took_its_numbers(store: Store, signer: SiteSigner) -> None:
    meddle(store, "delete from audit where seq > 4")
    write(store, 20, 30)
    assert findings(store, signer) == ["audit 1: the seal over rows 1 to 6 is over other rows"]


def test_a_tail_and_its_seal_cut_together_are_found_by_what_was_noted_elsewhere(
    store: Store, signer: SiteSigner
) -> None:
    with store.reading() as tx:
        noted = audit.head(tx)
    copy = copied(store)
    meddle(store, "delete from audit where seq > 4", "delete from audit_seal")
    assert findings(store, signer) == []
    assert findings(store, signer, known=[noted]) == [
        "audit 5: cut off: rows 5 to 8, that was noted elsewhere, are gone"
    ]
    assert findings(store, signer, copies=[copy]) == ["audit 5: cut off: rows 5 to 8, in the copy, are gone"]


def test_a_chain_written_anew_from_a_row_on_does_not_fit_its_seal_and_a_copy_names_the_row(
    store: Store, signer: SiteSigner
) -> None:
    copy = copied(store)
    meddle(store, "update audit set actor = 'somebody.else' where seq = 4")
    written_anew(store, 4)
    assert findings(store, signer) == ["audit 1: the seal over rows 1 to 6 is over other rows"]
    found = findings(store, signer, copies=[copy], known=[Link(5, "0" * 64)])
    assert "audit 4: is another than in the copy" in found
    assert "audit 3: is another than in the copy" not in found
    assert "audit 5: is not the row that was noted elsewhere" in found


def test_a_chain_and_its_seals_written_anew_with_another_key_are_not_this_sites(
    store: Store, signer: SiteSigner, tmp_path: Path
) -> None:
    create_signing_key(tmp_path / "forger.pem")
    meddle(store, "update audit set actor = 'somebody.else' where seq = 4", "delete from audit_seal")
    written_anew(store, 4)
    seal_audit(store, SiteSigner(tmp_path / "forger.pem"), AT)
    assert findings(store, signer) == ["audit 1: the seal over rows 1 to 8 is not this site's"]
    former = SiteSigner(tmp_path / "forger.pem").public.hex()
    assert findings(store, signer, former=[former]) == [], "a key that the site had before"


def test_a_seal_that_was_taken_out_is_missed_by_the_next_one(store: Store, signer: SiteSigner) -> None:
    seal_audit(store, signer, AT)
    meddle(store, "delete from audit_seal where first_seq = 1")
    assert "audit 7: the seal over rows 7 to 8 does not follow the one before it" in findings(store, signer)


def test_a_copy_may_be_torn_repeated_behind_headers_and_damaged(store: Store, signer: SiteSigner) -> None:
    lines = copied(store)
    damaged = json.loads(lines[2]) | {"actor": "copied.badly"}
    copy = [lines[0], lines[0], lines[1][:40], f"<110>1 2026-11-22T13:00:00Z host uitkijk - audit - {lines[1]}"]
    assert findings(store, signer, copies=[[*copy, "", "[]", "{}", "hello"]]) == []
    assert findings(store, signer, copies=[[json.dumps(damaged)]]) == [
        "audit 3: the copy's row is damaged: nothing can be said by it"
    ]


def test_the_same_on_both_databases(store_url: str, signer: SiteSigner) -> None:
    store = filled(store_url, signer)
    with closing(store):
        assert findings(store, signer, copies=[copied(store)]) == []
        meddle(store, "update audit set detail = '{}' where seq = 2", "delete from audit where seq > 4")
        assert findings(store, signer) == [
            "audit 2: was changed after it was written",
            "audit 5: cut off: rows 5 to 6, sealed on 2026-11-22 13:00 UTC, are gone",
            "audit 1: the seal over rows 1 to 6 is over other rows",
        ]


LAST = ROWS + UNSEALED
_Steps = list[tuple[str, tuple[object, ...]]]


def _edit(column: str) -> Callable[[int, int], _Steps]:
    return lambda seq, _: [(f"update audit set {column} = {EDITS[column]} where seq = ?", (seq,))]


def _delete(seq: int, _: int) -> _Steps:
    return [("delete from audit where seq = ?", (seq,))]


def _cut(seq: int, _: int) -> _Steps:
    return [("delete from audit where seq >= ?", (seq,))]


def _swap(seq: int, other: int) -> _Steps:
    other = seq % LAST + 1 if other == seq else other
    move = "update audit set seq = ? where seq = ?"
    return [(move, (0, seq)), (move, (seq, other)), (move, (other, 0))]


def _put_in(seq: int, source: int) -> _Steps:
    move = "update audit set seq = seq + 1 where seq = ?"
    columns = "at, actor, roles, action, object, result, detail, workstation, camera, prev_hash, hash"
    source = seq % LAST + 1 if source == seq else source
    insert = f"insert into audit (seq, {columns}) select ?, {columns} from audit where seq = ?"
    return [
        *((move, (one,)) for one in range(LAST, seq - 1, -1)),
        (insert, (seq, source if source < seq else source + 1)),
    ]


@settings(max_examples=25, deadline=None)
@given(
    act=st.sampled_from([_delete, _cut, _swap, _put_in, *map(_edit, EDITS)]),
    seq=st.integers(1, ROWS),
    other=st.integers(1, LAST),
)
def test_whatever_is_done_to_a_sealed_log_names_the_row(
    untouched: Path, signer: SiteSigner, tmp_path_factory: pytest.TempPathFactory, act, seq: int, other: int
) -> None:
    path = tmp_path_factory.mktemp("tampered") / "u.db"
    shutil.copy(untouched, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement, values in act(seq, other):
            connection.execute(statement, values)
    store = Store(f"sqlite:///{path}")
    found = check_audit(store, signer.public).findings
    store.close()
    assert seq in [finding.seq for finding in found], found
