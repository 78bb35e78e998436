"""Answers WS-Discovery probes for all simulated cameras: each answers by itself, as cameras do."""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from uuid import uuid4
from xml.sax.saxutils import escape

from ingest.simulator.model import SimCamera
from ingest.simulator.onvif_device import endpoint_uuid, scopes
from ingest.simulator.onvif_soap import SOAP, Element, XmlRefused, read_xml

log = logging.getLogger(__name__)

GROUP = "239.255.255.250"
PORT = 3702
MAX_PROBE_BYTES = 8192
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_TYPES = frozenset({"Device", "NetworkVideoTransmitter"})
_EXACT = f"{_DISCOVERY}/strcmp0"
_SPREAD_S = 0.25
"""Answers to one probe are spread over this time, so that the sender's socket buffer holds a whole street."""
_MAX_PENDING_ANSWERS = 2000
"""Bounds what a flood of probes can make us send later."""


def _scope_matches(wanted: str, own: str, rule: str | None) -> bool:
    """rfc3986 (the default): equal or a prefix that ends at a path segment; case-sensitive beyond the host."""
    if rule == _EXACT:
        return wanted == own
    wanted = wanted.rstrip("/")
    return own == wanted or own.startswith(f"{wanted}/")


def _answers_to(probe: Element, camera: SimCamera) -> bool:
    """Types are compared by local name: tds:Device and dn:NetworkVideoTransmitter, both are ours."""
    types = (probe.text_of("Types") or "").split()
    if any(qname.rpartition(":")[2] not in _TYPES for qname in types):
        return False
    wanted = probe.find("Scopes")
    if wanted is None:
        return True
    own_scopes = scopes(camera.spec)
    rule = wanted.attributes.get("MatchBy")
    return all(any(_scope_matches(scope, own, rule) for own in own_scopes) for scope in wanted.text.split())


def _probe_matches(camera: SimCamera, device_url: str, relates_to: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{_ADDRESSING}" xmlns:d="{_DISCOVERY}"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
        ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
        f"<a:MessageID>urn:uuid:{uuid4()}</a:MessageID><a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
        f"<a:To>{_ADDRESSING}/role/anonymous</a:To><a:Action>{_DISCOVERY}/ProbeMatches</a:Action>"
        "</s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        f"<a:EndpointReference><a:Address>urn:uuid:{endpoint_uuid(camera.spec.id)}</a:Address>"
        "</a:EndpointReference><d:Types>tds:Device dn:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>{escape(' '.join(scopes(camera.spec)))}</d:Scopes>"
        f"<d:XAddrs>{escape(device_url)}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def _read_probe(datagram: bytes) -> tuple[Element, str] | None:
    """The Probe and its MessageID; None for anything else that passes on the group."""
    if len(datagram) > MAX_PROBE_BYTES:
        return None
    try:
        message = read_xml(datagram)
    except XmlRefused:
        return None
    probe = message.find("Body", "Probe")
    message_id = message.text_of("Header", "MessageID")
    if probe is None or probe.namespace != _DISCOVERY or not message_id or len(message_id) > 256:
        return None
    return probe, message_id


def _address_towards(peer: tuple[str, int]) -> str:
    """Our address on the way to the peer (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(peer)
        address: str = probe.getsockname()[0]
    return address


class DiscoveryResponder(asyncio.DatagramProtocol):
    """Belongs to the event loop's thread."""

    def __init__(
        self,
        cameras: Mapping[str, SimCamera],
        host: str,
        device_url: Callable[[str, str], str],
        interfaces: tuple[str, ...] = ("127.0.0.1",),
    ) -> None:
        """device_url: (camera id, host) → address of its device service. host: the IP where the cameras listen.

        interfaces: own addresses on which to join the group, besides the system's default one.
        """
        self._cameras = cameras
        self._host = host
        self._device_url = device_url
        self._interfaces = interfaces
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Raises OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("", PORT))  # not to the group: answers need an address of ours to come from
            for interface in ("0.0.0.0", *self._interfaces):  # noqa: S104 - here: the default interface
                self._join(listener, interface)
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=listener)
        except OSError:
            listener.close()
            raise

    def _join(self, listener: socket.socket, interface: str) -> None:
        membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(interface))
        try:
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError as error:
            log.info("discovery_not_joined", extra={"interface": interface, "reason": str(error)})

    async def stop(self) -> None:
        for answer in self._pending:
            answer.cancel()
        self._pending.clear()
        if self._transport:
            self._transport.close()
            await asyncio.sleep(0)  # lets the transport close its socket

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        found = _read_probe(data)
        if found is None:
            return
        probe, message_id = found
        own_address = _address_towards(addr)
        if ip_address(self._host).is_loopback and own_address != addr[0]:
            return  # another machine asks, and could not reach these cameras
        host = own_address if ip_address(self._host).is_unspecified else self._host
        answering = [
            camera
            for camera in self._cameras.values()
            if not camera.faults.offline and not camera.faults.hang and _answers_to(probe, camera)
        ]
        for index, camera in enumerate(answering):
            if len(self._pending) >= _MAX_PENDING_ANSWERS:
                log.warning("discovery_flooded", extra={"unanswered": len(answering) - index})
                return
            answer = _probe_matches(camera, self._device_url(camera.spec.id, host), message_id)
            self._send_later(answer, addr, _SPREAD_S * index / len(answering))

    def _send_later(self, answer: bytes, addr: tuple[str, int], delay_s: float) -> None:
        def send() -> None:
            self._pending.discard(handle)
            if self._transport:
                self._transport.sendto(answer, addr)

        handle = asyncio.get_running_loop().call_later(delay_s, send)
        self._pending.add(handle)

    def error_received(self, exc: OSError) -> None:  # type: ignore[override] # the base says Exception
        log.info("discovery_error", extra={"reason": str(exc)})
