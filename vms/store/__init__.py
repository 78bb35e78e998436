"""The database behind names of the domain: catalog, ledger, holds, masks, users, audit.

Functions take the Session that `Store.transaction()` or `Store.reading()` gives: the caller owns the transaction.
They return frozen values, never rows.
"""

from sqlalchemy.orm import Session as Transaction

from vms.store.engine import Store

__all__ = ["Store", "Transaction"]
