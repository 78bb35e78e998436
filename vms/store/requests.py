"""The register of requests for footage. Rows are added and decided once, never removed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.requests import FootageRequest, MonthFigures, NewRequest, RequestState, Verdict
from vms.store.schema import FootageRequestRow


def create(tx: Session, new: NewRequest, now: datetime) -> FootageRequest:
    row = FootageRequestRow(
        organisation=new.organisation,
        requester=new.requester,
        case_number=new.case_number,
        legal_basis=new.legal_basis,
        recipient=new.recipient,
        cameras=list(new.cameras),
        start_at=new.start_at,
        end_at=new.end_at,
        note=new.note,
        unmasked=new.unmasked,
        created_by=new.created_by,
        created_at=now,
        state="asked",
        reason="",
        receipt="",
    )
    tx.add(row)
    tx.flush()
    return _request(row)


def get(tx: Session, request_id: int) -> FootageRequest | None:
    row = tx.get(FootageRequestRow, request_id)
    return _request(row) if row else None


def newest(tx: Session, limit: int, before_id: int | None = None) -> list[FootageRequest]:
    """Newest first."""
    rows = select(FootageRequestRow).order_by(FootageRequestRow.id.desc()).limit(limit)
    if before_id is not None:
        rows = rows.where(FootageRequestRow.id < before_id)
    return [_request(row) for row in tx.scalars(rows)]


def between(tx: Session, start: datetime, end: datetime) -> list[FootageRequest]:
    """Asked in [start, end), the oldest first."""
    rows = select(FootageRequestRow).where(FootageRequestRow.created_at >= start, FootageRequestRow.created_at < end)
    return [_request(row) for row in tx.scalars(rows.order_by(FootageRequestRow.id))]


def decide(
    tx: Session, request_id: int, verdict: Verdict, by: str | None, reason: str, now: datetime
) -> FootageRequest:
    """After vms.rules.requests.refuse_decision said nothing, in this transaction. by: None on the command line."""
    row = tx.get_one(FootageRequestRow, request_id)
    row.state, row.decided_by, row.decided_at, row.reason = verdict, by, now, reason
    tx.flush()
    return _request(row)


def receive(tx: Session, request_id: int, receipt: str, by: str, now: datetime) -> FootageRequest:
    """The same, after refuse_receipt."""
    row = tx.get_one(FootageRequestRow, request_id)
    row.receipt, row.received_by, row.received_at = receipt, by, now
    tx.flush()
    return _request(row)


def by_month(requests: Sequence[FootageRequest], zone: ZoneInfo) -> list[MonthFigures]:
    """By the month in which they were asked, the oldest first; months without requests are left out."""
    counts: dict[str, Counter[str]] = {}
    for request in requests:
        month = counts.setdefault(f"{request.created_at.astimezone(zone):%Y-%m}", Counter())
        month.update(["asked", request.state] if request.state != "asked" else ["asked"])
        month.update(["given"] if request.received_at is not None else [])
    return [
        MonthFigures(month, one["asked"], one["granted"], one["refused"], one["given"])
        for month, one in sorted(counts.items())
    ]


def _request(row: FootageRequestRow) -> FootageRequest:
    return FootageRequest(
        id=row.id,
        organisation=row.organisation,
        requester=row.requester,
        case_number=row.case_number,
        legal_basis=row.legal_basis,
        recipient=row.recipient,
        cameras=tuple(row.cameras),
        start_at=row.start_at,
        end_at=row.end_at,
        note=row.note,
        unmasked=row.unmasked,
        created_by=row.created_by,
        created_at=row.created_at,
        state=cast(RequestState, row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        receipt=row.receipt,
        received_by=row.received_by,
        received_at=row.received_at,
    )
