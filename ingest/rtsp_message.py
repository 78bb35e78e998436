"""RTSP 1.0 on a TCP connection (RFC 2326): text messages and interleaved `$` frames, mixed as they come. Pure.

Everything is bounded: a header block, a body and (by its 16-bit length) a frame; what breaks the bounds or the
grammar raises ProtocolError, nothing else does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vms.errors import ProtocolError

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024
DOLLAR = 0x24
FRAMING_BYTES = 4
"""Of an interleaved frame: `$`, channel, 16-bit length."""
_SPLICE_BYTES = 4096
_BLANK_LINE = b"\r\n\r\n"
_UPPERCASE = frozenset(range(ord("A"), ord("Z") + 1))
_STATUS_WORDS = 2
_REQUEST_WORDS = 3

InterleavedFrame = tuple[int, bytes]
"""(channel, RTP or RTCP packet)."""


@dataclass(frozen=True, slots=True)
class RtspMessage:
    """A reply, or a request that the server sends us. Header names are lower case, in order, repeats kept."""

    start_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """None for a request."""
        if not self.start_line.startswith("RTSP/"):
            return None
        words = self.start_line.split(" ", _STATUS_WORDS)
        return int(words[1])

    @property
    def method(self) -> str:
        """Of a request; empty for a reply."""
        return "" if self.start_line.startswith("RTSP/") else self.start_line.split(" ", 1)[0]

    def header(self, name: str) -> str | None:
        """The first one of that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def cseq(self) -> int | None:
        return _small_number(self.header("cseq"))


def format_message(start_line: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """Raises ProtocolError when a value would break out of its line: some come from the camera's answers."""
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ProtocolError("line break inside an RTSP header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def parse_header(block: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Start line and headers of a block without its blank line. Raises ProtocolError."""
    lines = block.decode("utf-8", "replace").split("\r\n")
    start_line = lines[0]
    words = start_line.split(" ")
    if start_line.startswith("RTSP/"):
        if len(words) < _STATUS_WORDS or _small_number(words[1]) is None:
            raise ProtocolError(f"RTSP status line expected, got {start_line[:80]!r}")
    elif len(words) != _REQUEST_WORDS or not words[2].startswith("RTSP/"):
        raise ProtocolError(f"RTSP message expected, got {start_line[:80]!r}")
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and headers:  # a folded header goes on
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    return start_line, tuple(headers)


def _small_number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    return int(text)


def _body_size(headers: Sequence[tuple[str, str]]) -> int:
    for name, value in headers:
        if name == "content-length":
            size = _small_number(value)
            if size is None or size > MAX_BODY_BYTES:
                raise ProtocolError(f"RTSP Content-Length {value[:20]!r} refused")
            return size
    return 0


class FrameTaker(Protocol):
    """Takes the frames of one channel straight from the receive buffer: no step per frame in between."""

    def push_frames(self, buffer: bytes, at: int, channel: int) -> int:
        """All frames of `channel` that lie whole in a row from `at`; returns where they end."""


class InterleavedSplitter:
    """Cuts the received bytes into frames and messages, however TCP split them. One thread."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def buffered_bytes(self) -> int:
        return len(self._rest)

    def feed(
        self, data: bytes, media: FrameTaker | None = None, channel: int = 0
    ) -> tuple[list[InterleavedFrame], list[RtspMessage]]:
        """What became complete with these bytes; frames of `channel` go to `media`, if there is one.

        Raises ProtocolError; the connection is useless then.
        """
        frames: list[InterleavedFrame] = []
        messages: list[RtspMessage] = []
        at = 0
        if rest := self._rest:
            # Mostly the first part of one frame: joined with a little of the new bytes, not with all of them.
            head = rest + data[:_SPLICE_BYTES]
            at = self._cut(head, frames, messages, media, channel) - len(rest)
            if at < 0:
                data, at = (rest + data)[at + len(rest) :], 0
        at = self._cut(data, frames, messages, media, channel, at)
        self._rest = data[at:]
        return frames, messages

    def _cut(
        self,
        buffer: bytes,
        frames: list[InterleavedFrame],
        messages: list[RtspMessage],
        media: FrameTaker | None,
        channel: int,
        at: int = 0,
    ) -> int:
        """Everything that is complete from `at` on; returns where that ends."""
        size = len(buffer)
        while size - at >= FRAMING_BYTES:
            if buffer[at] == DOLLAR:
                if media is not None and buffer[at + 1] == channel:
                    end = media.push_frames(buffer, at, channel)
                    if end == at:
                        break
                else:
                    end = at + FRAMING_BYTES + (buffer[at + 2] << 8 | buffer[at + 3])
                    if end > size:
                        break
                    frames.append((buffer[at + 1], buffer[at + FRAMING_BYTES : end]))
            else:
                end = _message_end(buffer, at, messages)
                if end <= at:
                    break
            at = end
        return at


def _message_end(buffer: bytes, at: int, messages: list[RtspMessage]) -> int:
    """Append the message that starts at `at` and return where it ends; `at` itself when it is not complete."""
    if buffer[at : at + 2] == b"\r\n":  # tolerated between messages
        return at + 2
    if buffer[at] not in _UPPERCASE:
        raise ProtocolError("bytes that are neither an interleaved frame nor an RTSP message")
    end_of_header = buffer.find(_BLANK_LINE, at, at + MAX_HEADER_BYTES)
    if end_of_header < 0:
        if len(buffer) - at >= MAX_HEADER_BYTES:
            raise ProtocolError(f"RTSP header longer than {MAX_HEADER_BYTES} bytes")
        return at
    start_line, headers = parse_header(buffer[at:end_of_header])
    start_of_body = end_of_header + len(_BLANK_LINE)
    end = start_of_body + _body_size(headers)
    if end > len(buffer):
        return at
    messages.append(RtspMessage(start_line, headers, buffer[start_of_body:end]))
    return end
