"""What of a camera's answers libav may see before it plays, and what of its requests the camera may see. Pure.

libav follows a redirect to any host and takes the password there, answers Basic in the clear, and sends packets to
whatever address a transport names. So status lines that lead elsewhere end the connection, Basic is left out, and the
source of a transport is the camera. Stricter than libav reads: what looks like a status line anywhere counts as one.
Where a line may begin, libav skips an interleaved packet and reads on: before it plays there is none to skip.
"""

import re
from collections.abc import Iterator

from vms.errors import CameraUnauthorized, ProtocolError

_STATUS = re.compile(rb"RTSP/")
_ALLOWED = re.compile(rb"RTSP/\d\.\d [1245]\d\d(?!\d)")
_SCREENED = (b"transport:", b"www-authenticate:", b"proxy-authenticate:")
_SOURCE = re.compile(rb";\s*(?:source|destination)=[^;,\s]*", re.IGNORECASE)
_BASIC = re.compile(rb"\bbasic\b", re.IGNORECASE)
_PACKET = b"$"
_PACKET_HEADER_BYTES = 4
_PASSWORD = re.compile(rb"^(?:proxy-)?authorization:\s*basic\b", re.IGNORECASE | re.MULTILINE)
_MAX_LINE_BYTES = 64 * 1024
_REQUEST_END = b"\r\n\r\n"
_MAX_REQUEST_BYTES = 128 * 1024
"""More than the largest packet."""


class AnswerScreen:
    """Feed it what comes; it gives back what may go on. source: the camera's address. allow_basic: inside TLS."""

    def __init__(self, source: str, *, allow_basic: bool) -> None:
        self._source = source.encode()
        self._allow_basic = allow_basic
        self._held = b""
        self._is_mid_line = False
        """What is held begins within a line whose beginning was given back."""

    def feed(self, data: bytes) -> bytes:
        """Raises ProtocolError: the camera would lead us elsewhere."""
        if self._is_mid_line:
            _refuse_packet(self._held + data)  # what went on may have been the end of a body
        lines = (self._held + data).split(b"\n")
        self._held = lines.pop()
        passed = b"".join(self._line(line) for line in lines)
        if len(self._held) > _MAX_LINE_BYTES:
            raise ProtocolError("a line of the camera's answer is too long: refused")
        return passed + self._harmless_rest()

    def rest(self) -> bytes:
        """What is still held, when libav asked to play."""
        rest, self._held = self._held, b""
        return rest

    def _line(self, line: bytes) -> bytes:
        begins, self._is_mid_line = not self._is_mid_line, False
        read = line.replace(b"\r", b"")  # libav drops it wherever it stands
        for found in _STATUS.finditer(read):
            if not _ALLOWED.match(read, found.start()):
                raise ProtocolError("the camera leads to another address: refused")
        if begins:
            _refuse_packet(read)
        name = read.lstrip().lower()
        if not begins or not name.startswith(_SCREENED):
            return line + b"\n"
        if name.startswith(b"transport:"):
            return _SOURCE.sub(b"", read) + b";source=" + self._source + b"\r\n"
        return b"" if _BASIC.search(read) and not self._allow_basic else line + b"\n"

    def _harmless_rest(self) -> bytes:
        """A description may end without a line's end: what can be no part of a screened line goes on."""
        read = self._held.replace(b"\r", b"")
        if not self._is_mid_line:
            _refuse_packet(read)
        begins_screened = not self._is_mid_line and any(
            name.startswith(read.lstrip().lower()[: len(name)]) for name in _SCREENED
        )
        if not read or begins_screened or b"RTSP/" in read or any(read.endswith(b"RTSP/"[:n]) for n in range(1, 5)):
            return b""
        rest, self._held, self._is_mid_line = self._held, b"", True
        return rest


class RequestScreen:
    """Feed it what libav sends; it gives back the requests and packets that are whole. allow_basic: inside TLS."""

    def __init__(self, *, allow_basic: bool) -> None:
        self._allow_basic = allow_basic
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Raises CameraUnauthorized: the password would go out in the clear."""
        self._held += data
        whole = list(self._whole())
        if len(self._held) > _MAX_REQUEST_BYTES:
            raise ProtocolError("libav's request is too long: refused")
        return whole

    def _whole(self) -> Iterator[bytes]:
        while size := self._first_bytes():
            first, self._held = self._held[:size], self._held[size:]
            if not self._allow_basic and not first.startswith(_PACKET) and _PASSWORD.search(first):
                raise CameraUnauthorized("the camera wants the password in the clear: refused")
            yield first

    def _first_bytes(self) -> int:
        """Length of what comes first; 0 when it is not whole."""
        if not self._held.startswith(_PACKET):
            end = self._held.find(_REQUEST_END)
            return end + len(_REQUEST_END) if end >= 0 else 0
        if len(self._held) < _PACKET_HEADER_BYTES:
            return 0
        size = _PACKET_HEADER_BYTES + int.from_bytes(self._held[2:_PACKET_HEADER_BYTES])
        return size if len(self._held) >= size else 0


def _refuse_packet(read: bytes) -> None:
    if read.replace(b"\r", b"").startswith(_PACKET):
        raise ProtocolError("the camera sent a packet before it was asked to play: refused")
