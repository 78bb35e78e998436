"""The ONVIF device service (ver10/device) of a simulated camera."""

import hashlib
from datetime import datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from ingest.simulator.model import SimCameraSpec
from ingest.simulator.onvif_call import Call, Operations
from ingest.simulator.onvif_soap import NAMESPACES, SoapFault, el, leaf
from vms.units import utc_from_us

MANUFACTURER = "Uitkijk"
FIRMWARE = "1.0.0"
VERSIONS = {"tds": (22, 6), "trt": (22, 6), "tr2": (22, 6), "tptz": (22, 6)}

PRE_AUTH = frozenset(
    {"GetSystemDateAndTime", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname"}
)
"""Operations anybody may ask (access class PRE_AUTH)."""


def endpoint_uuid(camera_id: str) -> UUID:
    """The camera's stable identity in WS-Discovery."""
    return uuid5(NAMESPACE_URL, f"urn:uitkijk:simulator:{camera_id}")


def mac_address(camera_id: str) -> str:
    """A stable, locally administered address."""
    return ":".join(["02", *(f"{byte:02x}" for byte in hashlib.sha256(camera_id.encode()).digest()[:5])])


def model_name(spec: SimCameraSpec) -> str:
    return "Dome PTZ" if spec.ptz else "Bullet"


def scopes(spec: SimCameraSpec) -> list[str]:
    base = "onvif://www.onvif.org"
    return [
        f"{base}/Profile/Streaming",
        f"{base}/Profile/T",
        f"{base}/type/video_encoder",
        *([f"{base}/type/ptz"] if spec.ptz else []),
        f"{base}/hardware/{quote(model_name(spec))}",
        f"{base}/name/{quote(spec.name)}",
        f"{base}/location/country/netherlands",
    ]


def services(spec: SimCameraSpec) -> list[str]:
    return ["tds", "trt", "tr2", *(["tptz"] if spec.ptz else [])]


def _date_time(tag: str, at: datetime) -> str:
    time = el("tt:Time", leaf("tt:Hour", at.hour), leaf("tt:Minute", at.minute), leaf("tt:Second", at.second))
    date = el("tt:Date", leaf("tt:Year", at.year), leaf("tt:Month", at.month), leaf("tt:Day", at.day))
    return el(tag, time, date)


def _get_system_date_and_time(call: Call) -> str:
    now = utc_from_us(call.device.camera_now_us())
    return el(
        "tds:GetSystemDateAndTimeResponse",
        el(
            "tds:SystemDateAndTime",
            leaf("tt:DateTimeType", "NTP"),
            leaf("tt:DaylightSavings", False),
            el("tt:TimeZone", leaf("tt:TZ", "UTC0")),
            _date_time("tt:UTCDateTime", now),
            _date_time("tt:LocalDateTime", now),
        ),
    )


def _service_capabilities(service: str) -> str:
    if service == "tds":
        return el(
            "tds:Capabilities",
            el("tds:Network", IPFilter="false", ZeroConfiguration="false", IPVersion6="false", DynDNS="false"),
            el("tds:Security", HttpDigest="true", UsernameToken="true"),
            el("tds:System", DiscoveryResolve="false", DiscoveryBye="true", RemoteDiscovery="false"),
        )
    if service == "tptz":
        return el("tptz:Capabilities", EFlip="false", Reverse="false", MoveStatus="true", StatusPosition="true")
    streaming = {"RTPMulticast": "false", "RTP_TCP": "false", "RTP_RTSP_TCP": "true"}
    if service == "tr2":
        streaming = {"RTSPStreaming": "true", **streaming}
    return el(
        f"{service}:Capabilities",
        el(f"{service}:ProfileCapabilities", MaximumNumberOfProfiles="2"),
        el(f"{service}:StreamingCapabilities", **streaming),
        SnapshotUri="true",
        Rotation="false",
    )


def get_service_capabilities(service: str, _call: Call) -> str:
    return el(f"{service}:GetServiceCapabilitiesResponse", _service_capabilities(service))


def _get_services(call: Call) -> str:
    with_capabilities = call.request.text_of("IncludeCapability") in ("true", "1")
    answer = []
    for service in services(call.device.camera.spec):
        major, minor = VERSIONS[service]
        answer.append(
            el(
                "tds:Service",
                leaf("tds:Namespace", NAMESPACES[service]),
                leaf("tds:XAddr", call.xaddr(service)),
                el("tds:Capabilities", _service_capabilities(service)) if with_capabilities else "",
                el("tds:Version", leaf("tt:Major", major), leaf("tt:Minor", minor)),
            )
        )
    return el("tds:GetServicesResponse", *answer)


def _device_capability(call: Call) -> str:
    flags = ("DiscoveryResolve", "DiscoveryBye", "RemoteDiscovery", "SystemBackup", "SystemLogging")
    return el(
        "tt:Device",
        leaf("tt:XAddr", call.xaddr("tds")),
        el(
            "tt:System",
            *(leaf(f"tt:{flag}", flag == "DiscoveryBye") for flag in flags),
            leaf("tt:FirmwareUpgrade", False),
            el("tt:SupportedVersions", leaf("tt:Major", 22), leaf("tt:Minor", 6)),
        ),
    )


def _media_capability(call: Call) -> str:
    transports = {"RTPMulticast": False, "RTP_TCP": False, "RTP_RTSP_TCP": True}
    return el(
        "tt:Media",
        leaf("tt:XAddr", call.xaddr("trt")),
        el("tt:StreamingCapabilities", *(leaf(f"tt:{name}", value) for name, value in transports.items())),
    )


def _ptz_capability(call: Call) -> str:
    return el("tt:PTZ", leaf("tt:XAddr", call.xaddr("tptz")))


def _get_capabilities(call: Call) -> str:
    known = {"Device": _device_capability, "Media": _media_capability}
    if call.device.camera.spec.ptz:
        known["PTZ"] = _ptz_capability
    asked = {child.text.strip() for child in call.request.children if child.local == "Category"} or {"All"}
    wanted = known.keys() if "All" in asked else asked & known.keys()
    if not wanted:
        raise SoapFault("Receiver", "ActionNotSupported", "NoSuchService", reason="no service of that category")
    parts = (part(call) for name, part in known.items() if name in wanted)
    return el("tds:GetCapabilitiesResponse", el("tds:Capabilities", *parts))


def _get_device_information(call: Call) -> str:
    spec = call.device.camera.spec
    return el(
        "tds:GetDeviceInformationResponse",
        leaf("tds:Manufacturer", MANUFACTURER),
        leaf("tds:Model", model_name(spec)),
        leaf("tds:FirmwareVersion", FIRMWARE),
        leaf("tds:SerialNumber", f"SIM{call.device.number:06d}"),
        leaf("tds:HardwareId", "simulator"),
    )


def _get_scopes(call: Call) -> str:
    items = (
        el("tds:Scopes", leaf("tt:ScopeDef", "Fixed"), leaf("tt:ScopeItem", scope))
        for scope in scopes(call.device.camera.spec)
    )
    return el("tds:GetScopesResponse", *items)


def _get_hostname(call: Call) -> str:
    information = el("tds:HostnameInformation", leaf("tt:FromDHCP", False), leaf("tt:Name", call.device.camera.spec.id))
    return el("tds:GetHostnameResponse", information)


def _get_network_interfaces(call: Call) -> str:
    address = el("tt:Manual", leaf("tt:Address", call.host), leaf("tt:PrefixLength", 24))
    interface = el(
        "tds:NetworkInterfaces",
        leaf("tt:Enabled", True),
        el(
            "tt:Info",
            leaf("tt:Name", "eth0"),
            leaf("tt:HwAddress", mac_address(call.device.camera.spec.id)),
            leaf("tt:MTU", 1500),
        ),
        el("tt:IPv4", leaf("tt:Enabled", True), el("tt:Config", address, leaf("tt:DHCP", False))),
        token="eth0",  # noqa: S106 - an ONVIF token is a name
    )
    return el("tds:GetNetworkInterfacesResponse", interface)


def _system_reboot(call: Call) -> str:
    call.device.reboot()
    return el("tds:SystemRebootResponse", leaf("tds:Message", "Rebooting"))


OPERATIONS: Operations = {
    "GetSystemDateAndTime": _get_system_date_and_time,
    "GetServices": _get_services,
    "GetCapabilities": _get_capabilities,
    "GetServiceCapabilities": lambda call: get_service_capabilities("tds", call),
    "GetDeviceInformation": _get_device_information,
    "GetScopes": _get_scopes,
    "GetHostname": _get_hostname,
    "GetNetworkInterfaces": _get_network_interfaces,
    "SystemReboot": _system_reboot,
}
