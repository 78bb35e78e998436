"""Mask sets of a camera: drawn and proposed by one person, approved by another. Versions are added, never changed."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.config import Camera
from vms.rules.mask_check import check_masks
from vms.rules.masks import MAX_REASON, MaskImport, MaskProblems, parse_mask_import
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.mask_problems import mask_fields
from web.mask_register import MaskRegister
from web.problems import Problem
from web.services import Services

router = APIRouter(prefix="/api/cameras/{camera}/masks", tags=["masks"])

CameraPath = Annotated[str, Path(max_length=40)]
VersionPath = Annotated[int, Path(ge=1, le=1_000_000)]
ReadActor = Annotated[Actor, needs("masks.read")]
DrawActor = Annotated[Actor, needs("masks.draw")]
ApproveActor = Annotated[Actor, needs("masks.approve")]


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=5, max_length=MAX_REASON)


class Close(Why):
    valid_from: AwareDatetime | None = Field(None, description="When nothing may be seen any more; default now.")


@router.get("")
def versions(camera: CameraPath, services: ServicesDep, _actor: ReadActor) -> dict[str, Any]:
    """Every version, the oldest first, with its state and history; `in_force` names the one that masks now."""
    return _register(services).overview(camera_or_404(services, camera))


@router.get("/at")
def in_force_at(
    camera: CameraPath, at: Annotated[AwareDatetime, Query()], services: ServicesDep, _actor: ReadActor
) -> dict[str, Any]:
    """The version that was in force at a moment, as playback uses it."""
    return _register(services).at(camera_or_404(services, camera), at)


@router.post("", status_code=201)
async def draw(request: Request, camera: CameraPath, services: ServicesDep, actor: DrawActor) -> dict[str, Any]:
    """A draft by whoever is signed in, in the shape of the import, and why. It is not in force."""
    known = camera_or_404(services, camera)
    new = await _drawing(request, known, actor, now_utc(services.clock))
    return await run_in_threadpool(_register(services).draw, actor, known, new)


@router.post("/check")
async def check(request: Request, camera: CameraPath, services: ServicesDep, actor: DrawActor) -> dict[str, Any]:
    """What would be refused about a drawing, by field; nothing is kept."""
    try:
        await _drawing(request, camera_or_404(services, camera), actor, now_utc(services.clock))
    except Problem as problem:
        return {"fields": problem.fields}
    return {"fields": {}}


@router.post("/{version}/propose")
def propose(camera: CameraPath, version: VersionPath, services: ServicesDep, actor: DrawActor) -> dict[str, Any]:
    """Offer one's own draft to a second person."""
    return _register(services).propose(actor, camera_or_404(services, camera), version)


@router.post("/{version}/retract")
def retract(camera: CameraPath, version: VersionPath, services: ServicesDep, actor: DrawActor) -> dict[str, Any]:
    """Take one's own draft or proposal back."""
    return _register(services).retract(actor, camera_or_404(services, camera), version)


@router.post("/{version}/approve", status_code=201)
def approve(camera: CameraPath, version: VersionPath, services: ServicesDep, actor: ApproveActor) -> dict[str, Any]:
    """Puts somebody else's proposal in force as the next version, from now on at the earliest."""
    return _register(services).approve(actor, camera_or_404(services, camera), version)


@router.post("/{version}/reject")
def reject(
    camera: CameraPath, version: VersionPath, body: Why, services: ServicesDep, actor: ApproveActor
) -> dict[str, Any]:
    return _register(services).reject(actor, camera_or_404(services, camera), version, body.reason)


@router.post("/close", status_code=201)
def close(camera: CameraPath, body: Close, services: ServicesDep, actor: ApproveActor) -> dict[str, Any]:
    """Withdraw the masks in force: nothing is seen of the camera until masks are approved again."""
    return _register(services).close(actor, camera_or_404(services, camera), body.reason, body.valid_from)


def _register(services: Services) -> MaskRegister:
    return MaskRegister(services.store, services.clock, services.trail)


async def _drawing(request: Request, camera: Camera, actor: Actor, now: datetime) -> MaskImport:
    """Raises Problem invalid_input naming everything that is wrong."""
    try:
        document = json.loads(await request.body())
        if isinstance(document, dict):
            mine = {"camera": camera.id, "author": actor.username, "approver": None}
            document = {"valid_from": now.isoformat(), **document, **mine}
        new = parse_mask_import(document)
    except MaskProblems as error:
        raise _invalid(error.problems) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(["body: is not JSON"]) from error
    problems = check_masks(new.masks, new.lens, can_turn=camera.can_turn)
    if problems:
        raise _invalid(problems)
    return new


def _invalid(problems: list[str]) -> Problem:
    return Problem("invalid_input", detail="; ".join(problems)[:2000], fields=mask_fields(problems))
