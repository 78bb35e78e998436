"""RTSP 1.0 messages (RFC 2326) and HTTP digest (RFC 2617) as a camera handles them. Pure."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from vms.errors import ProtocolError

MAX_HEAD_BYTES: Final = 16_384
MAX_BODY_BYTES: Final = 65_536
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]*))')


@dataclass(frozen=True, slots=True)
class Request:
    """headers: names in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> list[str]:
        """Non-empty parts of the URL's path."""
        return [part for part in unquote(urlsplit(self.url).path).split("/") if part]


@dataclass(slots=True)
class Response:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self, cseq: str) -> bytes:
        lines = [f"RTSP/1.0 {self.status} {_REASONS.get(self.status, 'Error')}", f"CSeq: {cseq}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


def take_message(buffer: bytearray) -> Request | bytes | None:
    """Remove the first message: a request, the payload of an interleaved frame, or None while incomplete.

    Raises ProtocolError when the bytes cannot become a message.
    """
    while buffer[:2] == b"\r\n":
        del buffer[:2]
    if not buffer:
        return None
    if buffer[0] == 0x24:
        return _take_interleaved(buffer)
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
    if end < 0:
        if len(buffer) >= MAX_HEAD_BYTES:
            raise ProtocolError("request head too long")
        return None
    words, headers = _parse_head(buffer[:end].decode("latin-1"))
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise ProtocolError("bad content length")
    total = end + 4 + int(length)
    if len(buffer) < total:
        return None
    body = bytes(buffer[end + 4 : total])
    del buffer[:total]
    return Request(words[0].upper(), words[1], headers, body)


def _parse_head(head: str) -> tuple[list[str], dict[str, str]]:
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise ProtocolError("not an RTSP request")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError("malformed header")
        headers[name.strip().lower()] = value.strip()
    return words, headers


def _take_interleaved(buffer: bytearray) -> bytes | None:
    if len(buffer) < 4:
        return None
    total = 4 + int.from_bytes(buffer[2:4], "big")
    if len(buffer) < total:
        return None
    payload = bytes(buffer[4:total])
    del buffer[:total]
    return payload


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Digest:
    """One nonce of one connection."""

    realm: str
    nonce: str

    def challenge(self) -> str:
        return f'Digest realm="{self.realm}", nonce="{self.nonce}", algorithm=MD5, qop="auth"'

    def accepts(self, authorization: str, method: str, username: str, password: str) -> bool:
        """Whether the header proves the password, with or without qop."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() != "digest":
            return False
        given = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        if given.get("nonce") != self.nonce or given.get("username") != username:
            return False
        ha1 = _md5(f"{username}:{self.realm}:{password}")
        ha2 = _md5(f"{method}:{given.get('uri', '')}")
        if given.get("qop"):
            middle = f"{self.nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}"
        else:
            middle = self.nonce
        return hmac.compare_digest(_md5(f"{ha1}:{middle}:{ha2}"), given.get("response", "").lower())


@dataclass(frozen=True, slots=True)
class TransportChoice:
    """What the client asked for: interleaved channels over TCP, or its two UDP ports."""

    channels: tuple[int, int] | None
    client_ports: tuple[int, int] | None


def parse_transport(header: str) -> TransportChoice | None:
    """The first transport offered that this server has; None if there is none."""
    for offer in header.split(","):
        parts = [part.strip() for part in offer.split(";")]
        profile = parts[0].upper()
        options = {name.lower(): value for name, _, value in (part.partition("=") for part in parts[1:])}
        if profile == "RTP/AVP/TCP":
            return TransportChoice(_pair(options.get("interleaved", "0-1"), 255) or (0, 1), None)
        if profile in ("RTP/AVP", "RTP/AVP/UDP") and "multicast" not in options:
            ports = _pair(options.get("client_port", ""), 65_535)
            if ports is not None:
                return TransportChoice(None, ports)
    return None


def _pair(text: str, maximum: int) -> tuple[int, int] | None:
    first, _, second = text.partition("-")
    if not (first.isascii() and first.isdigit()):
        return None
    low = int(first)
    high = int(second) if second.isascii() and second.isdigit() else low + 1
    return (low, high) if 0 <= low <= maximum and 0 <= high <= maximum else None
