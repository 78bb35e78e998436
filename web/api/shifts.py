"""Shifts of observers: signing in before watching, the note for who comes after, and the hours they make."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.rules.shifts import HOUR_US, local_hours
from vms.store import viewing
from vms.store.viewing import Watched
from vms.units import us_from_utc, utc_from_us
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.shift_book import SignIn
from web.time_range import TimeRange, long_day

router = APIRouter(prefix="/api/shifts", tags=["shifts"])

OwnActor = Annotated[Actor, needs("shifts.own")]
ReadActor = Annotated[Actor, needs("shifts.read")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]


class NewShift(BaseModel):
    """colleagues: usernames of observers at the same desk. coordinator: of the police, who was told. workstation: the
    desk's name."""

    model_config = ConfigDict(extra="forbid")
    colleagues: list[Annotated[str, StringConstraints(max_length=80)]] = Field(default_factory=list, max_length=8)
    coordinator: Name
    workstation: Name

    @field_validator("coordinator", "workstation")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


class Closing(BaseModel):
    """note: what the next shift must know; no personal data."""

    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


@router.get("/mine")
def mine(services: ServicesDep, actor: OwnActor) -> dict[str, Any]:
    """The shift that this person is in, or what its form begins with; and the last hand-over note."""
    return services.shifts.own(actor)


@router.post("", status_code=201)
def begin(body: NewShift, services: ServicesDep, actor: OwnActor) -> dict[str, Any]:
    """Ends by itself after twelve hours. 409 shift_open: there is one already; colleague_in_shift: they are in one."""
    return services.shifts.begin(actor, SignIn(tuple(body.colleagues), body.coordinator, body.workstation))


@router.post("/mine/end")
def end(body: Closing, services: ServicesDep, actor: OwnActor) -> dict[str, Any]:
    """With the hand-over note. Where shifts are required, open pictures end within seconds."""
    return services.shifts.end(actor, body.note)


@router.get("")
def register(
    services: ServicesDep, _actor: ReadActor, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> dict[str, Any]:
    """Fifty at a time, the newest first."""
    return services.shifts.register(before)


@router.get("/figures")
def figures(services: ServicesDep, actor: ReadActor, year: Annotated[int, Query(ge=2000, le=2100)]) -> dict[str, Any]:
    """Hours of observers by month, and hours that cameras were watched live, by area and camera."""
    return services.shifts.figures(year, [camera.id for camera in services.reach.cameras(actor, "shifts.read")])


@router.get("/viewing")
def watched(services: ServicesDep, actor: ReadActor, span: Annotated[TimeRange, Depends(long_day)]) -> dict[str, Any]:
    """How much of each clock hour each camera was watched live. At most a local day at a time."""
    hours_us = local_hours(us_from_utc(span.start), us_from_utc(span.end))
    with services.store.reading() as tx:
        found = viewing.by_hour(tx, utc_from_us(hours_us[0]), utc_from_us(hours_us[-1] + HOUR_US))
    return {
        "hours_us": hours_us,
        "cameras": {
            camera.id: [found.get((camera.id, hour_us), Watched()).watched_us / HOUR_US for hour_us in hours_us]
            for camera in services.reach.cameras(actor, "shifts.read")
        },
    }
