"""How far each journal of a capture process has come: in the same transaction as its entries, so each counts once."""

from sqlalchemy.orm import Session

from vms.store.schema import JournalRow


def position(tx: Session, journal_id: str) -> int:
    """Last entry of this journal that the database has; 0 when it never saw this journal."""
    row = tx.get(JournalRow, journal_id)
    return row.seq if row else 0


def set_position(tx: Session, journal_id: str, name: str, seq: int) -> None:
    row = tx.get(JournalRow, journal_id)
    if row is None:
        tx.add(JournalRow(id=journal_id, name=name, seq=seq))
    else:
        row.seq = seq
    tx.flush()
