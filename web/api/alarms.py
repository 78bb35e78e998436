"""What went wrong lately, and who has seen it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool

from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


@router.get("")
async def alarms(services: ServicesDep, actor: Annotated[Actor, needs("status.read")]) -> dict[str, Any]:
    """The latest ones, oldest first; a restart forgets none."""
    reached = {"", *(camera.id for camera in services.reach.cameras(actor, "status.read"))}
    return {"alarms": [alarm for alarm in services.alarms.recent() if alarm["camera"] in reached]}


@router.post("/{alarm}/acknowledge")
async def acknowledge(
    alarm: Annotated[int, Path(ge=0, le=2**53)],
    services: ServicesDep,
    actor: Annotated[Actor, needs("alarms.acknowledge")],
) -> dict[str, Any]:
    """The first to acknowledge stands in it, with the time; doing it again changes nothing."""
    known = services.alarms.find(alarm)
    if known is None:
        raise Problem("not_found")
    if known["camera"]:
        await run_in_threadpool(services.reach.require, actor, "alarms.acknowledge", known["camera"])
    if known["acknowledged_us"] is None:
        code, about = str(known["code"]), f"camera:{known['camera']}" if known["camera"] else "site"
        await run_in_threadpool(lambda: services.trail.allow(actor, "alarms.acknowledge", about, alarm=code))
        services.alarms.acknowledge(alarm, actor.display_name)
        await services.alarms.keep()
    return services.alarms.find(alarm) or known
