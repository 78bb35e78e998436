"""What went wrong lately and who has seen it: kept, so that a restart of the web process forgets nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.store.schema import AlarmRow

KEPT_FOR = timedelta(days=90)
"""Who acknowledged what is about people too: it does not stay for ever."""


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """camera_id: empty for what concerns all. acknowledged_at: None while nobody has said that they saw it."""

    id: int
    at: datetime
    camera_id: str
    code: str
    text_nl: str
    text_en: str
    detail: str
    acknowledged_by: str
    acknowledged_at: datetime | None


def newest(tx: Session, limit: int) -> list[StoredAlarm]:
    """Oldest of them first."""
    rows = tx.scalars(select(AlarmRow).order_by(AlarmRow.id.desc()).limit(limit)).all()
    return [_alarm(row) for row in reversed(rows)]


def save(tx: Session, alarms: Iterable[StoredAlarm]) -> None:
    """New ones, and those whose acknowledgement is new."""
    for alarm in alarms:
        tx.merge(
            AlarmRow(
                id=alarm.id,
                at=alarm.at,
                camera_id=alarm.camera_id,
                code=alarm.code,
                text_nl=alarm.text_nl,
                text_en=alarm.text_en,
                detail=alarm.detail,
                acknowledged_by=alarm.acknowledged_by,
                acknowledged_at=alarm.acknowledged_at,
            )
        )


def forget_old(tx: Session, now: datetime) -> None:
    tx.execute(delete(AlarmRow).where(AlarmRow.at < now - KEPT_FOR))


def _alarm(row: AlarmRow) -> StoredAlarm:
    return StoredAlarm(
        row.id,
        row.at,
        row.camera_id,
        row.code,
        row.text_nl,
        row.text_en,
        row.detail,
        row.acknowledged_by,
        row.acknowledged_at,
    )
