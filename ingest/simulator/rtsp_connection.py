"""One RTSP connection: requests in, answers out, its sessions. Event loop only."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final, Protocol

from ingest.simulator.feeds import CameraStream
from ingest.simulator.model import SimCamera
from ingest.simulator.rtsp_message import (
    Digest,
    Request,
    Response,
    parse_transport,
    take_message,
)
from ingest.simulator.rtsp_viewer import InterleavedPath, MediaPath, StreamViewer, UdpPath
from vms.errors import ProtocolError

log = logging.getLogger(__name__)

SESSION_TIMEOUT_S: Final = 60
_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_REALM: Final = "Uitkijk simulated street"
_MAX_SESSIONS: Final = 8


class Streams(Protocol):
    """What a connection needs from the server."""

    def stream(self, path: list[str]) -> CameraStream | None: ...
    async def describe(self, stream: CameraStream, url: str, local_host: str) -> str: ...


class RtspConnection(asyncio.Protocol):
    """closed: called once when the connection ended."""

    def __init__(self, streams: Streams, closed: Callable[["RtspConnection"], None]) -> None:
        self._streams = streams
        self._closed = closed
        self._buffer = bytearray()
        self._digest = Digest(_REALM, secrets.token_hex(16))
        self._sessions: dict[str, StreamViewer] = {}
        self._transport: asyncio.Transport | None = None
        self._last_heard_s = 0.0
        self._requests: asyncio.Queue[Request] = asyncio.Queue(maxsize=32)
        self._worker: asyncio.Task[None] | None = None
        self._cameras: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._last_heard_s = loop.time()
        self._worker = loop.create_task(self._answer_all())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        if self._worker is not None:
            self._worker.cancel()
        self._close_sessions()
        self._closed(self)

    def data_received(self, data: bytes) -> None:
        self._last_heard_s = asyncio.get_running_loop().time()
        self._buffer += data
        try:
            while (message := take_message(self._buffer)) is not None:
                if isinstance(message, Request):
                    self._requests.put_nowait(message)
        except (ProtocolError, asyncio.QueueFull) as error:
            log.info("rtsp_bad_client", extra={"reason": str(error)})
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End at once and wait for the answering task."""
        self.abort()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    def look_after(self, is_offline: Callable[[str], bool]) -> None:
        """Called a few times a second: power cuts and session time-outs."""
        if any(is_offline(camera_id) for camera_id in self._cameras):
            self.abort()
            return
        now_s = asyncio.get_running_loop().time()
        for session_id, viewer in tuple(self._sessions.items()):
            heard_s = self._last_heard_s
            if isinstance(viewer.path, UdpPath):
                heard_s = max(heard_s, viewer.path.last_heard_s)
            if now_s - heard_s > SESSION_TIMEOUT_S + 5:
                log.info("rtsp_session_timeout", extra={"camera": viewer.stream.camera.spec.id})
                self._sessions.pop(session_id).close()

    def _close_sessions(self) -> None:
        for viewer in self._sessions.values():
            viewer.close()
        self._sessions.clear()

    async def _answer_all(self) -> None:
        while True:
            request = await self._requests.get()
            stream = self._streams.stream(request.path)
            if stream is not None:
                faults = stream.camera.faults
                self._cameras.add(stream.camera.spec.id)
                if faults.offline:
                    self.abort()
                    return
                if faults.hang:
                    continue
            response = await self._respond(request, stream)
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(response.to_bytes(request.headers.get("cseq", "0")))

    async def _respond(self, request: Request, stream: CameraStream | None) -> Response:
        if request.method == "OPTIONS":
            return Response(headers={"Public": _METHODS})
        if stream is None:
            return Response(404)
        if not self._is_authorized(request, stream.camera):
            return Response(401, {"WWW-Authenticate": self._digest.challenge()})
        match request.method:
            case "DESCRIBE":
                return await self._describe(request, stream)
            case "SETUP":
                return self._setup(request, stream)
            case "PLAY" | "PAUSE" | "TEARDOWN" | "GET_PARAMETER" | "SET_PARAMETER":
                return self._in_session(request)
            case _:
                return Response(501)

    def _is_authorized(self, request: Request, camera: SimCamera) -> bool:
        if camera.faults.unauthorized:
            return False
        spec = camera.spec
        header = request.headers.get("authorization", "")
        return not spec.username or self._digest.accepts(header, request.method, spec.username, spec.password)

    async def _describe(self, request: Request, stream: CameraStream) -> Response:
        local_host = self._socket_host("sockname")
        text = await self._streams.describe(stream, request.url, local_host)
        base = request.url if request.url.endswith("/") else request.url + "/"
        return Response(200, {"Content-Base": base, "Content-Type": "application/sdp"}, text.encode())

    def _setup(self, request: Request, stream: CameraStream) -> Response:
        choice = parse_transport(request.headers.get("transport", ""))
        if choice is None or self._transport is None:
            return Response(461)
        if len(self._sessions) >= _MAX_SESSIONS:
            return Response(455)
        path: MediaPath
        if choice.channels is not None:
            path = InterleavedPath(self._transport, choice.channels)
            answer = f"RTP/AVP/TCP;unicast;interleaved={choice.channels[0]}-{choice.channels[1]}"
        else:
            assert choice.client_ports is not None
            udp = UdpPath(self._socket_host("sockname"), self._socket_host("peername"), choice.client_ports)
            path = udp
            answer = (
                f"RTP/AVP;unicast;client_port={choice.client_ports[0]}-{choice.client_ports[1]}"
                f";server_port={udp.server_ports[0]}-{udp.server_ports[1]}"
            )
        session_id = secrets.token_hex(8)
        self._sessions[session_id] = StreamViewer(stream, path, self.abort)
        return Response(200, {"Transport": answer, "Session": f"{session_id};timeout={SESSION_TIMEOUT_S}"})

    def _socket_host(self, which: str) -> str:
        address = self._transport.get_extra_info(which) if self._transport is not None else None
        return str(address[0]) if address else "127.0.0.1"

    def _in_session(self, request: Request) -> Response:
        session_id = request.headers.get("session", "").partition(";")[0].strip()
        viewer = self._sessions.get(session_id)
        if viewer is None:
            # A keep-alive without a session is harmless; many clients send one.
            return Response() if request.method.endswith("_PARAMETER") and not session_id else Response(454)
        headers = {"Session": session_id}
        match request.method:
            case "PLAY":
                viewer.play()
                headers["Range"] = "npt=0.000-"
            case "PAUSE":
                viewer.pause()
            case "TEARDOWN":
                viewer.close()
                del self._sessions[session_id]
        return Response(200, headers)
