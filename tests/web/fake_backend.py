"""A stand-in for API and live process behind the real pages: state by hand, pictures from one encoded loop."""

import asyncio
import fractions
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from fake_deps import FakeDeps
from fake_following import following_routes, ways
from fake_incidents import incident_routes
from fake_pictures import CLOCK_90K, FPS, SEGMENT_S, encoded_loop, picture, segment_mp4
from fake_records import footage_routes, hold_routes, now_us, oversight_routes, problem
from fake_shifts import placement_routes, shift_routes
from fake_wall import wall_routes
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

from vms.rules.sheet_layout import columns_of
from web import pages
from web.security_headers import SecurityHeaders


@dataclass
class Backend:
    """Everything the browser can see, to be changed by a test."""

    cameras: list[dict[str, Any]]
    states: dict[str, dict[str, Any]]
    roles: list[str] = field(default_factory=lambda: ["observer"])
    logged_in: bool = True
    first_run: bool = False
    frozen: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    sessions: dict[str, "Viewer"] = field(default_factory=dict)
    sockets: set[WebSocket] = field(default_factory=set)
    silent: bool = False
    has_video: bool = True
    elsewhere: set[str] = field(default_factory=set)
    """Cameras that another live process serves than all others."""
    ages: dict[str, str] = field(default_factory=dict)
    layouts: list[dict[str, Any]] = field(default_factory=list)
    areas: list[dict[str, Any]] = field(default_factory=list)
    views: dict[str, dict[str, float]] = field(default_factory=dict)
    ground: Path | None = None
    loop: asyncio.AbstractEventLoop | None = None
    alarms: list[dict[str, Any]] = field(default_factory=list)
    trails: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    incident_keys: dict[str, int] = field(default_factory=dict)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)
    refused_pages: list[str] = field(default_factory=list)
    awaits_shift: bool = False
    segments: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    stretches: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, int]] = field(default_factory=list)
    motion: list[dict[str, Any]] = field(default_factory=list)
    skew_ms: dict[str, int] = field(default_factory=dict)
    absent: dict[str, set[int]] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    holds: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    crossings: list[dict[str, Any]] = field(default_factory=list)
    retention_from_us: int = 0
    refuse_media: int = 0
    encrypted: bool = True
    disk: dict[str, Any] = field(
        default_factory=lambda: {
            "volume": "media-1", "path": "/srv/media-1", "total_bytes": 8 * 10**12, "free_bytes": 3 * 10**12,
            "used_pct": 62.5, "fault": "", "fault_detail": "", "high_water_pct": 92, "is_above_high_water": False,
            "write_bytes_per_s": 40_000_000, "days_to_full": None, "fits_days": 31.4,
        }
    )  # fmt: skip
    proof: dict[str, Any] = field(
        default_factory=lambda: {
            "at_us": now_us(), "days": 28, "limit_us": now_us() - 28 * 86_400_000_000,
            "oldest_frame_us": now_us() - 10**12,
            "purposes": [
                {
                    "purpose": "public_order",
                    "basis": "art. 151c Gemeentewet",
                    "days": [14, 28],
                    "cameras": 24,
                    "oldest_frame_us": now_us() - 10**12,
                },
                {"purpose": "harbour", "basis": "", "days": [7], "cameras": 1, "oldest_frame_us": None},
            ],
            "files": 1234, "bytes": 5 * 10**9, "held_files": 2, "erased_in_total": 99, "last_run_us": None,
            "evidence": {"holds": 1, "files": 3, "bytes": 10**8},
            "ledger_closes": True, "findings": [], "findings_in_total": 0,
        }
    )  # fmt: skip
    chain: dict[str, Any] = field(
        default_factory=lambda: {
            "at_us": 0,
            "rows": 2,
            "sealed_rows": 2,
            "key_read": True,
            "closes": True,
            "findings": [],
            "findings_in_total": 0,
        }
    )

    def raise_alarm(self, camera: str, code: str, text: str) -> None:
        self.alarms.append({
            "type": "alarm", "id": len(self.alarms) + 1, "at_us": now_us(), "camera": camera, "code": code,
            "text_nl": text, "text_en": text, "detail": "", "acknowledged_by": "", "acknowledged_us": None,
        })  # fmt: skip

    def calls(self, part: str) -> list[tuple[str, str, Any]]:
        return [call for call in self.requests if part in call[1]]


def make_backend(count: int) -> Backend:
    cameras = [
        {
            "id": f"camera-{n:02d}",
            "number": n,
            "name": ["Markt", "Parade", "Vleesstraat", "Station", "Klaasstraat", "Havenkade"][n % 6],
            "kind": "ptz" if n % 3 == 1 else "fixed",
            "area": ["Binnenstad", "Stationsgebied", "Haven"][(n - 1) * 3 // max(count, 3)],
            "purpose": "public_order",
            "can_turn": n % 3 == 1,
            "masks": "required" if n % 3 == 1 else "none",
            "neighbours": [f"camera-{m:02d}" for m in (n - 1, n + 1) if 1 <= m <= count],
            "lat": 51.37 + n // 3 * 0.0012,
            "lon": 6.17 + n % 3 * 0.0018,
            "reach_m": 60,
            "has_sub": True,
        }
        for n in range(1, count + 1)
    ]
    for camera in cameras:
        camera["ways"] = ways(camera["neighbours"], turns=camera["can_turn"])
    states = {
        camera["id"]: {
            "source": "up",
            "reason": "up",
            "since_us": now_us(),
            "detail": "",
            "rec": "on",
            "rec_reason": "",
            "rec_detail": "",
            "mask": "ok" if camera["can_turn"] else "none",
            "mask_reason": "",
            "ptz": "free" if camera["can_turn"] else "none",
            "ptz_holder": None,
            "ptz_fault": "",
            "patrol": None,
            "skew_ms": 12,
        }
        for camera in cameras
    }
    return Backend(cameras, states)


class Loop(MediaStreamTrack):
    """Sends the chosen camera's encoded loop in real time; silent while that camera is frozen."""

    kind = "video"

    def __init__(self, backend: Backend, number: int) -> None:
        super().__init__()
        self.backend = backend
        self.number = number
        self.sent_90k = 0
        self.sent_us = 0
        self.frames = 0
        self._shown, self._first = number, 1
        self._started = time.monotonic()
        self._loops: dict[int, list[bytes]] = {}

    async def recv(self) -> av.Packet:
        while True:
            self.frames += 1
            await asyncio.sleep(max(0.0, self._started + self.frames / FPS - time.monotonic()))
            if f"camera-{self.number:02d}" not in self.backend.frozen:
                break
        if self.number != self._shown:  # from a keyframe on
            self._shown, self._first = self.number, self.frames
        if self.number not in self._loops:
            self._loops[self.number] = await asyncio.to_thread(encoded_loop, self.number)
        packet = av.Packet(self._loops[self.number][(self.frames - self._first) % FPS])
        packet.pts = packet.dts = self.frames * CLOCK_90K // FPS
        packet.time_base = fractions.Fraction(1, CLOCK_90K)
        self.sent_90k, self.sent_us = packet.pts, now_us()
        return packet


@dataclass
class Viewer:
    peer: RTCPeerConnection
    track: Loop
    sender: RTCRtpSender
    camera: str
    is_reduced: bool = False

    def state(self) -> dict[str, Any]:
        stamp = self.sender._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
        return {
            "rtp_timestamp": stamp, "utc_us": self.track.sent_us, "mask": "none", "reason": "",
            "is_reduced": self.is_reduced,
        }  # fmt: skip


def number_of(camera: str) -> int:
    return int(camera.rsplit("-", 1)[1])


def make_app(backend: Backend) -> FastAPI:
    app = FastAPI()
    app.include_router(pages.router)
    _session_routes(app, backend)
    following_routes(app, backend)
    _camera_routes(app, backend)
    wall_routes(app, backend)
    _live_routes(app, backend)
    oversight_routes(app, backend)
    footage_routes(app, backend)
    hold_routes(app, backend)
    shift_routes(app)
    placement_routes(app)
    incident_routes(app, backend)
    _socket_route(app, backend)
    app.add_middleware(SecurityHeaders, tls=False)

    @app.middleware("http")
    async def record(request: Request, call_next: Any) -> Response:
        body = await request.body() if "json" in request.headers.get("content-type", "") else b""
        backend.requests.append((request.method, request.url.path, body.decode()))
        return await call_next(request)

    return app


def _session_routes(app: FastAPI, backend: Backend) -> None:
    @app.post("/api/login")
    async def login(request: Request) -> Any:
        if (await request.json())["password"] != "goed":
            return problem(401, "login_failed", "Gebruikersnaam of wachtwoord klopt niet.")
        backend.logged_in = True
        return {"csrf_token": "csrf"}

    @app.post("/api/logout")
    def logout() -> dict[str, bool]:
        backend.logged_in = False
        return {"ok": True}

    @app.get("/api/me")
    def me() -> Any:
        if not backend.logged_in:
            return problem(401, "unauthenticated", "Log eerst in.")
        return {"username": "jan", "display_name": "Jan de Wit", "roles": backend.roles, "csrf_token": "csrf"}

    @app.get("/api/account")
    def account() -> dict[str, Any]:
        factor = {"is_needed": True, "is_coupled": True, "recovery_codes_left": 2}
        whole = {"is_local": True, "is_break_glass": False, "second_factor": factor}
        return {"username": "jan", "display_name": "Jan de Wit", "roles": backend.roles} | whole

    @app.get("/api/sessions")
    @app.get("/api/users/sessions")
    def sessions() -> dict[str, Any]:
        one = {"username": "jan", "display_name": "Jan de Wit", "workstation": "10.1.2.3", "method": "totp"}
        times = {"began_us": now_us(), "seen_us": now_us(), "ends_us": now_us()}
        return {"sessions": [one | times | {"id": str(n), "is_this": n == 0} for n in range(2)]}

    @app.get("/api/users")
    def users() -> dict[str, Any]:
        grant = {
            "role": "observer",
            "group": "Haven",
            "purpose": "",
            "from_us": now_us(),
            "to_us": None,
            "reason": "inval",
        }
        given = grant | {"given_by": "beheer", "given_us": now_us(), "revoked_us": None, "revoked_by": ""}
        past = {"id": 2, "state": "revoked", "revoked_us": now_us(), "revoked_by": "beheer"}
        one = {"roles": ["observer"], "active": True, "is_break_glass": False, "is_local": True}
        piet = {
            "username": "piet",
            "display_name": "Piet",
            "grants": [given | {"id": 1, "state": "holds"}, given | past],
        }
        jan = {"username": "jan", "display_name": "Jan de Wit", "grants": []}
        choices = {"roles": ["observer"], "groups": ["Haven"], "purposes": ["public_order"]}
        return {"users": [one | piet, one | jan]} | choices


def _camera_routes(app: FastAPI, backend: Backend) -> None:
    @app.get("/api/cameras")
    def cameras() -> dict[str, Any]:
        return {"cameras": backend.cameras}

    @app.get("/api/status")
    def status() -> dict[str, Any]:
        stream = {
            "state": "up", "since_us": now_us() - 10**9, "detail": "", "codec": "h264", "width": 640, "height": 360,
            "fps": float(FPS), "bitrate_bps": 512_000, "gop_s": 1.0, "last_frame_us": now_us(), "lost_packets": 0,
            "reconnects": 0, "recording": "on", "recording_detail": "",
        }  # fmt: skip
        main = stream | {"width": 1920, "height": 1080, "bitrate_bps": 4_100_000}
        return {
            "server_us": now_us(),
            "cameras": {id_: state | {"main": main, "sub": stream} for id_, state in backend.states.items()},
            "disk": [backend.disk],
            "encrypted": backend.encrypted,
            "processes": [
                {"name": name, "state": "running", "restarts": restarts}
                for name, restarts in (("capture-0", 0), ("live", 1), ("web", 0), ("retention", 0))
            ],
        }

    @app.get("/api/cameras/{camera}/snapshot")
    def snapshot(camera: str) -> Response:
        pixels = picture(number_of(camera), 3, 320, 180).to_ndarray(format="bgr24")
        return Response(cv2.imencode(".jpg", pixels)[1].tobytes(), media_type="image/jpeg")

    @app.get("/api/overview")
    def overview() -> Response:
        cells = [picture(number_of(camera["id"]), 3, 240, 136).to_ndarray(format="bgr24") for camera in backend.cameras]
        columns = columns_of(len(cells))
        cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
        rows = [np.hstack(cells[at : at + columns]) for at in range(0, len(cells), columns)]
        ages = ",".join(backend.ages.get(camera["id"], "1") for camera in backend.cameras)
        headers = {"X-Columns": str(columns), "X-Ages": ages}
        jpeg = cv2.imencode(".jpg", np.vstack(rows))[1].tobytes()
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    @app.get("/api/cameras/{camera}/ptz/presets")
    def presets(camera: str) -> dict[str, Any]:
        names = ["Overzicht", "Terras", "Fietsenrek", "Ingang"]
        return {"presets": [{"token": str(n), "name": name} for n, name in enumerate(names, 1)]}

    @app.post("/api/cameras/{camera}/ptz/{what}")
    def ptz(camera: str, what: str) -> Any:
        state = backend.states[camera]
        if state["ptz"] == "other":
            return problem(409, "ptz_busy", "Iemand anders bestuurt deze camera.")
        state["ptz"] = "free" if what == "release" else "mine"
        return {"holder": None}


def _live_routes(app: FastAPI, backend: Backend) -> None:
    @app.post("/whep/{camera}")
    async def offer(camera: str, request: Request) -> Response:
        if not backend.has_video or backend.states[camera]["source"] not in ("up", "stalled"):
            return problem(409, "no_picture", "Nog geen beeld van deze camera.")
        sdp = (await request.body()).decode()
        sdp = "\r\n".join(line for line in sdp.splitlines() if ".local" not in line) + "\r\n"
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        track = Loop(backend, number_of(camera))
        transceiver = peer.addTransceiver("video", "sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in ("video/H264", "video/rtx")])
        transceiver.sender.replaceTrack(track)
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        backend.loop = asyncio.get_running_loop()
        session = uuid.uuid4().hex
        backend.sessions[session] = Viewer(peer, track, transceiver.sender, camera)
        return Response(
            peer.localDescription.sdp, 201, {"Location": f"/whep/session/{session}"}, media_type="application/sdp"
        )

    @app.patch("/api/live/{session}")
    async def swap(session: str, request: Request) -> Any:
        viewer = backend.sessions.get(session)
        if viewer is None:
            return problem(404, "not_found", "Dit bestaat niet.")
        wanted = await request.json()
        if (wanted["camera"] in backend.elsewhere) != (viewer.camera in backend.elsewhere):
            return problem(409, "other_process", "Deze camera vraagt een nieuwe verbinding.")
        after_rtp = viewer.state()["rtp_timestamp"]
        viewer.camera = wanted["camera"]
        viewer.track.number = number_of(wanted["camera"])
        return wanted | {"after_rtp": after_rtp}

    @app.delete("/whep/session/{session}")
    async def close(session: str) -> dict[str, bool]:
        viewer = backend.sessions.pop(session, None)
        if viewer:
            await viewer.peer.close()
        return {"ok": True}


def _socket_route(app: FastAPI, backend: Backend) -> None:
    @app.websocket("/api/ws")
    async def ws(socket: WebSocket) -> None:
        while backend.silent:
            await asyncio.sleep(0.05)
        await socket.accept()
        await socket.send_json({"type": "hello", "server_us": now_us()})
        backend.sockets.add(socket)
        sending = asyncio.create_task(_send_digests(socket, backend))
        try:
            while True:
                message = await socket.receive_json()
                if not backend.silent:
                    await socket.send_json({"type": "pong", "t": message["t"], "server_us": now_us()})
        except WebSocketDisconnect:
            pass
        finally:
            backend.sockets.discard(socket)
            sending.cancel()


async def _send_digests(socket: WebSocket, backend: Backend) -> None:
    while True:
        if not backend.silent:
            sessions = {id_: viewer.state() for id_, viewer in backend.sessions.items()}
            for id_, viewer in backend.sessions.items():
                sessions[id_]["mask"] = backend.states[viewer.camera]["mask"]
            states = backend.states.values()
            counts = {
                "cameras": len(states),
                "up": sum(state["source"] == "up" for state in states),
                "recording_faults": sum(state["rec"] == "fault" for state in states),
            }
            watches = backend.roles != ["policy_officer"]
            seen = {"cameras": backend.states, "sessions": sessions} if watches else {"cameras": {}, "sessions": {}}
            await socket.send_json({"type": "alarms", "alarms": backend.alarms})
            await socket.send_json({"type": "digest", "server_us": now_us(), "counts": counts, **seen})
        await asyncio.sleep(1)


def _hang_up(backend: Backend) -> None:
    """A server that ends takes its connections along; their sockets are its event loop's."""
    if backend.loop is None:
        return
    for viewer in list(backend.sessions.values()):
        asyncio.run_coroutine_threadsafe(viewer.peer.close(), backend.loop).result(5)
    backend.sessions.clear()
    backend.loop = None


@contextmanager
def serving(backend: Backend, port: int = 0) -> Iterator[str]:
    """The fake on a free port, in a thread of its own. Yields its address."""
    real, pages.deps = pages.deps, FakeDeps(backend)  # type: ignore[assignment]
    config = uvicorn.Config(
        make_app(backend), host="127.0.0.1", port=port, log_level="warning", ws="websockets-sansio", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="fake-web")
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        _hang_up(backend)
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        pages.deps = real


def lay_down_footage(backend: Backend, minutes: int = 5, hole_minutes: int = 1, start_us: int | None = None) -> int:
    """Ten-second segments with a hole in the middle; default: of the last minutes. Returns the first one's start."""
    start_us = (now_us() // 60_000_000 - minutes) * 60_000_000 if start_us is None else start_us
    media = segment_mp4(2)
    count = minutes * 60 // SEGMENT_S
    hole = range(count // 2, count // 2 + hole_minutes * 60 // SEGMENT_S)
    for index in range(count):
        if index in hole:
            continue
        at_us = start_us + index * SEGMENT_S * 1_000_000
        backend.media[str(index + 1)] = media
        backend.segments.append({
            "id": index + 1, "start_us": at_us, "end_us": at_us + SEGMENT_S * 1_000_000, "codec": "avc1.42c01e",
            "url": f"/api/media/{index + 1}?consultation=7", "starts_run": index in (0, hole.stop),
        })  # fmt: skip
    backend.gaps.append({
        "start_us": start_us + hole.start * SEGMENT_S * 1_000_000,
        "end_us": start_us + hole.stop * SEGMENT_S * 1_000_000,
        "open": False, "reason": "unreachable", "detail": "",
    })  # fmt: skip
    backend.retention_from_us = start_us - 2 * 86_400_000_000
    return start_us
