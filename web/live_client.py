"""Talking to the `live` process over its unix socket. The event loop's; nobody else reaches that socket."""

import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from vms.errors import UitkijkError
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


class LiveClient:
    """start() and close() in the event loop. Raises LiveDown, or Problem with what live answered."""

    def __init__(self, socket: Path) -> None:
        no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a unix socket: spares loading the system's certificates
        limits = httpx.Limits(max_connections=200)
        transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=limits, verify=no_tls)
        self._http = httpx.AsyncClient(
            transport=transport, base_url="http://live", timeout=_SIGNALLING_TIMEOUT, trust_env=False
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def offer(self, camera: str, profile: LiveProfile, sdp: str, user: str) -> tuple[str, str]:
        """(WHEP session id, SDP answer)."""
        body = {"camera": camera, "profile": profile, "sdp": sdp, "user": user}
        answer = (await self._ask("POST", "/whep", body)).json()
        return str(answer["session"]), str(answer["sdp"])

    async def swap(self, session: str, camera: str, profile: LiveProfile) -> int | None:
        """The RTP timestamp after which every picture is of this camera; None when live cannot tell."""
        answer = (await self._ask("PATCH", f"/whep/{session}", {"camera": camera, "profile": profile})).json()
        after_rtp = answer.get("after_rtp") if isinstance(answer, dict) else None
        return after_rtp if isinstance(after_rtp, int) else None

    async def trickle(self, session: str, fragment: str) -> None:
        await self._ask("PATCH", f"/whep/{session}", {"sdpfrag": fragment})

    async def hang_up(self, session: str) -> None:
        """Gone already is fine."""
        try:
            await self._ask("DELETE", f"/whep/{session}")
        except Problem as problem:
            if problem.status_code != 404:
                raise

    async def sessions(self) -> dict[str, Any]:
        """{"sessions": {id: …}, "cameras": {id: {mask, reason}}, "encoders": n, "usage": {…}}"""
        answer = (await self._ask("GET", "/sessions", timeout_s=2.0)).json()
        if not isinstance(answer, dict):
            raise LiveDown("the live process answered nonsense")
        return answer

    async def snapshot(self, camera: str, profile: LiveProfile) -> Snapshot:
        response = await self._ask("GET", f"/snapshot/{camera}?profile={profile}")
        return Snapshot(response.content, response.headers.get("x-mask", "fault"))

    async def drawing_still(self, camera: str, user: str, reason: str, asked: dict[str, Any]) -> DrawingStill:
        """For who draws masks; only after the audit log has it. asked: masks, lens, at_rest."""
        body = {**asked, "user": user, "reason": reason}
        response = await self._ask("POST", f"/still/{camera}", body, timeout_s=_STILL_TIMEOUT_S)
        return DrawingStill(response.content, response.headers.get("x-still", "{}"))

    async def sheet(self) -> Sheet:
        response = await self._ask("GET", "/sheet")
        return Sheet(response.content, int(response.headers["x-columns"]), response.headers["x-ages"])

    @asynccontextmanager
    async def masked(self, segment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._stream(f"/masked/{segment_id}") as chunks:
            yield chunks

    @asynccontextmanager
    async def clip(
        self, camera: str, profile: Profile, from_us: int, to_us: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        query = f"camera={camera}&profile={profile}&from_us={from_us}&to_us={to_us}"
        async with self._stream(f"/clip?{query}") as chunks:
            yield chunks

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float | None = None
    ) -> httpx.Response:
        timeout = httpx.Timeout(timeout_s) if timeout_s else _SIGNALLING_TIMEOUT
        try:
            response = await self._http.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise LiveDown(f"the live process does not answer: {type(error).__name__}") from error
        _check(response.status_code, response.headers, response.content)
        return response

    @asynccontextmanager
    async def _stream(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            async with self._http.stream("GET", path, timeout=_RENDER_TIMEOUT) as response:
                if response.status_code >= 400:
                    _check(response.status_code, response.headers, await response.aread())
                yield _chunks(response)
        except httpx.HTTPError as error:
            raise LiveDown(f"the live process broke off: {type(error).__name__}") from error


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
