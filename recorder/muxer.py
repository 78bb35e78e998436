"""Packets of one stream to fragmented MP4 without touching the pictures: PyAV writes the boxes, nothing is decoded.

One fragment per group of pictures, and at most one second of media per fragment where groups are longer. The
camera's NAL units stay as they are; only start codes become lengths, as MP4 demands.
"""

import contextlib
import io
import struct
from collections.abc import Callable
from fractions import Fraction

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from vms.errors import ProtocolError
from vms.packet import Packet
from vms.units import Codec

TIME_BASE_90K = Fraction(1, 90_000)
MAX_FRAGMENT_US = 1_000_000
_HEAD = struct.Struct(">I4s")
Sink = Callable[[bytes | bytearray], None]
_IO_BUFFER_BYTES = 256 * 1024
_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+skip_trailer",
    "frag_duration": str(MAX_FRAGMENT_US),
    "flush_packets": "1",
}


class StreamTemplate:
    """Codec parameters from a keyframe with its parameter sets. Close it. Raises ProtocolError: not such a picture."""

    def __init__(self, codec: Codec, keyframe: bytes) -> None:
        try:
            self._container = av.open(io.BytesIO(keyframe), format="h264" if codec == "h264" else "hevc")
            self.stream: VideoStream = self._container.streams.video[0]
        except (av.FFmpegError, IndexError) as error:
            raise ProtocolError(f"the {codec} keyframe cannot be read: {error}") from error
        if not self.stream.width or not self.stream.height:
            self.close()
            raise ProtocolError(f"the {codec} parameter sets give no picture size")

    def close(self) -> None:
        self._container.close()


class _WholeUnits:
    """File-like end of PyAV's pipe: passes on ftyp+moov, and each moof+mdat, only when it is complete."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending = bytearray()
        self._has_news = False

    def write(self, data: bytes) -> int:
        self._pending += data
        self._has_news = True
        return len(data)

    def discard(self) -> None:
        self._sink = lambda _unit: None

    def pass_on(self) -> None:
        """Outside the muxer's callback, so that an error of the disk reaches the caller as it is."""
        if not self._has_news:
            return
        self._has_news = False
        end = position = 0
        pending = self._pending
        while position + _HEAD.size <= len(pending):
            size, kind = _HEAD.unpack_from(pending, position)
            position += size
            if position > len(pending) or size < _HEAD.size:
                break
            if kind in (b"moov", b"mdat"):
                end = position
        if end:
            self._pending = pending[end:]
            del pending[end:]
            self._sink(pending)


class FragmentMuxer:
    """One file. Not thread-safe. `sink` gets the file's bytes, in whole fragments; what it raises passes through.

    Raises ProtocolError when the muxer refuses a picture; the file so far is then still good.
    """

    def __init__(self, template: StreamTemplate, sink: Sink) -> None:
        self._units = _WholeUnits(sink)
        self._container: OutputContainer = av.open(
            self._units, "w", format="mp4", options=_OPTIONS, buffer_size=_IO_BUFFER_BYTES
        )
        self._stream = self._container.add_stream_from_template(template.stream)
        self._stream.time_base = TIME_BASE_90K
        self._base_90k: int | None = None
        self._container.start_encoding()
        self._units.pass_on()

    def write(self, packet: Packet, duration_90k: int) -> None:
        """The file's time starts at 0 with the first picture's DTS."""
        if self._base_90k is None:
            self._base_90k = packet.dts_90k
        av_packet = av.Packet(packet.data)
        av_packet.stream = self._stream
        av_packet.time_base = TIME_BASE_90K
        av_packet.pts = packet.pts_90k - self._base_90k
        av_packet.dts = packet.dts_90k - self._base_90k
        av_packet.duration = duration_90k
        av_packet.is_keyframe = packet.is_keyframe
        try:
            self._container.mux_one(av_packet)
        except av.FFmpegError as error:
            raise ProtocolError(f"the muxer refused a picture: {error}") from error
        self._units.pass_on()

    def close(self) -> None:
        """Writes the last fragment. Call it in any case; a second call does nothing."""
        try:
            self._container.close()
        except av.FFmpegError as error:
            raise ProtocolError(f"the muxer could not finish the file: {error}") from error
        self._units.pass_on()

    def abandon(self) -> None:
        """Free it without writing any more."""
        self._units.discard()
        with contextlib.suppress(ProtocolError):
            self.close()
