"""Moments that observers marked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from vms.rules.terms import Terms
from vms.store.schema import BookmarkRow


@dataclass(frozen=True, slots=True)
class Bookmark:
    id: int
    camera_id: str
    at: datetime
    note: str
    author: str


def add(tx: Session, camera_id: str, at: datetime, note: str, author: str, acting: Terms, now: datetime) -> Bookmark:
    """Also forgets those whose footage is gone: of this camera by its term, of any by the longest."""
    of_this = BookmarkRow.camera_id == camera_id, BookmarkRow.at <= acting.oldest_allowed(camera_id, now)
    tx.execute(delete(BookmarkRow).where(or_(BookmarkRow.at <= acting.base(now), and_(*of_this))))
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
