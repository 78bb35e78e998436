"""Steering a camera. The rules are in `vms.rules.ptz_lock`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from vms.rules.ptz_lock import PtzLock
from web.audit_trail import Actor
from web.camera_state import holder_json
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.ptz_locks import Velocity
from web.services import Services

router = APIRouter(prefix="/api/cameras/{camera}/ptz", tags=["ptz"])

SteerActor = Annotated[Actor, needs("ptz.steer")]
CameraPath = Annotated[str, Path(max_length=40)]


class Move(BaseModel):
    """Velocities of full speed; right, up and tele are positive. Repeat every 200 ms while it should go on."""

    model_config = ConfigDict(extra="forbid")
    pan: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    tilt: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    zoom: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)


class GoTo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    preset: str = Field(min_length=1, max_length=64, description="token of one of the camera's presets")


@router.post("/lock")
async def lock(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """Take the camera; police take over from observers. 409 with the holder when it is somebody else's."""
    _require_ptz(services, camera)
    return _held(await services.ptz.take(actor, camera))


@router.post("/move")
async def move(camera: CameraPath, body: Move, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """One heart-beat of a movement. The camera stops 500 ms after the last one."""
    _require_ptz(services, camera)
    return _held(await services.ptz.move(actor, camera, Velocity(body.pan, body.tilt, body.zoom)))


@router.post("/stop")
async def stop(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    return _held(await services.ptz.halt(actor, camera))


@router.post("/goto")
async def goto(camera: CameraPath, body: GoTo, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    return _held(await services.ptz.goto(actor, camera, body.preset))


@router.post("/release")
async def release(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    await services.ptz.release(actor, camera)
    return {"holder": holder_json(services.ptz.lock_of(camera))}


@router.get("/presets")
async def presets(camera: CameraPath, services: ServicesDep, _actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    answer = await services.capture.request(camera, {"op": "ptz_presets", "camera": camera})
    known = answer.get("presets", [])
    return {"presets": [{"token": str(p["token"]), "name": str(p["name"])} for p in known]}


def _require_ptz(services: Services, camera_id: str) -> None:
    if not camera_or_404(services, camera_id).can_turn:
        raise Problem("no_ptz")


def _held(held: PtzLock) -> dict[str, Any]:
    return {"holder": holder_json(held)}
