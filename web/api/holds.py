"""Evidence holds (veiligstellingen): what must outlive its 28 days, for which case, and until when somebody looks."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from vms.clock import now_utc
from vms.rules.access import Action
from vms.rules.holds import HoldRequest
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.hold_register import HoldRegister
from web.problems import Problem
from web.services import Services
from web.time_range import parse_time

router = APIRouter(prefix="/api/holds", tags=["footage"])

REVIEW_AFTER = timedelta(days=90)
HoldId = Annotated[int, Path(ge=1, le=2**53)]
ReadActor = Annotated[Actor, needs("holds.read")]
SetActor = Annotated[Actor, needs("holds.set")]


class NewHold(BaseModel):
    """from and to: ISO 8601 with a zone; [from, to). review: default in 90 days, at most a year ahead."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    cameras: list[Annotated[str, Field(max_length=40)]] = Field(max_length=1000)
    start: str = Field(alias="from", max_length=40)
    end: str = Field(alias="to", max_length=40)
    case_number: str = Field(max_length=1000)
    basis: str = Field(max_length=40)
    legal_basis: str = Field("", max_length=2000)
    requester: str = Field(max_length=1000)
    review: str | None = Field(None, max_length=40)


class ChangedHold(BaseModel):
    """Either `{"release": true}`, or a later `to`, a later `review` or both."""

    model_config = ConfigDict(extra="forbid")
    release: bool = False
    end: str | None = Field(None, alias="to", max_length=40)
    review: str | None = Field(None, max_length=40)


@router.get("")
def overview(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Every hold within reach, the newest first, with its state: requested, secured or released."""
    found = _register(services).overview()
    reached = [hold for hold in found["holds"] if services.reach.may_all(actor, "holds.read", hold["cameras"])]
    return {**found, "holds": reached}


@router.post("", status_code=201)
def create(body: NewHold, services: ServicesDep, actor: SetActor) -> dict[str, Any]:
    """Set a hold. `missing` lists what of the interval it cannot keep, with the reason."""
    review_at = now_utc(services.clock) + REVIEW_AFTER if body.review is None else parse_time(body.review, "review")
    request = HoldRequest(
        cameras=tuple(body.cameras),
        start_at=parse_time(body.start, "from"),
        end_at=parse_time(body.end, "to"),
        case_number=body.case_number,
        basis=body.basis,
        legal_basis=body.legal_basis,
        requester=body.requester,
        review_at=review_at,
    )
    _require(services, actor, "holds.set", [camera for camera in body.cameras if services.config.camera(camera)])
    return _register(services).place(actor, request)


@router.get("/{hold}")
def one(hold: HoldId, services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    found = _register(services).one(hold)
    _require(services, actor, "holds.read", found["cameras"])
    return found


@router.patch("/{hold}")
def change(hold: HoldId, body: ChangedHold, services: ServicesDep, actor: SetActor) -> dict[str, Any]:
    """Release it, by a second person, or extend it."""
    extends = body.end is not None or body.review is not None
    if body.release == extends:
        raise Problem("invalid_input", detail='give "release": true, or "to" and "review"')
    action: Action = "holds.release" if body.release else "holds.set"
    _require(services, actor, action, _register(services).one(hold)["cameras"])
    if body.release:
        return _register(services).release(actor, hold)
    end_at = None if body.end is None else parse_time(body.end, "to")
    review_at = None if body.review is None else parse_time(body.review, "review")
    return _register(services).extend(actor, hold, end_at, review_at)


def _require(services: Services, actor: Actor, action: Action, camera_ids: Iterable[str]) -> None:
    for camera_id in camera_ids:
        services.reach.require(actor, action, camera_id)


def _register(services: Services) -> HoldRegister:
    cameras = [camera.id for camera in services.config.cameras]
    config = services.config
    return HoldRegister(services.store, services.clock, services.trail, cameras, config.terms, config.retention.ahead)
