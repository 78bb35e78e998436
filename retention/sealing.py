"""After each purge run: the site's signature under ledger and audit log, now and then a time-stamp from outside.

A seal covers the rows since the one before by a Merkle root, and all rows ever by the hash of the last one. So one
time-stamp vouches for every row that was there, and an authority that is away for a week costs nothing but waiting.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from vms.errors import StorageError
from vms.signing import SiteSigner
from vms.store import Store, seals
from vms.store.seals import Seal, SealBook

log = logging.getLogger(__name__)


class TimestampAuthority(Protocol):
    def stamp(self, message: bytes) -> tuple[bytes, datetime]:
        """The answer over SHA-256 of message (DER), and the time it names. Raises StorageError."""
        ...


def seal_both(store: Store, signer: SiteSigner, now: datetime) -> None:
    """A chain that somebody changed gets no seal; the other one does, and work goes on. Raises StoreBusy."""
    for seal in (seal_ledger, seal_audit):
        try:
            seal(store, signer, now)
        except StorageError as error:
            log.error("ledger_unsealed", extra={"reason": str(error)})


def seal_ledger(store: Store, signer: SiteSigner, now: datetime) -> Seal | None:
    """Sign what came since the last seal; the newest one, None when nothing came. Raises StoreBusy, StorageError."""
    return _seal_all(store, signer, now, seals.LEDGER)


def seal_audit(store: Store, signer: SiteSigner, now: datetime) -> Seal | None:
    """The same for the audit log: from here on even its newest row cannot be cut off unseen."""
    return _seal_all(store, signer, now, seals.AUDIT)


def _seal_all(store: Store, signer: SiteSigner, now: datetime, book: SealBook) -> Seal | None:
    newest = None
    while seal := _seal_next(store, signer, now, book):
        newest = seal
    return newest


def _seal_next(store: Store, signer: SiteSigner, now: datetime, book: SealBook) -> Seal | None:
    with store.transaction() as tx:
        first_seq, hashes = book.unsealed(tx)
        if not hashes:
            return None
        root = seals.root_of(hashes)
        if root is None:
            last_seq = first_seq + len(hashes) - 1
            raise StorageError(f"{book.kind}: a hash among rows {first_seq} to {last_seq} was changed: no seal")
        seal = Seal(first_seq, first_seq + len(hashes) - 1, now, hashes[-1], root, signer.key_id)
        seal = replace(seal, signature=signer.sign(book.kind, seal.content()).hex())
        book.add(tx, seal)
    return seal


class Stamping:
    """Has the newest seal time-stamped when the last time-stamp is old enough. One thread."""

    def __init__(
        self, store: Store, authority: TimestampAuthority, interval_s: float, book: SealBook = seals.LEDGER
    ) -> None:
        self._store = store
        self._book = book
        self._authority = authority
        self._interval = timedelta(seconds=interval_s)
        self.problem: str | None = None
        """Why the authority gave no time-stamp at the last attempt."""

    def run(self) -> bool:
        """True when a time-stamp came. An authority that is away is asked again at the next call. Raises StoreBusy."""
        with self._store.reading() as tx:
            newest, stamped = self._book.last(tx), self._book.last_stamped(tx)
        if newest is None or newest.token is not None:
            return False
        if stamped is not None and abs(newest.at - stamped.at) < self._interval:
            return False
        try:
            token, token_at = self._authority.stamp(self._signature(newest))
        except StorageError as error:
            if self.problem is None:
                log.warning("timestamp_postponed", extra={"reason": str(error)})
            self.problem = str(error)
            return False
        self.problem = None
        with self._store.transaction() as tx:
            self._book.stamp(tx, newest.last_seq, token, token_at)
        log.info("ledger_stamped", extra={"chain": self._book.kind, "seq": newest.last_seq, "at": token_at.isoformat()})
        return True

    def _signature(self, seal: Seal) -> bytes:
        try:
            return bytes.fromhex(seal.signature)
        except ValueError as error:
            text = f"the signature over rows up to {seal.last_seq} was changed: no time-stamp"
            raise StorageError(f"{self._book.kind}: {text}") from error
