"""Recorded footage → what may be seen of it, as fragmented MP4 that streams out while it is made.

`Masker` is to footage what the pipeline is to live: the same rule, the same painter. Generators here belong to one
worker thread each; closing one early frees everything.
"""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
import cv2
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from vms.errors import StorageError
from vms.packet import PtzPose
from vms.rules.clock_steps import clock_stepped
from vms.rules.lifting import MaskLift
from vms.rules.masking import BlankFrame, MaskRules, NoMaskRequired, PreparedSet, mask_plan
from vms.rules.masks import in_force
from vms.rules.pose_at import FrameTime
from vms.rules.ptz_geometry import FrameSize
from vms.units import TICKS_PER_SECOND, us_from_90k, utc_from_us
from web.live.codec import DECODE_ERRORS
from web.live.footage_losses import Damage, FootageLosses
from web.live.masked import PaintedFrame
from web.live.painter import luma, paint
from web.live.picture_witness import PictureWitness
from web.live.trail import MaskTrail

log = logging.getLogger(__name__)

TIME_BASE_90K = Fraction(1, TICKS_PER_SECOND)
_MOVFLAGS = "empty_moov+default_base_moof+frag_keyframe+skip_trailer"
_KEEPS_TIMES = {"movflags": _MOVFLAGS + "+frag_discont", "avoid_negative_ts": "disabled"}
"""libav would have the first picture at 0."""
_POSE_WINDOW_US = 3_000_000
_GOP_FRAMES = 25
"""At most a second or two of pictures per fragment: the player has something to show soon."""
_SEEK_GOP_FRAMES = 8
"""Somebody who seeks waits for the first fragment."""


@dataclass(frozen=True, slots=True)
class FootageTime:
    """start_us: server UTC of the file's time 0. skew_us: camera clock minus server clock then, None = unknown."""

    start_us: int
    skew_us: int | None

    def at(self, pts_90k: int) -> FrameTime:
        at_us = self.start_us + us_from_90k(pts_90k)
        return FrameTime(at_us, None if self.skew_us is None else at_us + self.skew_us)


class Masker:
    """poses: by time, from before the footage until after it. sets: every mask set that was in force meanwhile.

    witness: of a camera that turns; then pictures must come in order of time.
    """

    def __init__(
        self,
        rules: MaskRules,
        sets: Sequence[PreparedSet],
        poses: Sequence[PtzPose],
        witness: PictureWitness | None = None,
    ) -> None:
        self._witness = witness
        self._rules = rules
        self._sets = {prepared.mask_set.version: prepared for prepared in sets}
        self._poses = list(poses)
        self._times_us = [pose.at_us for pose in poses]
        self._stepped = clock_stepped(self._poses)
        self._trail = MaskTrail()
        self._whole = True

    def painted(self, frame: av.VideoFrame, time: FrameTime, pts_90k: int, damage: Damage = "none") -> PaintedFrame:
        """Pictures in order; a jump must land on a keyframe. damage: of it, or since the one before."""
        at_us, witness = time.received_us, self._witness
        self._whole = (self._whole or frame.key_frame) and damage != "here"
        whole = self._whole
        try:
            found = in_force([prepared.mask_set for prepared in self._sets.values()], utc_from_us(at_us))
            prepared = None if found is None else self._sets[found.version]
            size = FrameSize(frame.width, frame.height)
            time = FrameTime(at_us, None) if self._stepped else time
            ask = None if witness is None else lambda pose: witness.judge(luma(frame), at_us, pose, is_whole=whole)
            plan = mask_plan(self._rules, prepared, time, self._near(at_us), size, ask)
            plan, colourless = self._trail.follow(
                plan, size, at_us, is_keyframe=frame.key_frame, is_damaged=damage != "none"
            )
            return paint(frame, plan, pts_90k, at_us, colourless)
        except (ArithmeticError, LookupError, cv2.error, *DECODE_ERRORS) as error:
            log.warning("mask_not_painted", extra={"detail": f"{type(error).__name__}: {error}"})
            return paint(frame, BlankFrame("internal", "the mask could not be painted"), pts_90k, at_us)

    def _near(self, at_us: int) -> list[PtzPose]:
        """Some poses around the moment, at least two before and one after."""
        first = max(0, bisect_left(self._times_us, at_us - _POSE_WINDOW_US) - 2)
        last = bisect_right(self._times_us, at_us + _POSE_WINDOW_US) + 1
        return self._poses[first:last]


class PaintedWriter:
    """Fragmented MP4 of painted pictures. Only PaintedFrame goes in.

    keeps_times: its timeline is that of the pictures, also when they begin in the middle; else it begins with them.
    """

    def __init__(self, crf: int, x264_preset: str, *, keeps_times: bool = False) -> None:
        self._sink = _Sink()
        self._gop_frames = _SEEK_GOP_FRAMES if keeps_times else _GOP_FRAMES
        self._mp4 = {"movflags": _MOVFLAGS, "flush_packets": "1"} | (_KEEPS_TIMES if keeps_times else {})
        self._options = {"crf": str(crf), "preset": x264_preset, "tune": "zerolatency"}
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_90k = -1

    def write(self, painted: PaintedFrame) -> bytes:
        """What came out so far. Pictures whose time does not advance are dropped."""
        if painted.pts_90k <= self._last_90k:
            return b""
        frame = painted.frame
        if self._container is None or self._stream is None:
            self._container, self._stream = self._open(frame)
        stream = self._stream
        if (frame.width, frame.height, frame.format.name) != (stream.width, stream.height, stream.pix_fmt):
            frame = frame.reformat(width=stream.width, height=stream.height, format=stream.pix_fmt)
        frame.pts, frame.time_base = painted.pts_90k, TIME_BASE_90K
        frame.pict_type = av.video.frame.PictureType.NONE
        self._last_90k = painted.pts_90k
        for packet in stream.encode(frame):
            self._container.mux(packet)
        return self._sink.take()

    def finish(self) -> bytes:
        if self._container is None or self._stream is None:
            return b""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        self._container = None
        return self._sink.take()

    def close(self) -> None:
        """After finish, or instead of it."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self, frame: av.VideoFrame) -> tuple[OutputContainer, VideoStream]:
        container = av.open(self._sink, "w", format="mp4", options=self._mp4)
        stream = container.add_stream("libx264", rate=25, options=self._options)
        if not isinstance(stream, VideoStream):
            raise TypeError("libx264 is no video encoder")
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
        context.time_base = TIME_BASE_90K
        context.gop_size = self._gop_frames
        context.thread_count = 1
        return container, stream


def paint_footage(
    file: BinaryIO, masker: Masker, time: FootageTime, losses: FootageLosses, from_us: int, to_us: int
) -> Iterator[PaintedFrame]:
    """Pictures of [from_us, to_us), pts from the start of the file. Closes the file. Raises StorageError."""
    with _opened(file) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        last_90k: int | None = None
        try:
            for frame in container.decode(stream):
                if frame.pts is None or frame.time_base is None:
                    continue
                pts_90k = round(frame.pts * frame.time_base * TICKS_PER_SECOND)
                last_90k = pts_90k - 1 if last_90k is None else last_90k  # what was lost before is not decoded from
                taken = time.at(pts_90k)
                if taken.received_us >= to_us:
                    break
                if taken.received_us >= from_us:
                    yield masker.painted(frame, taken, pts_90k, losses.between(last_90k, pts_90k))
                    last_90k = pts_90k
        except av.FFmpegError as error:
            raise StorageError(f"the footage is damaged: {error}") from error


def keyframe_us(file: BinaryIO, start_us: int, from_us: int) -> int:
    """Server UTC of the keyframe that remux_footage would begin with. Closes the file. Raises StorageError."""
    try:
        with _opened(file) as container:
            stream = container.streams.video[0]
            _seek(container, stream, start_us, from_us)
            for packet in container.demux(stream):
                if packet.is_keyframe and packet.pts is not None and packet.time_base is not None:
                    return start_us + round(packet.pts * packet.time_base * 1_000_000)
    except av.FFmpegError as error:
        raise StorageError(f"the footage is damaged: {error}") from error
    raise StorageError("the footage holds no keyframe")


def _seek(container: InputContainer, stream: VideoStream, start_us: int, from_us: int) -> None:
    """To the keyframe at or before from_us, or the first one."""
    if from_us > start_us and stream.time_base:
        container.seek(round((from_us - start_us) / 1_000_000 / stream.time_base), stream=stream, backward=True)


def remux_footage(
    decided: NoMaskRequired | MaskLift, files: Iterator[tuple[BinaryIO, int]], from_us: int, to_us: int
) -> Iterator[bytes]:
    """The camera's own pictures, cut at a keyframe at or before from_us; time 0 of the output is that keyframe.

    files: (open file, server UTC of its time 0), in order and of one codec and size. Raises StorageError.
    """
    if not isinstance(decided, NoMaskRequired | MaskLift):
        raise TypeError("originals need a NoMaskRequired decision, or a lift")
    remuxer = _Remuxer()
    try:
        for file, start_us in files:
            with _opened(file) as container:
                yield from remuxer.add(container, start_us, from_us, to_us)
        yield remuxer.finish()
    except av.FFmpegError as error:
        raise StorageError(f"the footage is damaged: {error}") from error
    finally:
        remuxer.close()


class _Remuxer:
    def __init__(self) -> None:
        self._sink = _Sink()
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._zero_us: int | None = None
        self._last_dts_90k = -1

    def add(self, source: InputContainer, start_us: int, from_us: int, to_us: int) -> Iterator[bytes]:
        stream = source.streams.video[0]
        _seek(source, stream, start_us, from_us)
        for packet in source.demux(stream):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            at_us = start_us + round(packet.pts * packet.time_base * 1_000_000)
            if at_us >= to_us:
                break
            if self._container is None or self._stream is None or self._zero_us is None:
                if not packet.is_keyframe:
                    continue
                self._container, self._stream = self._open(stream)
                self._zero_us = at_us
            self._mux(packet, start_us, self._container, self._stream, self._zero_us)
            yield self._sink.take()

    def finish(self) -> bytes:
        self.close()
        return self._sink.take()

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _mux(
        self,
        packet: "av.Packet[VideoStream]",
        start_us: int,
        container: OutputContainer,
        stream: VideoStream,
        zero_us: int,
    ) -> None:
        base = packet.time_base or TIME_BASE_90K
        offset_90k = (start_us - zero_us) * 9 // 100
        copy = av.Packet(bytes(packet))
        copy.stream, copy.time_base = stream, TIME_BASE_90K
        dts_90k = round((packet.dts or 0) * base * TICKS_PER_SECOND) + offset_90k
        copy.dts = max(dts_90k, self._last_dts_90k + 1)
        copy.pts = max(copy.dts, round((packet.pts or 0) * base * TICKS_PER_SECOND) + offset_90k)
        copy.duration = round((packet.duration or 0) * base * TICKS_PER_SECOND)
        copy.is_keyframe = packet.is_keyframe
        self._last_dts_90k = copy.dts
        container.mux_one(copy)

    def _open(self, template: VideoStream) -> tuple[OutputContainer, VideoStream]:
        container = av.open(self._sink, "w", format="mp4", options={"movflags": _MOVFLAGS, "flush_packets": "1"})
        stream = container.add_stream_from_template(template)
        stream.time_base = TIME_BASE_90K
        return container, stream


class _Sink:
    """File-like end of PyAV's writing."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class _opened:  # noqa: N801 - used as a context manager, like open()
    """The container of an open file; both are closed at the end. Raises StorageError."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> InputContainer:
        try:
            self._container = av.open(self._file, "r", format="mp4")
            if not self._container.streams.video:
                raise StorageError("the footage holds no video")
        except av.FFmpegError as error:
            self._file.close()
            raise StorageError(f"the footage is damaged: {error}") from error
        return self._container

    def __exit__(self, *_: object) -> None:
        self._container.close()
        self._file.close()
