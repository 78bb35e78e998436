"""Pictures → H.264 or H.265 access units, as camera encoders make them: no B-frames, no delay, one thread."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from ingest.simulator.model import StreamSpec
from ingest.simulator.rtp import is_parameter_set, split_annexb
from vms.units import TICKS_PER_SECOND, Codec, Profile

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
"""Y, U and V of one 4:2:0 picture, BT.601, limited range. Chroma planes are half as wide and high."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """nals: without start codes. timestamp_90k: RTP clock, not yet wrapped. at_us: server time of the picture."""

    nals: tuple[bytes, ...]
    is_keyframe: bool
    timestamp_90k: int
    at_us: int

    def without_parameter_sets(self, codec: Codec) -> "AccessUnit":
        kept = tuple(nal for nal in self.nals if not is_parameter_set(codec, nal))
        return AccessUnit(kept, self.is_keyframe, self.timestamp_90k, self.at_us)


def _x264_options(spec: StreamSpec, profile: Profile, constant_rate: bool) -> dict[str, str]:
    params = [
        f"keyint={spec.gop_frames}",
        f"min-keyint={spec.gop_frames}",
        "scenecut=0",
        "bframes=0",
        "repeat-headers=1",
        "colormatrix=smpte170m",
        f"vbv-maxrate={spec.bitrate_bps // 1000}",
        f"vbv-bufsize={spec.bitrate_bps // 1000}",
    ]
    if profile == "main":
        params.append("8x8dct=1")  # what turns ultrafast's stream into High profile
    if constant_rate:
        params.append("nal-hrd=cbr")
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": ":".join(params),
    }


def _x265_options(spec: StreamSpec) -> dict[str, str]:
    params = [
        f"keyint={spec.gop_frames}",
        f"min-keyint={spec.gop_frames}",
        "scenecut=0",
        "bframes=0",
        "repeat-headers=1",
        "pools=none",
        "frame-threads=1",
        "log-level=none",
        "info=0",
        "open-gop=0",
        "colormatrix=smpte170m",
        f"vbv-maxrate={spec.bitrate_bps // 1000}",
        f"vbv-bufsize={spec.bitrate_bps // 1000}",
    ]
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x265-params": ":".join(params),
    }


class VideoEncoder:
    """Encoder of one stream. One thread at a time. `constant_rate` fills up to the bitrate (H.264 only)."""

    def __init__(
        self, spec: StreamSpec, codec: Codec, profile: Profile, *, constant_rate: bool = False
    ) -> None:
        self.spec = spec
        context = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
        assert isinstance(context, VideoCodecContext)
        rate = Fraction(spec.fps).limit_denominator(1001)
        context.width, context.height = spec.width, spec.height
        context.pix_fmt = "yuv420p"
        context.framerate = rate
        context.time_base = Fraction(1, TICKS_PER_SECOND)
        context.bit_rate = spec.bitrate_bps
        context.thread_count = 1
        if codec == "h264":
            context.options = _x264_options(spec, profile, constant_rate)
        else:
            context.options = _x265_options(spec)
        self._context = context
        self._since_keyframe = spec.gop_frames
        self._frame = av.VideoFrame(spec.width, spec.height, "yuv420p")

    @property
    def next_is_keyframe(self) -> bool:
        """The next picture starts a GOP by itself."""
        return self._since_keyframe >= self.spec.gop_frames

    def encode(
        self, planes: Planes, timestamp_90k: int, at_us: int, *, keyframe: bool = False
    ) -> list[AccessUnit]:
        """The access unit of this picture (empty only if the encoder holds it back)."""
        frame = self._frame
        frame.make_writable()
        for target, plane in zip(frame.planes, planes, strict=True):
            view = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)
            view[: plane.shape[0], : plane.shape[1]] = plane
        frame.pts = timestamp_90k
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        if keyframe or self.next_is_keyframe:
            self._since_keyframe = 0
        self._since_keyframe += 1
        return [
            AccessUnit(
                tuple(split_annexb(bytes(packet))),
                packet.is_keyframe,
                packet.pts if packet.pts is not None else timestamp_90k,
                at_us,
            )
            for packet in self._context.encode(frame)
        ]


@lru_cache(maxsize=64)
def parameter_sets(spec: StreamSpec, codec: Codec, profile: Profile, constant_rate: bool) -> tuple[bytes, ...]:
    """VPS/SPS/PPS that such a stream will carry, for its SDP. Encodes one grey picture."""
    grey = (
        np.full((spec.height, spec.width), 128, np.uint8),
        np.full((spec.height // 2, spec.width // 2), 128, np.uint8),
        np.full((spec.height // 2, spec.width // 2), 128, np.uint8),
    )
    units = VideoEncoder(spec, codec, profile, constant_rate=constant_rate).encode(grey, 0, 0, keyframe=True)
    return tuple(nal for unit in units for nal in unit.nals if is_parameter_set(codec, nal))
