"""SOAP 1.2 as ONVIF uses it: read a request safely, write an answer or a fault.

The reader takes no DTD, no entities, a bounded depth and a bounded number of elements; the HTTP server bounds the
bytes. The writer escapes every text and attribute; namespace prefixes are fixed and declared on the envelope.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

MAX_DEPTH = 24
MAX_ELEMENTS = 600

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "ter": "http://www.onvif.org/ver10/error",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
}
_ENVELOPE = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
SOAP = NAMESPACES["s"]
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"


class XmlRefused(Exception):
    """Not well-formed, or more than a camera has to take."""


class SoapFault(Exception):
    """An ONVIF fault: `code` Sender or Receiver, then the ter: subcodes from general to particular."""

    def __init__(self, code: str, *subcodes: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcodes = subcodes
        self.reason = reason

    @property
    def status(self) -> HTTPStatus:
        """As SOAP 1.2's HTTP binding has it."""
        return HTTPStatus.BAD_REQUEST if self.code == "Sender" else HTTPStatus.INTERNAL_SERVER_ERROR


def invalid_argument(subcode: str, reason: str) -> SoapFault:
    return SoapFault("Sender", "InvalidArgVal", subcode, reason=reason)


@dataclass(slots=True)
class Element:
    """One XML element. Names are `namespace local`, separated by a space, or just `local` without a namespace."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    @property
    def local(self) -> str:
        return self.name.rpartition(" ")[2]

    @property
    def namespace(self) -> str:
        return self.name.rpartition(" ")[0]

    def find(self, *path: str) -> "Element | None":
        """The first descendant along these local names; the namespace does not matter to a camera."""
        here: Element | None = self
        for local in path:
            here = next((child for child in here.children if child.local == local), None) if here else None
        return here

    def text_of(self, *path: str) -> str | None:
        """Its text without surrounding white space; None when it is absent or empty."""
        found = self.find(*path)
        return (found.text.strip() or None) if found else None


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise XmlRefused("too many elements, or nested too deep")
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text += text

    def doctype(self, *_: object) -> None:
        raise XmlRefused("a document type declaration is not taken")


def read_xml(document: bytes) -> Element:
    """Raises XmlRefused."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise XmlRefused(f"not well-formed: {error}") from error
    if reader.root is None:
        raise XmlRefused("no element")
    return reader.root


def request_of(envelope: Element) -> Element:
    """The first element of the SOAP body. Raises SoapFault when this is no SOAP 1.2 request."""
    if envelope.name != f"{SOAP} Envelope":
        raise SoapFault("VersionMismatch", reason="the root is not a SOAP 1.2 Envelope")
    body = envelope.find("Body")
    if body is None or not body.children:
        raise SoapFault("Sender", "WellFormed", reason="the SOAP Body is empty")
    return body.children[0]


def el(tag: str, *content: str, **attributes: str | float) -> str:
    """An element around ready XML (no escaping of `content`)."""
    inside = "".join(content)
    written = "".join(f" {name}={quoteattr(_plain(value))}" for name, value in attributes.items())
    return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"


def leaf(tag: str, value: str | float | bool) -> str:
    """An element around a value, escaped; True becomes `true` and floats lose needless digits."""
    return f"<{tag}>{escape(_plain(value))}</{tag}>"


def _plain(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def envelope(*body: str, header: str = "") -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    document = f"<s:Envelope{_ENVELOPE}>{head}<s:Body>{''.join(body)}</s:Body></s:Envelope>"
    return b'<?xml version="1.0" encoding="UTF-8"?>' + document.encode()


def fault_envelope(fault: SoapFault) -> bytes:
    subcode = ""
    for value in reversed(fault.subcodes):
        subcode = el("s:Subcode", leaf("s:Value", f"ter:{value}"), subcode)
    reason = f'<s:Text xml:lang="en">{escape(fault.reason)}</s:Text>'
    return envelope(el("s:Fault", el("s:Code", leaf("s:Value", f"s:{fault.code}"), subcode), el("s:Reason", reason)))


_DURATION = re.compile(
    r"P(?:0*(?P<days>\d{1,4})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)


def duration_s(text: str) -> float:
    """xs:duration without years and months, → seconds. Raises SoapFault."""
    found = _DURATION.fullmatch(re.sub(r"^P(?:0+Y)?(?:0+M)?", "P", text))
    if found is None or text.endswith(("P", "T")):
        raise SoapFault("Sender", "InvalidArgs", reason=f"not a duration: {text[:40]!r}")
    parts = {unit: float(value) for unit, value in found.groupdict(default="0").items()}
    return timedelta(**parts).total_seconds()


def number(text: str | None, name: str) -> float:
    """Raises SoapFault for anything that is not a finite decimal number."""
    if text is None or not re.fullmatch(r"[+-]?(\d{1,9}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?", text):
        raise SoapFault("Sender", "InvalidArgs", reason=f"{name} is not a number")
    return float(text)
