"""What `live` answers `web` over its unix socket: signalling, session state, stills, masked footage."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any, cast

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.errors import FootageExpired, FootageMissing, KeyUnavailable, Refused, StorageError, StoreBusy
from vms.metrics import own_usage
from vms.rules.gating import Gate
from vms.rules.masks import MaskProblems
from vms.units import CameraId, LiveProfile, Profile
from web.live.channel import Channels
from web.live.contact_sheet import ContactSheet, SheetStills
from web.live.drawing_still import DrawingRight, DrawingStill, DrawingStills, StillRequest
from web.live.footage_still import FootageStills
from web.live.mask_book import MaskBook
from web.live.mask_state import camera_mask_state
from web.live.masked import mask_reason, mask_state
from web.live.neighbours import Neighbours
from web.live.playback import EVIDENCE, PLAIN, Playback
from web.live.references import ReferenceBook
from web.live.sdp import IceRestartRefused, NoH264, NotAnOffer, OfferRefused
from web.live.slots import AllTaken, Slots, Streamed
from web.live.snapshot import NoPicture, snapshot
from web.live.source import LiveSources
from web.live.watermark import MAX_CHARS
from web.live.whep import NoSession, TooManyOffers, TooManyViewers, WhepSession, WhepSessions

MAX_BODY_BYTES = 96 * 1024
MAX_RENDERINGS = 4
"""At once; every one is a core's worth of work while it lasts. Others get 503."""
MAX_STILLS = 2
"""At once; others wait their turn, each takes some tens of milliseconds."""
MAX_SEARCHES = 1
_RETRY_S = {"no_picture": 2, "busy": 5, "too_many_requests": 5}

Handler = Callable[[Request], Awaitable[Response]]


class _Refusal(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class LiveApp:
    """`app` is the ASGI application. All handlers run in the event loop that made the sessions."""

    def __init__(
        self,
        config: SiteConfig,
        sources: LiveSources,
        channels: Channels,
        sessions: WhepSessions,
        masks: MaskBook,
        playback: Playback,
        references: ReferenceBook,
        clock: Clock,
        gate_of: Callable[[str], Gate],
        shard: int = 0,
    ) -> None:
        """shard: which of [live] processes this is. It tells of its own cameras, and would serve any.

        gate_of: what the decisions allow of a camera now.
        """
        self._own = [CameraId(camera.id) for camera in config.cameras if config.live_shard(camera.id) == shard]
        self._cameras = {camera.id: camera for camera in config.cameras}
        self._config = config
        self.sources = sources
        self.channels = channels
        self.sessions = sessions
        self.masks = masks
        self._playback = playback
        self._clock = clock
        self._renderings = Slots(MAX_RENDERINGS, "too much footage is being masked at once")
        self._searches = Slots(MAX_SEARCHES, "others are searching for motion")
        self._footage_stills = FootageStills(playback, clock)
        self._still_turns = anyio.CapacityLimiter(MAX_STILLS)
        self._gate_of = gate_of
        self._stills = DrawingStills(config, sources, masks, references, clock)
        sockets = config.live_sockets()
        others = {CameraId(c): sockets[config.live_shard(c)] for c in self._cameras if c not in self._own}
        self.sheet = ContactSheet(
            [CameraId(camera) for camera in self._cameras],
            SheetStills(channels, Neighbours(others)),
            self._has_picture,
            clock,
        )
        self.app = Starlette(
            routes=[
                Route("/whep", _guarded(self._offer), methods=["POST"]),
                Route("/whep/{session}", _guarded(self._patch), methods=["PATCH"]),
                Route("/whep/{session}", _guarded(self._delete), methods=["DELETE"]),
                Route("/whep/{session}", _guarded(self._session), methods=["GET"]),
                Route("/sessions", _guarded(self._sessions), methods=["GET"]),
                Route("/snapshot/{camera}", _guarded(self._snapshot), methods=["GET"]),
                Route("/still/{camera}", _guarded(self._still), methods=["POST"]),
                Route("/sheet", _guarded(self._sheet), methods=["GET"]),
                Route("/masked/{segment:int}", _guarded(self._masked), methods=["GET"]),
                Route("/footage/{segment:int}/{kind}", _guarded(self._footage_still), methods=["GET"]),
                Route("/motion", _guarded(self._motion), methods=["POST"]),
                Route("/clip", _guarded(self._clip), methods=["GET"]),
            ]
        )

    async def _offer(self, request: Request) -> Response:
        body = await _body(request)
        camera_id, profile = self._stream(body.get("camera"), body.get("profile"))
        offer, user = body.get("sdp"), body.get("user")
        if not isinstance(offer, str) or not isinstance(user, str):
            raise _Refusal(400, "malformed", "sdp and user must be text")
        self._require_picture(camera_id, profile)
        answer = await self.sessions.create(camera_id, profile, offer, user[:80])
        return JSONResponse({"session": answer.session, "sdp": answer.sdp}, 201)

    async def _patch(self, request: Request) -> Response:
        session_id = request.path_params["session"]
        body = await _body(request)
        fragment = body.get("sdpfrag")
        if isinstance(fragment, str):
            await self.sessions.add_candidates(session_id, fragment)
            return Response(status_code=204)
        camera_id, profile = self._stream(body.get("camera"), body.get("profile"))
        self.sessions.get(session_id)
        self._require_open(camera_id)
        after_rtp = self.sessions.swap(session_id, camera_id, profile)
        return JSONResponse({"camera": camera_id, "profile": profile, "after_rtp": after_rtp})

    async def _delete(self, request: Request) -> Response:
        self.sessions.delete(request.path_params["session"])
        return JSONResponse({})

    async def _session(self, request: Request) -> Response:
        return JSONResponse(self._session_state(self.sessions.get(request.path_params["session"])))

    async def _sessions(self, request: Request) -> Response:  # noqa: ARG002
        cameras = {camera_id: self._camera_state(camera_id) for camera_id in self._own}
        sessions = {session.id: self._session_state(session) for session in self.sessions.all()}
        usage, encoders = own_usage(), self.channels.encoders
        counts = {"encoders": encoders, "closing": self.sessions.closing, "usage": asdict(usage)}
        return JSONResponse({"sessions": sessions, "cameras": cameras, **counts})

    async def _snapshot(self, request: Request) -> Response:
        camera_id, profile = self._stream(request.path_params["camera"], request.query_params.get("profile", "tile"))
        self._require_picture(camera_id, profile)
        still = await snapshot(self.channels, camera_id, profile)
        return Response(
            still.jpeg,
            media_type="image/jpeg",
            headers={
                "X-Mask": still.mask,
                "X-Mask-Reason": still.reason,
                "X-Taken-Us": str(still.taken_us),
                "Cache-Control": "no-store",
            },
        )

    async def _still(self, request: Request) -> Response:
        """For who draws masks: without them, or with the ones being drawn."""
        body = await _body(request)
        camera_id, profile = self._stream(request.path_params["camera"], "hero")
        user, reason = body.get("user"), body.get("reason")
        if not isinstance(user, str) or not isinstance(reason, str) or not user or not reason.strip():
            raise _Refusal(400, "malformed", "user and reason must be text")
        try:
            asked = StillRequest.of(camera_id, body)
        except MaskProblems as error:
            raise _Refusal(422, "malformed", str(error)) from error
        self._require_picture(camera_id, profile)
        still: DrawingStill = await asyncio.to_thread(self._stills.take, DrawingRight(user, reason), asked)
        headers = {"X-Still": json.dumps(still.about), "Cache-Control": "no-store"}
        return Response(still.jpeg, media_type="image/jpeg", headers=headers)

    async def _sheet(self, request: Request) -> Response:
        only = request.query_params.get("only")
        sheet = await self.sheet.look(None if only is None else set(only.split(",")))
        ages = ",".join("-" if age_s is None else str(age_s) for age_s in sheet.ages_s)
        headers = {"X-Columns": str(sheet.columns), "X-Ages": ages, "Cache-Control": "no-store"}
        return Response(sheet.jpeg, media_type="image/jpeg", headers=headers)

    async def _masked(self, request: Request) -> Response:
        segment_id = int(request.path_params["segment"])
        from_us = _microseconds(request.query_params.get("from_us", "0"))
        return await self._render(lambda: (self._playback.masked_segment(segment_id, from_us), {}))

    async def _footage_still(self, request: Request) -> Response:
        take = {"thumbnail": self._footage_stills.thumbnail, "photo": self._footage_stills.photo}
        kind, segment_id = request.path_params["kind"], int(request.path_params["segment"])
        at_us = _microseconds(request.query_params.get("at_us", ""))
        if kind not in take:
            raise _Refusal(404, "malformed", "thumbnail or photo")
        still = await anyio.to_thread.run_sync(take[kind], segment_id, at_us, limiter=self._still_turns)
        headers = {"X-Mask": still.mask, "X-Taken-Us": str(still.taken_us), "Cache-Control": "no-store"}
        return Response(still.jpeg, media_type="image/jpeg", headers=headers)

    async def _motion(self, request: Request) -> Response:
        """segments: ids, by time, of one camera. region: polygon in 0…1. Answers a JSON document per line."""
        body = await _body(request)
        try:
            segments = [int(each) for each in body["segments"]]
            region = [(float(x), float(y)) for x, y in body["region"]]
            from_us, to_us = int(body["from_us"]), int(body["to_us"])
        except (KeyError, TypeError, ValueError) as error:
            raise _Refusal(400, "malformed", "segments, region, from_us and to_us are needed") from error

        def start() -> Streamed:
            return self._playback.motion(segments, region, from_us, to_us), {}

        return await self._searches.stream(start, "application/x-ndjson")

    async def _clip(self, request: Request) -> Response:
        query = request.query_params
        profile = query.get("profile", "")
        from_us, to_us = _microseconds(query.get("from_us", "")), _microseconds(query.get("to_us", ""))
        if profile not in ("main", "sub"):
            raise _Refusal(400, "malformed", "profile must be main or sub")
        camera_id = query.get("camera", "")
        style = EVIDENCE if query.get("use") == "evidence" else PLAIN
        style = replace(style, watermark=query.get("watermark", "")[:MAX_CHARS])

        lift = query.get("lift", "")
        if lift and not (lift.isdigit() and len(lift) <= 15):
            raise _Refusal(400, "malformed", "lift must be the number of a request")

        def start_lifted() -> Streamed:
            wanted = int(lift), camera_id, cast(Profile, profile), from_us, to_us
            clip = self._playback.lifted(*wanted, now_utc(self._clock))
            return clip.chunks, {"X-Clip-Start-Us": str(clip.start_us), "X-Clip-Kind": "lifted"}

        def start() -> Streamed:
            clip = self._playback.clip(camera_id, cast(Profile, profile), from_us, to_us, style)
            kind = "original" if clip.is_original else "painted"
            return clip.chunks, {"X-Clip-Start-Us": str(clip.start_us), "X-Clip-Kind": kind}

        return await self._render(start_lifted if lift else start)

    async def _render(self, start: Callable[[], Streamed]) -> Response:
        answer = await self._renderings.stream(start, "video/mp4")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _stream(self, camera: object, profile: object) -> tuple[CameraId, LiveProfile]:
        if profile not in ("tile", "hero"):
            raise _Refusal(400, "malformed", "profile must be tile or hero")
        if not isinstance(camera, str) or camera not in self._cameras:
            raise _Refusal(404, "unknown_camera", "no such camera")
        return CameraId(camera), profile

    def _require_picture(self, camera_id: CameraId, profile: LiveProfile) -> None:
        """A stream that is known to be down is not waited for; outside a decision nothing is shown."""
        self._require_open(camera_id)
        status = self.sources.status(camera_id)
        if status is None:
            raise _Refusal(409, "no_picture", "nothing heard from this camera's recording process")
        stream = status.sub if profile == "tile" and status.sub is not None else status.main
        if stream.state != "up":
            raise _Refusal(409, "no_picture", f"the camera is {stream.state}: {stream.detail}")

    def _require_open(self, camera_id: CameraId) -> None:
        gate = self._gate_of(camera_id)
        if not gate.is_open:
            code = {"pending": "decision_pending", "expired": "decision_expired"}.get(gate.state, "decision_missing")
            raise _Refusal(403, code, f"outside any decision: {gate.state} {gate.number}".rstrip())

    def _has_picture(self, camera_id: CameraId) -> bool:
        return not self._source_problem(camera_id, "tile")

    def _session_state(self, session: WhepSession) -> dict[str, Any]:
        newest = session.sender.newest
        camera_id, profile = session.channel.key
        decision = session.channel.decision
        return {
            "camera": camera_id,
            "profile": profile,
            "is_reduced": session.is_reduced,
            "user": session.user,
            "connected": session.connected,
            "rtp_timestamp": session.sender.rtp_timestamp if newest else None,
            "utc_us": newest.taken_us if newest else None,
            "mask": mask_state(decision) if decision else self._camera_state(camera_id)["mask"],
            "reason": self._source_problem(camera_id, profile) or (mask_reason(decision) if decision else ""),
            "frames": session.sender.frames,
        }

    def _source_problem(self, camera_id: CameraId, profile: LiveProfile) -> str:
        try:
            self._require_picture(camera_id, profile)
        except _Refusal as refusal:
            return refusal.detail
        return ""

    def _camera_state(self, camera_id: str) -> dict[str, str]:
        return camera_mask_state(
            self._cameras[camera_id], self._config.live, self.channels, self.masks, self.sources.poses, self._clock
        )


def _microseconds(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise _Refusal(400, "malformed", "times must be microseconds since the epoch") from error


async def _body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            raise _Refusal(413, "malformed", f"the body is larger than {MAX_BODY_BYTES} bytes")
    try:
        body = json.loads(data)
    except ValueError as error:
        raise _Refusal(400, "malformed", "the body is no JSON") from error
    if not isinstance(body, dict):
        raise _Refusal(400, "malformed", "the body must be a JSON object")
    return body


_MEANINGS: tuple[tuple[type[Exception], int, str], ...] = (
    (NoSession, 404, "not_found"),
    (NotAnOffer, 400, "sdp_malformed"),
    (NoH264, 406, "no_h264"),
    (IceRestartRefused, 422, "ice_restart"),
    (OfferRefused, 422, "sdp"),
    (TooManyViewers, 503, "busy"),
    (AllTaken, 503, "busy"),
    (TooManyOffers, 429, "too_many_requests"),
    (NoPicture, 409, "no_picture"),
    (FootageExpired, 410, "expired"),
    (FootageMissing, 404, "no_footage"),
    (Refused, 422, "malformed"),
    (KeyUnavailable, 410, "expired"),
    (StoreBusy, 503, "busy"),
    (StorageError, 500, "footage_damaged"),
)


def _guarded(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except _Refusal as refusal:
            return _problem(refusal.status, refusal.code, refusal.detail)
        except tuple(kind for kind, _, _ in _MEANINGS) as error:
            status, code = next((status, code) for kind, status, code in _MEANINGS if isinstance(error, kind))
            return _problem(status, code, str(error))

    return answer


def _problem(status: int, code: str, detail: str) -> Response:
    headers = {"Retry-After": str(_RETRY_S[code])} if code in _RETRY_S else {}
    return JSONResponse(
        {"type": "about:blank", "title": code.replace("_", " "), "status": status, "detail": detail, "code": code},
        status,
        headers=headers,
        media_type="application/problem+json",
    )
