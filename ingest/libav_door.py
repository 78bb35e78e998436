"""The only way by which libav reaches a camera: a port on the loopback that leads to that camera and nowhere else.

The connection behind it is ours (address, TLS, stop). Until libav plays the camera's answers go through `AnswerScreen`;
what libav asks always goes through `RequestScreen`.
One thread, one connection on each side; whoever closes ends both.
"""

import contextlib
import select
import socket
import threading
from dataclasses import dataclass, field

from ingest.rtsp_connection import READ_BYTES, Connection, StopRequested
from ingest.rtsp_screen import AnswerScreen, RequestScreen
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable, ProtocolError

_ACCEPT_S = 10.0
_SEND_S = 4.0
_SLICE_MS = 250
_PLAY = b"PLAY "


@dataclass(slots=True)
class CameraDoor:
    """Made by `open`; close it. error: why it closed, when the camera was to blame."""

    port: int
    _listener: socket.socket
    _camera: Connection
    _screen: AnswerScreen
    _requests: RequestScreen
    error: CameraError | None = None
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def open(cls, camera: Connection, *, is_encrypted: bool) -> "CameraDoor":
        """Owns the connection from now on."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        listener.settimeout(_ACCEPT_S)
        screen = AnswerScreen(camera.peer_address(), allow_basic=is_encrypted)
        requests = RequestScreen(allow_basic=is_encrypted)
        door = cls(listener.getsockname()[1], listener, camera, screen, requests)
        door._thread = threading.Thread(target=door._run, name="libav-door", daemon=True)
        door._thread.start()
        return door

    def close(self) -> None:
        self._ends.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            with self._listener, self._camera:
                libav, _ = self._listener.accept()
                self._listener.close()
                with libav:
                    libav.settimeout(_SEND_S)
                    self._pass_on(libav)
        except (CameraUnauthorized, CameraUnreachable, ProtocolError) as error:
            self.error = error
        except (OSError, StopRequested):
            return  # libav went, or was told to

    def _pass_on(self, libav: socket.socket) -> None:
        poll = select.poll()
        poll.register(libav, select.POLLIN)
        poll.register(self._camera, select.POLLIN)
        plays = False
        while not self._ends.is_set():
            ready = {descriptor for descriptor, _ in poll.poll(_SLICE_MS)}
            if libav.fileno() in ready:
                asked = libav.recv(READ_BYTES)
                if not asked:
                    return
                for one in self._requests.feed(asked):
                    if one.startswith(_PLAY) and not plays:
                        plays = True
                        libav.sendall(self._screen.rest())
                    self._camera.send(one, _SEND_S)
            if self._camera.fileno() in ready:
                answer = self._camera.recv(0)
                libav.sendall(answer if plays else self._screen.feed(answer))
