"""PTZ requests as prepared envelopes, and reading GetStatus into a pose. Pure."""

import math
from dataclasses import dataclass
from typing import NewType
from xml.etree.ElementTree import Element

from ingest.onvif_profiles import MAX_TOKEN_CHARS
from ingest.onvif_soap import (
    MEDIA_1,
    Envelope,
    envelope,
    find,
    leaf,
    local_name,
    precise_time_us,
    printable,
    text_of,
)
from vms.errors import ProtocolError
from vms.packet import MoveStatus, PtzPose
from vms.units import CameraId

MAX_PRESETS = 512
MAX_PRESET_NAME_CHARS = 64
MIN_MOVE_TIMEOUT_S = 0.1
MAX_MOVE_TIMEOUT_S = 5.0
"""No move outlives its last command by more: the camera stops by itself when everybody here is dead."""
_ROUNDING = 0.01
"""Cameras report 1.0002 at the end of their range; further out is nonsense."""
_GENERIC = "PositionGenericSpace"

PresetToken = NewType("PresetToken", str)


@dataclass(frozen=True, slots=True)
class PtzPreset:
    token: PresetToken
    name: str


def get_status(profile_token: str) -> Envelope:
    return _request("GetStatus", profile_token)


def continuous_move(profile_token: str, pan: float, tilt: float, zoom: float, timeout_s: float) -> Envelope:
    """Velocities -1…1 (right, up, tele positive), clamped; zero stops an axis. timeout_s is clamped too."""
    pan, tilt, zoom = (_within_one(value) for value in (pan, tilt, zoom))
    timeout_s = min(max(timeout_s, MIN_MOVE_TIMEOUT_S), MAX_MOVE_TIMEOUT_S)
    velocity = f'<tt:PanTilt x="{pan:.4f}" y="{tilt:.4f}"/><tt:Zoom x="{zoom:.4f}"/>'
    return _request(
        "ContinuousMove",
        profile_token,
        f"<tptz:Velocity>{velocity}</tptz:Velocity><tptz:Timeout>PT{timeout_s:.3f}S</tptz:Timeout>",
    )


def stop(profile_token: str) -> Envelope:
    """Every axis."""
    return _request("Stop", profile_token, "<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom>")


def goto_preset(profile_token: str, preset: str) -> Envelope:
    return _request("GotoPreset", profile_token, leaf("tptz:PresetToken", preset))


def goto_home(profile_token: str) -> Envelope:
    return _request("GotoHomePosition", profile_token)


def absolute_move(profile_token: str, pan: float, tilt: float, zoom: float) -> Envelope:
    """In the generic space: pan and tilt -1…1, zoom 0…1, clamped. Ends by itself when it is there."""
    pan, tilt, zoom = _within_one(pan), _within_one(tilt), max(0.0, _within_one(zoom))
    position = f'<tt:PanTilt x="{pan:.5f}" y="{tilt:.5f}"/><tt:Zoom x="{zoom:.5f}"/>'
    return _request("AbsoluteMove", profile_token, f"<tptz:Position>{position}</tptz:Position>")


def get_presets(profile_token: str) -> Envelope:
    return _request("GetPresets", profile_token)


def set_preset(profile_token: str, name: str) -> Envelope:
    """A new preset where the camera looks now."""
    return _request("SetPreset", profile_token, leaf("tptz:PresetName", name))


def synchronization_point_media1(profile_token: str) -> Envelope:
    """A request for a keyframe, for cameras without Media2."""
    return envelope(
        f'<m:SetSynchronizationPoint xmlns:m="{MEDIA_1}">{leaf("m:ProfileToken", profile_token)}'
        "</m:SetSynchronizationPoint>"
    )


def read_pose(answer: Element, camera_id: CameraId, at_us: int) -> PtzPose:
    """GetStatusResponse → pose. at_us: server time the pose held.

    Raises ProtocolError when the camera does not tell a whole position in the generic space: a mask must never be
    placed by half a pose.
    """
    status = find(answer, "PTZStatus")
    pan_tilt, zoom = find(status, "Position", "PanTilt"), find(status, "Position", "Zoom")
    if pan_tilt is None or zoom is None:
        missing = "pan, tilt" if pan_tilt is None else "zoom"
        raise ProtocolError(f"the camera does not report its {missing} position; masks that turn need it")
    return PtzPose(
        camera_id=camera_id,
        pan=_position(pan_tilt, "x", -1.0),
        tilt=_position(pan_tilt, "y", -1.0),
        zoom=_position(zoom, "x", 0.0),
        at_us=at_us,
        camera_utc_us=precise_time_us(text_of(status, "UtcTime")),
        move_status=_move_status(status),
    )


def read_presets(answer: Element) -> list[PtzPreset]:
    found = []
    for element in [child for child in answer if local_name(child) == "Preset"][:MAX_PRESETS]:
        token = element.get("token", "")
        if 0 < len(token) <= MAX_TOKEN_CHARS:
            name = printable(text_of(element, "Name"), MAX_PRESET_NAME_CHARS)
            found.append(PtzPreset(PresetToken(token), name or printable(token, MAX_PRESET_NAME_CHARS)))
    return found


def read_saved_preset(answer: Element, name: str) -> PtzPreset:
    token = text_of(answer, "PresetToken", max_chars=MAX_TOKEN_CHARS)
    if not token:
        raise ProtocolError("the camera did not say under which token it saved the preset")
    return PtzPreset(PresetToken(token), name)


def _request(operation: str, profile_token: str, arguments: str = "") -> Envelope:
    return envelope(f"<tptz:{operation}>{leaf('tptz:ProfileToken', profile_token)}{arguments}</tptz:{operation}>")


def _within_one(value: float) -> float:
    return min(max(value, -1.0), 1.0) if math.isfinite(value) else 0.0


def _position(element: Element, axis: str, low: float) -> float:
    space = element.get("space", "")
    if space and not space.endswith(_GENERIC):
        raise ProtocolError("the camera reports its position in another space than the generic one")
    try:
        value = float(element.get(axis, "nan"))
    except ValueError as error:
        raise ProtocolError("the camera reports a position that is no number") from error
    if not low - _ROUNDING <= value <= 1.0 + _ROUNDING:  # NaN fails too
        raise ProtocolError("the camera reports a position outside its range")
    return min(max(value, low), 1.0)


def _move_status(status: Element | None) -> MoveStatus:
    """moving when any axis moves; idle only when every told axis is idle."""
    words = {text_of(status, "MoveStatus", axis).upper() for axis in ("PanTilt", "Zoom")} - {""}
    if "MOVING" in words:
        return "moving"
    return "idle" if words == {"IDLE"} else "unknown"
