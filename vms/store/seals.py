"""Seals under a hash chain (the erasure ledger, the audit log): what was signed, and time-stamps from outside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vms.rules import merkle
from vms.store.schema import AuditRow, LedgerRow, LedgerSealRow
from vms.store.schema_oversight import AuditSealRow
from vms.units import us_from_utc

_PAGE = 1000
MOST_ROWS = 100_000
"""Under one seal; what is left gets the next one."""


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


@dataclass(frozen=True, slots=True)
class SealBook:
    """The seals under one chain. kind: what a signature is under, for `vms.signing`."""

    kind: str
    chain: type[LedgerRow] | type[AuditRow]
    rows: type[LedgerSealRow] | type[AuditSealRow]

    def unsealed(self, tx: Session) -> tuple[int, list[str]]:
        """(seq, hashes): the rows after the last seal, the first one's number and the hash of each."""
        newest = self.last(tx)
        sealed = newest.last_seq if newest else 0
        rows = select(self.chain.hash).where(self.chain.seq > sealed).order_by(self.chain.seq).limit(MOST_ROWS)
        return sealed + 1, list(tx.scalars(rows))

    def hashes(self, tx: Session, first_seq: int, last_seq: int) -> list[str]:
        """Of these rows of the chain, as far as they are there."""
        seq = self.chain.seq
        return list(
            tx.scalars(select(self.chain.hash).where(seq >= first_seq, seq <= last_seq).order_by(self.chain.seq))
        )

    def add(self, tx: Session, seal: Seal) -> None:
        tx.add(
            self.rows(
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

    def last(self, tx: Session) -> Seal | None:
        row = tx.scalars(select(self.rows).order_by(self.rows.last_seq.desc()).limit(1)).first()
        return _seal(row) if row else None

    def last_before(self, tx: Session, at: datetime) -> Seal | None:
        """The newest one made before a moment."""
        newest = select(self.rows).where(self.rows.at < at).order_by(self.rows.last_seq.desc()).limit(1)
        row = tx.scalars(newest).first()
        return _seal(row) if row else None

    def last_stamped(self, tx: Session) -> Seal | None:
        """The newest one that has a time-stamp."""
        newest = select(self.rows).where(self.rows.token_at.is_not(None)).order_by(self.rows.token_at.desc())
        row = tx.scalars(newest.limit(1)).first()
        return _seal(row) if row else None

    def stamp(self, tx: Session, last_seq: int, token: bytes, token_at: datetime) -> None:
        """Keep the authority's answer. One that is there stays: it is the earlier one."""
        tx.execute(
            update(self.rows)
            .where(self.rows.last_seq == last_seq, self.rows.token.is_(None))
            .values(token=token, token_at=token_at)
        )

    def after(self, tx: Session, seq: int = 0) -> Iterator[Seal]:
        """Those over rows after `seq`, in order, page by page."""
        while True:
            page = select(self.rows).where(self.rows.last_seq > seq).order_by(self.rows.last_seq)
            found = [_seal(row) for row in tx.scalars(page.limit(_PAGE))]
            if not found:
                return
            yield from found
            seq = found[-1].last_seq
            tx.expunge_all()

    def covering(self, tx: Session, seq: int) -> Seal | None:
        """The one over that row."""
        newest = select(self.rows).where(self.rows.last_seq >= seq).order_by(self.rows.last_seq).limit(1)
        row = tx.scalars(newest).first()
        return _seal(row) if row else None

    def first_unfit(self, tx: Session) -> tuple[Seal, str] | None:
        """The first one that does not follow the one before it, or is over other rows than those that are there.

        Whose seals they are, `vms.signing.is_signed` tells who has the site's key.
        """
        expected = 1
        for seal in self.after(tx):
            if seal.first_seq != expected:
                return seal, "does not follow the one before it"
            hashes = self.hashes(tx, seal.first_seq, seal.last_seq)
            if len(hashes) != seal.last_seq - seal.first_seq + 1 or hashes[-1] != seal.head:
                return seal, "is over other rows"
            if root_of(hashes) != seal.root:
                return seal, "is over other rows"
            expected = seal.last_seq + 1
        return None


LEDGER: Final = SealBook("ledger-seal", LedgerRow, LedgerSealRow)
AUDIT: Final = SealBook("audit-seal", AuditRow, AuditSealRow)


def root_of(hashes: Sequence[str]) -> str | None:
    """Of a seal over rows with these hashes; None: one of them was changed into what is no hash."""
    try:
        return merkle.root([bytes.fromhex(one) for one in hashes]).hex()
    except ValueError:
        return None


def _seal(row: Any) -> Seal:
    return Seal(
        row.first_seq, row.last_seq, row.at, row.head, row.root, row.key_id, row.signature, row.token, row.token_at
    )
