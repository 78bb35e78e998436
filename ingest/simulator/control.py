"""The simulator's control port: JSON over HTTP, for tests, demos and curious people. Listens where cameras do.

GET  /cameras                    every camera: state, true view, faults, addresses
GET  /cameras/{id}/truth?at_us=  where it really looked at that server time (default: now)
POST /cameras/{id}/faults        partial update of its faults
POST /cameras/{id}/knock         hit the pole: {"pan_deg": 6, "tilt_deg": -4}
POST /cameras/{id}/reboot        offline for some seconds, then homed
POST /faults/clear               all cameras are well again

No answer ever holds a credential. Browsers are refused: a page must not be able to move a camera's faults.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

from ingest.simulator.faults import Degrees, FaultsPatch, Strict, explained
from ingest.simulator.http_port import HttpPort, Request, Response
from ingest.simulator.mechanics import PtzMechanics
from ingest.simulator.model import Faults, SimCamera
from vms.clock import Clock
from vms.units import PROFILES, Profile

Json = dict[str, object]
ModelT = TypeVar("ModelT", bound=BaseModel)


class Knock(Strict):
    pan_deg: Degrees = 6.0
    tilt_deg: Degrees = -4.0


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ControlServer:
    """Belongs to the event loop's thread."""

    def __init__(
        self,
        cameras: Mapping[str, SimCamera],
        clock: Clock,
        host: str,
        port: int,
        *,
        stream_url: Callable[[str, Profile], str],
        device_url: Callable[[str], str],
        reboot: Callable[[str], None],
    ) -> None:
        self._cameras = cameras
        self._clock = clock
        self._stream_url = stream_url
        self._device_url = device_url
        self._reboot = reboot
        self._port = HttpPort(self._handle, host, port)

    @property
    def port(self) -> int:
        return self._port.port

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        await self._port.start()

    async def stop(self) -> None:
        await self._port.stop()

    async def _handle(self, request: Request) -> Response:
        try:
            answer = self._answer(request)
        except _Refusal as refusal:
            return _json(refusal.status, {"error": str(refusal)})
        return _json(HTTPStatus.OK, answer)

    def _answer(self, request: Request) -> object:
        if "origin" in request.headers:
            raise _Refusal(HTTPStatus.FORBIDDEN, "the control port does not talk to web pages")
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["cameras"]:
                return [self._shown(camera) for camera in self._cameras.values()]
            case "GET", ["cameras", camera_id, "truth"]:
                return self._truth(self._camera(camera_id), request.query)
            case "POST", ["cameras", camera_id, "faults"]:
                return self._set_faults(self._camera(camera_id), request.body)
            case "POST", ["cameras", camera_id, "knock"]:
                return self._knock(self._camera(camera_id), request.body)
            case "POST", ["cameras", camera_id, "reboot"]:
                self._reboot(self._camera(camera_id).spec.id)
                return self._shown(self._camera(camera_id))
            case "POST", ["faults", "clear"]:
                for camera in self._cameras.values():
                    clear_faults(camera.faults)
                return [self._shown(camera) for camera in self._cameras.values()]
        raise _Refusal(HTTPStatus.NOT_FOUND, f"no {request.method} {request.path[:80]} here")

    def _camera(self, camera_id: str) -> SimCamera:
        try:
            return self._cameras[camera_id]
        except KeyError as error:
            raise _Refusal(HTTPStatus.NOT_FOUND, f"no camera {camera_id[:80]!r}") from error

    def _shown(self, camera: SimCamera) -> Json:
        spec = camera.spec
        urls: dict[str, str] = {profile: self._stream_url(spec.id, profile) for profile in PROFILES}
        state = "offline" if camera.faults.offline else "hung" if camera.faults.hang else "online"
        return {
            "id": spec.id,
            "name": spec.name,
            "ptz": spec.ptz,
            "codec": spec.codec,
            "loop": spec.loop,
            "state": state,
            "view": _view(camera, self._clock.now_us()),
            "faults": asdict(camera.faults),
            "urls": {"onvif": self._device_url(spec.id), **urls},
        }

    def _truth(self, camera: SimCamera, query: str) -> Json:
        texts = parse_qs(query).get("at_us", [])
        if not texts:
            return _view(camera, self._clock.now_us())
        try:
            at_us = int(texts[0][:20])
        except ValueError as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "at_us is microseconds since 1970, a whole number") from error
        return _view(camera, at_us)

    def _set_faults(self, camera: SimCamera, body: bytes) -> Json:
        patch = _parse(FaultsPatch, body)
        patch.apply(camera.faults)
        return self._shown(camera)

    def _knock(self, camera: SimCamera, body: bytes) -> Json:
        knock = _parse(Knock, body or b"{}")
        camera.faults.knocked_deg = (knock.pan_deg, knock.tilt_deg)
        return self._shown(camera)


def clear_faults(faults: Faults) -> None:
    """In place: every module holds this very object."""
    well = Faults()
    for each in fields(Faults):
        setattr(faults, each.name, getattr(well, each.name))


def _view(camera: SimCamera, at_us: int) -> Json:
    """pan_deg, tilt_deg: where the lens really points, knocks included; head_*: where the motors stand."""
    view = camera.head.view_at(at_us)
    knocked_pan_deg, knocked_tilt_deg = camera.knocked_deg_at(at_us)
    shown: Json = {
        "at_us": at_us,
        "pan_deg": view.pan_deg + knocked_pan_deg,
        "tilt_deg": view.tilt_deg + knocked_tilt_deg,
        "hfov_deg": view.hfov_deg,
        "head_pan_deg": view.pan_deg,
        "head_tilt_deg": view.tilt_deg,
    }
    if isinstance(camera.head, PtzMechanics):
        status = camera.head.status(at_us)
        shown |= {"zoom": status.zoom, "moving": status.pan_tilt_moving or status.zoom_moving}
    return shown


def _parse(kind: type[ModelT], body: bytes) -> ModelT:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _Refusal(HTTPStatus.BAD_REQUEST, explained(error, kind)) from error


def _json(status: HTTPStatus, content: object) -> Response:
    return Response(status, json.dumps(content, ensure_ascii=False).encode() + b"\n", "application/json")
