"""Syslog as RFC 5424 spells it, and RFC 5425/6587's framing for connections. Pure."""

from datetime import datetime
from typing import Final

_FACILITY_AUDIT: Final = 13
_NOTICE: Final = 5
_INFO: Final = 6


def message(at: datetime, host: str, kind: str, content: str, *, notable: bool = False) -> bytes:
    """content: one line. notable: severity notice instead of informational, for refusals. kind: the MSGID."""
    severity = _NOTICE if notable else _INFO
    stamp = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
    header = f"<{_FACILITY_AUDIT * 8 + severity}>1 {stamp} {_name(host, 255)} uitkijk - {_name(kind, 32)} -"
    return f"{header} {content}".encode()


def framed(one: bytes) -> bytes:
    """With its length in front: a receiver can tell where it ends, whatever is in it."""
    return f"{len(one)} ".encode() + one


def _name(text: str, length: int) -> str:
    """Printable ASCII without spaces; a dash when there is nothing."""
    return "".join(c for c in text if 33 <= ord(c) <= 126)[:length] or "-"
