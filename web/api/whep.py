"""Live pictures: WHEP (RFC 9725's sibling) towards browsers, passed on to `live` once rights and audit are settled.

draft-ietf-wish-whep: trickle ICE is supported, ICE restart is not, so a session's ETag never changes.
"""

import hashlib
import math
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from vms.units import LiveProfile
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.services import Services

router = APIRouter(tags=["live"])

MAX_SDP_BYTES = 64 * 1024
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

WatchActor = Annotated[Actor, needs("live.watch")]
SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="From the Location of the POST.")]


class Swap(BaseModel):
    model_config = ConfigDict(extra="forbid")
    camera: str = Field(max_length=40)
    profile: LiveProfile = "tile"


@router.post(
    "/whep/{camera}",
    status_code=201,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}},
)
async def start(
    request: Request,
    camera: str,
    services: ServicesDep,
    actor: WatchActor,
    profile: Annotated[LiveProfile, Query()] = "tile",
) -> Response:
    """SDP offer (recvonly H.264) → 201 with the SDP answer and Location."""
    camera_or_404(services, camera)
    sdp = await _text_body(request, SDP)
    if not sdp.startswith("v=0"):
        raise Problem("sdp_malformed")
    _limit(services, actor)
    await _require_open(services, actor, camera)
    await _audit(services, actor, camera, profile)
    session, answer = await services.live.offer(camera, profile, sdp, actor.username)
    services.live_sessions.add(session, actor, camera)
    headers = {"Location": f"/whep/session/{session}", "Accept-Patch": FRAGMENT, "ETag": entity_tag(session)}
    return Response(answer, 201, headers, media_type=SDP)


@router.options("/whep/{camera}", response_class=Response)
async def options(camera: str) -> Response:  # noqa: ARG001
    return Response(headers={"Accept-Post": SDP, "Allow": "OPTIONS, GET, HEAD, POST"})


@router.head("/whep/{camera}", response_class=Response)
@router.get("/whep/{camera}", response_class=Response)
async def probe(camera: str, services: ServicesDep, actor: WatchActor) -> Response:  # noqa: ARG001
    """Nothing but that it is there; offers are POSTed."""
    camera_or_404(services, camera)
    return Response(headers={"Accept-Post": SDP}, media_type=SDP)


@router.options("/whep/session/{session}", response_class=Response)
async def session_options(session: str) -> Response:  # noqa: ARG001
    return Response(headers={"Accept-Patch": FRAGMENT, "Allow": "OPTIONS, GET, HEAD, PATCH, DELETE"})


@router.head("/whep/session/{session}", response_class=Response)
@router.get("/whep/session/{session}", response_class=Response)
async def probe_session(session: SessionId, services: ServicesDep, actor: WatchActor) -> Response:
    """Whether this person's session is still known."""
    services.live_sessions.require(actor, session)
    return Response(headers={"Accept-Patch": FRAGMENT, "ETag": entity_tag(session)}, media_type=SDP)


@router.patch("/whep/session/{session}", status_code=204, response_class=Response)
async def trickle(request: Request, session: SessionId, services: ServicesDep, actor: WatchActor) -> Response:
    """ICE candidates of the browser; no ICE restart (422)."""
    services.live_sessions.require(actor, session)
    fragment = await _text_body(request, FRAGMENT)
    _check_if_match(request, session)
    _limit(services, actor)
    await services.live.trickle(session, fragment)
    return Response(status_code=204)


@router.delete("/whep/session/{session}", response_class=Response)
async def stop(session: SessionId, services: ServicesDep, actor: WatchActor) -> Response:
    services.live_sessions.require(actor, session)
    await services.live.hang_up(session)
    services.live_sessions.forget(session)
    return Response(status_code=200)


@router.patch("/api/live/{session}")
async def swap(session: SessionId, body: Swap, services: ServicesDep, actor: WatchActor) -> dict[str, Any]:
    """Another camera in the same tile: same peer connection, no new offer.

    after_rtp: every picture with a later RTP timestamp is of this camera; null when that is not known.
    """
    services.live_sessions.require(actor, session)
    await run_in_threadpool(services.reach.camera, actor, "live.watch", body.camera)
    _limit(services, actor)
    await _require_open(services, actor, body.camera)
    await _audit(services, actor, body.camera, body.profile)
    after_rtp = await services.live.swap(session, body.camera, body.profile)
    services.live_sessions.shows(session, body.camera)
    return {"camera": body.camera, "profile": body.profile, "after_rtp": after_rtp}


def entity_tag(session: str) -> str:
    """Of the session's ICE parameters: the same as long as it lives, also over a restart of web."""
    return f'"{hashlib.sha256(session.encode()).hexdigest()[:16]}"'


def _check_if_match(request: Request, session: str) -> None:
    """Raises Problem etag. Without the header there is nothing to compare: players leave it out, and as long as no
    ICE restart changes the tag their candidates cannot be meant for another generation."""
    wanted = request.headers.get("if-match")
    if wanted is not None and wanted.strip() not in ("*", '"*"', entity_tag(session)):
        raise Problem("etag", headers={"ETag": entity_tag(session)})


async def _require_open(services: Services, actor: Actor, camera: str) -> None:
    """Raises Problem decision_…: no decision allows this camera to be shown now."""
    try:
        services.decisions.require_open(camera)
    except Problem as problem:
        reason = problem.code
        await run_in_threadpool(lambda: services.trail.refuse(actor, "live.watch", f"camera:{camera}", reason=reason))
        raise


async def _audit(services: Services, actor: Actor, camera: str, profile: str) -> None:
    def write() -> None:
        crossing = services.reach.crossing(actor, "live.watch", camera)
        services.trail.allow(actor, "live.watch", f"camera:{camera}", profile=profile, **crossing)

    await run_in_threadpool(write)


def _limit(services: Services, actor: Actor) -> None:
    wait_s = services.limits.whep.take(actor.login_key)
    if wait_s:
        raise Problem("too_many_requests", headers={"Retry-After": str(math.ceil(wait_s))})


async def _text_body(request: Request, media_type: str) -> str:
    """Raises Problem unsupported_media_type, too_large, or sdp_malformed for what is not text."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        accepts = "Accept-Post" if media_type == SDP else "Accept-Patch"
        raise Problem("unsupported_media_type", detail=f"send {media_type}", headers={accepts: media_type})
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_SDP_BYTES:
            raise Problem("too_large")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem("sdp_malformed") from error
