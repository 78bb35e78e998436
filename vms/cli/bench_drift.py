"""`vms bench drift`: how far the time of the footage strays from the true time in a day, for cameras whose clock errs.

Simulated time, real rules: RTP timestamps of a camera whose crystal is off go through the packet builder (unwrapping,
runs) and the recorder (segments, 500 ppm correction, files on disk). Arrival is jittered and read in batches, as ingest
does it. The true time of each picture is known, as a burned-in clock would show it.
"""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import av
import typer

from ingest.depacketize import AccessUnit
from ingest.packet_builder import PacketBuilder, StreamIdentity
from recorder.disk import VolumeSet, identify_volumes
from recorder.segment_writer import StreamRecorder, StreamSettings
from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock
from vms.config import Volume
from vms.packet import Packet
from vms.rules.codec_string import nal_units
from vms.store import Store
from vms.store.catalog import GapReason, NewSegment
from vms.units import TICKS_PER_SECOND, US_PER_SECOND, CameraId, Profile, us_from_utc

CAMERA_PPM = (-200, -50, 0, 50, 200)
START_US = 1_795_000_000_000_000
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 – the disk is not what is measured
_PICTURE_S = 5
_GOP_PICTURES = 2
_SEGMENT_S = 60
_READ_US = 250_000
_LEAST_DELAY_US = 20_000
_MEAN_JITTER_US = 30_000
_STALL_EVERY = 180
_STALL_US = 1_500_000
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class DriftFigure:
    """Errors: time of the footage minus true time, of each segment's first picture, milliseconds.

    drift_ms_per_24h: error of the last hour minus error of the first, per 24 hours. largest_correction_ppm: of any
    segment.
    """

    camera_ppm: float
    segments: int
    pictures_lost: int
    overlaps: int
    gaps: int
    error_ms_median: float
    error_ms_largest: float
    drift_ms_per_24h: float
    largest_correction_ppm: float


class _Rows:
    """A journal that keeps the rows instead of writing them to a catalog."""

    def __init__(self) -> None:
        self.segments: list[NewSegment] = []
        self.gaps = 0

    def add_segment(self, new: NewSegment) -> None:
        self.segments.append(new)

    def open_gap(self, camera_id: CameraId, profile: Profile, at: datetime, reason: GapReason, detail: str) -> None:
        """The end of the simulation is none."""

    def close_gap(self, camera_id: CameraId, profile: Profile, at: datetime) -> None:
        """Belongs to one that was opened."""

    def add_gap(
        self,
        camera_id: CameraId,  # noqa: ARG002
        profile: Profile,  # noqa: ARG002
        start: datetime,  # noqa: ARG002
        end: datetime,  # noqa: ARG002
        reason: GapReason,  # noqa: ARG002
        detail: str,  # noqa: ARG002
    ) -> None:
        self.gaps += 1


def bench_drift(
    hours: Annotated[float, typer.Option(min=1, max=24 * 28, help="Simulated hours for each camera.")] = 24,
    jitter: Annotated[bool, typer.Option(help="Late and batched arrival, with stalls of 1.5 s.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Measure how far recorded time strays from the true time, for camera clocks that are off by up to 200 ppm."""
    figures = [simulate_drift(ppm, hours, jitter=jitter) for ppm in CAMERA_PPM]
    document = {"hours": hours, "jitter": jitter, "figures": [asdict(figure) for figure in figures]}
    lines = [f"{hours:g} simulated hours, arrival {'jittered' if jitter else 'even'}"]
    lines += [
        f"camera {f.camera_ppm:+5.0f} ppm  drift {f.drift_ms_per_24h:+7.1f} ms/24 h"
        f"  error median {f.error_ms_median:6.1f} ms, largest {f.error_ms_largest:6.1f} ms"
        f"  correction ≤ {f.largest_correction_ppm:.0f} ppm"
        f"  lost {f.pictures_lost}, overlaps {f.overlaps}, gaps {f.gaps}"
        for f in figures
    ]
    answer(document, lines, as_json=as_json)


def simulate_drift(camera_ppm: float, hours: float, *, jitter: bool = True, seed: int = 151) -> DriftFigure:
    """One camera, a picture every five seconds. Raises StorageError when the disk is full."""
    rows, builder = _Rows(), PacketBuilder(StreamIdentity(CameraId("drift"), "sub", "h264"), ())
    pictures = int(hours * 3600 / _PICTURE_S)
    with tempfile.TemporaryDirectory(
        prefix="uitkijk-drift-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None
    ) as directory:
        volumes = _volumes(Path(directory))
        settings = StreamSettings(_SEGMENT_S, "public_order", 1 << 30, None)
        recorder = StreamRecorder(CameraId("drift"), "sub", settings, volumes, rows, lambda *_part: None)
        true_us: dict[int, int] = {}
        chance = random.Random(seed)  # noqa: S311 – jitter, no secret
        for packet, at_us in _packets(builder, pictures, camera_ppm, jitter=jitter, chance=chance):
            true_us[packet.dts_90k] = at_us
            recorder.offer(packet)
            recorder.pump()
        recorder.close()
    return _figure(camera_ppm, hours, pictures, rows, true_us)


def _volumes(directory: Path) -> VolumeSet:
    clock, store = SystemClock(), Store(f"sqlite:///{directory}/drift.db")
    try:
        store.migrate()
        return VolumeSet(identify_volumes([Volume(path=directory / "media")], store, clock), clock)
    finally:
        store.close()


def _pictures() -> tuple[bytes, bytes]:
    """A keyframe with its parameter sets, and a picture that follows it."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 1), Fraction(1)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "annexb=1:repeat-headers=1"}
    packets = [packet for _ in range(2) for packet in encoder.encode(av.VideoFrame(64, 48, "yuv420p"))]
    key, other = (bytes(packet) for packet in [*packets, *encoder.encode(None)][:2])
    return key, other


def _packets(
    builder: PacketBuilder, pictures: int, camera_ppm: float, *, jitter: bool, chance: random.Random
) -> Iterator[tuple[Packet, int]]:
    """Each packet with the true time of its picture. The RTP clock starts shortly before its wrap."""
    first = _WRAP - 600 * TICKS_PER_SECOND
    key, other = _pictures()
    sets = tuple(nal for nal in nal_units(key) if nal[0] & 0x1F in (7, 8))
    for number in range(pictures):
        true_us = START_US + number * _PICTURE_S * US_PER_SECOND
        elapsed_90k = round(number * _PICTURE_S * TICKS_PER_SECOND * (1 + camera_ppm / 1_000_000))
        delay_us = _delay_us(number, chance) if jitter else 0
        received_us = true_us + delay_us
        if jitter:  # read together with what comes until the next quarter of a second
            received_us += -received_us % _READ_US if chance.random() < 0.5 else 0
        is_key = number % _GOP_PICTURES == 0
        unit = AccessUnit(key if is_key else other, (first + elapsed_90k) % _WRAP, is_key, sets if is_key else (), 0)
        for packet in builder.build([unit], received_us):
            yield packet, true_us


def _delay_us(number: int, chance: random.Random) -> int:
    stalled = number % _STALL_EVERY == _STALL_EVERY - 1
    return _LEAST_DELAY_US + round(chance.expovariate(1 / _MEAN_JITTER_US)) + (_STALL_US if stalled else 0)


def _figure(camera_ppm: float, hours: float, pictures: int, rows: _Rows, true_us: dict[int, int]) -> DriftFigure:
    starts = _first_pictures(rows.segments, true_us)
    errors_ms = [
        (us_from_utc(segment.start_at) - at_us) / 1000 for segment, at_us in zip(rows.segments, starts, strict=True)
    ]
    hour = max(1, len(errors_ms) // max(1, round(hours)))
    drift_ms = sum(errors_ms[-hour:]) / hour - sum(errors_ms[:hour]) / hour
    corrections = [
        abs(us_from_utc(s.end_at) - us_from_utc(s.start_at) - s.duration_90k * 100 // 9) * 9 / s.duration_90k * 10_000
        for s in rows.segments
    ]
    pairs = zip(rows.segments, rows.segments[1:], strict=False)
    recorded_90k = sum(segment.duration_90k for segment in rows.segments)
    whole_90k = max(true_us) - min(true_us) + _PICTURE_S * TICKS_PER_SECOND
    return DriftFigure(
        camera_ppm=camera_ppm,
        segments=len(rows.segments),
        pictures_lost=pictures - len(true_us) + round((whole_90k - recorded_90k) / TICKS_PER_SECOND / _PICTURE_S),
        overlaps=sum(one.end_at > after.start_at for one, after in pairs),
        gaps=rows.gaps,
        error_ms_median=round(sorted(errors_ms)[len(errors_ms) // 2], 2),
        error_ms_largest=round(max(map(abs, errors_ms)), 2),
        drift_ms_per_24h=round(drift_ms * 24 / hours, 2),
        largest_correction_ppm=round(max(corrections), 1),
    )


def _first_pictures(segments: list[NewSegment], true_us: dict[int, int]) -> list[int]:
    """True times of the segments' first pictures: their durations follow each other on the stream's clock."""
    times, at_90k = [], min(true_us)
    for segment in segments:
        times.append(true_us[at_90k])
        at_90k += segment.duration_90k
    return times
