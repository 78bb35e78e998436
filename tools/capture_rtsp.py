"""Keep what an RTSP server sends: one session of our own client through a loopback relay, byte for byte.

Usage: python tools/capture_rtsp.py rtsp://127.0.0.1:8554/test OUT.bin [--seconds 6] [--user U --password P]

The file holds everything the server sent on the connection, replies and `$` frames as they came. It is a seed for the
fuzz targets and a replay for `tests/ingest/test_captured_sessions.py`; of test pictures only, never of a camera.
"""

import argparse
import contextlib
import socket
import sys
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from ingest.rtsp import RtspSession
from ingest.source import StreamSource
from vms.clock import SystemClock
from vms.units import CameraId


class Relay:
    """Takes one connection, passes it on to the server, and keeps what comes back."""

    def __init__(self, host: str, port: int) -> None:
        self.received = bytearray()
        self._server = socket.create_connection((host, port), 5)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        threading.Thread(target=self._pump, args=(client, self._server, None), daemon=True).start()
        self._pump(self._server, client, self.received)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, keep: bytearray | None) -> None:
        with contextlib.suppress(OSError):  # one of both has seen enough
            while data := source.recv(65_536):
                if keep is not None:
                    keep += data
                sink.sendall(data)


def capture(url: str, user: str, password: str, seconds: float) -> tuple[bytes, int]:
    """What the server sent, and how many pictures our client saw in it."""
    parts = urlsplit(url)
    relay = Relay(parts.hostname or "127.0.0.1", parts.port or 554)
    through = parts._replace(netloc=f"127.0.0.1:{relay.port}").geturl()
    source = StreamSource(CameraId("captured"), "main", through, user, password)
    clock = SystemClock()
    pictures = 0
    with closing(RtspSession.open(source, clock, threading.Event())) as session:
        until_s = clock.monotonic_s() + seconds
        while clock.monotonic_s() < until_s:
            pictures += len(session.read().units)
        return bytes(relay.received), pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    data, pictures = capture(options.url, options.user, options.password, options.seconds)
    options.out.write_bytes(data)
    sys.stdout.write(f"{options.out}: {len(data)} bytes, {pictures} pictures\n")


if __name__ == "__main__":
    main()
