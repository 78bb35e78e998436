"""The cameras as people know them. No addresses, no credentials."""

from typing import Annotated, Any

from fastapi import APIRouter

from vms.config import Camera
from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api", tags=["cameras"])


@router.get("/cameras")
def cameras(services: ServicesDep, _actor: Annotated[Actor, needs("cameras.list")]) -> dict[str, Any]:
    return {"cameras": [_camera(camera) for camera in services.config.cameras]}


def _camera(camera: Camera) -> dict[str, Any]:
    return {
        "id": camera.id,
        "number": camera.number,
        "name": camera.name,
        "kind": camera.kind,
        "area": camera.area,
        "purpose": camera.purpose,
        "can_turn": camera.can_turn,
        "masks": camera.masks,
        "neighbours": list(camera.neighbours),
        "lat": camera.lat,
        "lon": camera.lon,
        "has_sub": camera.sub is not None or camera.onvif is not None,
    }
