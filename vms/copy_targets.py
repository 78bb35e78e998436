"""Where lines of the audit log can be copied to: a file, a syslog receiver (RFC 5424), or an OTLP collector.

`send` returns when the lines are safe: a file is synced; over TCP and TLS the receiver's machine has acknowledged every
byte; a collector has answered that it took them (vms.otlp_target). Whoever calls sends the same lines again after a
failure, and over TCP and TLS what was sent last is sent again over the next connection, because a receiver that fell
may not have read it: it may get some twice, and misses none. UDP and /dev/log promise nothing of the kind.
"""

import fcntl
import os
import select
import socket
import ssl
import struct
import termios
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from vms.config.audit import AuditCopy
from vms.durable import sync_directory
from vms.errors import StorageError
from vms.rules.syslog import framed, message

_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 0.02
_MODE = 0o600
_UNREAD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """kind: what a receiver can sort by (audit, audit-seal). text: one line of JSON. fields: for who reads no JSON."""

    at: datetime
    kind: str
    text: str
    is_refusal: bool = False
    fields: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """Lines that the receiver has seen and will never take, and why; it does not say which."""

    lines: int
    reason: str


class ReceiverBusy(StorageError):
    """The receiver is there, cannot now, and may have said when to come back."""

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Target(Protocol):
    def send(self, lines: Sequence[Line]) -> Rejection | None:
        """Raises StorageError: some of them, or none, arrived. No lines: see whether the connection still stands."""
        ...

    def close(self) -> None: ...


def open_target(copy: AuditCopy) -> Target:
    """Connects at the first line."""
    if copy.kind == "file":
        return FileTarget(copy.path)
    if copy.kind in ("udp", "unix"):
        return DatagramTarget(copy)
    if copy.kind in ("otlp+http", "otlp+https"):
        from vms.otlp_target import OtlpTarget  # protobuf costs time and memory: only where it is used

        return OtlpTarget(copy)
    return StreamTarget(copy)


class FileTarget:
    """Appends. Opened anew each time, so that a file which was moved away gets a successor."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        text = "".join(f"{line.text}\n" for line in lines).encode()
        try:
            is_new = not self._path.exists()
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
            with os.fdopen(descriptor, "r+b") as file:
                if file.seek(0, os.SEEK_END) and not _ends_a_line(file.fileno()):
                    file.write(b"\n")  # a crash tore the last line; it comes again
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                sync_directory(self._path.parent)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror}") from error

    def close(self) -> None:
        pass


def _ends_a_line(descriptor: int) -> bool:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1) == b"\n"


class DatagramTarget:
    """UDP, or a local socket such as /dev/log."""

    def __init__(self, copy: AuditCopy) -> None:
        self._copy = copy
        self._socket: socket.socket | None = None
        self._host = socket.gethostname()

    def send(self, lines: Sequence[Line]) -> None:
        try:
            for line in lines:
                self._socket = self._socket or self._connected()
                self._socket.send(_message(self._host, line))
        except OSError as error:
            self.close()
            raise StorageError(f"{self._copy.to}: {error.strerror or error}") from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._copy.kind == "unix":
            family, address = socket.AF_UNIX, str(self._copy.path)
            return _connect(socket.socket(family, socket.SOCK_DGRAM), address)
        host, port = self._copy.address
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        return _connect(socket.socket(found[0], socket.SOCK_DGRAM), found[4])


class StreamTarget:
    """TCP, or TLS that checks the receiver's certificate and name. One connection, kept."""

    def __init__(self, copy: AuditCopy) -> None:
        self._copy = copy
        self._socket: socket.socket | None = None
        self._host = socket.gethostname()
        self._unread: deque[bytes] = deque()
        """What was sent last: the receiver's machine has it, the receiver itself perhaps not."""

    def send(self, lines: Sequence[Line]) -> None:
        data = b"".join(framed(_message(self._host, line)) for line in lines)
        try:
            if self._socket is not None and _was_closed(self._socket):
                self.close()
            if self._socket is None:
                data = b"".join((*self._unread, data))
            if not data:
                return
            self._socket = self._socket or self._connected()
            self._socket.sendall(data)
            _wait_until_acknowledged(self._socket)
            self._remember(data)
        except OSError as error:
            self.close()
            raise StorageError(f"{self._copy.to}: {error.strerror or error}") from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _remember(self, data: bytes) -> None:
        self._unread.append(data)
        while len(self._unread) > 1 and sum(map(len, self._unread)) > _UNREAD_BYTES:
            self._unread.popleft()

    def _connected(self) -> socket.socket:
        host, port = self._copy.address
        plain = socket.create_connection((host, port), _TIMEOUT_S)
        if self._copy.kind == "tcp":
            return plain
        try:
            context = ssl.create_default_context(cafile=self._copy.ca_file)
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _message(host: str, line: Line) -> bytes:
    return message(line.at, host, line.kind, line.text, notable=line.is_refusal)


def _connect(made: socket.socket, address: object) -> socket.socket:
    made.settimeout(_TIMEOUT_S)
    try:
        made.connect(address)  # type: ignore[arg-type] # of its family
    except BaseException:
        made.close()
        raise
    return made


def _was_closed(connection: socket.socket, wait_s: float = 0) -> bool:
    """A receiver says nothing that matters; TLS may."""
    if not select.select([connection], [], [], wait_s)[0]:
        return False
    connection.setblocking(False)
    try:
        return connection.recv(4096) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(_TIMEOUT_S)


def _wait_until_acknowledged(connection: socket.socket) -> None:
    """Raises OSError when the receiver's machine does not say in time that it has every byte."""
    for _ in range(int(_TIMEOUT_S / _LOOK_EVERY_S)):
        waiting = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        if not waiting:
            return
        if _was_closed(connection, _LOOK_EVERY_S):
            raise ConnectionError("the receiver closed the connection")
    raise TimeoutError("the receiver does not acknowledge")
