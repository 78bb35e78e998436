"""ASGI layers around the whole application: security headers, and a bound on what a request may send."""

import asyncio
import base64
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import Problem

MAX_BODY_BYTES = 256 * 1024
"""Nothing a browser sends is larger; single routes bound tighter."""
BODY_WITHIN_S = 30.0
"""From the end of the headers to the end of the body."""
STREAMED = frozenset({"/api/controle"})
"""Their bodies are read as they come and not kept, so they may be of any size; each piece within BODY_WITHIN_S."""
_HSTS = "max-age=31536000; includeSubDomains"


def content_security_policy(nonce: str) -> str:
    """Only our own origin; scripts by file or by this response's nonce, never inline."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Sets `request.state.csp_nonce` for templates, and the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self._app = app
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = base64.urlsafe_b64encode(secrets.token_bytes(18)).decode()
        scope.setdefault("state", {})["csp_nonce"] = nonce
        path: str = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", content_security_policy(nonce))
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), display-capture=()"
                if self._tls:
                    headers["Strict-Transport-Security"] = _HSTS
                if not path.startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses a request whose body is larger than `max_bytes`, announced or not, or takes longer than BODY_WITHIN_S.

    Of a STREAMED path only a body that stands still.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        max_bytes = 1 << 62 if scope["path"] in STREAMED else self._max_bytes
        if not announced.isdigit() or int(announced) > max_bytes:
            await Problem("too_large").response()(scope, receive, send)
            return
        received = 0
        started = complete = False
        until_s = asyncio.get_running_loop().time() + BODY_WITHIN_S

        async def bounded() -> Message:
            nonlocal received, complete, until_s
            message = await receive() if complete else await _receive_until(receive, until_s)
            if scope["path"] in STREAMED:
                until_s = asyncio.get_running_loop().time() + BODY_WITHIN_S
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise Problem("too_large")
            return message

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, bounded, noting)
        except Problem as problem:
            if started:
                raise
            await problem.response()(scope, receive, send)


async def _receive_until(receive: Receive, until_s: float) -> Message:
    """until_s: of the event loop's clock. Raises Problem too_slow."""
    try:
        async with asyncio.timeout_at(until_s):
            return await receive()
    except TimeoutError:
        raise Problem("too_slow", headers={"Connection": "close"}) from None
