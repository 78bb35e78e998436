"""What each revision of an incident was, and who made it; of its texts only that they became otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.rules.incidents import Incident, Status
from vms.store.schema_incidents import IncidentChangeRow
from vms.units import us_from_utc


@dataclass(frozen=True, slots=True)
class Change:
    """changed: names of what became otherwise; empty: it was registered."""

    revision: int
    at_us: int
    by: str
    category_id: int
    status: Status
    follow_ups: Mapping[str, int]
    changed: tuple[str, ...]


def add(tx: Session, incident: Incident, changed: tuple[str, ...], now: datetime) -> None:
    tx.add(
        IncidentChangeRow(
            incident_id=incident.id,
            revision=incident.revision,
            at=now,
            by=incident.changed_by,
            category_id=incident.category_id,
            status=incident.status,
            follow_ups=dict(incident.follow_ups),
            changed=list(changed),
        )
    )
    tx.flush()


def of(tx: Session, incident_id: int) -> list[Change]:
    """Oldest first."""
    wanted = select(IncidentChangeRow).where(IncidentChangeRow.incident_id == incident_id)
    return [_change(row) for row in tx.scalars(wanted.order_by(IncidentChangeRow.id))]


def _change(row: IncidentChangeRow) -> Change:
    return Change(
        revision=row.revision,
        at_us=us_from_utc(row.at),
        by=row.by,
        category_id=row.category_id,
        status=cast(Status, row.status),
        follow_ups=dict(row.follow_ups),
        changed=tuple(row.changed),
    )
