"""Where a camera's ONVIF service is, and the rule that keeps every later connection there.

A camera's replies are untrusted: an address in them that leads to another host would let a hostile or taken-over
camera send our credentials, or a request from inside our network, wherever it likes. So addresses are never
followed: they are compared with the configured host and rebuilt on it.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from vms.errors import ProtocolError

MAX_ADDRESS_CHARS = 1024
_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
_BAD_CHARACTERS = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")


class ForeignAddress(ProtocolError):
    """The camera named another host than its own: refused, nothing is sent there."""


@dataclass(frozen=True, slots=True)
class OnvifEndpoint:
    """A camera as the configuration names it. Plain HTTP; the password never shows in a repr.

    host: address or name, IPv6 without brackets. port: of its ONVIF service.
    """

    host: str
    port: int = 80
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def url_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        return f"{self.url_host}:{self.port}"


def service_path(xaddr: str, endpoint: OnvifEndpoint) -> str:
    """Path (with query) of one of the camera's services, to be asked at the configured host *and port*.

    The port in the answer is ignored: behind a port forward it is the inner one. Raises ForeignAddress and
    ProtocolError.
    """
    parts = _own_address(xaddr, endpoint, ("http", "https"), "service address")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def http_url(url: str, endpoint: OnvifEndpoint) -> str:
    """An http address (a snapshot's) rebuilt on the configured host and port. Raises like service_path."""
    return f"http://{endpoint.authority}{service_path(url, endpoint)}"


def stream_url(url: str, endpoint: OnvifEndpoint) -> str:
    """An RTSP address rebuilt on the configured host, with the port it names and without any credential in it.

    Raises ForeignAddress and ProtocolError.
    """
    parts = _own_address(url, endpoint, tuple(_RTSP_PORTS), "stream address")
    try:
        port = parts.port or _RTSP_PORTS[parts.scheme]
    except ValueError as error:
        raise ProtocolError(f"{endpoint.host}: its stream address has a port that is no port") from error
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{endpoint.url_host}:{port}{parts.path}{query}"


def _own_address(url: str, endpoint: OnvifEndpoint, schemes: tuple[str, ...], what: str) -> SplitResult:
    url = url.strip()
    if len(url) > MAX_ADDRESS_CHARS or _BAD_CHARACTERS.search(url):
        raise ProtocolError(f"{endpoint.host}: its {what} is too long or has characters no address may have")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise ProtocolError(f"{endpoint.host}: its {what} is not an address") from error
    if parts.scheme not in schemes or not host:
        raise ProtocolError(f"{endpoint.host}: its {what} is not {' or '.join(schemes)}://host/…")
    if not _same_host(host, endpoint.host):
        raise ForeignAddress(
            f"{endpoint.host}: its {what} leads to another host ({host}): refused; "
            "correct the camera's network settings, or give main and sub as URLs in the configuration"
        )
    return parts


def _same_host(named: str, configured: str) -> bool:
    if named.rstrip(".").lower() == configured.rstrip(".").lower():
        return True
    address = _address(named)
    if address is None:
        return False
    own = _address(configured)
    return address == own if own else address in _resolved(configured)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _resolved(name: str) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address | None]:
    """Addresses of a configured name; blocking. Only to accept a camera that answers with its number."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {_address(str(entry[4][0])) for entry in found} - {None}
