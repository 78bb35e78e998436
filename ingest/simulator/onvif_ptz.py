"""The ONVIF PTZ service (ver20/ptz) of a simulated camera, and the ways its status can be wrong."""

import random
from dataclasses import replace
from typing import Protocol

from ingest.simulator.mechanics import (
    DEFAULT_TIMEOUT_S,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    Preset,
    PtzMechanics,
    PtzStatus,
    generic_from_deg,
)
from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG, SimCamera
from ingest.simulator.onvif_call import Call, Operations
from ingest.simulator.onvif_device import get_service_capabilities
from ingest.simulator.onvif_ptz_spaces import (
    CONFIGURATION_TOKEN,
    NODE_TOKEN,
    PAN_TILT_POSITION,
    PAN_TILT_TRANSLATION,
    PAN_TILT_VELOCITY,
    SIGNED,
    UNSIGNED,
    ZOOM_POSITION,
    ZOOM_TRANSLATION,
    ZOOM_VELOCITY,
    configuration_xml,
    degrees_of,
    duration_xml,
    node_xml,
    pan_tilt_of,
    spaces_xml,
    speeds_of,
    zoom_of,
)
from ingest.simulator.onvif_soap import SoapFault, duration_s, el, invalid_argument, leaf
from vms.clock import Clock
from vms.units import utc_from_us

_CHANCE = random.Random()  # noqa: S311
LIE_DEG = 20.0
"""How far beside the truth a camera with the fault `lying` reports its pan."""
MAX_NAME_CHARS = 64


def _mechanics(call: Call) -> PtzMechanics:
    """Checks the profile too: each operation that moves or looks names one."""
    call.profile()
    mechanics = call.device.mechanics
    if mechanics is None:
        raise invalid_argument("NoPTZProfile", "this camera has no motors")
    return mechanics


def _continuous_move(call: Call) -> str:
    mechanics = _mechanics(call)
    velocity = call.request.find("Velocity")
    text = call.request.text_of("Timeout")
    timeout_s = duration_s(text) if text else DEFAULT_TIMEOUT_S
    if not MIN_TIMEOUT_S <= timeout_s <= MAX_TIMEOUT_S:
        raise invalid_argument("TimeoutNotSupported", f"Timeout is outside {MIN_TIMEOUT_S}…{MAX_TIMEOUT_S} s")
    mechanics.continuous_move(
        pan_tilt=pan_tilt_of(velocity, PAN_TILT_VELOCITY, "InvalidVelocity"),
        zoom=zoom_of(velocity, ZOOM_VELOCITY, "InvalidVelocity", SIGNED),
        timeout_s=timeout_s,
    )
    return el("tptz:ContinuousMoveResponse")


def _absolute_move(call: Call) -> str:
    mechanics = _mechanics(call)
    position = call.request.find("Position")
    pan_tilt = pan_tilt_of(position, PAN_TILT_POSITION, "InvalidPosition")
    zoom = zoom_of(position, ZOOM_POSITION, "InvalidPosition", UNSIGNED)
    pan_tilt_speed, zoom_speed = speeds_of(call.request)
    mechanics.absolute_move(
        pan_tilt_deg=degrees_of(pan_tilt) if pan_tilt else None,
        zoom=zoom,
        pan_tilt_speed=pan_tilt_speed,
        zoom_speed=zoom_speed,
    )
    return el("tptz:AbsoluteMoveResponse")


def _relative_move(call: Call) -> str:
    """Translations count in the units of the generic position space; the end of the range stops them."""
    mechanics = _mechanics(call)
    translation = call.request.find("Translation")
    pan_tilt = pan_tilt_of(translation, PAN_TILT_TRANSLATION, "InvalidTranslation")
    zoom = zoom_of(translation, ZOOM_TRANSLATION, "InvalidTranslation", SIGNED)
    pan_tilt_speed, zoom_speed = speeds_of(call.request)
    here = mechanics.status(call.device.clock.now_us())
    mechanics.absolute_move(
        pan_tilt_deg=degrees_of((here.pan + pan_tilt[0], here.tilt + pan_tilt[1])) if pan_tilt else None,
        zoom=None if zoom is None else here.zoom + zoom,
        pan_tilt_speed=pan_tilt_speed,
        zoom_speed=zoom_speed,
    )
    return el("tptz:RelativeMoveResponse")


def _stop(call: Call) -> str:
    """No argument stops everything; an axis is left alone only when the request says false."""

    def wanted(axis: str) -> bool:
        return call.request.text_of(axis) not in ("false", "0")

    _mechanics(call).stop(pan_tilt=wanted("PanTilt"), zoom=wanted("Zoom"))
    return el("tptz:StopResponse")


def _goto_home_position(call: Call) -> str:
    mechanics = _mechanics(call)
    pan_tilt_speed, zoom_speed = speeds_of(call.request)
    mechanics.goto_home(pan_tilt_speed=pan_tilt_speed, zoom_speed=zoom_speed)
    return el("tptz:GotoHomePositionResponse")


def _set_home_position(call: Call) -> str:
    _mechanics(call).set_home()
    return el("tptz:SetHomePositionResponse")


def _no_token() -> SoapFault:
    return invalid_argument("NoToken", "there is no preset with that token")


def _preset(preset: Preset) -> str:
    position = el(
        "tt:PTZPosition",
        el(
            "tt:PanTilt",
            x=generic_from_deg(preset.pan_deg, PAN_RANGE_DEG),
            y=generic_from_deg(preset.tilt_deg, TILT_RANGE_DEG),
            space=PAN_TILT_POSITION,
        ),
        el("tt:Zoom", x=preset.zoom, space=ZOOM_POSITION),
    )
    return el("tptz:Preset", leaf("tt:Name", preset.name), position, token=preset.token)


def _get_presets(call: Call) -> str:
    return el("tptz:GetPresetsResponse", *(_preset(preset) for preset in _mechanics(call).presets().values()))


def _set_preset(call: Call) -> str:
    mechanics = _mechanics(call)
    token = call.request.text_of("PresetToken")
    name = call.request.text_of("PresetName")
    if name is None and token is not None and token in mechanics.presets():
        name = mechanics.presets()[token].name
    if name is not None and len(name) > MAX_NAME_CHARS:
        raise invalid_argument("InvalidPresetName", f"a preset's name is at most {MAX_NAME_CHARS} characters")
    try:
        stored = mechanics.set_preset(name or "Preset", token)
    except KeyError as error:
        raise _no_token() from error
    except OverflowError as error:
        raise SoapFault("Receiver", "Action", "TooManyPresets", reason=str(error)) from error
    return el("tptz:SetPresetResponse", leaf("tptz:PresetToken", stored))


def _goto_preset(call: Call) -> str:
    mechanics = _mechanics(call)
    pan_tilt_speed, zoom_speed = speeds_of(call.request)
    try:
        mechanics.goto_preset(
            call.request.text_of("PresetToken") or "", pan_tilt_speed=pan_tilt_speed, zoom_speed=zoom_speed
        )
    except KeyError as error:
        raise _no_token() from error
    return el("tptz:GotoPresetResponse")


def _remove_preset(call: Call) -> str:
    try:
        _mechanics(call).remove_preset(call.request.text_of("PresetToken") or "")
    except KeyError as error:
        raise _no_token() from error
    return el("tptz:RemovePresetResponse")


class Reporting(Protocol):
    """The part of an OnvifDevice that its status depends on."""

    frozen_status: PtzStatus | None

    @property
    def camera(self) -> SimCamera: ...

    @property
    def clock(self) -> Clock: ...


def reported_status(device: Reporting, mechanics: PtzMechanics, chance: random.Random = _CHANCE) -> PtzStatus:
    """What the camera says, which its fault `ptz_status` may make something else than the truth."""
    now_us = device.clock.now_us()
    faults = device.camera.faults
    if faults.ptz_status != "frozen":
        device.frozen_status = None
    if faults.ptz_status == "late":
        return mechanics.status(now_us - faults.ptz_status_late_ms * 1000)
    if faults.ptz_status == "jittered":
        return mechanics.status(now_us - chance.randint(0, faults.ptz_status_late_ms * 1000))
    status = mechanics.status(now_us)
    if faults.ptz_status == "frozen":
        device.frozen_status = device.frozen_status or status
        return device.frozen_status
    if faults.ptz_status == "lying":
        lie = LIE_DEG / (PAN_RANGE_DEG[1] - PAN_RANGE_DEG[0]) * 2
        return replace(status, pan=status.pan + lie if status.pan + lie <= 1 else status.pan - lie)
    if faults.ptz_status == "opposite":
        return replace(status, pan=-status.pan)
    return status


def _move_word(moving: bool) -> str:
    return "MOVING" if moving else "IDLE"


def _get_status(call: Call) -> str:
    """UtcTime is the camera's own clock, with fractions: it is what the position is to be dated with."""
    device = call.device
    status = reported_status(device, _mechanics(call))
    position = el(
        "tt:Position",
        el("tt:PanTilt", x=status.pan, y=status.tilt, space=PAN_TILT_POSITION),
        el("tt:Zoom", x=status.zoom, space=ZOOM_POSITION),
    )
    move_status = el(
        "tt:MoveStatus",
        leaf("tt:PanTilt", _move_word(status.pan_tilt_moving)),
        leaf("tt:Zoom", _move_word(status.zoom_moving)),
    )
    utc = utc_from_us(device.camera_now_us()).isoformat(timespec="microseconds").replace("+00:00", "Z")
    shown = "" if device.camera.faults.ptz_status == "missing" else position
    return el(
        "tptz:GetStatusResponse",
        el("tptz:PTZStatus", shown, move_status, leaf("tt:Error", "NO error"), leaf("tt:UtcTime", utc)),
    )


def _named(call: Call, element: str, token: str, subcode: str) -> None:
    if call.request.text_of(element) != token:
        raise invalid_argument(subcode, f"unknown {element}")


def _get_nodes(_call: Call) -> str:
    return el("tptz:GetNodesResponse", node_xml("tptz:PTZNode"))


def _get_node(call: Call) -> str:
    _named(call, "NodeToken", NODE_TOKEN, "NoEntity")
    return el("tptz:GetNodeResponse", node_xml("tptz:PTZNode"))


def _get_configurations(call: Call) -> str:
    return el(f"tptz:{call.request.local}Response", configuration_xml("tptz:PTZConfiguration"))


def _get_configuration(call: Call) -> str:
    _named(call, "PTZConfigurationToken", CONFIGURATION_TOKEN, "NoConfig")
    return _get_configurations(call)


def _get_configuration_options(call: Call) -> str:
    _named(call, "ConfigurationToken", CONFIGURATION_TOKEN, "NoConfig")
    timeout = el(
        "tt:PTZTimeout",
        leaf("tt:Min", duration_xml(MIN_TIMEOUT_S)),
        leaf("tt:Max", duration_xml(MAX_TIMEOUT_S)),
    )
    return el(
        "tptz:GetConfigurationOptionsResponse",
        el("tptz:PTZConfigurationOptions", spaces_xml("tt:Spaces"), timeout),
    )


OPERATIONS: Operations = {
    "GetServiceCapabilities": lambda call: get_service_capabilities("tptz", call),
    "GetNodes": _get_nodes,
    "GetNode": _get_node,
    "GetConfigurations": _get_configurations,
    "GetCompatibleConfigurations": _get_configurations,
    "GetConfiguration": _get_configuration,
    "GetConfigurationOptions": _get_configuration_options,
    "ContinuousMove": _continuous_move,
    "AbsoluteMove": _absolute_move,
    "RelativeMove": _relative_move,
    "Stop": _stop,
    "GetPresets": _get_presets,
    "SetPreset": _set_preset,
    "GotoPreset": _goto_preset,
    "RemovePreset": _remove_preset,
    "GotoHomePosition": _goto_home_position,
    "SetHomePosition": _set_home_position,
    "GetStatus": _get_status,
}
