"""Patrols of a turning camera: what the configuration has, start and stop."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from vms.config import Camera
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.ptz_patrols import patrol_of
from web.services import Services

router = APIRouter(prefix="/api/cameras/{camera}/ptz", tags=["ptz"])

SteerActor = Annotated[Actor, needs("ptz.steer")]
CameraPath = Annotated[str, Path(max_length=40)]


class WhichPatrol(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=40)


@router.get("/patrols")
async def patrols(camera: CameraPath, services: ServicesDep, _actor: SteerActor) -> dict[str, Any]:
    return _patrols(services, _turning(services, camera))


@router.post("/patrol")
async def start(camera: CameraPath, body: WhichPatrol, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """Instead of one that runs. It waits while anybody steers, and gives way to any command.

    404 unknown_patrol; 409 patrol_preset: the camera has no such preset.
    """
    known = _turning(services, camera)
    if patrol_of(known, body.name) is None:
        raise Problem("unknown_patrol")
    services.decisions.require_open(camera)
    await _audit(services, actor, camera, name=body.name, what="start")
    await services.patrols.start(actor, known, body.name)
    return _patrols(services, known)


@router.delete("/patrol")
async def stop(camera: CameraPath, services: ServicesDep, actor: SteerActor) -> dict[str, Any]:
    """The camera stands, unless somebody steers it."""
    known = _turning(services, camera)
    if (running := services.patrols.seen(camera)) is not None:
        await _audit(services, actor, camera, name=running.name, what="stop")
    await services.patrols.stop(camera)
    return _patrols(services, known)


async def _audit(services: Services, actor: Actor, camera_id: str, **detail: str) -> None:
    await run_in_threadpool(lambda: services.trail.allow(actor, "ptz.patrol", f"camera:{camera_id}", **detail))


def _turning(services: Services, camera_id: str) -> Camera:
    camera = camera_or_404(services, camera_id)
    if not camera.can_turn:
        raise Problem("no_ptz")
    return camera


def _patrols(services: Services, camera: Camera) -> dict[str, Any]:
    running = services.patrols.seen(camera.id)
    return {
        "patrols": [given.model_dump(mode="json") for given in camera.patrols],
        "running": {"name": running.name, "state": running.state, "by": running.by} if running else None,
    }
