"""Moments that observers marked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.store.schema import BookmarkRow


@dataclass(frozen=True, slots=True)
class Bookmark:
    id: int
    camera_id: str
    at: datetime
    note: str
    author: str


def add(tx: Session, camera_id: str, at: datetime, note: str, author: str, keep_from: datetime) -> Bookmark:
    """Also forgets those of before keep_from: their footage is gone."""
    tx.execute(delete(BookmarkRow).where(BookmarkRow.at < keep_from))
    row = BookmarkRow(camera_id=camera_id, at=at, note=note, author=author)
    tx.add(row)
    tx.flush()
    return _bookmark(row)


def between(tx: Session, camera_id: str, start: datetime, end: datetime) -> list[Bookmark]:
    """Oldest first; end is exclusive."""
    wanted = (BookmarkRow.camera_id == camera_id, BookmarkRow.at >= start, BookmarkRow.at < end)
    return [_bookmark(row) for row in tx.scalars(select(BookmarkRow).where(*wanted).order_by(BookmarkRow.at))]


def _bookmark(row: BookmarkRow) -> Bookmark:
    return Bookmark(row.id, row.camera_id, row.at, row.note, row.author)
