"""The register of the mayor's decisions: read by who oversees, written by the policy officer, never forgotten."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vms.store.decisions import SignCheck, WrittenDecision
from vms.units import us_from_utc
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem

router = APIRouter(prefix="/api/decisions", tags=["decisions"])

ReadActor = Annotated[Actor, needs("decisions.read")]
WriteActor = Annotated[Actor, needs("decisions.write")]
DecisionId = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Moment = Annotated[str, Field(max_length=30)]


class PeriodIn(BaseModel):
    """YYYY-MM-DD (the whole day) or YYYY-MM-DDTHH:MM (that minute, site's zone), null = not given."""

    model_config = ConfigDict(extra="forbid")
    start: Moment | None = None
    end: Moment | None = None


class DecisionIn(BaseModel):
    """What stands in the decision; what is left out is not known, or stays as it was.

    cites_numbers: decisions that this one ends, extends or builds on. cameras, outline: what it covers; without both,
    cameras whose area or placement has the name of one of its locations.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Literal["designation", "extension", "withdrawal", "replacement", "merge", "deployment"] | None = None
    decided_on: list[date] = Field([], max_length=20)
    decided_on_text: Text = ""
    registration_numbers: list[Name] = Field([], max_length=20)
    cites_numbers: list[Name] = Field([], max_length=50)
    refers_to: Text | None = None
    periods: list[PeriodIn] = Field([], max_length=100)
    period_text: Text = ""
    locations: list[Name] = Field([], max_length=100)
    location_text: Text = ""
    outline: list[tuple[float, float]] | None = Field(None, max_length=500)
    cameras: list[Name] = Field([], max_length=200)
    flex: int | None = Field(None, ge=0, le=1000)
    fixed: int | None = Field(None, ge=0, le=1000)
    deployment_text: Text = ""
    reason: Text = ""
    criteria: Text = Field("", description="Necessity, social need, proportionality, subsidiarity.")
    publication_url: Annotated[str, Field(pattern=r"^(https?://[^\s<>\"']{1,500})?$")] = ""
    note: Text | None = None

    def given(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


class Correction(BaseModel):
    """document: the fields that change. reason: why."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    document: DecisionIn


class SignsSeen(BaseModel):
    """note: where the signs hang, and where the photo is kept."""

    model_config = ConfigDict(extra="forbid")
    area: str = Field(max_length=60)
    checked_on: date
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


@router.get("")
def register(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Cameras are named only within reach."""
    return services.decisions.overview(lambda camera_id: services.reach.may(actor, "decisions.read", camera_id))


@router.post("", status_code=201)
def write_down(body: DecisionIn, services: ServicesDep, actor: WriteActor) -> dict[str, Any]:
    """Works at once: cameras that it covers may record and be shown in its periods, those that it ends may not."""
    document = body.given()
    numbers = " / ".join(body.registration_numbers)
    services.trail.allow(actor, "decisions.write", "decisions", kind=body.kind or "", numbers=numbers)
    return _version(services.decisions.add(document, actor.username))


@router.post("/signs", status_code=201)
def check_signs(body: SignsSeen, services: ServicesDep, actor: WriteActor) -> dict[str, Any]:
    """Somebody saw that the signs of an area hang where they must."""
    if body.area not in {camera.area for camera in services.config.cameras}:
        raise Problem("not_found")
    services.trail.allow(actor, "decisions.signs", f"area:{body.area}", note=body.note)
    services.decisions.check_signs(SignCheck(body.area, body.checked_on, body.note, actor.username))
    return {"area": body.area, "checked_on": body.checked_on.isoformat()}


@router.get("/{decision}")
def one(decision: DecisionId, services: ServicesDep, _actor: ReadActor) -> dict[str, Any]:
    """With every version that was ever written down, oldest first."""
    versions = [_version(each) for each in services.decisions.history(decision)]
    return {**versions[-1], "history": versions}


@router.patch("/{decision}")
def correct(decision: DecisionId, body: Correction, services: ServicesDep, actor: WriteActor) -> dict[str, Any]:
    """A new version; works at once, also on pictures that are open."""
    services.trail.allow(actor, "decisions.correct", f"decision:{decision}", reason=body.reason)
    return _version(services.decisions.revise(decision, body.document.given(), actor.username, body.reason))


def _version(written: WrittenDecision) -> dict[str, Any]:
    return {
        "id": written.decision_id,
        "version": written.version,
        "document": written.document,
        "author": written.author,
        "at_us": us_from_utc(written.at),
        "reason": written.reason,
    }
