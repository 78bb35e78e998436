"""The map: areas, the ground under them, and which way cameras look now. Where they stand is in /api/cameras."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse

from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.map_ground import find_ground
from web.problems import Problem

router = APIRouter(prefix="/api/map", tags=["map"])

_PMTILES = "application/vnd.pmtiles"


@router.get("")
def street_map(services: ServicesDep, actor: Annotated[Actor, needs("cameras.list")]) -> dict[str, Any]:
    """ground: address of a raster PMTiles file, null without one."""
    ground = find_ground(services.config.ground_file)
    areas = services.config.areas
    if actor.limited:
        names = {camera.area for camera in services.reach.seen(actor)}
        areas = tuple(area for area in areas if area.name in names)
    return {
        "areas": [{"name": area.name, "outline": area.outline} for area in areas],
        "ground": None if ground is None else f"{router.prefix}/ground?version={ground.version}",
    }


@router.get("/views")
def views(services: ServicesDep, actor: Annotated[Actor, needs("status.read")]) -> dict[str, Any]:
    """By camera; those of which it is not known are left out. Ask again while a map shows."""
    found = services.camera_views.views()
    return {
        "views": {key: asdict(view) for key, view in found.items() if services.reach.may(actor, "status.read", key)}
    }


@router.get("/ground", response_class=Response, responses={200: {"content": {_PMTILES: {}}}})
def ground(
    services: ServicesDep,
    _actor: Annotated[Actor, needs("cameras.list")],
    version: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The whole file, or the parts that a Range header names. version: only keeps browsers from mixing two files."""
    del version
    found = find_ground(services.config.ground_file)
    if found is None:
        raise Problem("not_found")
    return FileResponse(found.path, media_type=_PMTILES, headers={"Cache-Control": "private, max-age=3600"})
