"""Questions to the audit log: by person, act, camera, outcome and time. Each is answered from an index."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select, true
from sqlalchemy.orm import Session

from vms.store.audit import SEVERAL, AuditRecord, AuditResult, record_of
from vms.store.schema import ApiTokenRow, AuditRow, UserRow

COMMAND_LINE = "command line"
"""Who acts on the server itself has no name there."""

_MOST_NAMES = 50
"""A beginning that fits more people finds those that come first; a longer one finds the others."""
_Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """Empty and None ask for all. actor: a whole name, or how known names begin; exactly: that name
    alone. person: that name, however somebody typed it; no index helps. action: one, or any of several. [start, end).
    """

    actor: str = ""
    exactly: str = ""
    person: str = ""
    action: str | tuple[str, ...] = ""
    camera: str = ""
    result: AuditResult | None = None
    start: datetime | None = None
    end: datetime | None = None


def newest(
    tx: Session, limit: int, before_seq: int | None = None, search: AuditSearch | None = None
) -> list[AuditRecord]:
    """Newest first. before_seq: only rows older than that one."""
    rows: _Rows = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.seq.desc()).limit(limit)
    if before_seq is not None:
        rows = _older(tx, rows, before_seq)
    parts = _parts(tx, rows, search or AuditSearch())
    found = {row.seq: record_of(row) for part in parts for row in tx.scalars(part)}
    return sorted(found.values(), key=lambda one: (one.entry.at, one.seq), reverse=True)[:limit]


def _parts(tx: Session, rows: _Rows, search: AuditSearch) -> list[_Rows]:
    """Questions that an index answers in order, so that none reads more rows than it gives. Together: all."""
    rest = _of_rest(rows, search)
    people = [rest.where(AuditRow.actor == name) for name in _names(tx, search.actor)] if search.actor else [rest]
    if not search.camera:
        return people
    if not search.actor:
        return [part.where(one) for part in people for one in _cameras(search.camera)]
    # Both indexes, before any row is read: the two together may be rare. "+ 0" keeps SQLite from reading by number.
    kinds = [(search.camera, true()), (SEVERAL, _names_it(search.camera))]
    of = {kind: (AuditRow.seq + 0).in_(select(AuditRow.seq).where(AuditRow.camera == kind)) for kind, _ in kinds}
    return [part.where(of[kind], says) for part in people for kind, says in kinds]


def count(tx: Session, search: AuditSearch) -> int:
    return tx.scalar(_matching(tx, select(func.count()).select_from(AuditRow), search)) or 0


def numbers(tx: Session, search: AuditSearch) -> list[tuple[int, str]]:
    """(seq, hash) of all that match, in order."""
    rows: _Rows = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq)
    return [(seq, hash_) for seq, hash_ in tx.execute(_matching(tx, rows, search))]


def within(tx: Session, start: datetime, end: datetime, after_seq: int, limit: int) -> list[AuditRecord]:
    """Rows of an interval after that one, in order."""
    rows = select(AuditRow).where(AuditRow.at >= start, AuditRow.at < end, AuditRow.seq > after_seq)
    return [record_of(row) for row in tx.scalars(rows.order_by(AuditRow.seq).limit(limit))]


def of_actions(tx: Session, actions: Collection[str], start: datetime | None, end: datetime) -> list[AuditRecord]:
    """Rows with one of these actions, in order. start: None = from the beginning."""
    rows = select(AuditRow).where(AuditRow.action.in_(actions), AuditRow.at < end)
    if start is not None:
        rows = rows.where(AuditRow.at >= start)
    return [record_of(row) for row in tx.scalars(rows.order_by(AuditRow.seq))]


def by_seq(tx: Session, seqs: list[int]) -> list[AuditRecord]:
    """Those of these rows that are there, in order."""
    return [record_of(row) for row in tx.scalars(select(AuditRow).where(AuditRow.seq.in_(seqs)).order_by(AuditRow.seq))]


def span(tx: Session, start: datetime, end: datetime) -> tuple[int, int] | None:
    """Numbers of the first and the last row of an interval; None when there is none."""
    within = select(func.min(AuditRow.seq), func.max(AuditRow.seq)).where(AuditRow.at >= start, AuditRow.at < end)
    first, last = tx.execute(within).one()
    return None if first is None else (first, last)


def figures(tx: Session, start: datetime, end: datetime, last_seq: int) -> list[tuple[str, str, int]]:
    """(action, result, how often) in an interval, up to that row."""
    rows = (
        select(AuditRow.action, AuditRow.result, func.count())
        .where(AuditRow.at >= start, AuditRow.at < end, AuditRow.seq <= last_seq)
        .group_by(AuditRow.action, AuditRow.result)
        .order_by(AuditRow.action, AuditRow.result)
    )
    return [(action, result, number) for action, result, number in tx.execute(rows)]


def _matching(tx: Session, rows: _Rows, search: AuditSearch) -> _Rows:
    rows = _of_rest(rows, search)
    if search.actor:
        rows = rows.where(AuditRow.actor.in_(_names(tx, search.actor)))
    return rows.where(or_(*_cameras(search.camera))) if search.camera else rows


def _cameras(camera: str) -> list[ColumnElement[bool]]:
    """About this one alone; or about several and this is one of them."""
    return [AuditRow.camera == camera, and_(AuditRow.camera == SEVERAL, _names_it(camera))]


def _names_it(camera: str) -> ColumnElement[bool]:
    named = cast(AuditRow.detail, Text).contains(camera, autoescape=True)
    return or_(AuditRow.object == "cameras:all", named)


def _of_rest(rows: _Rows, search: AuditSearch) -> _Rows:
    if search.exactly:
        rows = rows.where(AuditRow.actor == search.exactly)
    if search.person:
        rows = rows.where(func.lower(func.trim(AuditRow.actor)) == search.person.strip().casefold())
    if search.action:
        several = isinstance(search.action, tuple)
        rows = rows.where(AuditRow.action.in_(search.action) if several else AuditRow.action == search.action)
    if search.result is not None:
        rows = rows.where(AuditRow.result == search.result)
    if search.start is not None:
        rows = rows.where(AuditRow.at >= search.start)
    if search.end is not None:
        rows = rows.where(AuditRow.at < search.end)
    return rows


def _names(tx: Session, given: str) -> list[str]:
    """Accounts and machines whose names begin so, and the name itself: who never had an account only by that."""
    users = tx.scalars(select(UserRow.username).where(UserRow.username.startswith(given, autoescape=True)))
    machines = (f"token:{name}" for name in tx.scalars(select(ApiTokenRow.name)))
    others = (name for name in (*machines, COMMAND_LINE) if name.startswith(given))
    return sorted({given, *users, *others})[:_MOST_NAMES]


def _older(tx: Session, rows: _Rows, before_seq: int) -> _Rows:
    at = tx.scalar(select(AuditRow.at).where(AuditRow.seq == before_seq))
    if at is None:
        return rows.where(AuditRow.seq < before_seq)
    return rows.where(or_(AuditRow.at < at, and_(AuditRow.at == at, AuditRow.seq < before_seq)))
