"""The cameras as people know them. No addresses, no credentials."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter

from vms.config import Camera
from vms.rules.neighbours import sides
from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api", tags=["cameras"])


@router.get("/cameras")
def cameras(services: ServicesDep, actor: Annotated[Actor, needs("cameras.list")]) -> dict[str, Any]:
    """Those that the person's roles reach; of neighbours too."""
    seen = services.reach.seen(actor)
    known = {camera.id for camera in seen}
    return {"cameras": [_camera(camera, known) for camera in seen]}


def _camera(camera: Camera, known: Collection[str]) -> dict[str, Any]:
    return {
        "id": camera.id,
        "number": camera.number,
        "name": camera.name,
        "kind": camera.kind,
        "area": camera.area,
        "purpose": camera.purpose,
        "can_turn": camera.can_turn,
        "masks": camera.masks,
        "neighbours": [neighbour.id for neighbour in camera.neighbours if neighbour.id in known],
        "ways": [way for way in _ways(camera) if way["camera"] in known],
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
