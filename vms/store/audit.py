"""The audit log: append-only and hash-chained. A row is written before its act is allowed to happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.chain import GENESIS, entry_hash
from vms.store.schema import AuditRow
from vms.units import us_from_utc

AuditResult = Literal["allowed", "refused"]
Detail = Mapping[str, str | int | None]

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """object: `camera:markt-01`, `segment:12`, `user:j.jansen`. detail: texts and integers only."""

    at: datetime
    actor: str
    roles: Sequence[str]
    action: str
    object: str
    result: AuditResult
    detail: Detail
    workstation: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it stands in the log."""

    seq: int
    entry: AuditEntry
    hash: str


def append(tx: Session, entry: AuditEntry) -> int:
    """Add a row and return its number. Texts longer than their column are cut, so hostile input cannot stop it."""
    last = tx.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).first()
    seq, prev_hash = (last.seq + 1, last.hash) if last else (1, GENESIS)
    row = AuditRow(
        seq=seq,
        at=entry.at,
        actor=_fit(entry.actor, 80),
        roles=sorted(entry.roles),
        action=_fit(entry.action, 40),
        object=_fit(entry.object, 120),
        result=entry.result,
        detail={key: _fit(value, 500) if isinstance(value, str) else value for key, value in entry.detail.items()},
        workstation=_fit(entry.workstation, 80),
        prev_hash=prev_hash,
    )
    row.hash = entry_hash(prev_hash, _content(row))
    tx.add(row)
    tx.flush()
    return seq


def newest(
    tx: Session, limit: int, before_seq: int | None = None, *, actor: str = "", action: str = ""
) -> list[AuditRecord]:
    """Newest first. actor: only names that begin so. action: only this one. Empty: all."""
    rows = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if before_seq is not None:
        rows = rows.where(AuditRow.seq < before_seq)
    if actor:
        rows = rows.where(AuditRow.actor.startswith(actor, autoescape=True))
    if action:
        rows = rows.where(AuditRow.action == action)
    return [_record(row) for row in tx.scalars(rows)]


def verify(tx: Session) -> list[str]:
    """One line per break of the chain; empty = whole. (Cutting the newest rows shows only against an outside copy.)"""
    findings: list[str] = []
    expected_seq, prev_hash = 1, GENESIS
    while page := list(
        tx.scalars(select(AuditRow).where(AuditRow.seq >= expected_seq).order_by(AuditRow.seq).limit(_PAGE))
    ):
        for row in page:
            if row.seq != expected_seq:
                findings.append(f"audit {expected_seq}: {row.seq - expected_seq} row(s) missing")
            if row.prev_hash != prev_hash:
                findings.append(f"audit {row.seq}: does not follow the row before it")
            if row.hash != entry_hash(row.prev_hash, _content(row)):
                findings.append(f"audit {row.seq}: was changed after it was written")
            expected_seq, prev_hash = row.seq + 1, row.hash
        tx.expunge_all()
    return findings


def _content(row: AuditRow) -> dict[str, object]:
    return {
        "seq": row.seq,
        "at_us": us_from_utc(row.at),
        "actor": row.actor,
        "roles": list(row.roles),
        "action": row.action,
        "object": row.object,
        "result": row.result,
        "detail": dict(row.detail),
        "workstation": row.workstation,
    }


def _record(row: AuditRow) -> AuditRecord:
    entry = AuditEntry(
        at=row.at,
        actor=row.actor,
        roles=tuple(row.roles),
        action=row.action,
        object=row.object,
        result="allowed" if row.result == "allowed" else "refused",
        detail=dict(row.detail),
        workstation=row.workstation,
    )
    return AuditRecord(row.seq, entry, row.hash)


def _fit(value: str, length: int) -> str:
    """No control characters (a line break forges log lines) and no more than the column holds."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in value)
    return clean if len(clean) <= length else clean[: length - 1] + "…"
