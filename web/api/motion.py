"""Where a turning camera turned, and when something moved inside a drawn region of the picture."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from vms.errors import FootageMissing, KeyUnavailable, StorageError
from vms.packet import PtzPose
from vms.rules.ptz_movement import movements
from vms.store.catalog import Segment
from vms.units import Profile, us_from_utc, utc_from_us
from web.api.consultations import Consulting, ConsultingDep
from web.deps import ServicesDep
from web.problems import Problem
from web.services import Services
from web.time_range import LONGEST_DAY, TimeRange, checked, long_day

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api", tags=["footage"])

_MAX_US = 4_102_444_800_000_000
Share = Annotated[float, Field(ge=0, le=1)]


class NewMotionSearch(BaseModel):
    """region: corners in 0…1 of the picture, from the top left."""

    model_config = ConfigDict(extra="forbid")
    camera: str = Field(max_length=40)
    from_us: int = Field(ge=0, le=_MAX_US)
    to_us: int = Field(ge=0, le=_MAX_US)
    region: list[tuple[Share, Share]] = Field(min_length=3, max_length=32)


@router.post("/motion-searches", response_class=Response, responses={200: {"content": {"application/x-ndjson": {}}}})
async def search(body: NewMotionSearch, services: ServicesDep, consulting: ConsultingDep) -> Response:
    """Answers a JSON document per line while it searches: until_us (looked at up to there), hits since the last line
    (start_us, end_us, share of the region), decoded_us of recorded_us, unreadable segments, ended. A search that
    ends before to_us had its fill of work: ask again from until_us. Closing the connection ends it. Expired footage
    is not searched; what is masked is not seen."""
    span = checked(utc_from_us(body.from_us), utc_from_us(body.to_us), LONGEST_DAY)
    segments = await run_in_threadpool(_allowed, services, consulting, body, span)
    wanted = {
        "segments": [segment.id for segment in segments],
        "region": body.region,
        "from_us": body.from_us,
        "to_us": body.to_us,
    }
    stack = AsyncExitStack()
    lines = await stack.enter_async_context(services.live.motion(body.camera, wanted))
    return StreamingResponse(_relayed(lines, stack), media_type="application/x-ndjson")


async def _relayed(lines: AsyncIterator[bytes], stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for chunk in lines:
            yield chunk


def _allowed(services: Services, consulting: Consulting, body: NewMotionSearch, span: TimeRange) -> tuple[Segment, ...]:
    camera = services.reach.camera(consulting.actor, "footage.view", body.camera)
    consultation = consulting.consultation
    services.trail.allow(
        consulting.actor,
        "footage.motion",
        f"camera:{camera.id}",
        consultation=consultation.id,
        purpose=consultation.purpose,
        reference=consultation.reference,
        from_us=body.from_us,
        to_us=body.to_us,
        region=" ".join(f"{x:.3f},{y:.3f}" for x, y in body.region),
        **services.reach.crossing(consulting.actor, "footage.view", camera.id),
    )
    profiles: tuple[Profile, ...] = ("sub", "main")
    for profile in profiles:
        found = services.footage.window(camera.id, profile, span).segments
        if found:
            return found
    raise Problem("no_footage")


@router.get("/movements")
def moved(
    services: ServicesDep,
    consulting: ConsultingDep,
    span: Annotated[TimeRange, Depends(long_day)],
    camera: Annotated[str, Query(max_length=40)],
    profile: Annotated[Profile, Query()] = "sub",
) -> dict[str, Any]:
    """When this camera turned or zoomed, as its own position tells. Empty for a camera that cannot turn."""
    known = services.reach.camera(consulting.actor, "footage.view", camera)
    poses: list[PtzPose] = []
    if known.can_turn:
        for segment in services.footage.window(camera, profile, span).segments:
            poses += _poses(services, segment)
    spans = movements(poses)
    first, last = us_from_utc(span.start), us_from_utc(span.end)
    inside = [(max(start, first), min(end, last)) for start, end in spans if start < last and end > first]
    return {"camera": camera, "movements": [{"start_us": start, "end_us": end} for start, end in inside]}


def _poses(services: Services, segment: Segment) -> list[PtzPose]:
    """A sidecar that cannot be read tells nothing."""
    try:
        return services.originals.reader.poses(segment)
    except (FootageMissing, KeyUnavailable, StorageError) as error:
        log.warning("poses_not_read", extra={"segment": segment.id, "detail": str(error)})
        return []
