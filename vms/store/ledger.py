"""The purge ledger: append-only, hash-chained. Every erasure leaves an intent before it and a done or failed after.

A purge erases in batches, and each batch is two entries: `segments` of the intent are ids, those of the done tell what
each file was. What fails, or goes on its own (a stray file, a lost volume), is an entry for one file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from vms.rules.chain import GENESIS, entry_hash
from vms.store.schema import LedgerRow
from vms.units import us_from_utc

LedgerKind = Literal["run", "intent", "done", "failed", "refused", "key", "term"]
"""run: a purge run's summary. refused: a guard stopped it. key: a day's key was destroyed. term: other
retention terms act from here on."""
Payload = Mapping[str, Any]
"""Texts, integers, and lists and mappings of them; floats have no one spelling."""
Note = tuple[LedgerKind, int | None, Payload]
"""Kind, segment id, payload: an entry on its way."""

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    seq: int
    at: datetime
    kind: LedgerKind
    segment_id: int | None
    payload: Payload
    prev_hash: str
    hash: str


def content_of(seq: int, at: datetime, kind: str, segment_id: int | None, payload: Payload) -> dict[str, object]:
    """What an entry's hash covers."""
    return {"seq": seq, "at_us": us_from_utc(at), "kind": kind, "segment_id": segment_id, "payload": dict(payload)}


def append(tx: Session, at: datetime, kind: LedgerKind, segment_id: int | None, payload: Payload) -> int:
    """Add an entry, return its seq."""
    return append_all(tx, at, [(kind, segment_id, payload)])


def append_all(tx: Session, at: datetime, notes: Iterable[Note]) -> int:
    """Add entries in this order, at once; returns the seq of the last one in the ledger."""
    last = tx.execute(select(LedgerRow.seq, LedgerRow.hash).order_by(LedgerRow.seq.desc()).limit(1)).first()
    seq, last_hash = last or (0, GENESIS)
    rows: list[dict[str, object]] = []
    for kind, segment_id, payload in notes:
        seq, prev_hash = seq + 1, last_hash
        last_hash = entry_hash(prev_hash, content_of(seq, at, kind, segment_id, payload))
        row = {"seq": seq, "at": at, "kind": kind, "segment_id": segment_id, "payload": dict(payload)}
        rows.append({**row, "prev_hash": prev_hash, "hash": last_hash})
    if rows:
        tx.execute(insert(LedgerRow), rows)
    return seq


def entries(tx: Session, after_seq: int = 0) -> Iterator[LedgerEntry]:
    """All in order, page by page."""
    while True:
        page = tx.scalars(select(LedgerRow).where(LedgerRow.seq > after_seq).order_by(LedgerRow.seq).limit(_PAGE)).all()
        for row in page:
            yield _entry(row)
        if not page:
            return
        after_seq = page[-1].seq
        tx.expunge_all()


def first_break(tx: Session) -> str | None:
    """Where the chain was edited, cut or reordered; None when it closes."""
    expected_seq, prev_hash = 1, GENESIS
    for entry in entries(tx):
        if entry.seq != expected_seq:
            return f"ledger row {expected_seq} is missing"
        if entry.prev_hash != prev_hash:
            return f"ledger row {entry.seq} does not follow row {entry.seq - 1}"
        if not is_whole(entry):
            return f"ledger row {entry.seq} was changed"
        expected_seq, prev_hash = entry.seq + 1, entry.hash
    return None


def is_whole(entry: LedgerEntry) -> bool:
    """Whether it is what its hash was made of."""
    content = content_of(entry.seq, entry.at, entry.kind, entry.segment_id, entry.payload)
    return entry.hash == entry_hash(entry.prev_hash, content)


def last_run_at(tx: Session) -> datetime | None:
    return tx.scalar(select(func.max(LedgerRow.at)).where(LedgerRow.kind == "run"))


def last_of_kind(tx: Session, kind: LedgerKind) -> LedgerEntry | None:
    row = tx.scalars(select(LedgerRow).where(LedgerRow.kind == kind).order_by(LedgerRow.seq.desc()).limit(1)).first()
    return _entry(row) if row else None


def segments_done(tx: Session) -> set[int]:
    """Ids of all segments whose erasure is written as done."""
    found: set[int] = set()
    rows = select(LedgerRow.segment_id, LedgerRow.payload).where(LedgerRow.kind == "done")
    for segment_id, payload in tx.execute(rows.execution_options(yield_per=_PAGE)):
        found.update(segments_of(segment_id, payload))
    return found


def segments_of(segment_id: int | None, payload: Payload) -> Iterator[int]:
    """Ids of the segments that an entry is about, one or a batch. Of a changed entry: as far as it goes."""
    if segment_id is not None:
        yield segment_id
    batch = payload.get("segments")
    for one in batch if isinstance(batch, list) else ():
        number = one.get("id") if isinstance(one, Mapping) else one
        if isinstance(number, int):
            yield number


def _entry(row: LedgerRow) -> LedgerEntry:
    kind = cast(LedgerKind, row.kind)
    return LedgerEntry(row.seq, row.at, kind, row.segment_id, row.payload, row.prev_hash, row.hash)
