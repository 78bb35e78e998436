"""What other processes may ask a capture process. Every value comes from a browser in the end: all is checked."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from vms.errors import FootageMissing, ProtocolError
from vms.packet import PtzPose
from vms.status import CameraStatus
from vms.units import PROFILES, Profile

MAX_MOVE_TIMEOUT_S = 10.0
_MAX_TEXT = 120


class Preset(Protocol):
    @property
    def token(self) -> str: ...
    @property
    def name(self) -> str: ...


class PtzControls(Protocol):
    """What of ingest's PtzWorker is used here."""

    def move(self, pan: float, tilt: float, zoom: float, timeout_s: float = 1.0) -> None: ...
    def halt(self) -> None: ...
    def goto(self, preset: Any) -> None: ...
    def home(self) -> None: ...
    def look(self, pan: float, tilt: float, zoom: float) -> None: ...
    def pose(self) -> PtzPose | None: ...
    def presets(self) -> list[Any]: ...
    def save_preset(self, name: str) -> Any: ...


class CaptureRequests:
    """Handler of the request endpoint; raises UitkijkError, ValueError, KeyError, TypeError for a bad request."""

    def __init__(
        self,
        ptz_of: Callable[[str], PtzControls | None],
        want_keyframe: Callable[[str, Profile], bool],
        statuses: Callable[[], list[CameraStatus]],
    ) -> None:
        """ptz_of: None when the camera cannot turn. Both raise FootageMissing when there is no such camera here."""
        self._ptz_of = ptz_of
        self._want_keyframe = want_keyframe
        self._statuses = statuses

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        operation = str(request["op"])
        if operation == "status":
            return {"cameras": [asdict(status) for status in self._statuses()]}
        handler = {
            "ptz_move": self._move,
            "ptz_stop": self._stop,
            "ptz_goto": self._goto,
            "ptz_home": self._home,
            "ptz_look": self._look,
            "ptz_pose": self._pose,
            "ptz_presets": self._presets,
            "ptz_save_preset": self._save_preset,
            "keyframe": self._keyframe,
        }.get(operation)
        if handler is None:
            raise ProtocolError(f"unknown operation {operation[:40]!r}")
        return handler(request)

    def _ptz(self, request: Mapping[str, Any]) -> PtzControls:
        camera_id = _text(request, "camera")
        ptz = self._ptz_of(camera_id)
        if ptz is None:
            raise ProtocolError(f"{camera_id} cannot turn")
        return ptz

    def _move(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        pan, tilt, zoom = (_number(request, name, -1.0, 1.0) for name in ("pan", "tilt", "zoom"))
        timeout_s = _number({"timeout_s": 1.0, **request}, "timeout_s", 0.1, MAX_MOVE_TIMEOUT_S)
        self._ptz(request).move(pan, tilt, zoom, timeout_s)
        return {"ok": True}

    def _stop(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._ptz(request).halt()
        return {"ok": True}

    def _goto(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._ptz(request).goto(_text(request, "preset"))
        return {"ok": True}

    def _home(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._ptz(request).home()
        return {"ok": True}

    def _look(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        pan, tilt = (_number(request, name, -1.0, 1.0) for name in ("pan", "tilt"))
        self._ptz(request).look(pan, tilt, _number(request, "zoom", 0.0, 1.0))
        return {"ok": True}

    def _pose(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        pose = self._ptz(request).pose()
        if pose is None:
            raise ProtocolError("the camera has not told its position yet")
        return {"pan": pose.pan, "tilt": pose.tilt, "zoom": pose.zoom, "at_us": pose.at_us}

    def _presets(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._ptz(request).presets()
        return {"presets": [{"token": preset.token, "name": preset.name} for preset in found]}

    def _save_preset(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        preset = self._ptz(request).save_preset(_text(request, "name"))
        return {"ok": True, "preset": {"token": preset.token, "name": preset.name}}

    def _keyframe(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        profile = request["profile"]
        if profile not in PROFILES:
            raise ProtocolError(f"profile must be one of {', '.join(PROFILES)}")
        return {"ok": self._want_keyframe(_text(request, "camera"), profile)}


def unknown_camera(camera_id: str) -> FootageMissing:
    return FootageMissing(f"no camera {camera_id[:40]!r} in this process")


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request[name]
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise ProtocolError(f"{name} must be a text of 1 to {_MAX_TEXT} characters")
    return value


def _number(request: Mapping[str, Any], name: str, least: float, most: float) -> float:
    value = request[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ProtocolError(f"{name} must be a number from {least:g} to {most:g}")
    return float(value)
