"""The cameras as people know them. No addresses, no credentials."""

from typing import Annotated, Any

from fastapi import APIRouter

from vms.config import Camera
from vms.rules.neighbours import sides
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
        "neighbours": [neighbour.id for neighbour in camera.neighbours],
        "ways": _ways(camera),
        "lat": camera.lat,
        "lon": camera.lon,
        "reach_m": camera.reach_m,
        "has_sub": camera.sub is not None or camera.onvif is not None,
    }


def _ways(camera: Camera) -> list[dict[str, Any]]:
    """How to follow on to each neighbour. outline null: the edge of the picture on that side."""
    neighbours = camera.neighbours
    return [
        {"camera": neighbour.id, "side": side, "outline": neighbour.outline, "turns": neighbour.preset is not None}
        for neighbour, side in zip(neighbours, sides([each.side for each in neighbours]), strict=True)
    ]
