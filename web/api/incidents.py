"""The observers' register of incidents: written by who watches, read by who manages, looks back or reports."""

import re
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.clock import now_utc
from vms.rules.incidents import FirstSeen, Incident, NewIncident, Status, note_hints
from vms.store import incident_categories, incident_history, incidents
from vms.store.incidents import Wanted
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.incident_json import history_json, incident_json, register_csv
from web.problems import field_problem
from web.services import Services
from web.time_range import checked, parse_time

router = APIRouter(prefix="/api/incidents", tags=["incidents"])

MAX_CAMERAS = 20
_YEAR = timedelta(days=366)
_CSV_ROWS = 20_000
_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")
ReadActor = Annotated[Actor, needs("incidents.read")]
WriteActor = Annotated[Actor, needs("incidents.write")]
IncidentId = Annotated[int, Path(ge=1, le=2**53)]
CameraId = Annotated[str, StringConstraints(max_length=40)]
_Id = Annotated[int, Field(ge=1, le=2**53)]
_Counts = Annotated[dict[Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)], int], Field()]


class _Written(BaseModel):
    """note: without personal data. follow_ups: counts by kind, the usual ones or freely named."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("requester", "note", "project", mode="after", check_fields=False)
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        line = value if value is None else " ".join(value.split())
        if line is not None and not line.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return line


class NewRecord(_Written):
    """at_us: when it was seen; default now. trail: number of one's own trail, which is copied into the incident."""

    at_us: int | None = Field(None, ge=0, le=2**53)
    cameras: list[CameraId] = Field(min_length=1, max_length=MAX_CAMERAS)
    trail: _Id | None = None
    category: _Id | None = None
    first_seen: FirstSeen = "observer"
    requester: Annotated[str, StringConstraints(max_length=80)] = ""
    follow_ups: _Counts = Field(default_factory=dict)
    note: Annotated[str, StringConstraints(max_length=500)] = ""
    project: Annotated[str, StringConstraints(max_length=60)] = ""


class Change(_Written):
    """revision: of the incident that was looked at. What is left out stays."""

    revision: int = Field(ge=1, le=2**53)
    status: Status | None = None
    category: _Id | None = None
    first_seen: FirstSeen | None = None
    requester: Annotated[str, StringConstraints(max_length=80)] | None = None
    follow_ups: _Counts | None = None
    note: Annotated[str, StringConstraints(max_length=500)] | None = None
    project: Annotated[str, StringConstraints(max_length=60)] | None = None


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, StringConstraints(max_length=500)]


class Filter(BaseModel):
    """from, to: ISO 8601 with a zone, exclusive. mine: that one registered oneself."""

    model_config = ConfigDict(extra="forbid")
    start: Annotated[str | None, Field(alias="from", max_length=40)] = None
    end: Annotated[str | None, Field(alias="to", max_length=40)] = None
    camera: CameraId | None = None
    category: _Id | None = None
    status: Status | None = None
    mine: bool = False


class ListFilter(Filter):
    before: _Id | None = None


@router.get("")
def newest(services: ServicesDep, actor: ReadActor, query: Annotated[ListFilter, Query()]) -> dict[str, Any]:
    """A hundred at a time, the newest first. before: where the list before it ended."""
    found, before = services.incidents.newest(actor, _wanted(services, actor, query), query.before)
    return {"incidents": _told(services, actor, found), "before": before}


@router.post("", status_code=201)
def register(
    body: NewRecord,
    services: ServicesDep,
    actor: WriteActor,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> dict[str, Any]:
    """Idempotency-Key: what is sent twice under one is registered once."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise field_problem("idempotency-key", "key_format")
    for camera in body.cameras:
        services.reach.camera(actor, "incidents.write", camera)
    new = NewIncident(
        at_us=services.clock.now_us() if body.at_us is None else body.at_us,
        cameras=tuple(dict.fromkeys(body.cameras)),
        trail=(),
        category_id=body.category or 0,
        first_seen=body.first_seen,
        requester=body.requester,
        follow_ups=body.follow_ups,
        note=body.note,
        project=body.project,
        created_by=actor.username,
        shift_id=None,
    )
    made = services.incidents.register(actor, new, body.trail, idempotency_key)
    return _told(services, actor, [made])[0]


@router.get("/register.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def register_file(services: ServicesDep, actor: ReadActor, query: Annotated[Filter, Query()]) -> Response:
    """Of the chosen days, or of the last twelve months, for a spreadsheet."""
    wanted = _wanted(services, actor, query)
    services.trail.allow(actor, "incidents.export", "incidents:register")
    with services.store.reading() as tx:
        found = incidents.newest(tx, wanted, _CSV_ROWS)
        names = {category.id: category.name for category in incident_categories.all_(tx)}
    text = register_csv(services.incidents.within_reach(actor, found), names, services.incidents.zone)
    headers = {"Content-Disposition": 'attachment; filename="incidenten.csv"'}
    return Response(text.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/figures")
def figures(services: ServicesDep, actor: ReadActor, year: Annotated[int, Query(ge=2000, le=2100)]) -> dict[str, Any]:
    """Per category: total, the year before (mapped), and what was done. null: not known, which is not 0."""
    return services.incidents.figures(actor, year)


@router.post("/note-hints")
def hints(body: Note, _actor: WriteActor) -> dict[str, Any]:
    """What in a note looks like personal data, before it is sent. Nothing of it is kept."""
    return {"note_hints": note_hints(body.note)}


@router.get("/{incident}")
def one(incident: IncidentId, services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    return _told(services, actor, [services.incidents.one(actor, "incidents.read", incident)])[0]


@router.get("/{incident}/history")
def history(incident: IncidentId, services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Oldest first. Of texts it says that they changed, not what they were."""
    services.incidents.one(actor, "incidents.read", incident)
    with services.store.reading() as tx:
        names = {category.id: category.name for category in incident_categories.all_(tx)}
        return {"history": history_json(incident_history.of(tx, incident), names)}


@router.patch("/{incident}")
def change(incident: IncidentId, body: Change, services: ServicesDep, actor: WriteActor) -> dict[str, Any]:
    """409 incident_changed: somebody else did meanwhile. Its time, cameras and trail stay as they were registered."""
    given = body.model_dump(exclude={"revision"}, exclude_none=True)
    if "category" in given:
        given["category_id"] = given.pop("category")
    changed = services.incidents.change(actor, incident, body.revision, given)
    return _told(services, actor, [changed])[0]


def _wanted(services: Services, actor: Actor, query: Filter) -> Wanted:
    """Without days: the last twelve months."""
    now = now_utc(services.clock)
    end = parse_time(query.end, "to") if query.end else now + timedelta(seconds=2)
    start = parse_time(query.start, "from") if query.start else end - _YEAR
    span = checked(start, end, 30 * _YEAR)
    if query.camera is not None:
        services.reach.camera(actor, "incidents.read", query.camera)
    return Wanted(
        start=span.start,
        end=span.end,
        camera_id=query.camera,
        category_id=query.category,
        status=query.status,
        created_by=actor.username if query.mine else None,
    )


def _told(services: Services, actor: Actor, found: list[Incident]) -> list[dict[str, Any]]:
    with services.store.reading() as tx:
        names = {category.id: category.name for category in incident_categories.all_(tx)}
    return [incident_json(each, names[each.category_id], actor.username) for each in found]
