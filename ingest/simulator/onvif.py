"""The ONVIF services of all simulated cameras: one port per camera, one shared handler.

The first camera is at `base_port`, the next at `base_port + 1` and so on, each under `/onvif/device_service` as
clients with a fixed path expect it. The first port also knows all cameras under `/onvif/<camera-id>/…`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus

from ingest.simulator import onvif_device, onvif_media, onvif_ptz
from ingest.simulator.http_port import DropConnection, HttpPort, Request, Response, Silence
from ingest.simulator.model import SimCamera
from ingest.simulator.onvif_auth import Gate
from ingest.simulator.onvif_call import SERVICE_PATHS, Call, MediaSource, OnvifDevice, Operation, Operations
from ingest.simulator.onvif_soap import (
    CONTENT_TYPE,
    NAMESPACES,
    Element,
    SoapFault,
    XmlRefused,
    envelope,
    fault_envelope,
    read_xml,
    request_of,
)
from vms.clock import Clock
from vms.errors import UitkijkError

log = logging.getLogger(__name__)

_OPERATIONS: Mapping[str, Operations] = {
    "tds": onvif_device.OPERATIONS,
    "trt": onvif_media.MEDIA_1,
    "tr2": onvif_media.MEDIA_2,
    "tptz": onvif_ptz.OPERATIONS,
}
_SERVICE_OF_PATH = {path: service for service, path in SERVICE_PATHS.items()}
_SNAPSHOT = "snapshot"
_SNAPSHOTS_AT_ONCE = 2
_NOT_FOUND = Response(HTTPStatus.NOT_FOUND, b"no such service\n")


class OnvifServer:
    """All cameras' ONVIF services. Belongs to the event loop's thread."""

    def __init__(
        self,
        cameras: Mapping[str, SimCamera],
        source: MediaSource,
        clock: Clock,
        host: str,
        base_port: int,
        reboot: Callable[[str], None],
    ) -> None:
        """base_port: 0 gives every camera a free port; `port(camera_id)` then tells which."""
        self._devices = {
            camera_id: OnvifDevice(
                number=number,
                camera=camera,
                clock=clock,
                source=source,
                reboot=partial(reboot, camera_id),
                gate=Gate(camera.spec.username, camera.spec.password),
            )
            for number, (camera_id, camera) in enumerate(cameras.items(), start=1)
        }
        self._host = host
        self._clock = clock
        self._snapshots = asyncio.Semaphore(_SNAPSHOTS_AT_ONCE)
        self._snapshot_of = {camera_id: asyncio.Lock() for camera_id in cameras}
        self._ports: dict[str, HttpPort] = {}
        for index, (camera_id, device) in enumerate(self._devices.items()):
            shared = index == 0
            self._ports[camera_id] = HttpPort(
                partial(self._handle, device, shared),
                host,
                base_port + index if base_port else 0,
                # the shared port cannot refuse before it knows the camera
                admit=(lambda: True) if shared else partial(_has_power, device),
            )

    async def start(self) -> None:
        """Raises OSError when a port is taken; then none stays open."""
        try:
            for port in self._ports.values():
                await port.start()
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        await asyncio.gather(*(port.stop() for port in self._ports.values()))

    def port(self, camera_id: str) -> int:
        return self._ports[camera_id].port

    def device_url(self, camera_id: str, host: str | None = None) -> str:
        """host: the address to name, when the server listens on all of them."""
        return f"http://{host or self._host}:{self.port(camera_id)}/onvif/device_service"

    async def _handle(self, own: OnvifDevice, shared: bool, request: Request) -> Response:
        head, *parts = request.path.removeprefix("/").split("/")
        if head != "onvif" or len(parts) not in (1, 2) or (len(parts) == 2 and not shared):
            return _NOT_FOUND
        device = self._devices.get(parts[0]) if len(parts) == 2 else own
        if device is None:
            return _NOT_FOUND
        faults = device.camera.faults
        if faults.offline:
            raise DropConnection
        if faults.hang:
            raise Silence(lambda: not faults.hang)
        base_path = "/".join(["onvif", *parts[:-1]])
        base_url = f"http://{request.local[0]}:{request.local[1]}/{base_path}"
        if parts[-1] == _SNAPSHOT:
            return await self._snapshot(device, request)
        service = _SERVICE_OF_PATH.get(parts[-1])
        if service is None or (service == "tptz" and not device.camera.spec.ptz):
            return _NOT_FOUND
        if request.method != "POST":
            return Response(HTTPStatus.METHOD_NOT_ALLOWED, b"POST a SOAP request\n", headers={"Allow": "POST"})
        return self._soap(device, service, base_url, request)

    def _soap(self, device: OnvifDevice, service: str, base_url: str, request: Request) -> Response:
        try:
            document = read_xml(request.body)
            action = request_of(document)
            operation = _operation(service, action)
            if not _is_public(service, action.local) and not self._is_authorized(device, request, document):
                return self._unauthorized(device, request)
            body = envelope(operation(Call(device, action, base_url)))
        except XmlRefused as refusal:
            fault = SoapFault("Sender", "WellFormed", reason=str(refusal))
            return Response(fault.status, fault_envelope(fault), CONTENT_TYPE)
        except SoapFault as fault:
            return Response(fault.status, fault_envelope(fault), CONTENT_TYPE)
        return Response(HTTPStatus.OK, body, CONTENT_TYPE)

    def _is_authorized(self, device: OnvifDevice, request: Request, document: Element | None) -> bool:
        if device.camera.faults.unauthorized:
            return False
        if device.gate.admits_digest(request, self._clock.now_us()):
            return True
        return document is not None and device.gate.admits_token(document, device.camera_now_us())

    def _unauthorized(self, device: OnvifDevice, request: Request) -> Response:
        """401 with a digest challenge, and for clients that read SOAP only the fault ter:NotAuthorized."""
        now_us = self._clock.now_us()
        challenge = device.gate.challenge(now_us, stale=device.gate.is_stale(request, now_us))
        fault = SoapFault("Sender", "NotAuthorized", reason="Sender not authorized")
        return Response(HTTPStatus.UNAUTHORIZED, fault_envelope(fault), CONTENT_TYPE, {"WWW-Authenticate": challenge})

    async def _snapshot(self, device: OnvifDevice, request: Request) -> Response:
        if request.method != "GET":
            return Response(HTTPStatus.METHOD_NOT_ALLOWED, b"GET a picture\n", headers={"Allow": "GET"})
        if not self._is_authorized(device, request, None):
            return self._unauthorized(device, request)
        camera_id = device.camera.spec.id
        async with self._snapshot_of[camera_id], self._snapshots:
            try:
                jpeg = await asyncio.to_thread(device.source.snapshot_jpeg, camera_id)
            except UitkijkError as error:
                log.warning("sim_snapshot_failed", extra={"camera": camera_id, "reason": str(error)})
                return Response(HTTPStatus.SERVICE_UNAVAILABLE, b"no picture now\n")
        return Response(HTTPStatus.OK, jpeg, "image/jpeg", {"Cache-Control": "no-store"})


def _has_power(device: OnvifDevice) -> bool:
    return not device.camera.faults.offline


def _operation(service: str, action: Element) -> Operation:
    """Raises SoapFault."""
    if action.namespace != NAMESPACES[service]:
        raise SoapFault("Sender", "UnknownAction", reason="not an action of this service")
    operation = _OPERATIONS[service].get(action.local)
    if operation is None:
        raise SoapFault("Receiver", "ActionNotSupported", reason=f"{action.local} is not supported")
    return operation


def _is_public(service: str, action: str) -> bool:
    return action == "GetServiceCapabilities" or (service == "tds" and action in onvif_device.PRE_AUTH)
