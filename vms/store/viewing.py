"""How long each camera was watched live, by clock hour. By whom is in the audit log, and only there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.store.schema_shifts import WatchedHourRow
from vms.units import us_from_utc, utc_from_us

HourKey = tuple[str, int]
"""Camera and start of the hour, microseconds UTC."""


@dataclass(frozen=True, slots=True)
class Watched:
    """watched_us: by anybody. viewer_us: summed over those who did."""

    watched_us: int = 0
    viewer_us: int = 0

    def __add__(self, other: "Watched") -> "Watched":
        return Watched(self.watched_us + other.watched_us, self.viewer_us + other.viewer_us)


def add(tx: Session, more: Mapping[HourKey, Watched]) -> None:
    """On top of what these hours have."""
    for (camera_id, hour_us), watched in more.items():
        key = {"camera_id": camera_id, "hour_at": utc_from_us(hour_us)}
        row = tx.get(WatchedHourRow, key)
        if row is None:
            row = WatchedHourRow(**key, watched_us=0, viewer_us=0)
            tx.add(row)
        row.watched_us += watched.watched_us
        row.viewer_us += watched.viewer_us


def by_hour(tx: Session, start: datetime, end: datetime) -> dict[HourKey, Watched]:
    """Of the hours that begin in [start, end)."""
    rows = select(WatchedHourRow).where(WatchedHourRow.hour_at >= start, WatchedHourRow.hour_at < end)
    return {
        (row.camera_id, us_from_utc(row.hour_at)): Watched(row.watched_us, row.viewer_us) for row in tx.scalars(rows)
    }


def by_camera(tx: Session, start: datetime, end: datetime) -> dict[str, Watched]:
    """Summed over the hours that begin in [start, end)."""
    totals = (
        select(WatchedHourRow.camera_id, func.sum(WatchedHourRow.watched_us), func.sum(WatchedHourRow.viewer_us))
        .where(WatchedHourRow.hour_at >= start, WatchedHourRow.hour_at < end)
        .group_by(WatchedHourRow.camera_id)
    )
    return {camera_id: Watched(int(watched), int(viewer)) for camera_id, watched, viewer in tx.execute(totals)}
