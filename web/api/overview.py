"""All cameras at a glance: one masked picture with a still of each."""

import math
from typing import Annotated

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem

router = APIRouter(prefix="/api/overview", tags=["live"])


@router.get("", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def overview(services: ServicesDep, actor: Annotated[Actor, needs("live.watch")]) -> Response:
    """Ask again every two seconds while it shows. Cells in the order of `GET /api/cameras`, `X-Columns` to a row.

    `X-Ages`: seconds since each still was taken, by camera, "-" without a picture.
    """
    wait_s = services.limits.snapshot.take(actor.login_key)
    if wait_s:
        raise Problem("too_many_requests", headers={"Retry-After": str(math.ceil(wait_s))})
    crossings = services.reach.crossings(actor, "live.watch")
    look = f"{actor.login_key} {crossings.get('crossing', '')}"
    if services.overviews.is_new(look):
        await run_in_threadpool(
            lambda: services.trail.allow(actor, "live.watch", "cameras:all", profile="overview", **crossings)
        )
    services.overviews.seen(look)
    is_whole = services.reach.is_whole(actor)
    only = None if is_whole else [camera.id for camera in services.reach.cameras(actor, "live.watch")]
    sheet = await services.live.sheet(only)
    headers = {"X-Columns": str(sheet.columns), "X-Ages": sheet.ages_s}
    return Response(sheet.jpeg, headers=headers, media_type="image/jpeg")
