"""Steering a camera. The rules are in `vms.rules.ptz_lock`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.rules.masks import LensCalibration
from vms.rules.ptz_aim import PictureBox, PtzPosition, aim
from vms.rules.ptz_lock import PtzLock
from vms.store import masks as mask_store
from web.audit_trail import Actor
from web.camera_state import holder_json
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.ptz_locks import Velocity
from web.services import Services

router = APIRouter(prefix="/api/cameras/{camera}/ptz", tags=["ptz"])

SteerActor = Annotated[Actor, needs("ptz.steer")]
CameraPath = Annotated[str, Path(max_length=40)]


_POSE_STALE_US = 3_000_000
"""A camera at rest is asked once a second."""


class Move(BaseModel):
    """Velocities of full speed; right, up and tele are positive. Repeat every 200 ms while it should go on."""

    model_config = ConfigDict(extra="forbid")
    pan: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    tilt: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)
    zoom: float = Field(0.0, ge=-1, le=1, allow_inf_nan=False)


class GoTo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    preset: str = Field(min_length=1, max_length=64, description="token of one of the camera's presets")


class Look(BaseModel):
    """The middle of a box from the picture's top left and its width, as shares of the picture; width 1 keeps the zoom.

    aspect: the picture's width by its height.
    """

    model_config = ConfigDict(extra="forbid")
    x: float = Field(ge=0, le=1, allow_inf_nan=False)
    y: float = Field(ge=0, le=1, allow_inf_nan=False)
    width: float = Field(1.0, ge=0.01, le=1, allow_inf_nan=False)
    aspect: float = Field(16 / 9, ge=0.5, le=4, allow_inf_nan=False)


class NewPreset(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


@router.post("/lock")
async def lock(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """Take the camera; police take over from observers. 409 with the holder when it is somebody else's."""
    _require_steerable(services, camera)
    return _held(await services.ptz.take(actor, camera))


@router.post("/move")
async def move(camera: CameraPath, body: Move, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """One heart-beat of a movement. The camera stops 500 ms after the last one."""
    _require_steerable(services, camera)
    return _held(await services.ptz.move(actor, camera, Velocity(body.pan, body.tilt, body.zoom)))


@router.post("/stop")
async def stop(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    return _held(await services.ptz.halt(actor, camera))


@router.post("/goto")
async def goto(camera: CameraPath, body: GoTo, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_steerable(services, camera)
    return _held(await services.ptz.goto(actor, camera, body.preset))


@router.post("/home")
async def home(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """The home position that was set in the camera."""
    _require_steerable(services, camera)
    await services.ptz.order(actor, camera, "ptz_home")
    return _holder(services, camera)


@router.post("/look")
async def look(camera: CameraPath, body: Look, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """Bring a place in the picture to the middle, and fill the picture with the box. 409 no_lens: not calibrated."""
    _require_steerable(services, camera)
    lens = await run_in_threadpool(_lens, services, camera)
    pose = await services.capture.request(camera, {"op": "ptz_pose", "camera": camera})
    if services.clock.now_us() - int(pose["at_us"]) > _POSE_STALE_US:
        raise Problem("camera_silent", detail="the camera's position is not known")
    now = PtzPosition(float(pose["pan"]), float(pose["tilt"]), float(pose["zoom"]))
    there = aim(lens, now, PictureBox(body.x, body.y, body.width, body.aspect))
    await services.ptz.order(actor, camera, "ptz_look", pan=there.pan, tilt=there.tilt, zoom=there.zoom)
    return _holder(services, camera)


@router.post("/release")
async def release(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    await services.ptz.release(actor, camera)
    return _holder(services, camera)


@router.get("/presets")
async def presets(camera: CameraPath, services: ServicesDep, _actor: SteerActor) -> dict[str, Any]:
    _require_ptz(services, camera)
    known = await services.capture.presets(camera)
    return {"presets": [{"token": token, "name": name} for token, name in known.items()]}


@router.post("/presets", status_code=201)
async def save_preset(camera: CameraPath, body: NewPreset, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """Where the camera looks now, kept in the camera under a name."""
    _require_ptz(services, camera)
    await run_in_threadpool(lambda: services.trail.allow(actor, "ptz.preset", f"camera:{camera}", name=body.name))
    answer = await services.ptz.order(actor, camera, "ptz_save_preset", name=body.name)
    preset = answer.get("preset", {})
    return {"token": str(preset["token"]), "name": str(preset["name"])}


def _lens(services: Services, camera_id: str) -> LensCalibration:
    """Blocking."""
    with services.store.reading() as tx:
        found = mask_store.in_force(tx, camera_id, now_utc(services.clock))
    if found is None or found.lens is None:
        raise Problem("no_lens")
    return found.lens


def _require_ptz(services: Services, camera_id: str) -> None:
    if not camera_or_404(services, camera_id).can_turn:
        raise Problem("no_ptz")


def _require_steerable(services: Services, camera_id: str) -> None:
    """Who may not see where it looks does not turn it."""
    _require_ptz(services, camera_id)
    services.decisions.require_open(camera_id)


def _holder(services: Services, camera_id: str) -> dict[str, Any]:
    return {"holder": holder_json(services.ptz.lock_of(camera_id))}


def _held(held: PtzLock) -> dict[str, Any]:
    return {"holder": holder_json(held)}
