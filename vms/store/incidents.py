"""Incidents that observers registered. Rows are changed under their revision, never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.orm import Session

from vms.rules.follow_trail import TrailStep
from vms.rules.incident_figures import Tally
from vms.rules.incidents import FirstSeen, Incident, NewIncident, Status, changed_fields
from vms.store import incident_history
from vms.store.schema_incidents import IncidentPlaceRow, IncidentRow
from vms.units import us_from_utc, utc_from_us


@dataclass(frozen=True, slots=True)
class Wanted:
    """[start, end); what is None does not matter."""

    start: datetime | None = None
    end: datetime | None = None
    camera_id: str | None = None
    category_id: int | None = None
    status: Status | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What tells a registration that is sent again: its sender's key, and SHA-256 of what was sent."""

    key: str
    hash: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as it lies on the ruler of one camera."""

    id: int
    at: datetime
    category_id: int
    status: str


def add(tx: Session, new: NewIncident, status: Status, now: datetime, sent: Sent | None) -> Incident:
    row = IncidentRow(
        at=utc_from_us(new.at_us),
        category_id=new.category_id,
        first_seen=new.first_seen,
        requester=new.requester,
        follow_ups=dict(new.follow_ups),
        note=new.note,
        project=new.project,
        status=status,
        shift_id=new.shift_id,
        created_by=new.created_by,
        created_at=now,
        changed_by=new.created_by,
        changed_at=now,
        revision=1,
        request_key=sent.key if sent else None,
        request_hash=sent.hash if sent else "",
    )
    tx.add(row)
    tx.flush()
    places = [(camera, new.at_us, False) for camera in new.cameras]
    places += [(step.camera_id, step.at_us, True) for step in new.trail]
    for camera, at_us, is_followed in places:
        tx.add(IncidentPlaceRow(incident_id=row.id, camera_id=camera, at=utc_from_us(at_us), is_followed=is_followed))
        tx.flush()  # in order: a place's id is its turn
    made = _incident(tx, row)
    incident_history.add(tx, made, (), now)
    return made


def sent_before(tx: Session, created_by: str, key: str) -> tuple[Incident, str] | None:
    """With the hash of what was sent."""
    query = select(IncidentRow).where(IncidentRow.created_by == created_by, IncidentRow.request_key == key)
    row = tx.scalars(query).first()
    return (_incident(tx, row), row.request_hash) if row else None


def get(tx: Session, incident_id: int) -> Incident | None:
    row = tx.get(IncidentRow, incident_id)
    return _incident(tx, row) if row else None


def change(tx: Session, incident: Incident, by: str, now: datetime) -> Incident:
    """To what `incident` says, its cameras and time excepted; its revision is one more."""
    row = tx.get_one(IncidentRow, incident.id)
    before = _incident(tx, row)
    row.category_id = incident.category_id
    row.first_seen = incident.first_seen
    row.requester = incident.requester
    row.follow_ups = dict(incident.follow_ups)
    row.note = incident.note
    row.project = incident.project
    row.status = incident.status
    row.changed_by, row.changed_at = by, now
    row.revision += 1
    tx.flush()
    changed = _incident(tx, row)
    incident_history.add(tx, changed, changed_fields(before, changed), now)
    return changed


def newest(tx: Session, wanted: Wanted, most: int, before_id: int | None = None) -> list[Incident]:
    """By their time. before_id: of the last one that is known already."""
    query = select(IncidentRow).where(*_conditions(wanted))
    if before_id is not None:
        last = tx.get(IncidentRow, before_id)
        if last is None:
            return []
        query = query.where(tuple_(IncidentRow.at, IncidentRow.id) < tuple_(us_from_utc(last.at), last.id))
    rows = tx.scalars(query.order_by(IncidentRow.at.desc(), IncidentRow.id.desc()).limit(most)).all()
    return _incidents(tx, rows)


def at_camera(tx: Session, camera_id: str, start: datetime, end: datetime) -> list[Seen]:
    """Oldest first, each once: at its own time, or else when its trail first comes along."""
    place = IncidentPlaceRow
    query = (
        select(IncidentRow.id, place.at, IncidentRow.category_id, IncidentRow.status)
        .join(place, place.incident_id == IncidentRow.id)
        .where(place.camera_id == camera_id, place.at >= start, place.at < end)
        .order_by(place.is_followed, place.at, place.id)
    )
    found: dict[int, Seen] = {}
    for incident_id, at, category_id, status in tx.execute(query):
        found.setdefault(incident_id, Seen(incident_id, at, category_id, status))
    return sorted(found.values(), key=lambda seen: (seen.at, seen.id))


def cameras_between(tx: Session, start: datetime, end: datetime) -> dict[int, list[str]]:
    """Of each incident in [start, end), without those of its trail."""
    query = (
        select(IncidentPlaceRow.incident_id, IncidentPlaceRow.camera_id)
        .join(IncidentRow, IncidentRow.id == IncidentPlaceRow.incident_id)
        .where(IncidentRow.at >= start, IncidentRow.at < end, IncidentPlaceRow.is_followed.is_(False))
    )
    found: dict[int, list[str]] = {}
    for incident_id, camera_id in tx.execute(query):
        found.setdefault(incident_id, []).append(camera_id)
    return found


def tallies(tx: Session, start: datetime, end: datetime, only: set[int] | None = None) -> dict[int, Tally]:
    """By category, of the incidents in [start, end). only: ids that may be counted; None = all."""
    query = select(IncidentRow.id, IncidentRow.category_id, IncidentRow.follow_ups)
    found: dict[int, Tally] = {}
    for incident_id, category_id, follow_ups in tx.execute(query.where(IncidentRow.at >= start, IncidentRow.at < end)):
        if only is None or incident_id in only:
            found.setdefault(category_id, Tally()).add(follow_ups)
    return found


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.start is not None:
        found.append(IncidentRow.at >= wanted.start)
    if wanted.end is not None:
        found.append(IncidentRow.at < wanted.end)
    if wanted.camera_id is not None:
        at_it = IncidentPlaceRow.camera_id == wanted.camera_id
        found.append(exists().where(IncidentPlaceRow.incident_id == IncidentRow.id, at_it))
    if wanted.category_id is not None:
        found.append(IncidentRow.category_id == wanted.category_id)
    if wanted.status is not None:
        found.append(IncidentRow.status == wanted.status)
    if wanted.created_by is not None:
        found.append(IncidentRow.created_by == wanted.created_by)
    return found


def _incident(tx: Session, row: IncidentRow) -> Incident:
    return _incidents(tx, [row])[0]


def _incidents(tx: Session, rows: Sequence[IncidentRow]) -> list[Incident]:
    """Their places by one question."""
    places: dict[int, list[IncidentPlaceRow]] = {row.id: [] for row in rows}
    wanted = select(IncidentPlaceRow).where(IncidentPlaceRow.incident_id.in_(places)).order_by(IncidentPlaceRow.id)
    for place in tx.scalars(wanted):
        places[place.incident_id].append(place)
    return [_read(row, places[row.id]) for row in rows]


def _read(row: IncidentRow, places: Sequence[IncidentPlaceRow]) -> Incident:
    return Incident(
        id=row.id,
        at_us=us_from_utc(row.at),
        cameras=tuple(place.camera_id for place in places if not place.is_followed),
        trail=tuple(TrailStep(place.camera_id, us_from_utc(place.at)) for place in places if place.is_followed),
        category_id=row.category_id,
        first_seen=cast(FirstSeen, row.first_seen),
        requester=row.requester,
        follow_ups=dict(row.follow_ups),
        note=row.note,
        project=row.project,
        created_by=row.created_by,
        shift_id=row.shift_id,
        status=cast(Status, row.status),
        created_us=us_from_utc(row.created_at),
        changed_by=row.changed_by,
        changed_us=us_from_utc(row.changed_at),
        revision=row.revision,
    )
