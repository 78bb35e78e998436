"""Seals under the erasure ledger: what was signed, and the time-stamp that came from outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vms.store.schema import LedgerRow, LedgerSealRow
from vms.units import us_from_utc

KIND = "ledger-seal"
"""What the signature is under, for `vms.signing`."""
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Seal:
    """head, root, signature: hexadecimal. token: the authority's whole answer, DER; None while it is awaited."""

    first_seq: int
    last_seq: int
    at: datetime
    head: str
    root: str
    key_id: str
    signature: str = ""
    token: bytes | None = None
    token_at: datetime | None = None

    def content(self) -> dict[str, str | int]:
        """What is signed."""
        return {
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "at_us": us_from_utc(self.at),
            "head": self.head,
            "root": self.root,
            "key_id": self.key_id,
        }


def unsealed(tx: Session) -> tuple[int, list[str]]:
    """(seq, hashes): the rows after the last seal, the first one's number and the hash of each."""
    newest = last(tx)
    sealed = newest.last_seq if newest else 0
    rows = select(LedgerRow.hash).where(LedgerRow.seq > sealed).order_by(LedgerRow.seq)
    return sealed + 1, list(tx.scalars(rows))


def hashes(tx: Session, first_seq: int, last_seq: int) -> list[str]:
    """Of these ledger rows, as far as they are there."""
    rows = select(LedgerRow.hash).where(LedgerRow.seq >= first_seq, LedgerRow.seq <= last_seq).order_by(LedgerRow.seq)
    return list(tx.scalars(rows))


def add(tx: Session, seal: Seal) -> None:
    tx.add(
        LedgerSealRow(
            last_seq=seal.last_seq,
            first_seq=seal.first_seq,
            at=seal.at,
            head=seal.head,
            root=seal.root,
            key_id=seal.key_id,
            signature=seal.signature,
        )
    )
    tx.flush()


def last(tx: Session) -> Seal | None:
    row = tx.scalars(select(LedgerSealRow).order_by(LedgerSealRow.last_seq.desc()).limit(1)).first()
    return _seal(row) if row else None


def last_before(tx: Session, at: datetime) -> Seal | None:
    """The newest one made before a moment."""
    newest = select(LedgerSealRow).where(LedgerSealRow.at < at).order_by(LedgerSealRow.last_seq.desc()).limit(1)
    row = tx.scalars(newest).first()
    return _seal(row) if row else None


def last_stamped(tx: Session) -> Seal | None:
    """The newest one that has a time-stamp."""
    newest = select(LedgerSealRow).where(LedgerSealRow.token_at.is_not(None)).order_by(LedgerSealRow.token_at.desc())
    row = tx.scalars(newest.limit(1)).first()
    return _seal(row) if row else None


def stamp(tx: Session, last_seq: int, token: bytes, token_at: datetime) -> None:
    """Keep the authority's answer. One that is there stays: it is the earlier one."""
    tx.execute(
        update(LedgerSealRow)
        .where(LedgerSealRow.last_seq == last_seq, LedgerSealRow.token.is_(None))
        .values(token=token, token_at=token_at)
    )


def after(tx: Session, seq: int = 0) -> Iterator[Seal]:
    """Those over rows after `seq`, in order, page by page."""
    while True:
        page = select(LedgerSealRow).where(LedgerSealRow.last_seq > seq).order_by(LedgerSealRow.last_seq)
        rows = tx.scalars(page.limit(_PAGE)).all()
        if not rows:
            return
        for row in rows:
            yield _seal(row)
        seq = rows[-1].last_seq
        tx.expunge_all()


def _seal(row: LedgerSealRow) -> Seal:
    return Seal(
        row.first_seq, row.last_seq, row.at, row.head, row.root, row.key_id, row.signature, row.token, row.token_at
    )
