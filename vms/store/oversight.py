"""What those who oversee keep: alerts about unusual patterns, reviews of log-ins, questions they ask again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from vms.errors import StorageError
from vms.rules.oversight import ENDINGS, LOGINS, LOOKS_BACK, Act, Handled, Pattern
from vms.store.audit import SEVERAL
from vms.store.schema import AuditRow
from vms.store.schema_oversight import AuditQueryRow, LoginReviewRow, OversightAlertRow

_WATCHED = ("live.watch", *LOGINS, *ENDINGS, *sorted(LOOKS_BACK))


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    pattern: Pattern
    at: datetime
    handled_by: str
    handled_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """About one log-in that was drawn, by the number and hash of its row."""

    seq: int
    hash: str
    good: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class LoginReview:
    """Log-ins in [start_at, end_at): drawn_from so many, by this seed."""

    start_at: datetime
    end_at: datetime
    seed: str
    drawn_from: int
    verdicts: tuple[Verdict, ...]
    note: str
    reviewer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SavedQuery:
    id: int
    name: str
    filters: Mapping[str, Any]


def acts(tx: Session, start: datetime) -> list[Act]:
    """Since then, in order: those that a pattern can be about. Raises StorageError: somebody changed one."""
    columns = (
        AuditRow.seq,
        AuditRow.at,
        AuditRow.actor,
        AuditRow.roles,
        AuditRow.action,
        AuditRow.object,
        AuditRow.camera,
        AuditRow.result,
        AuditRow.workstation,
        AuditRow.detail,
    )
    rows = select(*columns).where(
        AuditRow.at >= start, or_(AuditRow.action.in_(_WATCHED), AuditRow.result == "refused")
    )
    try:
        return [_act(row) for row in tx.execute(rows.order_by(AuditRow.seq))]
    except (ValueError, TypeError, AttributeError) as error:  # its time is no number
        raise StorageError(f"a row of the audit log cannot be read ({error})") from error


def handled(tx: Session) -> Handled:
    row = OversightAlertRow
    rows = select(row.code, row.actor, row.camera, func.max(row.last_seq)).where(row.handled_at.is_not(None))
    found = tx.execute(rows.group_by(row.code, row.actor, row.camera))
    return {(code, actor, camera): last_seq for code, actor, camera, last_seq in found}


def note_patterns(tx: Session, found: Iterable[Pattern], now: datetime) -> int:
    """How many are new. One that is known by a row of it is told once: until somebody handles it, it grows."""
    new = 0
    for pattern in found:
        row = _known(tx, pattern)
        if row is None:
            row = OversightAlertRow(
                code=pattern.code,
                actor=pattern.actor,
                camera=pattern.camera,
                period=pattern.period,
                figure=pattern.figure,
                bound=pattern.bound,
                first_seq=pattern.first_seq,
                last_seq=pattern.last_seq,
                at=now,
                handled_by="",
                note="",
            )
            tx.add(row)
            new += 1
        elif row.handled_at is None:
            row.figure = max(row.figure, pattern.figure)
            row.last_seq = max(row.last_seq, pattern.last_seq)
    tx.flush()
    return new


def _known(tx: Session, pattern: Pattern) -> OversightAlertRow | None:
    """The newest that has one of its rows."""
    row = OversightAlertRow
    same = select(row).where(row.code == pattern.code, row.actor == pattern.actor, row.camera == pattern.camera)
    of_it = same.where(row.first_seq <= pattern.last_seq, row.last_seq >= pattern.first_seq)
    return tx.scalar(of_it.order_by(row.first_seq.desc()).limit(1))


def alerts(tx: Session, limit: int) -> list[Alert]:
    """Those that nobody handled first, each newest first."""
    order = (OversightAlertRow.handled_at.is_not(None), OversightAlertRow.id.desc())
    return [_alert(row) for row in tx.scalars(select(OversightAlertRow).order_by(*order).limit(limit))]


def alerts_between(tx: Session, start: datetime, end: datetime) -> list[Alert]:
    rows = select(OversightAlertRow).where(OversightAlertRow.at >= start, OversightAlertRow.at < end)
    return [_alert(row) for row in tx.scalars(rows.order_by(OversightAlertRow.id))]


def alert(tx: Session, alert_id: int) -> Alert | None:
    row = tx.get(OversightAlertRow, alert_id)
    return _alert(row) if row else None


def handle(tx: Session, alert_id: int, by: str, note: str, now: datetime) -> Alert:
    """What was handled stays as it was handled."""
    row = tx.get_one(OversightAlertRow, alert_id)
    if row.handled_at is None:
        row.handled_by, row.handled_at, row.note = by, now, note
        tx.flush()
    return _alert(row)


def add_review(tx: Session, review: LoginReview) -> None:
    tx.add(
        LoginReviewRow(
            start_at=review.start_at,
            end_at=review.end_at,
            seed=review.seed,
            drawn_from=review.drawn_from,
            verdicts=[{"seq": v.seq, "hash": v.hash, "good": v.good, "note": v.note} for v in review.verdicts],
            note=review.note,
            reviewer=review.reviewer,
            at=review.at,
        )
    )
    tx.flush()


def reviews(tx: Session, limit: int) -> list[LoginReview]:
    """Newest first."""
    return [_review(row) for row in tx.scalars(select(LoginReviewRow).order_by(LoginReviewRow.id.desc()).limit(limit))]


def reviews_between(tx: Session, start: datetime, end: datetime) -> list[LoginReview]:
    rows = select(LoginReviewRow).where(LoginReviewRow.at >= start, LoginReviewRow.at < end).order_by(LoginReviewRow.id)
    return [_review(row) for row in tx.scalars(rows)]


def queries(tx: Session, owner: str) -> list[SavedQuery]:
    """By name."""
    rows = select(AuditQueryRow).where(AuditQueryRow.owner == owner).order_by(AuditQueryRow.name)
    return [SavedQuery(row.id, row.name, row.filters) for row in tx.scalars(rows)]


def count_queries(tx: Session, owner: str) -> int:
    return tx.scalar(select(func.count()).where(AuditQueryRow.owner == owner)) or 0


def save_query(tx: Session, owner: str, name: str, filters: Mapping[str, Any], now: datetime) -> SavedQuery:
    """One of the same name is replaced."""
    row = tx.scalar(select(AuditQueryRow).where(AuditQueryRow.owner == owner, AuditQueryRow.name == name))
    if row is None:
        row = AuditQueryRow(owner=owner, name=name)
        tx.add(row)
    row.filters, row.changed_at = dict(filters), now
    tx.flush()
    return SavedQuery(row.id, row.name, row.filters)


def forget_query(tx: Session, owner: str, query_id: int) -> None:
    tx.execute(delete(AuditQueryRow).where(AuditQueryRow.id == query_id, AuditQueryRow.owner == owner))


def _act(row: Any) -> Act:
    return Act(
        row.seq,
        row.at,
        row.actor,
        frozenset(row.roles),
        row.action,
        "" if row.camera == SEVERAL else row.camera,
        row.result == "allowed",
        row.workstation,
        str(row.detail.get("profile") or ""),
        row.object.removeprefix("user:") if row.action == "session.end" else "",
    )


def _alert(row: OversightAlertRow) -> Alert:
    pattern = Pattern(
        row.code,  # type: ignore[arg-type] # written by note_patterns
        row.actor,
        row.camera,
        row.period,
        row.figure,
        row.bound,
        row.first_seq,
        row.last_seq,
    )
    return Alert(row.id, pattern, row.at, row.handled_by, row.handled_at, row.note)


def _review(row: LoginReviewRow) -> LoginReview:
    verdicts = tuple(Verdict(one["seq"], one["hash"], one["good"], one["note"]) for one in row.verdicts)
    return LoginReview(row.start_at, row.end_at, row.seed, row.drawn_from, verdicts, row.note, row.reviewer, row.at)
