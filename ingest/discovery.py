"""Find cameras by WS-Discovery: ask on every network interface, collect answers for a bounded time.

Our own probe instead of the WSDiscovery package's daemon: one thread, no joined groups, every datagram bounded and
read without DTDs. Nothing found here is contacted: addresses are shown to a technician, who decides.
"""

import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element

from ingest.onvif_soap import SOAP, find, local_name, printable, read_xml, text_of
from vms.clock import Clock, SystemClock
from vms.errors import ProtocolError

log = logging.getLogger(__name__)

GROUP = ("239.255.255.250", 3702)
MAX_FOUND = 2000
MAX_DATAGRAMS = 20_000
MAX_LIST = 64
MAX_TEXT_CHARS = 8192
_MAX_DATAGRAM_BYTES = 65_535
_MAX_INTERFACES = 64
_RECEIVE_BUFFER_BYTES = 1024 * 1024
_REPEAT_AT_S = (0.0, 0.3, 1.0)
"""UDP gets lost: the same question (same id, so cameras answer once) is sent so long after the start."""
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_TYPES = ("tds:Device", "dn:NetworkVideoTransmitter", "")
"""Current cameras, older ones, and those that match no type."""
_SCOPE = "onvif://www.onvif.org/"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What one device said of itself, unchecked but printable.

    endpoint_reference: its stable identity (urn:uuid:…). address: where its answer came from.
    xaddrs: device service URLs as it gave them; may name other hosts, so they are never contacted by themselves.
    """

    endpoint_reference: str
    xaddrs: tuple[str, ...]
    scopes: tuple[str, ...]
    name: str
    hardware: str
    address: str

    @property
    def foreign_xaddrs(self) -> tuple[str, ...]:
        """Those that lead to another host than the one that answered (several addresses, or a lie)."""
        return tuple(xaddr for xaddr in self.xaddrs if _host_of(xaddr) != self.address)


def discover(
    timeout_s: float = 3.0, clock: Clock | None = None, targets: Sequence[tuple[str, int]] = (GROUP,)
) -> list[Discovered]:
    """Ask and listen for timeout_s; sorted by address. Blocking.

    targets: the multicast group is asked on every interface; any other address directly, for cameras behind a
    router. No network at all gives an empty list.
    """
    clock = clock or SystemClock()
    with _socket() as listener:
        return _Search(listener, clock, targets).run(timeout_s)


class _Search:
    def __init__(self, listener: socket.socket, clock: Clock, targets: Sequence[tuple[str, int]]) -> None:
        self._listener = listener
        self._clock = clock
        self._targets = targets
        self._probes = {f"urn:uuid:{uuid4()}": kind for kind in _TYPES}
        self._found: dict[str, Discovered] = {}

    def run(self, timeout_s: float) -> list[Discovered]:
        started_s = self._clock.monotonic_s()
        repeats = [at_s for at_s in _REPEAT_AT_S if at_s < timeout_s]
        for _ in range(MAX_DATAGRAMS):
            passed_s = self._clock.monotonic_s() - started_s
            if repeats and passed_s >= repeats[0]:
                repeats.pop(0)
                self._ask()
            if passed_s >= timeout_s or len(self._found) >= MAX_FOUND:
                break
            self._listen((repeats[0] if repeats else timeout_s) - passed_s)
        return sorted(self._found.values(), key=lambda found: (found.address, found.endpoint_reference))

    def _ask(self) -> None:
        for target in self._targets:
            interfaces = [index for index, _ in socket.if_nameindex()][:_MAX_INTERFACES] if target == GROUP else [0]
            for interface in interfaces:
                for message_id, kind in self._probes.items():
                    self._send(probe_message(message_id, kind), target, interface)

    def _send(self, message: bytes, target: tuple[str, int], interface: int) -> None:
        try:
            if interface:
                request = struct.pack("=4s4si", socket.inet_aton(target[0]), b"\0\0\0\0", interface)
                self._listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
            self._listener.sendto(message, target)
        except OSError as error:  # an interface that is down or has no IPv4 address finds no camera
            log.debug("discovery_not_sent", extra={"interface": interface, "reason": str(error)})

    def _listen(self, timeout_s: float) -> None:
        self._listener.settimeout(max(0.001, timeout_s))
        try:
            datagram, sender = self._listener.recvfrom(_MAX_DATAGRAM_BYTES)
        except OSError:  # nothing came in time, or an ICMP error about an earlier probe
            return
        try:
            answers = read_probe_matches(datagram, str(sender[0]), frozenset(self._probes))
        except ProtocolError as error:
            log.info("discovery_bad_answer", extra={"address": sender[0], "reason": str(error)})
            return
        for answer in answers:
            known = self._found.get(answer.endpoint_reference)
            if known is None or len(answer.foreign_xaddrs) < len(known.foreign_xaddrs):
                self._found[answer.endpoint_reference] = answer  # reached through an address that it names itself


def _socket() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    listener.bind(("", 0))
    return listener


def probe_message(message_id: str, kind: str) -> bytes:
    """kind: a QName of the prefixes tds and dn, or "" for every device."""
    types = f"<d:Types>{kind}</d:Types>" if kind else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{_ADDRESSING}"'
        f' xmlns:d="{_DISCOVERY}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
        ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
        f"<a:Action>{_DISCOVERY}/Probe</a:Action><a:MessageID>{message_id}</a:MessageID>"
        "<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def read_probe_matches(datagram: bytes, address: str, asked: frozenset[str]) -> list[Discovered]:
    """Devices in one answer to one of our probes (`asked`: their ids); [] for other traffic. Raises ProtocolError."""
    message = read_xml(datagram)
    matches = find(message, "Body", "ProbeMatches")
    if matches is None or text_of(message, "Header", "RelatesTo") not in asked:
        return []
    elements = [element for element in matches if local_name(element) == "ProbeMatch"][:MAX_LIST]
    return [_discovered(element, address) for element in elements]


def _discovered(match: Element, address: str) -> Discovered:
    reference = printable(text_of(match, "EndpointReference", "Address"), 256)
    xaddrs = _words(match, "XAddrs")
    if not reference and not xaddrs:
        raise ProtocolError("a probe match without identity and address")
    scopes = _words(match, "Scopes")
    return Discovered(
        endpoint_reference=reference or xaddrs[0],
        xaddrs=tuple(xaddr for xaddr in xaddrs if _scheme_of(xaddr) in ("http", "https")),
        scopes=scopes,
        name=_scope_value(scopes, "name"),
        hardware=_scope_value(scopes, "hardware"),
        address=address,
    )


def _words(match: Element, name: str) -> tuple[str, ...]:
    words = text_of(match, name, max_chars=MAX_TEXT_CHARS).split()[:MAX_LIST]
    return tuple(printable(word, 512) for word in words)


def _scope_value(scopes: Sequence[str], category: str) -> str:
    prefix = f"{_SCOPE}{category}/"
    found = next((scope for scope in scopes if scope.startswith(prefix)), "")
    return printable(unquote(found.removeprefix(prefix)))


def _scheme_of(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
