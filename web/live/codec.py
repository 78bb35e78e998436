"""Decoding of what the bus brings, encoding of what the painter made. One thread each; one codec thread per stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from vms.packet import Packet
from vms.rules.pose_at import FrameTime
from vms.units import Codec
from web.live.masked import MaskedPacket, PaintedFrame

DECODE_ERRORS = (av.FFmpegError, ValueError, EOFError)
MAX_PIXELS = 3840 * 2400
_MAX_IN_DECODER = 64
_MAX_STILL_FRAMES = 100
_DECODER_NAME: dict[Codec, str] = {"h264": "h264", "h265": "hevc"}


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What viewers of a profile get when it is encoded here: constrained baseline, level 3.1.

    crf: x264's constant quality, capped by max_bitrate_bps over one second.
    """

    max_width: int
    max_height: int
    max_bitrate_bps: int
    gop_frames: int
    crf: int = 25
    x264_preset: str = "ultrafast"


TILE = OutputSpec(960, 540, 1_500_000, 25)
HERO = OutputSpec(1280, 720, 6_000_000, 50, crf=23)


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """An unmasked picture: stays inside the pipeline that decoded it.

    is_damaged: packets of it, or of pictures since the one that came out before it, never came.
    is_whole: everything that it is built on came too.
    """

    frame: av.VideoFrame
    pts_90k: int
    time: FrameTime
    starts_run: bool
    is_keyframe: bool = False
    is_damaged: bool = False
    is_whole: bool = True


class FrameDecoder:
    """Keeps what it needs to say when each picture was taken. A damaged picture is skipped, not fatal."""

    def __init__(self) -> None:
        self._codec: Codec | None = None
        self._context: av.VideoCodecContext | None = None
        self._times: dict[int, Packet] = {}
        self._lost = False
        """Since the last picture that came out: a decoder may keep the damaged ones to itself."""
        self._whole = True

    def decode(self, packet: Packet) -> Iterator[DecodedFrame]:
        """Raises one of DECODE_ERRORS; the next keyframe then starts afresh."""
        if self._context is None or packet.starts_run or packet.codec != self._codec:
            if not packet.is_keyframe:
                return
            self._open(packet.codec)
        if self._context is None:
            return
        encoded = av.Packet(packet.data)
        encoded.pts, encoded.dts = packet.pts_90k, packet.dts_90k
        self._times[packet.pts_90k] = packet
        self._lost = self._lost or packet.lost_before > 0
        while len(self._times) > _MAX_IN_DECODER:
            del self._times[next(iter(self._times))]
        try:
            frames = self._context.decode(encoded)
        except DECODE_ERRORS:
            self._context = None
            raise
        for frame in frames:
            source = self._times.pop(frame.pts if frame.pts is not None else -1, packet)
            if frame.width * frame.height > MAX_PIXELS:
                raise ValueError(f"picture of {frame.width}x{frame.height} is too large to mask")
            self._whole = (self._whole or source.is_keyframe) and not self._lost
            yield DecodedFrame(
                frame,
                source.pts_90k,
                FrameTime(source.received_us, source.camera_utc_us),
                source.starts_run,
                source.is_keyframe,
                self._lost,
                self._whole,
            )
            self._lost = False

    def _open(self, codec: Codec) -> None:
        context = av.CodecContext.create(_DECODER_NAME[codec], "r")
        if not isinstance(context, av.VideoCodecContext):
            raise TypeError(f"{codec} is no video codec")
        context.thread_count = 1
        context.flags |= Flags.low_delay
        self._codec, self._context = codec, context
        self._times.clear()


class FrameEncoder:
    """x264, zero latency: every picture in gives one packet out."""

    def __init__(self, spec: OutputSpec, fps: float = 25.0) -> None:
        self._spec = spec
        self._fps = fps
        self._context: av.VideoCodecContext | None = None
        self._count = 0

    def encode(self, painted: PaintedFrame, *, keyframe: bool, starts_run: bool) -> MaskedPacket | None:
        frame = painted.frame
        context = self._context
        if context is None or (context.width, context.height, context.pix_fmt) != (
            frame.width,
            frame.height,
            frame.format.name,
        ):
            context = self._context = self._open(frame)
        frame.pts, frame.time_base = self._count, context.time_base
        frame.pict_type = PictureType.I if keyframe or starts_run else PictureType.NONE
        self._count += 1
        packets = context.encode(frame)
        if not packets:
            return None
        data = b"".join(bytes(packet) for packet in packets)
        return MaskedPacket.painted(
            painted, data, is_keyframe=any(packet.is_keyframe for packet in packets), starts_run=starts_run
        )

    def _open(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        spec = self._spec
        context = av.CodecContext.create("libx264", "w")
        if not isinstance(context, av.VideoCodecContext):
            raise TypeError("libx264 is no video codec")
        context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
        rate = Fraction(self._fps).limit_denominator(1000)
        context.time_base, context.framerate = 1 / rate, rate
        context.thread_count = 1
        context.gop_size = spec.gop_frames
        context.profile = "Baseline"
        context.options = {
            "preset": spec.x264_preset,
            "tune": "zerolatency",
            "level": "31",
            "crf": str(spec.crf),
            "maxrate": str(spec.max_bitrate_bps),
            "bufsize": str(spec.max_bitrate_bps),
            "forced-idr": "1",
            "x264-params": "repeat-headers=1:annexb=1:scenecut=0:threads=1",
        }
        return context


def decode_last(gop: Sequence[MaskedPacket]) -> PaintedFrame | None:
    """A late picture of a group that viewers may see, for a still: the newest, or the keyframe of a long group.

    Raises one of DECODE_ERRORS.
    """
    if len(gop) > _MAX_STILL_FRAMES:
        gop = gop[:1]
    context = av.CodecContext.create("h264", "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError("h264 is no video codec")
    context.thread_count = 1
    frames = [frame for packet in gop for frame in context.decode(av.Packet(packet.data))]
    frames += context.decode(None)
    if not frames:
        return None
    last = gop[-1]
    return PaintedFrame(frames[-1], last.pts_90k, last.taken_us, last.decision)
