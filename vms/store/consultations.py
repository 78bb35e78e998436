"""Purpose and reference that a police officer gives before looking back. Nothing plays without one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from vms.store.schema import ConsultationRow


@dataclass(frozen=True, slots=True)
class Consultation:
    id: int
    username: str
    purpose: str
    reference: str
    created_at: datetime
    expires_at: datetime

    def covers(self, username: str, now: datetime) -> bool:
        """It is this person's own and still runs."""
        return self.username == username and self.created_at <= now < self.expires_at


def create(
    tx: Session, username: str, purpose: str, reference: str, created_at: datetime, expires_at: datetime
) -> Consultation:
    row = ConsultationRow(
        username=username, purpose=purpose, reference=reference, created_at=created_at, expires_at=expires_at
    )
    tx.add(row)
    tx.flush()
    return _consultation(row)


def get(tx: Session, consultation_id: int) -> Consultation | None:
    row = tx.get(ConsultationRow, consultation_id)
    return _consultation(row) if row else None


def _consultation(row: ConsultationRow) -> Consultation:
    return Consultation(row.id, row.username, row.purpose, row.reference, row.created_at, row.expires_at)
