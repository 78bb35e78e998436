"""One TCP or TLS connection to a camera that can be given up at any moment.

The socket never blocks; waiting happens in slices, between which the stop event and the deadline are looked at.
So stopping needs no other thread to touch the socket. Only resolving a host *name* cannot be interrupted:
cameras are configured by address.
"""

import contextlib
import os
import select
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType

from vms.clock import Clock
from vms.errors import CameraUnreachable, ConfigError, UitkijkError

READ_BYTES = 1024 * 1024
_SLICE_S = 0.25
_MAX_ADDRESSES = 4
_READABLE = select.POLLIN | select.POLLPRI


class StopRequested(UitkijkError):
    """Not an error of the camera: somebody told the stream to end."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the authorities in this PEM file, or else the system's. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError([f"tls_ca_file {ca_file}: no readable PEM certificate"]) from error


class Connection:
    """Owned by one thread. Close it."""

    def __init__(self, sock: socket.socket, clock: Clock, stop: threading.Event) -> None:
        self._sock = sock
        self._clock = clock
        self._stop = stop

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        timeout_s: float,
        clock: Clock,
        stop: threading.Event,
    ) -> "Connection":
        """Raises CameraUnreachable (also for a certificate that is not trusted) or StopRequested."""
        deadline_s = clock.monotonic_s() + timeout_s
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:_MAX_ADDRESSES]
        except (OSError, UnicodeError) as error:
            raise CameraUnreachable(f"host {host!r} is not known") from error
        failure: CameraUnreachable | None = None
        for family, kind, protocol, _, address in addresses:
            connection = cls(socket.socket(family, kind, protocol), clock, stop)
            try:
                connection._connect(address, deadline_s)
                if tls is not None:
                    connection._encrypt(tls, host, deadline_s)
            except CameraUnreachable as error:
                connection.close()
                failure = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failure or CameraUnreachable(f"host {host!r} has no address")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, address: object, deadline_s: float) -> None:
        self._sock.setblocking(False)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._sock.connect(address)  # type: ignore[arg-type]
        except BlockingIOError:
            if not self._wait(select.POLLOUT, deadline_s):
                raise CameraUnreachable("no answer to the connection attempt") from None
        except OSError as error:
            raise CameraUnreachable(f"cannot connect: {error.strerror}") from error
        failed = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise CameraUnreachable(f"cannot connect: {os.strerror(failed)}")

        with contextlib.suppress(OSError):
            # Makes Linux open the receive window to a whole read, and then wake us for every byte again: the
            # camera must never wait for us between two reads.
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, READ_BYTES)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)

    def _encrypt(self, context: ssl.SSLContext, host: str, deadline_s: float) -> None:
        try:
            wrapped = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            raise CameraUnreachable(f"TLS: {error}") from error
        self._sock = wrapped
        while True:
            try:
                wrapped.do_handshake()
                return
            except ssl.SSLWantReadError:
                ready = self._wait(_READABLE, deadline_s)
            except ssl.SSLWantWriteError:
                ready = self._wait(select.POLLOUT, deadline_s)
            except ssl.SSLCertVerificationError as error:
                raise CameraUnreachable(
                    f"TLS certificate refused: {error.verify_message}: name who vouches for it in tls_ca_file, "
                    "or mend the camera's certificate"
                ) from error
            except OSError as error:
                raise CameraUnreachable(f"TLS handshake failed: {error.strerror or error}") from error
            if not ready:
                raise CameraUnreachable("no answer to the TLS handshake")

    def peer_address(self) -> str:
        """Of the camera, as a number. Raises CameraUnreachable."""
        try:
            return str(self._sock.getpeername()[0])
        except OSError as error:
            raise CameraUnreachable(f"connection lost: {error.strerror}") from error

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, data: bytes, timeout_s: float) -> None:
        """All of it. Raises CameraUnreachable or StopRequested."""
        deadline_s = self._clock.monotonic_s() + timeout_s
        while data:
            try:
                data = data[self._sock.send(data) :]
                continue
            except (BlockingIOError, ssl.SSLWantWriteError):
                ready = self._wait(select.POLLOUT, deadline_s)
            except ssl.SSLWantReadError:
                ready = self._wait(_READABLE, deadline_s)
            except OSError as error:
                raise CameraUnreachable(f"connection lost: {error.strerror or error}") from error
            if not ready:
                raise CameraUnreachable("the camera takes no data any more")

    def recv(self, timeout_s: float) -> bytes:
        """Up to 1 MiB of what has come; empty when nothing came in time. Raises CameraUnreachable or StopRequested."""
        data = self._recv_now()
        if data is None and self._wait(_READABLE, self._clock.monotonic_s() + timeout_s):
            data = self._recv_now()
        return data or b""

    def _recv_now(self) -> bytes | None:
        """None: nothing there."""
        chunks: list[bytes] = []
        room = READ_BYTES
        try:
            while room > 0:
                chunk = self._sock.recv(room)
                if not chunk:
                    if chunks:
                        break
                    raise CameraUnreachable("the camera closed the connection")
                chunks.append(chunk)
                room -= len(chunk)
                if not isinstance(self._sock, ssl.SSLSocket):
                    return chunk
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            raise CameraUnreachable(f"connection lost: {error.strerror or error}") from error
        return b"".join(chunks) if chunks else None

    def _wait(self, events: int, deadline_s: float) -> bool:
        """Whether the socket became ready in time. Raises StopRequested."""
        poll = select.poll()
        poll.register(self._sock, events)
        while True:
            if self._stop.is_set():
                raise StopRequested("stopped")
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0:
                return False
            if poll.poll(min(left_s, _SLICE_S) * 1000):
                return True

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()
