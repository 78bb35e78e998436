"""A connection that plays back what a server once sent, each reply after its request."""

import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from ingest.depacketize import AccessUnit
from ingest.rtcp import SenderReport
from ingest.rtsp import RtspSession, RtspTiming
from ingest.source import StreamSource
from vms.clock import SystemClock
from vms.errors import CameraUnreachable
from vms.units import CameraId

CAPTURED = sorted((Path(__file__).parent / "captured").glob("*.bin"))
_REPLY = re.compile(rb"RTSP/1\.0 [0-9]{3} ")


class ReplayConnection:
    """piece_bytes: how much one read brings once the stream plays."""

    def __init__(self, data: bytes, piece_bytes: int = 4096) -> None:
        self.requests: list[bytes] = []
        self._data, self._at, self._piece_bytes = data, 0, piece_bytes
        self._ends = [found.start() for found in _REPLY.finditer(data)][1:6]

    def send(self, data: bytes, timeout_s: float) -> None:
        if not data.startswith(b"$"):
            self.requests.append(data)

    def recv(self, timeout_s: float) -> bytes:
        """The replies to the requests so far, then the stream. Raises CameraUnreachable after the last byte."""
        answered = next(itertools.islice(self._ends, len(self.requests) - 1, None), len(self._data))
        end = answered if self._at < answered != len(self._data) else self._at + self._piece_bytes
        piece = self._data[self._at : end]
        self._at += len(piece)
        if not piece:
            raise CameraUnreachable("the capture is over")
        return piece

    def close(self) -> None:
        pass


@contextmanager
def replayed(data: bytes, piece_bytes: int = 4096) -> Iterator[tuple[RtspSession, ReplayConnection]]:
    connection = ReplayConnection(data, piece_bytes)
    source = StreamSource(CameraId("captured"), "main", "rtsp://127.0.0.1:8554/captured", "vms", "captured")
    with mock.patch("ingest.rtsp.Connection.open", return_value=connection):
        session = RtspSession.open(source, SystemClock(), threading.Event(), RtspTiming())
        yield session, connection
        session.close()


def read_all(session: RtspSession) -> tuple[list[AccessUnit], list[SenderReport]]:
    units: list[AccessUnit] = []
    reports: list[SenderReport] = []
    try:
        while True:
            read = session.read()
            units += read.units
            reports += read.reports
    except CameraUnreachable:
        return units, reports
