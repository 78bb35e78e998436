"""Evidence holds (veiligstellingen): footage that must survive purge and disk pressure until released.

What a request must be is `vms.rules.holds`'s; `vms.store.holding` checks it and sets, extends and releases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.errors import Refused
from vms.rules.account_names import is_same_person
from vms.store.schema import HoldRow
from vms.units import EPOCH

HoldState = Literal["requested", "secured", "released"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """The columns of HoldRow explain each field."""

    cameras: tuple[str, ...]
    start_at: datetime
    end_at: datetime
    case_number: str
    legal_basis: str
    requester: str
    created_by: str
    review_at: datetime
    basis: str = "other"
    expired_before: datetime = EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceHold(NewHold):
    id: int
    created_at: datetime
    released_at: datetime | None
    released_by: str | None
    secured_at: datetime | None
    secured_root: str | None
    erased_at: datetime | None
    problem: str

    @property
    def state(self) -> HoldState:
        if self.released_at is not None:
            return "released"
        return "requested" if self.secured_at is None else "secured"


_FIELDS = tuple(EvidenceHold.__dataclass_fields__)


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
        basis=new.basis,
        expired_before=new.expired_before,
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


def everything(tx: Session) -> list[EvidenceHold]:
    """Released ones too, the newest first."""
    return [_hold(row) for row in tx.scalars(select(HoldRow).order_by(HoldRow.id.desc()))]


def get(tx: Session, hold_id: int) -> EvidenceHold | None:
    row = tx.get(HoldRow, hold_id)
    return None if row is None else _hold(row)


def unerased(tx: Session) -> list[EvidenceHold]:
    """Released ones whose copies may still be in the evidence store."""
    rows = select(HoldRow).where(HoldRow.released_at.is_not(None), HoldRow.erased_at.is_(None))
    return [_hold(row) for row in tx.scalars(rows.order_by(HoldRow.id))]


def for_camera(holds: Sequence[EvidenceHold], camera_id: str) -> list[EvidenceHold]:
    return [hold for hold in holds if camera_id in hold.cameras]


def release(tx: Session, hold_id: int, by: str, now: datetime) -> EvidenceHold:
    """Ends a hold; a second person must do it. Raises Refused."""
    row = _open(tx, hold_id)
    if is_same_person(row.created_by, by):
        raise Refused("whoever set a hold does not release it; ask a second person")
    row.released_at, row.released_by, row.problem = now, by, ""
    tx.flush()
    return _hold(row)


def extend(tx: Session, hold_id: int, end_at: datetime, review_at: datetime) -> EvidenceHold:
    """With a later end there is more to secure. Raises Refused."""
    row = _open(tx, hold_id)
    if end_at > row.end_at:
        row.secured_at = row.secured_root = None
    row.end_at, row.review_at = end_at, review_at
    tx.flush()
    return _hold(row)


def set_secured(tx: Session, hold_id: int, at: datetime, root: str) -> None:
    """From now on the copies are the evidence. Raises Refused: it was released meanwhile."""
    row = _open(tx, hold_id)
    row.secured_at, row.secured_root, row.problem = at, root, ""


def set_unsecured(tx: Session, hold_id: int) -> None:
    """More of its interval came into the catalog: it is not all copied any more. Raises Refused."""
    row = _open(tx, hold_id)
    row.secured_at = row.secured_root = None


def set_problem(tx: Session, hold_id: int, problem: str) -> None:
    row = tx.get_one(HoldRow, hold_id)
    row.problem = problem


def set_erased(tx: Session, hold_id: int, at: datetime) -> None:
    tx.get_one(HoldRow, hold_id).erased_at = at


def _open(tx: Session, hold_id: int) -> HoldRow:
    row = tx.get(HoldRow, hold_id)
    if row is None or row.released_at is not None:
        raise Refused(f"there is no open hold {hold_id}")
    return row


def _hold(row: HoldRow) -> EvidenceHold:
    return EvidenceHold(**{name: getattr(row, name) for name in _FIELDS} | {"cameras": tuple(row.cameras)})
