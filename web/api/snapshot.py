"""One masked picture of now."""

import math
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.concurrency import run_in_threadpool

from vms.units import LiveProfile
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem

router = APIRouter(prefix="/api/cameras/{camera}", tags=["live"])


@router.get("/snapshot", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def snapshot(
    camera: Annotated[str, Path(max_length=40)],
    services: ServicesDep,
    actor: Annotated[Actor, needs("snapshot.view")],
    profile: Annotated[LiveProfile, Query()] = "tile",
) -> Response:
    """Masked JPEG; grey all over when masks are unsure. `X-Mask` says ok, fault or none."""
    camera_or_404(services, camera)
    services.decisions.require_open(camera)
    wait_s = services.limits.snapshot.take(actor.login_key)
    if wait_s:
        raise Problem("too_many_requests", headers={"Retry-After": str(math.ceil(wait_s))})

    def audit() -> None:
        crossing = services.reach.crossing(actor, "snapshot.view", camera)
        services.trail.allow(actor, "snapshot.view", f"camera:{camera}", profile=profile, **crossing)

    await run_in_threadpool(audit)
    picture = await services.live.snapshot(camera, profile)
    return Response(picture.jpeg, headers={"X-Mask": picture.mask}, media_type="image/jpeg")
