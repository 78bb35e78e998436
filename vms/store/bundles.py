"""Export jobs: what is being made, what waits to be fetched, and what became of the rest. Rows stay; files do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vms.store.schema import BundleJobRow

BundleState = Literal["queued", "busy", "done", "failed", "cancelled", "deleted"]
ENDED: tuple[BundleState, ...] = ("failed", "cancelled", "deleted")
UNFINISHED: tuple[BundleState, ...] = ("queued", "busy")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleJob:
    """order: of web.bundle.order. delete_at: when its file must be gone, never after its footage's own limit."""

    id: str
    username: str
    request_id: int
    order: Mapping[str, Any]
    state: BundleState
    expected_bytes: int
    created_at: datetime
    delete_at: datetime
    error_code: str
    bytes: int
    sha256: str
    fetched_at: datetime | None


def add(tx: Session, new: BundleJob) -> None:
    tx.add(
        BundleJobRow(
            id=new.id,
            username=new.username,
            request_id=new.request_id,
            order=dict(new.order),
            state=new.state,
            expected_bytes=new.expected_bytes,
            created_at=new.created_at,
            delete_at=new.delete_at,
            error_code=new.error_code,
            bytes=new.bytes,
            sha256=new.sha256,
            fetched_at=new.fetched_at,
        )
    )
    tx.flush()


def get(tx: Session, job_id: str) -> BundleJob | None:
    row = tx.get(BundleJobRow, job_id)
    return _job(row) if row else None


def newest(tx: Session, limit: int) -> list[BundleJob]:
    """Newest first."""
    return [_job(row) for row in tx.scalars(select(BundleJobRow).order_by(BundleJobRow.created_at.desc()).limit(limit))]


def in_states(tx: Session, states: Sequence[BundleState]) -> list[BundleJob]:
    """The oldest first."""
    rows = select(BundleJobRow).where(BundleJobRow.state.in_(states)).order_by(BundleJobRow.created_at)
    return [_job(row) for row in tx.scalars(rows)]


def change(tx: Session, job_id: str, **values: Any) -> None:
    """One that ended stays as it is."""
    still = update(BundleJobRow).where(BundleJobRow.id == job_id, BundleJobRow.state.not_in(ENDED))
    tx.execute(still.values(**values))


def _job(row: BundleJobRow) -> BundleJob:
    return BundleJob(
        id=row.id,
        username=row.username,
        request_id=row.request_id,
        order=row.order,
        state=cast(BundleState, row.state),
        expected_bytes=row.expected_bytes,
        created_at=row.created_at,
        delete_at=row.delete_at,
        error_code=row.error_code,
        bytes=row.bytes,
        sha256=row.sha256,
        fetched_at=row.fetched_at,
    )
