"""`vms bench mask`: what a masked stream costs, stage by stage, on the simulated street's own picture."""

import resource
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import av
import numpy as np
import typer

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, PAN_RANGE_DEG, TILT_RANGE_DEG, ViewDeg
from ingest.simulator.render import project
from ingest.simulator.street import Street
from vms.cli.bench_privacy import PrivacyOptions, bench_privacy
from vms.cli.demo_site import window_outlines
from vms.cli.options import JsonOption, answer
from vms.config.model import Live
from vms.packet import Packet, PtzPose
from vms.rules.masking import BlankFrame, MaskRules, NoMaskRequired, PreparedSet, mask_plan, prepare_set
from vms.rules.masks import LensCalibration, Mask, MaskSet
from vms.rules.pose_at import PoseEstimate, PoseLimits
from vms.rules.ptz_geometry import FrameSize
from vms.rules.ptz_geometry import ViewDeg as PtzView
from vms.units import US_PER_SECOND, CameraId
from web.live.codec import HERO, TILE, DecodedFrame, FrameDecoder, FrameEncoder, OutputSpec
from web.live.masked import PaintedFrame
from web.live.painter import luma, paint, scaled
from web.live.picture_witness import PictureWitness

T = TypeVar("T")
_CAMERA = CameraId("bench")
_TURN_DEG_S = 12.0
_LENS = LensCalibration(PAN_RANGE_DEG, TILT_RANGE_DEG, HFOV_DEG_AT_ZOOM)
_RULES = MaskRules("required", True, Live().mask_margin_deg, PoseLimits(2_000_000, 2_000_000))
_START_US = 1_795_000_000_000_007


@dataclass(frozen=True, slots=True)
class MaskFigure:
    """Milliseconds of CPU per picture; witness: does the picture bear out the status, turning and standing; apart from
    the others. cpu_pct: of one core at the stream's own pace, for any number of viewers."""

    stream: str
    output: str
    masks: int
    decode_ms: float
    mask_ms: float
    encode_ms: float
    witness_turning_ms: float
    witness_standing_ms: float
    cpu_pct: float
    kbit_s: float
    blank: int


def bench_mask(
    pictures: Annotated[int, typer.Option(min=10, max=5000, help="Pictures per stream.")] = 150,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="Instead: turn the demo's cameras and look for home windows, as a viewer.")
    ] = False,
    frames: Annotated[int, typer.Option(min=20, max=1_000_000, help="With --privacy: pictures to judge.")] = 10_000,
    cameras: Annotated[int, typer.Option(min=1, max=74, help="With --privacy: cameras; every third turns.")] = 4,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="With --privacy: without processes and network, on a clock of its own.")
    ] = False,
    calibrated: Annotated[
        bool, typer.Option(help="With --privacy: calibrate the cameras first, as the installation guide has it.")
    ] = True,
    seed: Annotated[int, typer.Option(help="With --privacy: of the paths and faults.")] = 1,
    scenario: Annotated[
        list[str] | None, typer.Option(help="With --privacy: only those whose names start like this; repeat for more.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="With --privacy: directory for some of the pictures that leaked.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Decode, mask and encode a slowly turning view; one encoding serves every viewer."""
    if privacy:
        options = PrivacyOptions(frames, cameras, seed, tuple(scenario or ()), keep, virtual, calibrated)
        bench_privacy(options, as_json=as_json)
        return
    street = Street()
    masks = prepare_set(_mask_set(street))
    figures = [
        _measure(street, masks, "tile", TILE, (640, 360), 12.5, pictures),
        _measure(street, masks, "hero", HERO, (1920, 1080), 25.0, pictures),
    ]
    lines = [
        f"{f.stream:20} → {f.output:9}  decode {f.decode_ms:.2f}  mask {f.mask_ms:.2f}  encode {f.encode_ms:.2f}  "
        f"witness {f.witness_turning_ms:.2f} turning {f.witness_standing_ms:.2f} standing ms  "
        f"{f.cpu_pct:.1f} % of a core  {f.kbit_s:.0f} kbit/s  {f.masks} masks"
        for f in figures
    ]
    answer({"pictures": pictures, "figures": [asdict(figure) for figure in figures]}, lines, as_json=as_json)


def _mask_set(street: Street) -> MaskSet:
    masks = tuple(Mask(name, "sphere", outline) for name, outline in window_outlines(street))
    return MaskSet(_CAMERA, 1, _LENS, masks, "bench.a", "bench.b", datetime(2020, 1, 1, tzinfo=UTC))


def _measure(
    street: Street, masks: PreparedSet, name: str, spec: OutputSpec, size: tuple[int, int], fps: float, count: int
) -> MaskFigure:
    packets = [_packet(data, key, index, fps) for index, (data, key) in enumerate(_camera(street, size, fps, count))]
    poses = _poses(count / fps)
    decoder, encoder, cpu, witnesses = FrameDecoder(), FrameEncoder(spec), _Stages(), _Stages()
    turning, standing = PictureWitness(), PictureWitness()
    encoded_bytes = blank = sent = 0
    output, rest = size, np.empty((0, 0), np.uint8)
    for packet in packets:
        for decoded in cpu.timed("decode", partial(_decoded, decoder, packet)):
            painted = cpu.timed("mask", partial(_painted, decoded, masks, poses))
            blank += isinstance(painted.decision, BlankFrame)
            grey, at_us = luma(decoded.frame), decoded.time.received_us
            rest = grey.copy() if sent == 0 else rest
            witnesses.timed("turning", partial(turning.judge, grey, at_us, _claimed(at_us, doubt_deg=0.5)))
            witnesses.timed("standing", partial(standing.judge, rest, at_us, _claimed(_START_US, doubt_deg=0.0)))

            def encode(painted: PaintedFrame = painted) -> int:
                found = encoder.encode(
                    scaled(painted, spec.max_width, spec.max_height), keyframe=False, starts_run=False
                )
                return len(found.data) if found else 0

            encoded_bytes += cpu.timed("encode", encode)
            sent += 1
            output = (min(size[0], spec.max_width), min(size[1], spec.max_height))
    per_ms = {stage: 1000 * used_s / max(1, sent) for stage, used_s in cpu.used_s.items()}
    return MaskFigure(
        stream=f"{name} {size[0]}x{size[1]}@{fps:g}",
        output=f"{output[0]}x{output[1]}",
        masks=len(masks.sphere.masks),
        decode_ms=round(per_ms["decode"], 3),
        mask_ms=round(per_ms["mask"], 3),
        encode_ms=round(per_ms["encode"], 3),
        witness_turning_ms=round(1000 * witnesses.used_s["turning"] / sent, 3),
        witness_standing_ms=round(1000 * witnesses.used_s["standing"] / sent, 3),
        cpu_pct=round(sum(per_ms.values()) * fps / 10, 2),
        kbit_s=round(encoded_bytes * 8 * fps / max(1, sent) / 1000, 1),
        blank=blank,
    )


class _Stages:
    """CPU time of this thread per stage: other load on the machine does not count."""

    def __init__(self) -> None:
        self.used_s: dict[str, float] = {}

    def timed(self, stage: str, work: Callable[[], T]) -> T:
        before_s = _cpu_s()
        result = work()
        self.used_s[stage] = self.used_s.get(stage, 0.0) + _cpu_s() - before_s
        return result


def _decoded(decoder: FrameDecoder, packet: Packet) -> list[DecodedFrame]:
    return list(decoder.decode(packet))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return used.ru_utime + used.ru_stime


def _painted(decoded: DecodedFrame, masks: PreparedSet, poses: list[PtzPose]) -> PaintedFrame:
    near = [pose for pose in poses if abs(pose.at_us - decoded.time.received_us) < 2_000_000]
    size = FrameSize(decoded.frame.width, decoded.frame.height)
    plan = mask_plan(_RULES, masks, decoded.time, near, size)
    if isinstance(plan, NoMaskRequired):
        raise TypeError("the bench has masks")
    return paint(decoded.frame, plan, decoded.pts_90k, decoded.time.received_us)


def _claimed(at_us: int, *, doubt_deg: float) -> PoseEstimate:
    view = _view((at_us - _START_US) / US_PER_SECOND)
    return PoseEstimate(PtzView(view.pan_deg, view.tilt_deg, view.hfov_deg), doubt_deg, view.hfov_deg, view.hfov_deg)


def _view(at_s: float) -> ViewDeg:
    return ViewDeg(-60 + _TURN_DEG_S * at_s, -8.0, HFOV_DEG_AT_ZOOM[0][1])


def _poses(duration_s: float) -> list[PtzPose]:
    found = []
    for tenth in range(-5, int(duration_s * 10) + 10):
        view, at_us = _view(tenth / 10), _START_US + tenth * 100_000
        pan = (view.pan_deg - PAN_RANGE_DEG[0]) / (PAN_RANGE_DEG[1] - PAN_RANGE_DEG[0]) * 2 - 1
        tilt = (view.tilt_deg - TILT_RANGE_DEG[0]) / (TILT_RANGE_DEG[1] - TILT_RANGE_DEG[0]) * 2 - 1
        found.append(PtzPose(_CAMERA, pan, tilt, 0.0, at_us, at_us, "moving"))
    return found


def _camera(street: Street, size: tuple[int, int], fps: float, count: int) -> list[tuple[bytes, bool]]:
    """What a camera would send: (Annex B, is a keyframe) per picture."""
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError("libx264 is no video codec")
    rate = Fraction(fps)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.framerate, context.time_base, context.gop_size, context.thread_count = rate, 1 / rate, round(2 * fps), 1
    context.options = {"preset": "veryfast", "tune": "zerolatency", "x264-params": "repeat-headers=1:annexb=1"}
    found = []
    for index in range(count):
        frame = av.VideoFrame(*size, "yuv420p")
        for plane, pixels in zip(frame.planes, project(street.panorama, _view(index / fps), *size), strict=True):
            plane.update(_padded(pixels.tobytes(), pixels.shape, plane.line_size))
        frame.pts = index
        packets = context.encode(frame)
        found.append((b"".join(map(bytes, packets)), any(packet.is_keyframe for packet in packets)))
    return found


def _padded(pixels: bytes, shape: tuple[int, ...], line_size: int) -> bytes:
    rows, width = shape
    if line_size == width:
        return pixels
    return b"".join(pixels[row * width : (row + 1) * width] + bytes(line_size - width) for row in range(rows))


def _packet(data: bytes, is_keyframe: bool, index: int, fps: float) -> Packet:
    ticks, at_us = round(index * 90_000 / fps), _START_US + round(index * 1e6 / fps)
    return Packet(_CAMERA, "main", "h264", data, ticks, ticks, is_keyframe, at_us, at_us, index)
