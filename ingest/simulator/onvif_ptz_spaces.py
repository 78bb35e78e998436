"""The coordinate spaces of a simulated PTZ camera: how they are announced, and read from a request."""

from ingest.simulator.mechanics import DEFAULT_TIMEOUT_S, MAX_PRESETS, deg_from_generic
from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG
from ingest.simulator.onvif_soap import Element, el, invalid_argument, leaf, number
from vms.units import PROFILES

NODE_TOKEN = "ptz_node"  # noqa: S105 - an ONVIF token is a name
CONFIGURATION_TOKEN = "ptz"  # noqa: S105

_SPACES = "http://www.onvif.org/ver10/tptz"
PAN_TILT_POSITION = f"{_SPACES}/PanTiltSpaces/PositionGenericSpace"
PAN_TILT_TRANSLATION = f"{_SPACES}/PanTiltSpaces/TranslationGenericSpace"
PAN_TILT_VELOCITY = f"{_SPACES}/PanTiltSpaces/VelocityGenericSpace"
PAN_TILT_SPEED = f"{_SPACES}/PanTiltSpaces/GenericSpeedSpace"
ZOOM_POSITION = f"{_SPACES}/ZoomSpaces/PositionGenericSpace"
ZOOM_TRANSLATION = f"{_SPACES}/ZoomSpaces/TranslationGenericSpace"
ZOOM_VELOCITY = f"{_SPACES}/ZoomSpaces/VelocityGenericSpace"
ZOOM_SPEED = f"{_SPACES}/ZoomSpaces/ZoomGenericSpeedSpace"

Bounds = tuple[float, float]
SIGNED: Bounds = (-1.0, 1.0)
UNSIGNED: Bounds = (0.0, 1.0)


def _range(tag: str, bounds: Bounds) -> str:
    return el(tag, leaf("tt:Min", bounds[0]), leaf("tt:Max", bounds[1]))


def _space(tag: str, uri: str, x: Bounds, y: Bounds | None = None) -> str:
    return el(tag, leaf("tt:URI", uri), _range("tt:XRange", x), _range("tt:YRange", y) if y else "")


def spaces_xml(tag: str) -> str:
    return el(
        tag,
        _space("tt:AbsolutePanTiltPositionSpace", PAN_TILT_POSITION, SIGNED, SIGNED),
        _space("tt:AbsoluteZoomPositionSpace", ZOOM_POSITION, UNSIGNED),
        _space("tt:RelativePanTiltTranslationSpace", PAN_TILT_TRANSLATION, SIGNED, SIGNED),
        _space("tt:RelativeZoomTranslationSpace", ZOOM_TRANSLATION, SIGNED),
        _space("tt:ContinuousPanTiltVelocitySpace", PAN_TILT_VELOCITY, SIGNED, SIGNED),
        _space("tt:ContinuousZoomVelocitySpace", ZOOM_VELOCITY, SIGNED),
        _space("tt:PanTiltSpeedSpace", PAN_TILT_SPEED, UNSIGNED),
        _space("tt:ZoomSpeedSpace", ZOOM_SPEED, UNSIGNED),
    )


def configuration_xml(tag: str) -> str:
    """The camera's one PTZ configuration; the media services show it in their profiles too."""
    return el(
        tag,
        leaf("tt:Name", "PTZ"),
        leaf("tt:UseCount", len(PROFILES)),
        leaf("tt:NodeToken", NODE_TOKEN),
        leaf("tt:DefaultAbsolutePantTiltPositionSpace", PAN_TILT_POSITION),  # the schema's own spelling
        leaf("tt:DefaultAbsoluteZoomPositionSpace", ZOOM_POSITION),
        leaf("tt:DefaultRelativePanTiltTranslationSpace", PAN_TILT_TRANSLATION),
        leaf("tt:DefaultRelativeZoomTranslationSpace", ZOOM_TRANSLATION),
        leaf("tt:DefaultContinuousPanTiltVelocitySpace", PAN_TILT_VELOCITY),
        leaf("tt:DefaultContinuousZoomVelocitySpace", ZOOM_VELOCITY),
        el(
            "tt:DefaultPTZSpeed",
            el("tt:PanTilt", x=1.0, y=1.0, space=PAN_TILT_SPEED),
            el("tt:Zoom", x=1.0, space=ZOOM_SPEED),
        ),
        leaf("tt:DefaultPTZTimeout", duration_xml(DEFAULT_TIMEOUT_S)),
        el("tt:PanTiltLimits", _space("tt:Range", PAN_TILT_POSITION, SIGNED, SIGNED)),
        el("tt:ZoomLimits", _space("tt:Range", ZOOM_POSITION, UNSIGNED)),
        token=CONFIGURATION_TOKEN,
    )


def duration_xml(seconds: float) -> str:
    return f"PT{seconds:g}S"


def node_xml(tag: str) -> str:
    return el(
        tag,
        leaf("tt:Name", "PTZ node"),
        spaces_xml("tt:SupportedPTZSpaces"),
        leaf("tt:MaximumNumberOfPresets", MAX_PRESETS),
        leaf("tt:HomeSupported", True),
        token=NODE_TOKEN,
        FixedHomePosition="false",
    )


def _axis(vector: Element, name: str, bounds: Bounds, subcode: str) -> float:
    value = number(vector.attributes.get(name), name)
    if not bounds[0] - 1e-6 <= value <= bounds[1] + 1e-6:
        raise invalid_argument(subcode, f"{name} is outside {bounds[0]:g}…{bounds[1]:g}")
    return value


def _check_space(vector: Element, space: str) -> None:
    if vector.attributes.get("space", "") not in ("", space):
        raise invalid_argument("SpaceNotSupported", "only the generic spaces are supported")


def pan_tilt_of(
    vector: Element | None, space: str, subcode: str, bounds: Bounds = SIGNED
) -> tuple[float, float] | None:
    found = vector.find("PanTilt") if vector else None
    if found is None:
        return None
    _check_space(found, space)
    return _axis(found, "x", bounds, subcode), _axis(found, "y", bounds, subcode)


def zoom_of(vector: Element | None, space: str, subcode: str, bounds: Bounds) -> float | None:
    found = vector.find("Zoom") if vector else None
    if found is None:
        return None
    _check_space(found, space)
    return _axis(found, "x", bounds, subcode)


def speeds_of(request: Element) -> tuple[tuple[float, float], float]:
    """The optional Speed of a move; full speed where it says nothing."""
    speed = request.find("Speed")
    pan_tilt = pan_tilt_of(speed, PAN_TILT_SPEED, "InvalidSpeed", UNSIGNED)
    zoom = zoom_of(speed, ZOOM_SPEED, "InvalidSpeed", UNSIGNED)
    return pan_tilt or (1.0, 1.0), 1.0 if zoom is None else zoom


def degrees_of(pan_tilt: tuple[float, float]) -> tuple[float, float]:
    return deg_from_generic(pan_tilt[0], PAN_RANGE_DEG), deg_from_generic(pan_tilt[1], TILT_RANGE_DEG)
