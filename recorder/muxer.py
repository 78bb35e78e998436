"""Packets of one stream to fragmented MP4 without touching the pictures; nothing is decoded.

PyAV writes the beginning of the file (`InitSegment`), `recorder.fragments` what follows. A fragment starts at each
keyframe, holds at most a second of media, and is handed out when `flush` is called: what a crash can cost is what
came since then.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av

from recorder.boxes import read_index
from recorder.fragments import Sample, fragment
from vms.errors import ProtocolError, StorageError
from vms.packet import Packet
from vms.rules.codec_string import nal_units
from vms.rules.sps import check_set
from vms.units import TICKS_PER_SECOND, Codec

MAX_FRAGMENT_90K = TICKS_PER_SECOND
Sink = Callable[[bytearray], None]
"""Takes a buffer over, to do with it what it likes."""
_OPTIONS = {"movflags": "empty_moov+default_base_moof+skip_trailer"}


@dataclass(frozen=True, slots=True)
class InitSegment:
    """`ftyp` and `moov`: the same for all files of one format. codec: as in RFC 6381."""

    data: bytes
    codec: str
    width: int
    height: int

    @classmethod
    def of(cls, codec: Codec, keyframe: bytes) -> "InitSegment":
        """From a keyframe with its parameter sets (milliseconds). Raises ProtocolError: not such a picture."""
        for nal in nal_units(keyframe):
            check_set(codec, nal)
        output = io.BytesIO()
        try:
            with (
                av.open(io.BytesIO(keyframe), format="h264" if codec == "h264" else "hevc") as picture,
                av.open(output, "w", format="mp4", options=_OPTIONS) as file,
            ):
                stream = file.add_stream_from_template(picture.streams.video[0])
                stream.time_base = Fraction(1, TICKS_PER_SECOND)
                file.start_encoding()
        except (av.FFmpegError, IndexError) as error:
            raise ProtocolError(f"the {codec} keyframe cannot be read: {error}") from error
        try:
            index = read_index(output)
        except StorageError as error:
            raise ProtocolError(f"the {codec} parameter sets give no file header: {error}") from error
        if not index.width or not index.height:
            raise ProtocolError(f"the {codec} parameter sets give no picture size")
        return cls(output.getvalue()[: index.end_offset], index.codec, index.width, index.height)


class FragmentMuxer:
    """One file. Not thread-safe. `sink` gets the file's bytes, in whole fragments; what it raises passes through.

    Raises ProtocolError for a picture that is none; what was handed out before is still good.
    """

    def __init__(self, init: InitSegment, sink: Sink) -> None:
        self._sink = sink
        self._samples: list[Sample] = []
        self._base_90k: int | None = None
        self._start_90k = self._end_90k = 0
        self._number = 0
        sink(bytearray(init.data))

    def write(self, packet: Packet, duration_90k: int) -> None:
        """The file's time starts at 0 with the first picture's DTS; durations join the pictures exactly."""
        if self._base_90k is None:
            self._base_90k = packet.dts_90k
        end_90k = packet.dts_90k - self._base_90k + duration_90k
        if packet.is_keyframe or end_90k - self._start_90k > MAX_FRAGMENT_90K:
            self.flush()
        self._samples.append(
            Sample(packet.data, packet.nal_offsets, duration_90k, packet.pts_90k - packet.dts_90k, packet.is_keyframe)
        )
        self._end_90k = end_90k

    def flush(self) -> None:
        """Hand out what has come as a fragment."""
        samples, self._samples = self._samples, []
        start_90k, self._start_90k = self._start_90k, self._end_90k
        if samples:
            self._number += 1
            self._sink(fragment(self._number, start_90k, samples))
