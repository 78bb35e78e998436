"""What is needed to draw masks: a still without them, a still with the ones being drawn, and a camera that looks there.

The still is the one picture that leaves unmasked. Each needs a reason and has its own row in the audit log.
"""

import asyncio
import math
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from vms.config import Camera
from vms.rules.masks import MAX_MASKS, MAX_REASON
from web.audit_trail import Actor
from web.camera_state import holder_json
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.ptz_locks import Velocity

router = APIRouter(prefix="/api/cameras/{camera}/masks", tags=["masks"])

CameraPath = Annotated[str, Path(max_length=40)]
StillActor = Annotated[Actor, needs("masks.still")]
SHOWN_S = 60
"""The page takes the picture away after this."""
MAX_STEP_S = 0.45
"""A movement ends before its dead-man stop would."""


class Still(BaseModel):
    """masks: paint these, as they would be; absent: none at all. lens: to place them; absent: the one in force."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=5, max_length=MAX_REASON, description="Why an unmasked picture is needed.")
    masks: list[dict[str, Any]] | None = Field(None, max_length=MAX_MASKS)
    lens: dict[str, Any] | None = None
    at_rest: bool = Field(False, description="Wait until the camera stands still.")


class Aim(BaseModel):
    """A preset, or a step at this speed: right, up and tele are positive."""

    model_config = ConfigDict(extra="forbid")
    preset: str | None = Field(None, min_length=1, max_length=64)
    pan: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    tilt: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    zoom: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)


@router.post("/still", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def still(camera: CameraPath, body: Still, services: ServicesDep, actor: StillActor) -> Response:
    """JPEG of now, not masked, or with `masks` painted by the product's own painter. `X-Still`: JSON about it."""
    camera_or_404(services, camera)
    services.decisions.require_open(camera)
    if not actor.by_cookie:
        services.trail.refuse(actor, "masks.still", f"camera:{camera}", reason="not a person")
        raise Problem("forbidden", nl="Alleen een persoon krijgt deze foto.", en="Only a person gets this picture.")
    wait_s = services.limits.snapshot.take(actor.login_key)
    if wait_s:
        raise Problem("too_many_requests", headers={"Retry-After": str(math.ceil(wait_s))})

    def audit() -> None:
        painted = None if body.masks is None else len(body.masks)
        services.trail.allow(actor, "masks.still", f"camera:{camera}", reason=body.reason, masks=painted)

    await run_in_threadpool(audit)
    asked = {"masks": body.masks, "lens": body.lens, "at_rest": body.at_rest}
    picture = await services.live.drawing_still(camera, actor.username, body.reason, asked)
    headers = {"X-Still": picture.about, "X-Shown-S": str(SHOWN_S), "Cache-Control": "no-store"}
    return Response(picture.jpeg, headers=headers, media_type="image/jpeg")


@router.get("/presets")
async def presets(camera: CameraPath, services: ServicesDep, _actor: StillActor) -> dict[str, Any]:
    """Where a drawing can be checked."""
    _turning(camera_or_404(services, camera))
    answer = await services.capture.request(camera, {"op": "ptz_presets", "camera": camera})
    return {"presets": [{"token": str(p["token"]), "name": str(p["name"])} for p in answer.get("presets", [])]}


@router.post("/aim")
async def aim(camera: CameraPath, body: Aim, services: ServicesDep, actor: StillActor) -> dict[str, Any]:
    """Turn the camera to where has to be drawn. Whoever watches goes first: 409 with the holder."""
    _turning(camera_or_404(services, camera))

    def audit() -> None:
        services.trail.allow(actor, "masks.aim", f"camera:{camera}", preset=body.preset)

    await run_in_threadpool(audit)
    if body.preset is not None:
        held = await services.ptz.goto(actor, camera, body.preset)
        return {"holder": holder_json(held)}
    try:
        await services.ptz.move(actor, camera, Velocity(body.pan, body.tilt, body.zoom))
        await asyncio.sleep(MAX_STEP_S)
    finally:
        held = await services.ptz.halt(actor, camera)
    return {"holder": holder_json(held)}


@router.post("/aim/release")
async def release(camera: CameraPath, services: ServicesDep, actor: StillActor) -> dict[str, Any]:
    """Give the camera free again."""
    _turning(camera_or_404(services, camera))
    await services.ptz.release(actor, camera)
    return {"holder": holder_json(services.ptz.lock_of(camera))}


def _turning(camera: Camera) -> None:
    if not camera.can_turn:
        raise Problem("no_ptz")
