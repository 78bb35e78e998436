"""The real web application on a real socket, with a scripted clock, a fake live process and a fake capture.

Fakes speak the real protocols: live answers HTTP on its unix socket, capture publishes on the real bus and answers
on the real request endpoint. Only what they answer is scripted.
"""

import asyncio
import json
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from recorder.segment_file import SegmentFile
from recorder.segment_format import SegmentHeader
from tests.fakes import T0_US, FakeClock
from tests.sqlite import migrated_sqlite
from vms.bus import BusPublisher, RequestServer
from vms.clock import now_utc
from vms.config import SiteConfig
from vms.errors import UitkijkError
from vms.keys import KeyRing, create_site_key
from vms.rules.access import ROLES
from vms.status import CameraStatus, StreamStatus
from vms.store import Store, audit, catalog, users
from vms.store.audit import AuditEntry
from vms.store.catalog import NewSegment, Segment
from vms.store.schema import VolumeRow
from vms.units import CameraId, Profile, us_from_utc, utc_from_us
from vms.volume import create_marker
from web.app import create_app
from web.passwords import token_hash
from web.patient_http import PatientProtocol

PASSWORD = "een-goed-wachtwoord"
PASSWORD_HASH = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Real argon2id at a price that two hundred logins can pay."""
OPEN, MASKED, TURNING = "plein-01", "markt-01", "toren-01"
"""Cameras: masks none · masks required · required, and it turns."""
PATROLS = [
    {"name": "Nacht", "steps": [{"preset": "Terras", "dwell_s": 20}, {"preset": "2", "dwell_s": 40}]},
    {"name": "Dag", "steps": [{"preset": "Deur", "dwell_s": 60}]},
]
"""Of the turning camera."""
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"


def eventually(check: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """The first true answer; other processes' threads are on their way."""
    end_s = time.monotonic() + timeout_s
    while not (answer := check()):
        assert time.monotonic() < end_s, "did not become true"
        time.sleep(0.02)
    return answer


class Served:
    """An ASGI application on a socket of its own, in a thread."""

    def __init__(self, app: Any, **config: Any) -> None:
        self.server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, loop="asyncio", http=PatientProtocol, ws="websockets-sansio",
                timeout_graceful_shutdown=1, **config,
            )
        )  # fmt: skip
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        eventually(lambda: self.server.started or not self.thread.is_alive())
        assert self.server.started

    @property
    def port(self) -> int:
        return self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()


@dataclass
class FakeLive:
    """What live was asked, and what it shall answer."""

    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    cameras: dict[str, dict[str, str]] = field(default_factory=dict)
    refuse: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    still: bytes = b"\xff\xd8bare"
    about_still: dict[str, Any] = field(default_factory=lambda: {"mask": "none"})
    motion: bytes = b'{"hits": [], "ended": true}\n'
    clip: bytes = b"masked clip " * 1000
    hold_clip: threading.Event = field(default_factory=threading.Event)
    break_clip: bool = False
    refuse_clips_of: str = ""
    """A camera: live is too busy for its clips."""

    def paths(self, method: str) -> list[str]:
        return [path for verb, path, _ in self.asked if verb == method]

    def app(self) -> Starlette:
        self.hold_clip.set()
        return Starlette(
            routes=[
                Route("/whep", self._offer, methods=["POST"]),
                Route("/whep/{session}", self._session, methods=["PATCH", "DELETE"]),
                Route("/sessions", self._sessions),
                Route("/snapshot/{camera}", self._snapshot),
                Route("/still/{camera}", self._still, methods=["POST"]),
                Route("/sheet", self._sheet),
                Route("/masked/{segment}", self._masked),
                Route("/clip", self._clip),
                Route("/footage/{segment}/{kind}", self._footage_still),
                Route("/motion", self._motion, methods=["POST"]),
            ]
        )

    async def _note(self, request: Request) -> Any:
        body = await request.body()
        known = json.loads(body) if body else None
        query = f"?{request.url.query}" if request.url.query else ""
        self.asked.append((request.method, request.url.path + query, known))
        return known

    async def _offer(self, request: Request) -> Response:
        body = await self._note(request)
        if "whep" in self.refuse:
            status, headers = self.refuse["whep"]
            return JSONResponse({"status": status, "detail": "says live"}, status, headers)
        session = f"session-{len(self.sessions) + 1:04d}"
        self.sessions[session] = {
            "camera": body["camera"], "profile": body["profile"], "user": body["user"], "rtp_timestamp": 90_000,
            "utc_us": T0_US, "mask": "ok", "reason": "", "is_reduced": False, "frames": 1,
        }  # fmt: skip
        return JSONResponse({"session": session, "sdp": "v=0\r\nanswer"}, 201)

    async def _session(self, request: Request) -> Response:
        await self._note(request)
        session = request.path_params["session"]
        if session not in self.sessions:
            return JSONResponse({"status": 404, "detail": "no session"}, 404)
        if request.method == "DELETE":
            del self.sessions[session]
        return JSONResponse({"after_rtp": 90_000})

    async def _sessions(self, _request: Request) -> Response:
        return JSONResponse({"sessions": self.sessions, "cameras": self.cameras})

    async def _snapshot(self, request: Request) -> Response:
        await self._note(request)
        return Response(b"\xff\xd8masked", media_type="image/jpeg", headers={"X-Mask": "ok"})

    async def _still(self, request: Request) -> Response:
        await self._note(request)
        return Response(self.still, media_type="image/jpeg", headers={"X-Still": json.dumps(self.about_still)})

    async def _sheet(self, request: Request) -> Response:
        await self._note(request)
        headers = {"X-Columns": "2", "X-Ages": "1,-,0"}
        return Response(b"\xff\xd8sheet", media_type="image/jpeg", headers=headers)

    async def _footage_still(self, request: Request) -> Response:
        await self._note(request)
        headers = {"X-Mask": "ok", "X-Taken-Us": request.query_params["at_us"]}
        return Response(b"\xff\xd8footage", media_type="image/jpeg", headers=headers)

    async def _motion(self, request: Request) -> Response:
        await self._note(request)
        return Response(self.motion, media_type="application/x-ndjson")

    async def _masked(self, request: Request) -> Response:
        await self._note(request)
        return StreamingResponse(self._bytes(), media_type="video/mp4")

    async def _clip(self, request: Request) -> Response:
        if self.refuse_clips_of == request.query_params["camera"]:
            return JSONResponse({"status": 503, "detail": "busy"}, 503)
        await self._note(request)
        return StreamingResponse(self._bytes(), media_type="video/mp4")

    async def _bytes(self) -> AsyncIterator[bytes]:
        half = len(self.clip) // 2
        yield self.clip[:half]
        while not self.hold_clip.is_set():
            await asyncio.sleep(0.01)
        if self.break_clip:
            raise ConnectionResetError("renderer fell")
        yield self.clip[half:]


class FakeCapture:
    """Publishes statuses on the bus and keeps what it was asked."""

    def __init__(self, config: SiteConfig) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuse: UitkijkError | None = None
        self.pose: dict[str, Any] = {}
        self.presets = [{"token": "1", "name": "Terras"}]
        self.publisher = BusPublisher(config.bus_endpoint(0))
        self.requests = RequestServer(config.control_endpoint(0), self._answer)
        self.publisher.start()
        self.requests.start()

    def operations(self) -> list[str]:
        return [request["op"] for request in self.asked]

    def stop(self) -> None:
        self.requests.stop()
        self.publisher.stop()

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(dict(request))
        if self.refuse:
            raise self.refuse
        if request["op"] == "ptz_presets":
            return {"presets": self.presets}
        if request["op"] == "ptz_pose":
            return self.pose
        if request["op"] == "ptz_save_preset":
            return {"ok": True, "preset": {"token": "9", "name": request["name"]}}
        return {"ok": True}


def stream_status(**changes: Any) -> StreamStatus:
    known: dict[str, Any] = {
        "state": "up", "since_us": T0_US, "detail": "", "codec": "h264", "width": 640, "height": 360, "fps": 12.5,
        "bitrate_bps": 500_000, "gop_s": 1.0, "last_frame_us": T0_US, "lost_packets": 0, "reconnects": 0,
        "recording": "on", "recording_detail": "",
    }  # fmt: skip
    return StreamStatus(**{**known, **changes})


def camera_status(camera: str, **changes: Any) -> CameraStatus:
    known: dict[str, Any] = {
        "camera_id": CameraId(camera), "at_us": T0_US, "main": stream_status(), "sub": stream_status(),
        "clock_skew_ms": 12.4, "ptz": "none", "ptz_detail": "",
    }  # fmt: skip
    return CameraStatus(**{**known, **changes})


@cache
def _database() -> bytes:
    """A migrated database with an account and a token per role, made once per run."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "u.db"
        store = Store(migrated_sqlite(path))
        now = utc_from_us(T0_US)
        with store.transaction() as tx:
            for role in ROLES:
                users.add(tx, role, f"Demo {role}", PASSWORD_HASH, [role], now)
                users.add_token(tx, role, token_hash(f"token-{role}"), [role], now, None)
        store.close()
        return path.read_bytes()


class Site:
    """One site with three cameras, an account and a token per role, and its web application running."""

    def __init__(
        self,
        cameras: Mapping[str, Mapping[str, Any]] | None = None,
        areas: Sequence[Mapping[str, Any]] = (),
        decisions: Mapping[str, Any] | None = None,
        web: Mapping[str, Any] | None = None,
        shifts: Mapping[str, Any] | None = None,
        audit: Mapping[str, Any] | None = None,
    ) -> None:
        """cameras: what else is configured of them, by id. Without second factors, unless web says otherwise."""
        self.directory = Path(tempfile.mkdtemp(prefix="uw-"))
        more = cameras or {}
        onvif = {"host": "127.0.0.1", "port": 9}
        self.config = SiteConfig.model_validate(
            {
                "site": {"name": "Venlo", "data_dir": str(self.directory)},
                "web": {"listen": "127.0.0.1:0", "second_factor": "off", **(web or {})},
                "areas": areas,
                "decisions": decisions or {"enforce": False},
                "shifts": shifts or {"required": False},
                "audit": audit or {},
                "cameras": [
                    known | dict(more.get(str(known["id"]), {}))
                    for known in (
                        {
                            "id": OPEN,
                            "number": 1,
                            "name": "Plein",
                            "main": "rtsp://127.0.0.1:9/a",
                            "masks": "none",
                            "neighbours": [{"id": TURNING, "side": "right", "preset": "Terras"}, MASKED],
                        },
                        {"id": MASKED, "number": 2, "name": "Markt", "main": "rtsp://127.0.0.1:9/b"},
                        {
                            "id": TURNING,
                            "number": 3,
                            "name": "Toren",
                            "kind": "ptz",
                            "onvif": onvif,
                            "neighbours": [MASKED],
                            "patrols": PATROLS,
                        },
                    )
                ],
            }
        )
        self.clock = FakeClock()
        (self.directory / "uitkijk.db").write_bytes(_database())
        self.store = Store(self.config.database_url)
        create_site_key(self.config.site_key_file)
        self.keys = KeyRing(self.directory / "keys", self.config.site_key_file)
        self.volume = self.config.volumes[0].path
        self.volume_uuid = create_marker(self.volume, now_utc(self.clock))
        with self.store.transaction() as tx:
            tx.add(VolumeRow(uuid=self.volume_uuid, path=str(self.volume), created_at=now_utc(self.clock)))
        self.config.run_dir.mkdir(exist_ok=True)
        self.live = FakeLive()
        self._live_server: Served | None = None
        self.start_live()
        self._capture: FakeCapture | None = None
        self._clients: list[httpx.Client] = []
        self._people: dict[tuple[str, str], httpx.Client] = {}
        self._web: Served | None = None
        self.start_web()

    @property
    def capture(self) -> FakeCapture:
        """Started at first use."""
        if self._capture is None:
            self._capture = FakeCapture(self.config)
        return self._capture

    def start_web(self) -> None:
        self._web = Served(create_app(self.config, self.store, self.clock), host="127.0.0.1", port=0)
        self.url = f"http://127.0.0.1:{self._web.port}"

    @property
    def app(self) -> Any:
        assert self._web is not None
        return self._web.server.config.app

    def stop_web(self) -> None:
        assert self._web is not None
        self._web.stop()
        self._web = None

    def start_live(self) -> None:
        self._live_server = Served(self.live.app(), uds=str(self.config.live_socket))

    def stop_live(self) -> None:
        assert self._live_server is not None
        self._live_server.stop()
        self._live_server = None

    def close(self) -> None:
        for client in self._clients:
            client.close()
        ending = [self._live_server.stop] if self._live_server else []
        ending += [self.stop_web] if self._web else []
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda stop: stop(), ending))
        if self._capture:
            self._capture.stop()  # last: web stops what still moves
        self.store.close()
        shutil.rmtree(self.directory)

    def client(self, role: str | None = None) -> httpx.Client:
        """With the bearer token of this role, or nobody's."""
        headers = {"Authorization": f"Bearer token-{role}"} if role else {}
        client = httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30, verify=False)
        self._clients.append(client)
        return client

    def browser(self, role: str) -> httpx.Client:
        """Signed in with cookie and CSRF token."""
        client = self.client()
        answer = client.post("/api/login", json={"username": role, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return client

    def person(self, role: str) -> httpx.Client:
        """The same login each time."""
        if (self.url, role) not in self._people:
            self._people[self.url, role] = self.browser(role)
        return self._people[self.url, role]

    def consultation(self, client: httpx.Client) -> int:
        answer = client.post("/api/consultations", json={"purpose": "heterdaad", "reference": "BVH 2026-118822"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def audit(self, action: str | None = None, result: str | None = None) -> list[AuditEntry]:
        """Oldest first."""
        with self.store.reading() as tx:
            rows = [record.entry for record in reversed(audit.newest(tx, 1000))]
        return [row for row in rows if action in (None, row.action) and result in (None, row.result)]

    def segment(
        self,
        camera: str,
        *,
        age: timedelta = timedelta(hours=1),
        content: bytes = b"",
        profile: Profile = "sub",
        decision_id: int | None = None,
    ) -> Segment:
        """60 s of footage, encrypted on disk when it has content."""
        start_at = now_utc(self.clock) - age
        return self._catalogued(camera, profile, start_at, content, decision_id)

    def _catalogued(
        self, camera: str, profile: Profile, start_at: datetime, content: bytes, decision_id: int | None
    ) -> Segment:
        key = self.keys.data_key(camera, start_at.date(), "public_order")
        start_us = us_from_utc(start_at)
        header = SegmentHeader(
            camera_id=CameraId(camera), profile=profile, codec="h264", start_us=start_us, starts_run=False,
            purpose="public_order", skew_ms=None, key_id=None, nonce=None,
        )  # fmt: skip
        file = SegmentFile(self.volume, header, key)
        file.append(bytearray(content))
        closed = file.finish()
        new = NewSegment(
            camera_id=CameraId(camera), profile=profile, volume_uuid=self.volume_uuid, path=closed.path,
            start_at=start_at, end_at=utc_from_us(start_us + 60_000_000), duration_90k=60 * 90_000,
            bytes=closed.bytes, codec="avc1.42c01f", width=640, height=360, sha256=closed.sha256, key_id=key.key_id,
            sidecar_sha256=None, starts_run=False, decision_id=decision_id,
        )  # fmt: skip
        with self.store.transaction() as tx:
            return catalog.add(tx, new)
