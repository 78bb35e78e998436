"""An address of a camera is rtsp or rtsps, wherever it comes from: nothing else is opened, nobody else hears of us."""

import socket
import threading

import pytest
from pydantic import ValidationError

from ingest.libav_source import LibavFeed
from ingest.rtsp import RtspSession
from ingest.source import StreamSource
from vms.clock import SystemClock
from vms.config import SiteConfig
from vms.errors import ProtocolError
from vms.units import CameraId

ADDRESSES = [
    "exec:id", "exec:rtsp://127.0.0.1:{port}/", "ffmpeg:rtsp://127.0.0.1:{port}/", "file:///etc/passwd",
    "concat:/etc/passwd|/etc/group", "http://127.0.0.1:{port}/x", "https://127.0.0.1:{port}/x", "tcp://127.0.0.1:{port}",
    "udp://127.0.0.1:{port}", "rtmp://127.0.0.1:{port}/x", "pipe:0", "subfile:,,:/etc/passwd", "data:video/mp4,x",
    "rtsp+exec://127.0.0.1:{port}/", "RTSP:exec:id", "rtsp:///x", "-i /etc/passwd", "/etc/passwd", "$(id)", "rtsp://\n",
    "rtsp://127.0.0.1:{port}/\r\nX: y", "rtsp://user:word@127.0.0.1:{port}/",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_scheme_but_rtsp_is_configured_or_opened(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        url = address.format(port=canary.getsockname()[1])
        with pytest.raises(ValidationError):
            SiteConfig.model_validate(
                {
                    "site": {"name": "Venlo", "data_dir": "d"},
                    "cameras": [{"id": "a", "number": 1, "name": "A", "main": url}],
                }
            )
        source, stop = StreamSource(CameraId("a"), "main", url, "vms", "geheim"), threading.Event()
        for opener in (LibavFeed.open, RtspSession.open):
            with pytest.raises(ProtocolError):
                opener(source, SystemClock(), stop)
        with pytest.raises(BlockingIOError):
            canary.accept()
