"""Layouts of the wall that operators gave a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vms.store.schema import WallLayoutRow


@dataclass(frozen=True, slots=True)
class WallLayout:
    """arrangement: {layout, hero, page, picks}. shared: everybody may use it."""

    id: int
    owner: str
    name: str
    shared: bool
    arrangement: Mapping[str, Any]
    changed_at: datetime


def seen_by(tx: Session, username: str) -> list[WallLayout]:
    """One's own and the shared ones, by name."""
    wanted = or_(WallLayoutRow.owner == username, WallLayoutRow.shared)
    return _found(tx, select(WallLayoutRow).where(wanted))


def everybodys(tx: Session) -> list[WallLayout]:
    return _found(tx, select(WallLayoutRow))


def get(tx: Session, layout_id: int) -> WallLayout | None:
    row = tx.get(WallLayoutRow, layout_id)
    return _layout(row) if row else None


def count_of(tx: Session, owner: str) -> int:
    return tx.scalar(select(func.count()).where(WallLayoutRow.owner == owner)) or 0


def named(tx: Session, owner: str, name: str) -> WallLayout | None:
    row = tx.scalar(select(WallLayoutRow).where(WallLayoutRow.owner == owner, WallLayoutRow.name == name))
    return _layout(row) if row else None


def save(tx: Session, owner: str, name: str, arrangement: Mapping[str, Any], now: datetime) -> WallLayout:
    """A new one, or the owner's of that name with another content: that one is shared no longer."""
    row = tx.scalar(select(WallLayoutRow).where(WallLayoutRow.owner == owner, WallLayoutRow.name == name))
    if row is None:
        row = WallLayoutRow(owner=owner, name=name)
        tx.add(row)
    row.shared, row.arrangement, row.changed_at = False, dict(arrangement), now
    tx.flush()
    return _layout(row)


def share(tx: Session, layout_id: int, now: datetime, *, shared: bool) -> WallLayout | None:
    row = tx.get(WallLayoutRow, layout_id)
    if row is None:
        return None
    row.shared, row.changed_at = shared, now
    return _layout(row)


def forget(tx: Session, layout_id: int) -> None:
    row = tx.get(WallLayoutRow, layout_id)
    if row is not None:
        tx.delete(row)


def _found(tx: Session, query: Any) -> list[WallLayout]:
    rows = tx.scalars(query.order_by(WallLayoutRow.name, WallLayoutRow.owner))
    return [_layout(row) for row in rows]


def _layout(row: WallLayoutRow) -> WallLayout:
    return WallLayout(row.id, row.owner, row.name, row.shared, row.arrangement, row.changed_at)
