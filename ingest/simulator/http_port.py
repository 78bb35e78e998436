"""A small HTTP/1.1 server for many ports: bounded in size, time and number of connections.

It knows what cameras and their clients use: Content-Length bodies and keep-alive. Everything else (chunked
bodies, pipelining beyond one request at a time, upgrades) is refused or not offered.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

log = logging.getLogger(__name__)

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 128 * 1024
MAX_HEADERS = 64
MAX_CONNECTIONS = 64
"""Per port."""
IDLE_S = 20.0
READ_S = 10.0
_STOP_S = 1.0
_SILENCE_CHECK_S = 0.1


class BadRequest(Exception):
    """The bytes are not a request this server takes."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class DropConnection(Exception):
    """Raised by a handler: close the connection at once and without an answer."""


class Silence(Exception):
    """Raised by a handler: keep the connection open without an answer until `is_over` or the client leaves."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__()
        self.is_over = is_over


@dataclass(frozen=True, slots=True)
class Request:
    """path: without the query. headers: lower-case names. local: the address the client connected to."""

    method: str
    path: str
    query: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    local: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Response:
    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


class HttpPort:
    """One listening port. All methods belong to the event loop's thread."""

    def __init__(self, handler: Handler, host: str, port: int, admit: Callable[[], bool] = lambda: True) -> None:
        """admit: asked at each connection and before each request; False closes without an answer.

        port: 0 takes a free one; `port` then tells which.
        """
        self._handler = handler
        self._host = host
        self._admit = admit
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = port

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._connected, self._host, self.port, limit=MAX_HEAD_BYTES, family=socket.AF_INET
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections, timeout=_STOP_S)
        await self._server.wait_closed()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MAX_CONNECTIONS or not self._admit():
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, DropConnection):
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()  # only `stop` cancels, and it waits for this task
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        local: tuple[str, int] = writer.get_extra_info("sockname")[:2]
        keep_alive = True
        while keep_alive:
            try:
                request = await _read_request(reader, writer, local)
            except BadRequest as refusal:
                log.info("http_refused", extra={"status": refusal.status.value, "reason": str(refusal)})
                await _write(writer, Response(refusal.status, f"{refusal}\n".encode()), keep_alive=False)
                return
            if request is None:
                return
            if not self._admit():
                raise DropConnection
            keep_alive = request.headers.get("connection", "").lower() != "close"
            try:
                response = await self._handler(request)
            except Silence as silence:
                await _stay_silent(reader, silence)
                return
            await _write(writer, response, keep_alive=keep_alive)


async def _read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, local: tuple[str, int]
) -> Request | None:
    """None: the client closed between requests, or was idle for too long."""
    try:
        async with asyncio.timeout(IDLE_S):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, TimeoutError):
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "request head is too large") from error
    method, target, headers = _parse_head(head)
    length = _body_length(method, headers)
    body = b""
    if length:
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async with asyncio.timeout(READ_S):
            body = await reader.readexactly(length)
    path, _, query = target.partition("?")
    return Request(method, path, query, target, headers, body, local)


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")[:-2]
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "request line is not METHOD /path HTTP/1.x")
    if len(lines) > MAX_HEADERS:
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many headers")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(HTTPStatus.BAD_REQUEST, "a header is not Name: value")
        if headers.setdefault(name.lower(), value.strip()) != value.strip():
            raise BadRequest(HTTPStatus.BAD_REQUEST, f"two different {name} headers")
    return parts[0], parts[1], headers


def _body_length(method: str, headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length, not a transfer encoding")
    text = headers.get("content-length")
    if text is None:
        if method == "POST":
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "POST needs a Content-Length")
        return 0
    if not text.isascii() or not text.isdigit():
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
    if len(text) > 12 or int(text) > MAX_BODY_BYTES:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"body is over {MAX_BODY_BYTES} bytes")
    return int(text)


async def _stay_silent(reader: asyncio.StreamReader, silence: Silence) -> None:
    while not silence.is_over():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SILENCE_CHECK_S):
                if not await reader.read(4096):
                    return


async def _write(writer: asyncio.StreamWriter, response: Response, *, keep_alive: bool) -> None:
    head = [
        f"HTTP/1.1 {response.status.value} {response.status.phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    writer.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + response.body)
    async with asyncio.timeout(READ_S):
        await writer.drain()
