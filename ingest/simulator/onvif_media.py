"""The ONVIF media services of a simulated camera: Media (ver10) and Media2 (ver20).

ver10 knows no H.265: an H.265 camera shows its profiles there without an encoder configuration, and whole in
Media2, as real cameras do.
"""

from ingest.simulator.mechanics import PtzMechanics
from ingest.simulator.model import SimCameraSpec
from ingest.simulator.onvif_call import Call, Operations
from ingest.simulator.onvif_device import get_service_capabilities
from ingest.simulator.onvif_ptz_spaces import configuration_xml
from ingest.simulator.onvif_soap import Element, el, invalid_argument, leaf
from vms.units import PROFILES, Profile

SOURCE_TOKEN = "source"  # noqa: S105 - an ONVIF token is a name
SOURCE_CONFIGURATION_TOKEN = "source_configuration"  # noqa: S105
_PROFILE_NAMES: dict[Profile, str] = {"main": "Main stream", "sub": "Sub stream"}
_QUALITY = 4.0
_H265_PROFILE, _H264_PROFILE = "Main", "Main"


def encoder_token(profile: Profile) -> str:
    return f"encoder_{profile}"


def _resolution(tag: str, width: int, height: int) -> str:
    return el(tag, leaf("tt:Width", width), leaf("tt:Height", height))


def _main_resolution(call: Call) -> tuple[int, int]:
    spec = call.device.camera.spec
    return call.device.camera.faults.resolution or (spec.main.width, spec.main.height)


def _source_configuration(tag: str, call: Call) -> str:
    width, height = _main_resolution(call)
    return el(
        tag,
        leaf("tt:Name", "Source"),
        leaf("tt:UseCount", len(PROFILES)),
        leaf("tt:SourceToken", SOURCE_TOKEN),
        el("tt:Bounds", x=0, y=0, width=width, height=height),
        token=SOURCE_CONFIGURATION_TOKEN,
    )


def _multicast() -> str:
    nowhere = el("tt:Address", leaf("tt:Type", "IPv4"), leaf("tt:IPv4Address", "0.0.0.0"))  # noqa: S104
    return el("tt:Multicast", nowhere, leaf("tt:Port", 0), leaf("tt:TTL", 1), leaf("tt:AutoStart", False))


def _frame_size(call: Call, profile: Profile) -> tuple[int, int]:
    stream = call.device.camera.spec.stream(profile)
    return _main_resolution(call) if profile == "main" else (stream.width, stream.height)


def _encoder_1(tag: str, call: Call, profile: Profile) -> str:
    """ver10: whole numbers of frames per second, kbit/s."""
    stream = call.device.camera.spec.stream(profile)
    return el(
        tag,
        leaf("tt:Name", _PROFILE_NAMES[profile]),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", "H264"),
        _resolution("tt:Resolution", *_frame_size(call, profile)),
        leaf("tt:Quality", _QUALITY),
        el(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", round(stream.fps)),
            leaf("tt:EncodingInterval", 1),
            leaf("tt:BitrateLimit", stream.bitrate_bps // 1000),
        ),
        el("tt:H264", leaf("tt:GovLength", stream.gop_frames), leaf("tt:H264Profile", _H264_PROFILE)),
        _multicast(),
        leaf("tt:SessionTimeout", "PT60S"),
        token=encoder_token(profile),
    )


def _encoder_2(tag: str, call: Call, profile: Profile) -> str:
    spec = call.device.camera.spec
    stream = spec.stream(profile)
    return el(
        tag,
        leaf("tt:Name", _PROFILE_NAMES[profile]),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", spec.codec.upper()),
        _resolution("tt:Resolution", *_frame_size(call, profile)),
        el(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", float(stream.fps)),
            leaf("tt:BitrateLimit", stream.bitrate_bps // 1000),
        ),
        _multicast(),
        leaf("tt:Quality", _QUALITY),
        token=encoder_token(profile),
        GovLength=stream.gop_frames,
        Profile=_H265_PROFILE if spec.codec == "h265" else _H264_PROFILE,
    )


def _shows_in_ver10(spec: SimCameraSpec) -> bool:
    return spec.codec == "h264"


def _has_ptz(call: Call) -> bool:
    return isinstance(call.device.camera.head, PtzMechanics)


def _profile_1(tag: str, call: Call, profile: Profile) -> str:
    has_encoder = _shows_in_ver10(call.device.camera.spec)
    return el(
        tag,
        leaf("tt:Name", _PROFILE_NAMES[profile]),
        _source_configuration("tt:VideoSourceConfiguration", call),
        _encoder_1("tt:VideoEncoderConfiguration", call, profile) if has_encoder else "",
        configuration_xml("tt:PTZConfiguration") if _has_ptz(call) else "",
        token=profile,
        fixed="true",
    )


def _profile_2(call: Call, profile: Profile, types: set[str]) -> str:
    everything = "All" in types
    parts = []
    if everything or "VideoSource" in types:
        parts.append(_source_configuration("tr2:VideoSource", call))
    if everything or "VideoEncoder" in types:
        parts.append(_encoder_2("tr2:VideoEncoder", call, profile))
    if (everything or "PTZ" in types) and _has_ptz(call):
        parts.append(configuration_xml("tr2:PTZ"))
    configurations = el("tr2:Configurations", *parts) if parts else ""
    return el("tr2:Profiles", leaf("tr2:Name", _PROFILE_NAMES[profile]), configurations, token=profile, fixed="true")


def _texts(request: Element, local: str) -> set[str]:
    return {child.text.strip() for child in request.children if child.local == local}


def _get_profiles_1(call: Call) -> str:
    return el("trt:GetProfilesResponse", *(_profile_1("trt:Profiles", call, profile) for profile in PROFILES))


def _get_profile_1(call: Call) -> str:
    return el("trt:GetProfileResponse", _profile_1("trt:Profile", call, call.profile()))


def _get_profiles_2(call: Call) -> str:
    """Without Type only names and tokens come back; a Token narrows the list."""
    profiles = (call.profile("Token"),) if call.request.text_of("Token") else PROFILES
    types = _texts(call.request, "Type")
    return el("tr2:GetProfilesResponse", *(_profile_2(call, profile, types) for profile in profiles))


def _media_uri(tag: str, uri: str) -> str:
    validity = (leaf("tt:InvalidAfterConnect", False), leaf("tt:InvalidAfterReboot", False))
    return el(tag, el("trt:MediaUri", leaf("tt:Uri", uri), *validity, leaf("tt:Timeout", "PT0S")))


def _get_stream_uri_1(call: Call) -> str:
    if call.request.text_of("StreamSetup", "Stream") == "RTP-Multicast":
        raise invalid_argument("InvalidStreamSetup", "this camera has no multicast")
    return _media_uri("trt:GetStreamUriResponse", call.stream_url(call.profile()))


def _get_stream_uri_2(call: Call) -> str:
    protocol = call.request.text_of("Protocol")
    if protocol not in ("RTSP", "RtspUnicast"):
        raise invalid_argument("InvalidStreamSetup", "this camera serves RTSP and RtspUnicast only")
    return el("tr2:GetStreamUriResponse", leaf("tr2:Uri", call.stream_url(call.profile())))


def _snapshot_url(call: Call) -> str:
    call.profile()
    return f"{call.base_url}/snapshot"


def _get_snapshot_uri_1(call: Call) -> str:
    return _media_uri("trt:GetSnapshotUriResponse", _snapshot_url(call))


def _get_snapshot_uri_2(call: Call) -> str:
    return el("tr2:GetSnapshotUriResponse", leaf("tr2:Uri", _snapshot_url(call)))


def _get_video_sources(call: Call) -> str:
    source = el(
        "trt:VideoSources",
        leaf("tt:Framerate", float(call.device.camera.spec.main.fps)),
        _resolution("tt:Resolution", *_main_resolution(call)),
        token=SOURCE_TOKEN,
    )
    return el("trt:GetVideoSourcesResponse", source)


def _get_source_configurations(service: str, call: Call) -> str:
    return el(
        f"{service}:GetVideoSourceConfigurationsResponse",
        _source_configuration(f"{service}:Configurations", call),
    )


def _get_encoders_1(call: Call) -> str:
    shown = PROFILES if _shows_in_ver10(call.device.camera.spec) else ()
    encoders = (_encoder_1("trt:Configurations", call, profile) for profile in shown)
    return el("trt:GetVideoEncoderConfigurationsResponse", *encoders)


def _get_encoders_2(call: Call) -> str:
    token = call.request.text_of("ConfigurationToken")
    shown = [profile for profile in PROFILES if token in (None, encoder_token(profile))]
    if not shown:
        raise invalid_argument("NoConfig", "there is no encoder configuration with that token")
    encoders = (_encoder_2("tr2:Configurations", call, profile) for profile in shown)
    return el("tr2:GetVideoEncoderConfigurationsResponse", *encoders)


def _set_synchronization_point(service: str, call: Call) -> str:
    call.device.source.request_keyframe(call.device.camera.spec.id, call.profile())
    return el(f"{service}:SetSynchronizationPointResponse")


MEDIA_1: Operations = {
    "GetServiceCapabilities": lambda call: get_service_capabilities("trt", call),
    "GetProfiles": _get_profiles_1,
    "GetProfile": _get_profile_1,
    "GetStreamUri": _get_stream_uri_1,
    "GetSnapshotUri": _get_snapshot_uri_1,
    "GetVideoSources": _get_video_sources,
    "GetVideoSourceConfigurations": lambda call: _get_source_configurations("trt", call),
    "GetVideoEncoderConfigurations": _get_encoders_1,
    "SetSynchronizationPoint": lambda call: _set_synchronization_point("trt", call),
}
MEDIA_2: Operations = {
    "GetServiceCapabilities": lambda call: get_service_capabilities("tr2", call),
    "GetProfiles": _get_profiles_2,
    "GetStreamUri": _get_stream_uri_2,
    "GetSnapshotUri": _get_snapshot_uri_2,
    "GetVideoSourceConfigurations": lambda call: _get_source_configurations("tr2", call),
    "GetVideoEncoderConfigurations": _get_encoders_2,
    "SetSynchronizationPoint": lambda call: _set_synchronization_point("tr2", call),
}
