"""Pictures → H.264 or H.265 access units, as camera encoders make them: no B-frames, no delay, one thread."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from ingest.simulator.model import StreamSpec
from ingest.simulator.picture import Picture
from ingest.simulator.rtp import is_parameter_set, split_annexb
from vms.units import TICKS_PER_SECOND, Codec, Profile


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


_QP_AT_REST = 26
_QP_WORST = 44


def _x264_options(spec: StreamSpec, profile: Profile, constant_qp: int | None) -> dict[str, str]:
    """constant_qp: spares x264 its rate analysis, half of the time a resting camera takes. None: constant rate."""
    params = [
        f"keyint={spec.gop_frames}",
        f"min-keyint={spec.gop_frames}",
        "scenecut=0",
        "bframes=0",
        "repeat-headers=1",
        "colormatrix=smpte170m",
        "stitchable=1",  # the parameter sets do not depend on the quantiser
    ]
    if profile == "main":
        params.append("8x8dct=1")  # what turns ultrafast's stream into High profile
    if constant_qp is None:
        rate_kbps = spec.bitrate_bps // 1000
        params += [f"bitrate={rate_kbps}", f"vbv-maxrate={rate_kbps}", f"vbv-bufsize={rate_kbps // 2}", "nal-hrd=cbr"]
    else:
        params.append(f"qp={constant_qp}")
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
    """Encoder of one stream. One thread at a time.

    constant_rate: fill up to the bitrate (what loops do). Otherwise H.264 spends what the picture needs: constant
    quality, lowered from GOP to GOP where that would exceed the bitrate.
    """

    def __init__(self, spec: StreamSpec, codec: Codec, profile: Profile, *, constant_rate: bool = False) -> None:
        self.spec = spec
        self._codec: Codec = codec
        self._profile: Profile = profile
        self._qp = None if constant_rate or codec == "h265" else _QP_AT_REST
        self._since_keyframe = spec.gop_frames
        self._gop_bytes = 0
        self._context = self._open()

    def _open(self) -> VideoCodecContext:
        spec = self.spec
        context = av.CodecContext.create("libx264" if self._codec == "h264" else "libx265", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = spec.width, spec.height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(spec.fps).limit_denominator(1001)
        context.time_base = Fraction(1, TICKS_PER_SECOND)
        context.thread_count = 1
        if self._codec == "h264":
            context.options = _x264_options(spec, self._profile, self._qp)
        else:
            context.bit_rate = spec.bitrate_bps
            context.options = _x265_options(spec)
        return context

    def _start_gop(self) -> None:
        """Adjust the quality by what the last GOP took."""
        if self._qp is not None and self._gop_bytes:
            rate_bps = self._gop_bytes * 8 * self.spec.fps / self._since_keyframe
            qp = self._qp
            if rate_bps > 1.1 * self.spec.bitrate_bps:
                qp = min(_QP_WORST, qp + 3)
            elif rate_bps < 0.6 * self.spec.bitrate_bps:
                qp = max(_QP_AT_REST, qp - 2)
            if qp != self._qp:
                self._qp = qp
                del self._context  # its memory first, then the next one's
                self._context = self._open()
        self._since_keyframe = 0
        self._gop_bytes = 0

    @property
    def next_is_keyframe(self) -> bool:
        """The next picture starts a GOP by itself."""
        return self._since_keyframe >= self.spec.gop_frames

    def encode(self, picture: Picture, timestamp_90k: int, at_us: int, *, keyframe: bool = False) -> list[AccessUnit]:
        """The access unit of this picture (empty only if the encoder holds it back).

        The picture may be drawn over afterwards: without B-frames and threads the encoder keeps nothing of it.
        """
        if keyframe or self.next_is_keyframe:
            self._start_gop()
            keyframe = True
        self._since_keyframe += 1
        frame = picture.frame
        frame.pts = timestamp_90k
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        units = [
            AccessUnit(
                tuple(split_annexb(bytes(packet))),
                packet.is_keyframe,
                packet.pts if packet.pts is not None else timestamp_90k,
                at_us,
            )
            for packet in self._context.encode(frame)
        ]
        self._gop_bytes += sum(len(nal) for unit in units for nal in unit.nals)
        return units


@lru_cache(maxsize=64)
def parameter_sets(spec: StreamSpec, codec: Codec, profile: Profile, constant_rate: bool) -> tuple[bytes, ...]:
    """VPS/SPS/PPS that such a stream will carry, for its SDP. Encodes one grey picture."""
    grey = Picture(spec.width, spec.height)
    for plane in grey.planes:
        plane.fill(128)
    units = VideoEncoder(spec, codec, profile, constant_rate=constant_rate).encode(grey, 0, 0, keyframe=True)
    return tuple(nal for unit in units for nal in unit.nals if is_parameter_set(codec, nal))
