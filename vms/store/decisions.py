"""The register of decisions, version by version, and the checks of signs. Append-only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.store.schema import DecisionRow, SignCheckRow


@dataclass(frozen=True, slots=True)
class WrittenDecision:
    """A version as it stands in the register. reason: of a correction."""

    decision_id: int
    version: int
    document: Mapping[str, Any]
    author: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SignCheck:
    area: str
    checked_on: date
    note: str
    author: str


def add(tx: Session, document: Mapping[str, Any], author: str, at: datetime) -> WrittenDecision:
    newest = tx.scalar(select(func.max(DecisionRow.decision_id))) or 0
    return _write(tx, WrittenDecision(newest + 1, 1, document, author, at, ""))


def revise(
    tx: Session, decision_id: int, document: Mapping[str, Any], author: str, at: datetime, reason: str
) -> WrittenDecision:
    """What was written down before stays in its history. Raises KeyError for an unknown decision."""
    newest = tx.scalar(select(func.max(DecisionRow.version)).where(DecisionRow.decision_id == decision_id))
    if newest is None:
        raise KeyError(decision_id)
    return _write(tx, WrittenDecision(decision_id, newest + 1, document, author, at, reason))


def current(tx: Session) -> list[WrittenDecision]:
    """The newest version of each, by decision."""
    newest = select(func.max(DecisionRow.id)).group_by(DecisionRow.decision_id)
    return _read(tx.scalars(select(DecisionRow).where(DecisionRow.id.in_(newest)).order_by(DecisionRow.decision_id)))


def labels(tx: Session, decision_ids: Collection[int]) -> dict[int, str]:
    """What people call them, as vms.rules.decisions.Decision.label."""
    if not decision_ids:
        return {}
    newest = select(func.max(DecisionRow.id)).where(DecisionRow.decision_id.in_(decision_ids))
    rows = tx.scalars(select(DecisionRow).where(DecisionRow.id.in_(newest.group_by(DecisionRow.decision_id))))
    return {
        row.decision_id: " / ".join(map(str, row.document.get("registration_numbers") or ())) or f"#{row.decision_id}"
        for row in rows
    }


def first_versions(tx: Session) -> list[WrittenDecision]:
    """As they came in."""
    return _read(tx.scalars(select(DecisionRow).where(DecisionRow.version == 1)))


def history(tx: Session, decision_id: int) -> list[WrittenDecision]:
    """Oldest version first; empty for an unknown decision."""
    query = select(DecisionRow).where(DecisionRow.decision_id == decision_id).order_by(DecisionRow.version)
    return _read(tx.scalars(query))


def newest_id(tx: Session) -> int:
    """Grows with every version that is written; 0 = the register is empty."""
    return tx.scalar(select(func.max(DecisionRow.id))) or 0


def add_sign_check(tx: Session, check: SignCheck, at: datetime) -> None:
    checked_on = check.checked_on.isoformat()
    tx.add(SignCheckRow(area=check.area, checked_on=checked_on, note=check.note, author=check.author, at=at))


def last_sign_checks(tx: Session) -> dict[str, SignCheck]:
    """By area."""
    rows = tx.scalars(select(SignCheckRow).order_by(SignCheckRow.checked_on, SignCheckRow.id))
    return {row.area: SignCheck(row.area, date.fromisoformat(row.checked_on), row.note, row.author) for row in rows}


def _write(tx: Session, new: WrittenDecision) -> WrittenDecision:
    row = DecisionRow(
        decision_id=new.decision_id,
        version=new.version,
        document=dict(new.document),
        author=new.author,
        at=new.at,
        reason=new.reason,
    )
    tx.add(row)
    tx.flush()
    return new


def _read(rows: Iterable[DecisionRow]) -> list[WrittenDecision]:
    return [WrittenDecision(row.decision_id, row.version, row.document, row.author, row.at, row.reason) for row in rows]
