"""libav's RTSP demuxer as a MediaFeed: the exception, for UDP and for cameras our own client cannot read.

It costs about four times the processor time, hides the sender reports (camera_utc_us stays None) and can only
be interrupted by its own time-outs. It never connects by itself: `libav_door` does, and keeps it at that camera.
"""

import threading
from collections.abc import Iterator
from urllib.parse import quote, urlunsplit

import av
from av.packet import Packet as AvPacket
from av.video.stream import VideoStream

from ingest.depacketize import MAX_ACCESS_UNIT_BYTES, START_CODE, AccessUnit
from ingest.libav_door import CameraDoor
from ingest.rtsp_connection import Connection, StopRequested, tls_context
from ingest.rtsp_url import DEFAULT_PORTS, check_url
from ingest.source import FeedRead, StreamSource
from vms.clock import Clock
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable, ProtocolError
from vms.units import TICKS_PER_SECOND, Codec

_OPEN_TIMEOUT_S = 8.0
_READ_TIMEOUT_S = 4.0
_HAD_TO_WAIT_S = 0.005
_MAX_PACKETS_PER_READ = 200
_MAX_EXTRADATA_BYTES = 64 * 1024
_OPTIONS = {
    "allowed_media_types": "video",
    "protocol_whitelist": "rtsp,rtp,udp,tcp",
    "fflags": "nobuffer",
    "probesize": "500000",
    "max_delay": "200000",
}
_CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "h265"}


class LibavFeed:
    """Made by `open`; one thread; close it."""

    def __init__(
        self, container: av.container.InputContainer, door: CameraDoor, clock: Clock, stop: threading.Event
    ) -> None:
        self._container = container
        self._door = door
        self._clock = clock
        self._stop = stop
        stream = _video_stream(container)
        self.codec = _CODECS[stream.codec_context.name]
        self.parameter_sets = tuple(_nal_units(stream.codec_context.extradata or b""))
        self._packets: Iterator[AvPacket[VideoStream]] = container.demux(stream)

    @classmethod
    def open(cls, source: StreamSource, clock: Clock, stop: threading.Event) -> "LibavFeed":
        """Raises CameraUnreachable, CameraUnauthorized or ProtocolError; ConfigError: `ca_file` is no such file."""
        parts = check_url(source.url)
        tls = tls_context(source.ca_file) if parts.scheme == "rtsps" else None
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        camera = Connection.open(parts.hostname or "", port, tls=tls, timeout_s=_OPEN_TIMEOUT_S, clock=clock, stop=stop)
        door = CameraDoor.open(camera, is_encrypted=tls is not None)
        login = f"{quote(source.username, safe='')}:{quote(source.password, safe='')}@" if source.username else ""
        url = urlunsplit(parts._replace(scheme="rtsp", netloc=f"{login}127.0.0.1:{door.port}"))
        options = _OPTIONS | {"rtsp_transport": "tcp" if tls else "udp+tcp"}
        try:
            container = av.open(url, format="rtsp", options=options, timeout=(_OPEN_TIMEOUT_S, _READ_TIMEOUT_S))
        except (av.FFmpegError, OSError) as error:
            door.close()
            raise door.error or _translated(error) from None  # libav's text holds the URL with the password
        try:
            return cls(container, door, clock, stop)
        except BaseException:
            container.close()
            door.close()
            raise

    def read(self) -> FeedRead:
        """Whatever libav has; waits for the first packet (up to libav's own time-out)."""
        units: list[AccessUnit] = []
        while len(units) < _MAX_PACKETS_PER_READ:
            if self._stop.is_set():
                raise StopRequested("stopped")
            before_s = self._clock.monotonic_s()
            try:
                packet = next(self._packets)
            except StopIteration:
                raise self._door.error or CameraUnreachable("the camera ended the stream") from None
            except (av.FFmpegError, OSError) as error:
                raise self._door.error or _translated(error) from None
            unit = self._unit(packet)
            if unit is not None:
                units.append(unit)
            if self._clock.monotonic_s() - before_s > _HAD_TO_WAIT_S:
                break
        return FeedRead(units)

    def _unit(self, packet: "AvPacket[VideoStream]") -> AccessUnit | None:
        if not packet.size or packet.pts is None or packet.time_base is None:
            return None
        if packet.size > MAX_ACCESS_UNIT_BYTES:
            raise ProtocolError(f"access unit larger than {MAX_ACCESS_UNIT_BYTES} bytes")
        data = bytes(packet)
        pts_90k = int(packet.pts * packet.time_base * TICKS_PER_SECOND)
        sets = tuple(_nal_units(data[:_MAX_EXTRADATA_BYTES], self.codec)) if packet.is_keyframe else ()
        return AccessUnit(data, pts_90k & 0xFFFFFFFF, packet.is_keyframe, sets, 0)

    def close(self) -> None:
        self._container.close()
        self._door.close()


def _video_stream(container: av.container.InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if stream.codec_context.name in _CODECS:
            return stream
    raise ProtocolError("the camera offers no H.264 or H.265 video")


def _translated(error: Exception) -> CameraError:
    if isinstance(error, av.HTTPUnauthorizedError | PermissionError):
        return CameraUnauthorized("RTSP 401: username or password refused (libav)")
    if isinstance(error, av.InvalidDataError):
        return ProtocolError("libav cannot read the stream")
    return CameraUnreachable(f"libav: {getattr(error, 'strerror', None) or type(error).__name__}")


def _nal_units(data: bytes, codec: Codec | None = None) -> Iterator[bytes]:
    """NAL units of an Annex B stream; with a codec only its parameter sets."""
    for chunk in data.split(START_CODE[1:])[1:]:
        nal = chunk.rstrip(b"\x00")
        if nal and (codec is None or _is_parameter_set(codec, nal[0])):
            yield nal


def _is_parameter_set(codec: Codec, first: int) -> bool:
    return first & 0x1F in (7, 8) if codec == "h264" else first >> 1 & 0x3F in (32, 33, 34)
