"""One persistent HTTP connection to a camera: bounded in bytes and, as a whole, in time.

No redirects (a camera could send us elsewhere), no proxies, no cookies, no compression (no bombs).
"""

import http.client
import socket
from dataclasses import dataclass

from ingest.onvif_endpoint import OnvifEndpoint
from vms.clock import Clock
from vms.errors import CameraUnreachable, ProtocolError

MAX_REPLY_BYTES = 2 * 1024 * 1024
"""Room for the profiles of a many-headed camera (some 10 KB each), far from hurting us."""
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpReply:
    """sent_us, received_us: server clock around this very exchange, without connecting before it."""

    status: int
    body: bytes
    challenges: tuple[str, ...]
    sent_us: int
    received_us: int


class _DeadlineSocket(socket.socket):
    """Each read gets what is left of the whole exchange, so a camera that drips bytes cannot hold us."""

    clock: Clock
    deadline_s: float

    def recv_into(self, *args: object, **keywords: object) -> int:
        left_s = self.deadline_s - self.clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError("the answer took too long")
        self.settimeout(left_s)
        return super().recv_into(*args, **keywords)  # type: ignore[arg-type] # passed through as they came


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, clock: Clock) -> None:
        super().__init__(host, port)
        self.auto_open = False
        self._clock = clock

    def open_until(self, deadline_s: float) -> None:
        """Connect if needed and date the exchange that follows. Raises OSError."""
        left_s = max(0.001, deadline_s - self._clock.monotonic_s())
        if not isinstance(self.sock, _DeadlineSocket):
            plain = socket.create_connection((self.host, self.port), left_s)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = _DeadlineSocket(fileno=plain.detach())
            self.sock.clock = self._clock
        self.sock.deadline_s = deadline_s
        self.sock.settimeout(left_s)


class HttpConnection:
    """Belongs to one thread at a time. Reconnects by itself."""

    def __init__(self, endpoint: OnvifEndpoint, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._connection = _Connection(endpoint.host, endpoint.port, clock)

    def close(self) -> None:
        self._connection.close()

    def post(
        self, path: str, body: bytes, headers: dict[str, str], timeout_s: float, *, repeatable: bool = True
    ) -> HttpReply:
        """timeout_s: for everything together, connecting included.

        repeatable: may be sent again when a kept-alive connection turns out to be closed before any answer.
        Raises CameraUnreachable and ProtocolError.
        """
        deadline_s = self._clock.monotonic_s() + timeout_s
        if not repeatable:
            self.close()
        was_open = self._connection.sock is not None
        try:
            try:
                return self._exchange(path, body, headers, deadline_s)
            except (ConnectionResetError, BrokenPipeError):
                self.close()
                if not was_open:
                    raise
                return self._exchange(path, body, headers, deadline_s)
        except TimeoutError as error:
            self.close()
            raise CameraUnreachable(f"{self._endpoint.authority}: no answer within {timeout_s:g} s") from error
        except OSError as error:
            self.close()
            reason = error.strerror or type(error).__name__
            raise CameraUnreachable(f"{self._endpoint.authority}: no connection ({reason})") from error
        except (http.client.HTTPException, ValueError) as error:
            self.close()
            raise ProtocolError(
                f"{self._endpoint.authority}: not a proper HTTP answer ({type(error).__name__})"
            ) from error
        except ProtocolError:
            self.close()
            raise

    def _exchange(self, path: str, body: bytes, headers: dict[str, str], deadline_s: float) -> HttpReply:
        connection = self._connection
        connection.open_until(deadline_s)
        started_s, sent_us = self._clock.monotonic_s(), self._clock.now_us()
        connection.request("POST", path, body, headers)
        with connection.getresponse() as response:
            received = self._read(response)
            took_s = self._clock.monotonic_s() - started_s
            challenges = tuple(response.headers.get_all("WWW-Authenticate", []))
            return HttpReply(response.status, received, challenges, sent_us, sent_us + round(took_s * 1e6))

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.read(_CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise ProtocolError(f"{self._endpoint.authority}: its answer is over {MAX_REPLY_BYTES} bytes: refused")
        return b"".join(parts)
