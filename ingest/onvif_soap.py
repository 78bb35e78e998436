"""SOAP 1.2 as ONVIF uses it: prepared envelopes out, bounded and DTD-free XML in. Pure: no sockets, no clock.

Building a request here costs microseconds; through a WSDL engine it costs milliseconds, too dear for asking
74 cameras several times a second.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from vms.errors import ProtocolError
from vms.units import us_from_utc, utc_from_us

MAX_DEPTH = 40
MAX_ELEMENTS = 20_000

SOAP = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA_1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA_2 = "http://www.onvif.org/ver20/media/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_DIGEST_TYPE = f"{_WSS}username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"

Envelope = Callable[[str], bytes]
"""Takes the security header ("" = none) and gives the bytes to send."""


class SoapFault(ProtocolError):
    """The camera answered with a fault. codes: local names of its (sub)codes, such as `NotAuthorized`."""

    def __init__(self, text: str, codes: frozenset[str]) -> None:
        super().__init__(text)
        self.codes = codes

    @property
    def is_not_authorized(self) -> bool:
        return bool(self.codes & {"NotAuthorized", "FailedAuthentication", "FailedCheck"})


class _Reader:
    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise ProtocolError("the camera's XML is nested too deep or has too many elements: refused")
        self._builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(_clark(name))

    def data(self, text: str) -> None:
        self._builder.data(text)

    def doctype(self, *_: object) -> None:
        raise ProtocolError("the camera's XML has a document type declaration: refused")

    def root(self) -> Element:
        return self._builder.close()


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def read_xml(document: bytes) -> Element:
    """The root element. No DTD, no entities, bounded depth and count; the caller bounds the bytes.

    Raises ProtocolError.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ProtocolError(f"the camera's answer is not XML ({error})") from error
    return reader.root()


def read_body(document: bytes) -> Element:
    """First element of the SOAP body. Raises SoapFault for a fault, ProtocolError for anything else."""
    root = read_xml(document)
    body = next((child for child in root if local_name(child) == "Body"), None)
    if local_name(root) != "Envelope" or body is None or len(body) == 0:
        raise ProtocolError("the camera's answer is no SOAP envelope with a body")
    content = body[0]
    if local_name(content) == "Fault":
        raise _fault_of(content)
    return content


def _fault_of(fault: Element) -> SoapFault:
    values = [element.text or "" for element in fault.iter() if local_name(element) in ("Value", "faultcode")]
    codes = frozenset(value.strip().rpartition(":")[2] for value in values)
    reasons = [element.text or "" for element in fault.iter() if local_name(element) in ("Text", "faultstring")]
    reason = printable(" ".join(reasons), 200) or ", ".join(sorted(printable(code, 40) for code in codes))
    return SoapFault(f"the camera answered: {reason or 'a fault without reason'}", codes)


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def find(element: Element | None, *path: str) -> Element | None:
    """Descendant along these local names: cameras differ in namespaces more than in names."""
    for local in path:
        if element is None:
            return None
        element = next((child for child in element if local_name(child) == local), None)
    return element


def text_of(element: Element | None, *path: str, max_chars: int = 1024) -> str:
    """Its text without white space around it; "" when absent. Raises ProtocolError when longer."""
    found = find(element, *path)
    text = (found.text or "").strip() if found is not None else ""
    if len(text) > max_chars:
        raise ProtocolError("a value in the camera's answer is too long: refused")
    return text


def printable(text: str, max_chars: int = 100) -> str:
    """Fit for a terminal, a log and a page: no control or direction characters, bounded."""
    kept = "".join(character if character.isprintable() else " " for character in text[: max_chars * 4])
    return " ".join(kept.split())[:max_chars]


def envelope(body: str) -> Envelope:
    """A request around ready XML; prefixes declared: tds, trt, tr2, tptz, tt."""
    start = (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:tds="{DEVICE}"'
        f' xmlns:trt="{MEDIA_1}" xmlns:tr2="{MEDIA_2}" xmlns:tptz="{PTZ}" xmlns:tt="{SCHEMA}">'
    )
    end = f"<s:Body>{body}</s:Body></s:Envelope>"

    def with_header(security: str) -> bytes:
        header = f"<s:Header>{security}</s:Header>" if security else ""
        return f"{start}{header}{end}".encode()

    return with_header


def leaf(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


def username_token(username: str, password: str, camera_now_us: int) -> str:
    """WS-Security header with a password digest, dated by the camera's own clock (Core 5.9.4)."""
    nonce = secrets.token_bytes(16)
    created = utc_from_us(camera_now_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    return (
        f'<wsse:Security s:mustUnderstand="1" xmlns:s="{SOAP}" xmlns:wsse="{_WSS}wssecurity-secext-1.0.xsd"'
        f' xmlns:wsu="{_WSS}wssecurity-utility-1.0.xsd"><wsse:UsernameToken>{leaf("wsse:Username", username)}'
        f'<wsse:Password Type="{_DIGEST_TYPE}">{base64.b64encode(digest).decode()}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</wsse:Nonce>'
        f"{leaf('wsu:Created', created)}</wsse:UsernameToken></wsse:Security>"
    )


_YEAR_2200_US = us_from_utc(datetime(2200, 1, 1, tzinfo=UTC))
GET_SYSTEM_DATE_AND_TIME = envelope("<tds:GetSystemDateAndTime/>")


def camera_time_us(answer: Element) -> int:
    """UTC of GetSystemDateAndTimeResponse, a whole second (the camera cut the fraction off). Raises ProtocolError."""
    at = find(answer, "SystemDateAndTime", "UTCDateTime")
    parts = [text_of(at, "Date", part) for part in ("Year", "Month", "Day")]
    parts += [text_of(at, "Time", part) for part in ("Hour", "Minute", "Second")]
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts)
        # second 60 is a leap second; some cameras say it
        at_us = us_from_utc(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise ProtocolError("the camera does not tell its UTC date and time") from error
    if not 0 <= at_us < _YEAR_2200_US:
        raise ProtocolError("the camera tells an impossible date")
    return at_us


_HAS_FRACTION = re.compile(r"T\d\d:\d\d:\d\d\.\d")


def precise_time_us(text: str) -> int | None:
    """xs:dateTime → UTC microseconds; None when absent, broken, or only to the second (too coarse for a pose)."""
    if not _HAS_FRACTION.search(text) or len(text) > 40:
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text))
    except ValueError:
        return None
    return us_from_utc(at if at.tzinfo else at.replace(tzinfo=UTC))
