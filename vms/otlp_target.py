"""A copy of the audit log at an OTLP collector (OTLP/HTTP, protobuf).

The address comes from the configuration alone: no redirect is followed, no proxy of the environment is used. A sending
is bounded as a whole, so a collector that drips its answer holds a copy up no longer than one that is away.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from vms.config.audit import AuditCopy
from vms.config.load import read_secret
from vms.copy_targets import Line, ReceiverBusy, Rejection
from vms.errors import ConfigError, StorageError
from vms.otlp_logs import rejection_in, request_of

_TIMEOUT_S = 5.0
_MOST_BYTES = 512 * 1024
"""Of the lines in one request; proxies before collectors commonly take 1 MiB."""
_MOST_ANSWER_BYTES = 64 * 1024
_LONGEST_WAIT_S = 300.0
_MOST_REASON = 200
_PROTOBUF = "application/x-protobuf"
_BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_HINTS = {
    HTTPStatus.UNAUTHORIZED: "check token_file and token_header",
    HTTPStatus.FORBIDDEN: "check token_file and token_header",
    HTTPStatus.NOT_FOUND: "check the path in `to`; a collector's own is /v1/logs",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "let the collector take requests of 1 MiB",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "let the collector take OTLP over HTTP as protobuf",
}


class OtlpTarget:
    """A connection per sending. What a collector rejects for good is told, and not sent again, as OTLP asks."""

    def __init__(self, copy: AuditCopy, timeout_s: float = _TIMEOUT_S) -> None:
        self._copy = copy
        self._timeout_s = timeout_s
        self._host = socket.gethostname()

    def send(self, lines: Sequence[Line]) -> Rejection | None:
        rejected = [found for part in _parts(lines) if (found := self._post(part))]
        return Rejection(sum(one.lines for one in rejected), rejected[-1].reason) if rejected else None

    def close(self) -> None:
        pass

    def _post(self, lines: Sequence[Line]) -> Rejection | None:
        try:
            token = self._token()
            status, headers, answer = self._exchange(request_of(self._host, lines), token)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise StorageError(f"{self._copy.to}: {_plain(reason, '')}") from error
        if status != HTTPStatus.OK:
            raise self._failure(status, headers)
        if answer and headers.get_content_type() != _PROTOBUF:
            said = _plain(headers.get_content_type(), token)
            raise StorageError(f"{self._copy.to}: answered 200 with {said}, not {_PROTOBUF}; is this a collector?")
        try:
            found = rejection_in(answer)
        except ValueError as error:
            raise StorageError(f"{self._copy.to}: answered 200 with {error}; is this a collector?") from error
        return Rejection(min(found.lines, len(lines)), _plain(found.reason, token)) if found else None

    def _exchange(self, body: bytes, token: str) -> tuple[int, Message, bytes]:
        """Raises OSError and HTTPException."""
        with self._connected() as connection:
            connection.request("POST", self._copy.url_path, body, self._headers(token))
            with connection.getresponse() as response:
                answer = response.read(_MOST_ANSWER_BYTES + 1)
                if len(answer) > _MOST_ANSWER_BYTES:
                    raise http.client.HTTPException(f"an answer of more than {_MOST_ANSWER_BYTES} bytes")
                if response.length:
                    raise http.client.IncompleteRead(answer, response.length)
                return response.status, response.headers, answer

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        """Cut off when the time is over, whatever is waited for then."""
        host, port = self._copy.address
        plain = socket.create_connection((host, port), self._timeout_s)
        watched = plain.dup()  # TLS takes the descriptor of the other
        was_late = threading.Event()
        watch = threading.Timer(self._timeout_s, _cut, (watched, was_late))
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0
        try:
            watch.start()
            connection.sock = plain
            if self._copy.kind == "otlp+https":
                connection.sock = _context(self._copy).wrap_socket(plain, server_hostname=host)
            yield connection
            if was_late.is_set():
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if was_late.is_set() or isinstance(error, TimeoutError):
                raise TimeoutError(f"no answer within {self._timeout_s:g} s") from error
            raise
        finally:
            watch.cancel()
            watch.join()
            connection.close()
            plain.close()
            watched.close()

    def _token(self) -> str:
        try:
            token = read_secret(self._copy.token_file)
        except ConfigError as error:
            raise StorageError(f"{self._copy.to}: {error}") from error
        if not (token.isascii() and token.isprintable()):
            raise StorageError(f"{self._copy.to}: {self._copy.token_file}: holds what fits no header; ASCII only")
        return token

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Content-Type": _PROTOBUF, "User-Agent": "uitkijk", "Connection": "close"}
        if token:
            name = self._copy.token_header
            headers[name] = f"Bearer {token}" if name.lower() == "authorization" else token
        return headers

    def _failure(self, status: int, headers: Message) -> StorageError:
        if status in _BUSY:
            return ReceiverBusy(f"{self._copy.to}: answered {status}, for now", _retry_after_s(headers))
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return StorageError(f"{self._copy.to}: answered {status}; no redirect is followed: name the address itself")
        hint = next((text for known, text in _HINTS.items() if known == status), "see the collector's log")
        return StorageError(f"{self._copy.to}: answered {status}; {hint}")


def _parts(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """In order, none over _MOST_BYTES unless it is one line."""
    start = size = 0
    for at, line in enumerate(lines):
        size += len(line.text)
        if size > _MOST_BYTES and at > start:
            yield lines[start:at]
            start, size = at, len(line.text)
    if lines:
        yield lines[start:]


def _cut(watched: socket.socket, was_late: threading.Event) -> None:
    was_late.set()
    try:
        watched.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it had ended by itself


def _context(copy: AuditCopy) -> ssl.SSLContext:
    """Raises OSError."""
    try:
        return ssl.create_default_context(cafile=copy.ca_file)
    except FileNotFoundError as error:
        raise OSError(f"{copy.ca_file}: no such file; see ca_file") from error
    except ssl.SSLError as error:
        raise OSError(f"{copy.ca_file}: not certificates in PEM; see ca_file") from error


def _retry_after_s(headers: Message) -> float:
    """Seconds, or a date beside the answer's own; 0: it did not say."""
    text = str(headers.get("Retry-After", "")).strip()
    try:
        if not text.isdecimal():
            asked = (parsedate_to_datetime(text) - parsedate_to_datetime(str(headers.get("Date", "")))).total_seconds()
        else:
            asked = float(text)
    except (ValueError, TypeError):
        return 0.0
    return min(_LONGEST_WAIT_S, max(0.0, asked))


def _plain(text: str, token: str) -> str:
    """What a receiver said, fit for a log: short, one line, without the token that it may echo."""
    said = text.replace(token, "…") if token else text
    return "".join(c if c.isprintable() else " " for c in said)[:_MOST_REASON]
