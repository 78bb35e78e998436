"""Letting somebody see another purpose's cameras for some hours (vms.rules.crossings)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.rules.crossings import CrossingWish
from vms.store.grants import MAX_REASON
from web.audit_trail import Actor
from web.crossing_register import CrossingRegister
from web.deps import ServicesDep, needs
from web.services import Services

router = APIRouter(prefix="/api/crossings", tags=["oversight"])
Decider = Annotated[Actor, needs("crossings.give")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class NewCrossing(BaseModel):
    """holder: an account. purpose, group: of cameras; group empty: every one. basis: ground in law, and why now."""

    model_config = ConfigDict(extra="forbid")
    holder: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]
    purpose: Word
    group: Word = ""
    hours: int = Field(description="How long, from now; 24 at most.", ge=-1000, le=1000)
    basis: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_REASON)]

    @field_validator("holder", "basis")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


@router.get("")
def crossings(services: ServicesDep, actor: Decider) -> dict[str, Any]:
    """All that were ever given, the newest first; for which purposes and areas one can be given."""
    services.trail.allow(actor, "crossings.list", "crossings")
    return _register(services).overview()


@router.post("", status_code=201)
def give(services: ServicesDep, actor: Decider, body: NewCrossing) -> dict[str, Any]:
    """From now on the account sees these cameras, by the roles that it has. Never to oneself."""
    wish = CrossingWish(purpose=body.purpose, group=body.group, hours=body.hours, basis=body.basis)
    given = _register(services).give(actor, body.holder, wish)
    return {"id": given.id, "from_us": given.start_us, "to_us": given.end_us}


@router.post("/{crossing}/withdraw", status_code=204)
def withdraw(services: ServicesDep, actor: Decider, crossing: Annotated[int, Path(ge=1, le=2**53)]) -> None:
    """Now; open pictures end within seconds."""
    _register(services).withdraw(actor, crossing)


def _register(services: Services) -> CrossingRegister:
    return CrossingRegister(services.config, services.store, services.clock, services.trail)
