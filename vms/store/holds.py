"""Evidence holds (veiligstellingen): footage that must survive purge and disk pressure until released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.errors import Refused
from vms.store.schema import HoldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    cameras: tuple[str, ...]
    start_at: datetime
    end_at: datetime
    case_number: str
    legal_basis: str
    requester: str
    created_by: str
    review_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceHold(NewHold):
    id: int
    created_at: datetime
    released_at: datetime | None
    released_by: str | None


def create(tx: Session, new: NewHold, now: datetime) -> EvidenceHold:
    """Raises Refused: no case number, no basis, no camera, or an interval without length."""
    for value, what in ((new.case_number, "a case number"), (new.legal_basis, "a legal basis")):
        if not value.strip():
            raise Refused(f"a hold needs {what}")
    if not new.cameras:
        raise Refused("a hold needs at least one camera")
    if new.end_at <= new.start_at:
        raise Refused("a hold must end after it starts")
    row = HoldRow(
        cameras=list(new.cameras),
        start_at=new.start_at,
        end_at=new.end_at,
        case_number=new.case_number,
        legal_basis=new.legal_basis,
        requester=new.requester,
        created_by=new.created_by,
        review_at=new.review_at,
        created_at=now,
    )
    tx.add(row)
    tx.flush()
    return _hold(row)


def active(tx: Session, start: datetime | None = None, end: datetime | None = None) -> list[EvidenceHold]:
    """Unreleased ones, those that overlap [start, end) when given."""
    rows = select(HoldRow).where(HoldRow.released_at.is_(None))
    if start is not None:
        rows = rows.where(HoldRow.end_at > start)
    if end is not None:
        rows = rows.where(HoldRow.start_at < end)
    return [_hold(row) for row in tx.scalars(rows.order_by(HoldRow.id))]


def for_camera(holds: Sequence[EvidenceHold], camera_id: str) -> list[EvidenceHold]:
    return [hold for hold in holds if camera_id in hold.cameras]


def release(tx: Session, hold_id: int, by: str, now: datetime) -> EvidenceHold:
    """Ends a hold; a second person must do it. Raises Refused."""
    row = tx.get(HoldRow, hold_id)
    if row is None or row.released_at is not None:
        raise Refused(f"there is no open hold {hold_id}")
    if row.created_by == by:
        raise Refused("whoever set a hold does not release it; ask a second person")
    row.released_at, row.released_by = now, by
    tx.flush()
    return _hold(row)


def _hold(row: HoldRow) -> EvidenceHold:
    return EvidenceHold(
        id=row.id,
        cameras=tuple(row.cameras),
        start_at=row.start_at,
        end_at=row.end_at,
        case_number=row.case_number,
        legal_basis=row.legal_basis,
        requester=row.requester,
        created_by=row.created_by,
        review_at=row.review_at,
        created_at=row.created_at,
        released_at=row.released_at,
        released_by=row.released_by,
    )
