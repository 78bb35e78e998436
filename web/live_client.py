"""Talking to the `live` processes over their unix sockets. The event loop's; nobody else reaches those."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import httpx

from vms.errors import UitkijkError
from vms.rules.live_shards import shard_of
from vms.units import LiveProfile, Profile
from web.problems import TEXTS, Problem

log = logging.getLogger(__name__)

_SIGNALLING_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)
_RENDER_TIMEOUT: Final = httpx.Timeout(30.0, connect=2.0, pool=5.0)
"""Between two pieces of a rendered stream, not for the whole of it."""
_STILL_TIMEOUT_S = 12.0
"""A camera that was told to turn may take some seconds to stand still."""
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_CODES = {
    400: "sdp_malformed",
    404: "unknown_camera",
    406: "no_h264",
    409: "no_picture",
    410: "expired",
    422: "sdp",
    429: "too_many_requests",
    503: "busy",
}


class LiveDown(UitkijkError):
    """The live process does not answer; the supervisor restarts it."""

    problem_code = "live_down"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """jpeg is masked; mask is what live says about it: ok, fault (then the picture is grey) or none."""

    jpeg: bytes
    mask: str


@dataclass(frozen=True, slots=True)
class FootageStill:
    """jpeg is masked. taken_us: of the very picture."""

    jpeg: bytes
    mask: str
    taken_us: int


@dataclass(frozen=True, slots=True)
class DrawingStill:
    """jpeg is not masked, or by what is being drawn. about: JSON of live's."""

    jpeg: bytes
    about: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All cameras in the order of the configuration, row by row. ages_s: comma-separated, "-" = no picture."""

    jpeg: bytes
    columns: int
    ages_s: str


@dataclass(frozen=True, slots=True)
class LiveClip:
    """chunks: of an MP4 whose time 0 is start_us."""

    start_us: int
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class LiveAnswers:
    """What the live processes that answer say of themselves, by name; silent: those that do not."""

    by_process: dict[str, dict[str, Any]]
    silent: tuple[str, ...]


class LiveClient:
    """close() in the event loop. Raises LiveDown, or Problem with what live answered.

    sockets: of all live processes, by their names, in the order of their shards. Each serves its share of the cameras;
    a session's id tells whose it is (vms.rules.live_shards).
    """

    def __init__(self, sockets: Mapping[str, Path]) -> None:
        self._https = {name: _client(socket) for name, socket in sockets.items()}

    async def close(self) -> None:
        for http in self._https.values():
            await http.aclose()

    def _of(self, name: str) -> httpx.AsyncClient:
        """Who serves this camera, or has this session."""
        https = list(self._https.values())
        return https[shard_of(name, len(https))]

    async def offer(self, camera: str, profile: LiveProfile, sdp: str, user: str) -> tuple[str, str]:
        """(WHEP session id, SDP answer)."""
        body = {"camera": camera, "profile": profile, "sdp": sdp, "user": user}
        answer = (await self._ask(self._of(camera), "POST", "/whep", body)).json()
        return str(answer["session"]), str(answer["sdp"])

    async def swap(self, session: str, camera: str, profile: LiveProfile) -> int | None:
        """The RTP timestamp after which every picture is of this camera; None when live cannot tell.

        Raises Problem other_process when another live process serves that camera: then it takes a new offer.
        """
        http = self._of(session)
        if self._of(camera) is not http:
            raise Problem("other_process")
        body = {"camera": camera, "profile": profile}
        answer = (await self._ask(http, "PATCH", f"/whep/{session}", body)).json()
        after_rtp = answer.get("after_rtp") if isinstance(answer, dict) else None
        return after_rtp if isinstance(after_rtp, int) else None

    async def trickle(self, session: str, fragment: str) -> None:
        await self._ask(self._of(session), "PATCH", f"/whep/{session}", {"sdpfrag": fragment})

    async def hang_up(self, session: str) -> None:
        """Gone already is fine."""
        try:
            await self._ask(self._of(session), "DELETE", f"/whep/{session}")
        except Problem as problem:
            if problem.status_code != 404:
                raise

    async def sessions(self) -> LiveAnswers:
        """Of each: {"sessions": {id: …}, "cameras": {id: {mask, reason}}, "encoders": n, "usage": {…}}"""
        answers = await asyncio.gather(*map(self._sessions_of, self._https.values()))
        named = dict(zip(self._https, answers, strict=True))
        answering = {name: answer for name, answer in named.items() if answer is not None}
        return LiveAnswers(answering, tuple(name for name in named if name not in answering))

    async def _sessions_of(self, http: httpx.AsyncClient) -> dict[str, Any] | None:
        try:
            answer = (await self._ask(http, "GET", "/sessions", timeout_s=2.0)).json()
        except (LiveDown, Problem, ValueError) as error:
            log.debug("live_not_heard", extra={"reason": str(error)})
            return None
        return answer if isinstance(answer, dict) else None

    async def snapshot(self, camera: str, profile: LiveProfile) -> Snapshot:
        response = await self._ask(self._of(camera), "GET", f"/snapshot/{camera}?profile={profile}")
        return Snapshot(response.content, response.headers.get("x-mask", "fault"))

    async def drawing_still(self, camera: str, user: str, reason: str, asked: dict[str, Any]) -> DrawingStill:
        """For who draws masks; only after the audit log has it. asked: masks, lens, at_rest."""
        body = {**asked, "user": user, "reason": reason}
        response = await self._ask(self._of(camera), "POST", f"/still/{camera}", body, timeout_s=_STILL_TIMEOUT_S)
        return DrawingStill(response.content, response.headers.get("x-still", "{}"))

    async def sheet(self, only: Sequence[str] | None = None) -> Sheet:
        """Made by the first process; the others give it their stills. only: of these cameras."""
        query = "" if only is None else f"?only={','.join(only)}"
        response = await self._ask(next(iter(self._https.values())), "GET", f"/sheet{query}")
        return Sheet(response.content, int(response.headers["x-columns"]), response.headers["x-ages"])

    async def footage_still(
        self, camera: str, segment_id: int, kind: Literal["thumbnail", "photo"], at_us: int
    ) -> FootageStill:
        """camera: of that segment."""
        response = await self._ask(self._of(camera), "GET", f"/footage/{segment_id}/{kind}?at_us={at_us}")
        headers = response.headers
        return FootageStill(response.content, headers.get("x-mask", "fault"), int(headers.get("x-taken-us", at_us)))

    @asynccontextmanager
    async def motion(self, camera: str, search: dict[str, Any]) -> AsyncIterator[AsyncIterator[bytes]]:
        """search: segments of this camera, region, from_us, to_us. A JSON document per line."""
        async with self._stream(self._of(camera), "/motion", search) as lines:
            yield lines

    @asynccontextmanager
    async def masked(self, camera: str, segment_id: int, from_us: int = 0) -> AsyncIterator[AsyncIterator[bytes]]:
        """camera: of that segment."""
        query = f"?from_us={from_us}" if from_us else ""
        async with self._stream(self._of(camera), f"/masked/{segment_id}{query}") as chunks:
            yield chunks

    @asynccontextmanager
    async def clip(self, camera: str, profile: Profile, from_us: int, to_us: int) -> AsyncIterator[LiveClip]:
        query = f"camera={camera}&profile={profile}&from_us={from_us}&to_us={to_us}"
        async with self._opened(self._of(camera), f"/clip?{query}") as response:
            yield LiveClip(int(response.headers.get("x-clip-start-us", from_us)), _chunks(response))

    async def _ask(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        timeout = httpx.Timeout(timeout_s) if timeout_s else _SIGNALLING_TIMEOUT
        try:
            response = await http.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise LiveDown(f"the live process does not answer: {type(error).__name__}") from error
        _check(response.status_code, response.headers, response.content)
        return response

    @asynccontextmanager
    async def _stream(
        self, http: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._opened(http, path, body) as response:
            yield _chunks(response)

    @asynccontextmanager
    async def _opened(
        self, http: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None
    ) -> AsyncIterator[httpx.Response]:
        method = "GET" if body is None else "POST"
        try:
            async with http.stream(method, path, json=body, timeout=_RENDER_TIMEOUT) as response:
                if response.status_code >= 400:
                    _check(response.status_code, response.headers, await response.aread())
                yield response
        except httpx.HTTPError as error:
            raise LiveDown(f"the live process broke off: {type(error).__name__}") from error


def _client(socket: Path) -> httpx.AsyncClient:
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a unix socket: spares loading the system's certificates
    limits = httpx.Limits(max_connections=200)
    transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=limits, verify=no_tls)
    return httpx.AsyncClient(transport=transport, base_url="http://live", timeout=_SIGNALLING_TIMEOUT, trust_env=False)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.HTTPError as error:
        raise LiveDown(f"the live process broke off: {type(error).__name__}") from error


def _check(status: int, headers: httpx.Headers, content: bytes) -> None:
    """Pass on what live refused, in our words; its sentence goes into `detail`."""
    if status < 400:
        return
    code, detail = _CODES.get(status, "live_error"), ""
    try:
        problem = json.loads(content[:_MAX_ANSWER_BYTES])
        detail = str(problem.get("detail", ""))[:500]
        code = problem["code"] if problem.get("code") in TEXTS else code
    except (ValueError, AttributeError, KeyError):
        log.warning("live_answer_unreadable", extra={"status": status})
    retry = {"Retry-After": headers["retry-after"]} if "retry-after" in headers else {}
    raise Problem(code, detail=detail, headers=retry, status=status if status < 500 or status == 503 else 502)
