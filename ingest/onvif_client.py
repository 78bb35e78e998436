"""What a camera is and where its streams are, asked through ONVIF. The only module that imports onvif and zeep.

onvif-zeep is used for what it is good at, its WSDL set and typed calls, and kept from what it is not: no
ONVIFCamera (whose constructor subscribes to events for ever), no cache in the home directory, no log handler left
behind, and zeep gets its bytes from OnvifLink, which bounds them and authenticates.
"""
# mypy: allow-untyped-calls

import importlib
import logging
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]
from zeep import Client, Settings, Transport
from zeep.wsdl import Document

from ingest import onvif_media2
from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint, http_url, service_path, stream_url
from ingest.onvif_link import DEVICE_PATH, ClockSkew, OnvifLink
from ingest.onvif_profiles import (
    MAX_PROFILES,
    MediaProfile,
    choose_main_and_sub,
    profile_if_usable,
    ptz_profile,
)
from ingest.onvif_soap import MEDIA_1, MEDIA_2, PTZ, SOAP, Envelope, SoapFault, printable
from vms.clock import Clock, SystemClock
from vms.errors import CameraError, CameraUnreachable, ConfigError, ProtocolError

BUDGET_TIMEOUTS = 4
"""All questions about one camera together get so many times the time-out of one."""
_SETTINGS = Settings(
    strict=False,  # well-formedness is checked before zeep sees the bytes; lenient only about the schema
    xml_huge_tree=False,
    forbid_dtd=True,
    forbid_entities=True,
    forbid_external=True,
)
__all__ = ["OnvifCamera", "OnvifEndpoint", "resolve_camera"]
_wsdl_lock = threading.Lock()


def resolve_camera(endpoint: OnvifEndpoint, timeout_s: float = 5.0, clock: Clock | None = None) -> OnvifCamera:
    """Ask the camera everything needed to record it. Blocking (call it in a thread), bounded in time.

    timeout_s: of one question; all together take at most BUDGET_TIMEOUTS times as long.
    Raises CameraUnreachable, CameraUnauthorized, ProtocolError (ForeignAddress when it names another host).
    """
    with _Questions(endpoint, clock or SystemClock(), timeout_s) as questions:
        return questions.camera()


class _Questions:
    """One round of questions over one connection."""

    def __init__(self, endpoint: OnvifEndpoint, clock: Clock, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._timeout_s = timeout_s
        self._until_s = clock.monotonic_s() + BUDGET_TIMEOUTS * timeout_s
        self._link = OnvifLink(endpoint, clock)

    def __enter__(self) -> "_Questions":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    def camera(self) -> OnvifCamera:
        skew = self._skew()
        services = self._services()
        info = self._device_information()
        profiles, has_media2 = self._profiles(services)
        main, sub = choose_main_and_sub(profiles)
        media_path = services[MEDIA_2 if has_media2 else MEDIA_1]
        head = ptz_profile(profiles, main) if PTZ in services else None
        snapshot = self._snapshot_uri(media_path, main.token, has_media2)
        return OnvifCamera(
            main_url=stream_url(self._stream_uri(media_path, main.token, has_media2), self._endpoint),
            sub_url=stream_url(self._stream_uri(media_path, sub.token, has_media2), self._endpoint) if sub else None,
            main=main,
            sub=sub,
            ptz_token=head.token if head else None,
            snapshot_url=http_url(snapshot, self._endpoint) if snapshot else None,
            manufacturer=info[0],
            model=info[1],
            firmware=info[2],
            serial=info[3],
            skew=skew,
            media_path=media_path,
            ptz_path=services.get(PTZ),
            has_media2=has_media2,
            profiles=tuple(profiles),
        )

    def _left_s(self) -> float:
        left_s = self._until_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise CameraUnreachable(f"{self._endpoint.authority}: answers too slowly to be asked everything")
        return min(self._timeout_s, left_s)

    def _skew(self) -> ClockSkew | None:
        """Without a clock the camera still records; only UsernameToken and the age of its times suffer."""
        try:
            return self._link.read_clock(self._left_s())
        except ProtocolError:
            return None

    def _services(self) -> dict[str, str]:
        """Namespace → path of the services we use. Raises ForeignAddress."""
        try:
            answer = self._call("devicemgmt", DEVICE_PATH, "GetServices", IncludeCapability=False)
            told = [(_of(service, "Namespace"), _of(service, "XAddr")) for service in list(answer or [])[:64]]
        except SoapFault:
            answer = self._call("devicemgmt", DEVICE_PATH, "GetCapabilities", Category="All")
            told = [(MEDIA_1, _of(answer, "Media", "XAddr")), (PTZ, _of(answer, "PTZ", "XAddr"))]
        wanted = {MEDIA_1, MEDIA_2, PTZ}
        services = {
            str(namespace): service_path(str(xaddr), self._endpoint)
            for namespace, xaddr in told
            if namespace in wanted and xaddr
        }
        if MEDIA_1 not in services and MEDIA_2 not in services:
            raise ProtocolError(f"{self._endpoint.authority}: has no ONVIF media service; is it a camera?")
        return services

    def _device_information(self) -> tuple[str, str, str, str]:
        """Manufacturer, model, firmware, serial number; empty where the camera does not tell them."""
        try:
            info = self._call("devicemgmt", DEVICE_PATH, "GetDeviceInformation")
        except ProtocolError:
            return "", "", "", ""
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        first, second, third, fourth = (printable(str(_of(info, name) or "")) for name in names)
        return first, second, third, fourth

    def _profiles(self, services: dict[str, str]) -> tuple[list[MediaProfile], bool]:
        """Usable profiles, and whether Media2 told them (only there does H.265 show)."""
        if MEDIA_2 in services:
            try:
                profiles = onvif_media2.read_profiles(self._media2(services[MEDIA_2]))
            except SoapFault:
                profiles = []
            if profiles or MEDIA_1 not in services:
                return profiles, True
        told = list(self._call("media", services[MEDIA_1], "GetProfiles") or [])
        return [profile for profile in map(_media1_profile, told[:MAX_PROFILES]) if profile], False

    def _stream_uri(self, path: str, token: str, has_media2: bool) -> str:
        if has_media2:
            return onvif_media2.stream_uri(self._media2(path), token)
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        return str(_of(self._call("media", path, "GetStreamUri", StreamSetup=setup, ProfileToken=token), "Uri") or "")

    def _snapshot_uri(self, path: str, token: str, has_media2: bool) -> str:
        """Empty when the camera has none: optional in Profile S."""
        try:
            if has_media2:
                return onvif_media2.snapshot_uri(self._media2(path), token)
            return str(_of(self._call("media", path, "GetSnapshotUri", ProfileToken=token), "Uri") or "")
        except SoapFault:
            return ""

    def _media2(self, path: str) -> onvif_media2.Ask:
        return lambda request: self._link.ask(path, request, self._left_s()).content

    def _call(self, service: str, path: str, operation: str, **parameters: object) -> Any:
        """One operation of onvif-zeep's WSDL set. Raises CameraErrors."""
        onvif, document, binding = _onvif(), _document(service), _binding(service)
        client = Client(document, transport=_LinkTransport(self._link, self._left_s()), settings=_SETTINGS)
        caller = onvif.ONVIFService(
            f"http://{self._endpoint.authority}{path}",
            "",
            "",
            _wsdl_file(service),
            zeep_client=client,
            binding_name=binding,
        )
        try:
            return getattr(caller, operation)(parameters)
        except onvif.ONVIFError as error:
            cause = error.__context__  # onvif-zeep makes every error into text and chains the true one implicitly
            if isinstance(cause, CameraError):
                raise cause from None
            name = type(cause).__name__
            raise ProtocolError(
                f"{self._endpoint.authority}: {operation}: the answer makes no sense ({name})"
            ) from error


class _LinkTransport(Transport):
    """zeep's way to the camera: our link, which bounds bytes and time and adds the credentials."""

    def __init__(self, link: OnvifLink, timeout_s: float) -> None:
        super().__init__(cache=None, timeout=timeout_s, operation_timeout=timeout_s)
        self._link = link

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> "_Reply":  # noqa: ARG002 - ours are fixed
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        reply = self._link.exchange(path, _with_security(envelope), self.operation_timeout)
        self._link.read(reply)  # refuses what zeep must not see, and faults
        return _Reply(reply.status, reply.body)

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> "_Reply":
        raise NotImplementedError("only post_xml leads to the camera")

    def get(self, address: str, params: object, headers: object) -> "_Reply":
        raise NotImplementedError("ONVIF has no GET operations")

    def load(self, url: str) -> bytes:  # noqa: ARG002
        raise ProtocolError("an answer refers to a document elsewhere: refused")


@dataclass(frozen=True, slots=True)
class _Reply:
    """As much of a requests.Response as zeep reads. No Content-Type: multipart is not taken."""

    status_code: int
    content: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {}


def _with_security(envelope: Any) -> Envelope:
    header_name = f"{{{SOAP}}}Header"

    def with_header(security: str) -> bytes:
        found = envelope.find(header_name)
        if found is not None:
            envelope.remove(found)
        if security:
            header = etree.Element(header_name)
            header.append(etree.fromstring(security))
            envelope.insert(0, header)
        return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))

    return with_header


def _media1_profile(told: Any) -> MediaProfile | None:
    encoder = _of(told, "VideoEncoderConfiguration")
    if encoder is None:
        return None
    return profile_if_usable(
        token=_of(told, "token"),
        name=_of(told, "Name"),
        source=_of(told, "VideoSourceConfiguration", "SourceToken"),
        encoding=_of(encoder, "Encoding"),
        width=_of(encoder, "Resolution", "Width"),
        height=_of(encoder, "Resolution", "Height"),
        fps=_of(encoder, "RateControl", "FrameRateLimit"),
        gop_frames=_of(encoder, "H264", "GovLength"),
        bitrate_kbps=_of(encoder, "RateControl", "BitrateLimit"),
        has_ptz=_of(told, "PTZConfiguration") is not None,
    )


def _of(value: Any, *names: str) -> Any:
    """A value out of zeep's objects, which lack what the camera left out; None then."""
    for name in names:
        value = getattr(value, name, None)
    return value


@lru_cache(maxsize=1)
def _onvif() -> Any:
    """onvif-zeep's client module, imported late and without the root log handler it installs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        return importlib.import_module("onvif.client")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _binding(service: str) -> str:
    entry = _onvif().SERVICES[service]
    return f"{{{entry['ns']}}}{entry['binding']}"


def _wsdl_file(service: str) -> str:
    """Raises ConfigError: the installation is broken."""
    path = Path(_onvif().__file__).parent.parent / "wsdl" / _onvif().SERVICES[service]["wsdl"]
    if not path.is_file():
        raise ConfigError([f"{path}: onvif-zeep's WSDL file is missing; install onvif-zeep again in a plain venv"])
    return str(path)


def _document(service: str) -> Document:
    """Parsed once per process, shared by all threads and cameras (read-only after loading)."""
    with _wsdl_lock:
        return _loaded(service)


@lru_cache(maxsize=8)
def _loaded(service: str) -> Document:
    return Client(_wsdl_file(service), transport=Transport(cache=None, timeout=5), settings=_SETTINGS).wsdl
