"""Categories of incidents from year to year, and the printed tables of years before the register."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.incident_categories import Category
from vms.rules.incident_document import YearRow, read_row
from vms.store.schema_incidents import IncidentCategoryRow, IncidentYearRow


def all_(tx: Session) -> list[Category]:
    """Of every year, in the order of their entry."""
    return [_category(row) for row in tx.scalars(select(IncidentCategoryRow).order_by(IncidentCategoryRow.id))]


def get(tx: Session, category_id: int) -> Category | None:
    row = tx.get(IncidentCategoryRow, category_id)
    return _category(row) if row else None


def put(tx: Session, category: Category) -> Category:
    """id 0: a new one."""
    row = tx.get_one(IncidentCategoryRow, category.id) if category.id else IncidentCategoryRow()
    row.name = category.name
    row.first_year, row.last_year = category.first_year, category.last_year
    row.became = list(category.became)
    tx.add(row)
    tx.flush()
    return _category(row)


def add_printed(tx: Session, year: int, category_id: int, document: Mapping[str, Any], now: datetime) -> int:
    row = IncidentYearRow(year=year, category_id=category_id, document=dict(document), imported_at=now)
    tx.add(row)
    tx.flush()
    return row.id


def printed_documents(tx: Session, year: int) -> list[tuple[int, dict[str, Any]]]:
    """(category, row as it came), in the order of their import."""
    query = select(IncidentYearRow).where(IncidentYearRow.year == year).order_by(IncidentYearRow.id)
    return [(row.category_id, dict(row.document)) for row in tx.scalars(query)]


def printed(tx: Session, year: int) -> dict[int, list[YearRow]]:
    """By category."""
    found: dict[int, list[YearRow]] = {}
    for category_id, document in printed_documents(tx, year):
        found.setdefault(category_id, []).append(read_row(document))
    return found


def _category(row: IncidentCategoryRow) -> Category:
    return Category(row.id, row.name, row.first_year, row.last_year, tuple(row.became))
