"""Purpose and reference before anybody looks back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from vms.clock import now_utc
from vms.store import consultations
from vms.store.consultations import Consultation
from vms.units import us_from_utc
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem
from web.services import Services

router = APIRouter(prefix="/api/consultations", tags=["footage"])

CONSULTATION_LASTS = timedelta(hours=4)
_MAX_ID = 2**53


class NewConsultation(BaseModel):
    """reference: the number under which police registered the case."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    purpose: str = Field(min_length=2, max_length=40)
    reference: str = Field(min_length=3, max_length=80)

    @field_validator("purpose", "reference")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


@router.post("", status_code=201)
def create(
    body: NewConsultation, services: ServicesDep, actor: Annotated[Actor, needs("footage.consult")]
) -> dict[str, Any]:
    """Opens a consultation of four hours for this person."""
    services.trail.allow(actor, "footage.consult", f"case:{body.reference}", purpose=body.purpose)
    now = now_utc(services.clock)
    with services.store.transaction() as tx:
        made = consultations.create(tx, actor.username, body.purpose, body.reference, now, now + CONSULTATION_LASTS)
    return {"id": made.id, "expires_us": us_from_utc(made.expires_at)}


def require(services: Services, actor: Actor, consultation_id: int | None) -> Consultation:
    """Blocking. Raises Problem consultation_required or consultation_over."""
    if consultation_id is None:
        raise Problem("consultation_required")
    with services.store.reading() as tx:
        found = consultations.get(tx, consultation_id)
    if found is None or not found.covers(actor.username, now_utc(services.clock)):
        raise Problem("consultation_over")
    return found


@dataclass(frozen=True, slots=True)
class Consulting:
    """Somebody who looks back, and under which case."""

    actor: Actor
    consultation: Consultation


def consulting(
    services: ServicesDep,
    actor: Annotated[Actor, needs("footage.view")],
    consultation: Annotated[int | None, Query(ge=1, le=_MAX_ID)] = None,
    x_consultation: Annotated[int | None, Header(ge=1, le=_MAX_ID)] = None,
) -> Consulting:
    return Consulting(actor, require(services, actor, consultation if consultation is not None else x_consultation))


ConsultingDep = Annotated[Consulting, Depends(consulting)]
