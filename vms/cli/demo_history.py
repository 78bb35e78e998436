"""Footage of past days for the demo: real pictures of the street at those times, through the real recorder.

Sparse (some minutes a day, small, one picture a second), so that a month of it takes half a minute to make. Runs
before the recorder starts: its files are then simply footage that lies there.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ingest.simulator.encode import VideoEncoder
from ingest.simulator.mechanics import FixedHead
from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG, Faults, SimCameraSpec, StreamSpec
from ingest.simulator.render import Renderer
from ingest.simulator.street import Street
from recorder.disk import VolumeSet, identify_volumes
from recorder.journal import Journal
from recorder.poses import PoseTrack
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder, StreamSettings
from vms.clock import Clock
from vms.config import SiteConfig
from vms.keys import KeyRing
from vms.packet import Packet, PtzPose
from vms.store import Store
from vms.units import PROFILES, US_PER_SECOND, CameraId, Profile

CAMERAS = 3
MINUTES_A_DAY = 2
FPS = 1.0
MAIN = StreamSpec(640, 360, FPS, 300_000, 10)
SUB = StreamSpec(320, 180, FPS, 100_000, 10)
"""Half as wide as main: the renderer then shrinks only what moved."""
DAY_US = 86_400 * US_PER_SECOND
HOUR_US = 3_600 * US_PER_SECOND
_MAX_QUEUE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Site:
    """What the cameras share."""

    settings: StreamSettings
    volumes: VolumeSet
    journal: Journal
    keys: KeyRing | None


def daily_starts_us(now_us: int, days: int) -> list[int]:
    """Half an hour past the present time of day, so that the 28th day expires while one watches."""
    return [now_us - day * DAY_US + HOUR_US // 2 for day in range(days, 0, -1)]


def lay_down_history(
    config: SiteConfig,
    store: Store,
    clock: Clock,
    street: Street,
    specs: list[SimCameraSpec],
    starts_us: list[int],
    duration_s: int = MINUTES_A_DAY * 60,
    on_made: Callable[[], None] = lambda: None,
) -> int:
    """Record each of these cameras from each of these moments on; the number of segments made.

    on_made: called after each moment of each camera, by the thread that made it.
    """
    volumes = VolumeSet(identify_volumes(config.volumes, store, clock), clock)
    journal = Journal(store, config.journals_dir / "history.jsonl")
    keys = KeyRing(config.site.data_dir / "keys", config.site_key_file) if config.recorder.encrypt else None
    settings = StreamSettings(
        segment_s=config.recorder.segment_s,
        purpose="public_order",
        max_queue_bytes=_MAX_QUEUE_BYTES,
        data_key=keys.data_key if keys else None,
    )
    site = _Site(settings, volumes, journal, keys)
    journal.start()
    try:
        with ThreadPoolExecutor(len(specs)) as pool:
            jobs = [pool.submit(_record_camera, spec, street, starts_us, duration_s, site, on_made) for spec in specs]
            return sum(job.result() for job in jobs)
    finally:
        journal.stop(timeout_s=60)


def _record_camera(
    spec: SimCameraSpec,
    street: Street,
    starts_us: list[int],
    duration_s: int,
    site: _Site,
    on_made: Callable[[], None],
) -> int:
    sparse = replace(spec, main=MAIN, sub=SUB)
    renderer = Renderer(street, sparse)
    camera_id = CameraId(spec.id)
    poses = PoseTrack() if spec.ptz else None
    recorders = {
        profile: StreamRecorder(
            camera_id, profile, site.settings, site.volumes, site.journal, Recovery(site.keys).finish_part, poses
        )
        for profile in PROFILES
    }
    encoders = {profile: VideoEncoder(sparse.stream(profile), sparse.codec, profile) for profile in PROFILES}
    for start_us in starts_us:
        if poses:
            poses.put(_rest_pose(sparse, start_us))
        for packet in _packets(sparse, renderer, encoders, start_us, duration_s):
            recorders[packet.profile].offer(packet)
            if packet.is_keyframe:
                recorders[packet.profile].pump()
        on_made()
    for recorder in recorders.values():
        recorder.close("history of the demo")
    return len(starts_us) * math.ceil(duration_s / site.settings.segment_s) * len(PROFILES)


def _packets(
    spec: SimCameraSpec, renderer: Renderer, encoders: dict[Profile, VideoEncoder], start_us: int, duration_s: int
) -> Iterator[Packet]:
    view = FixedHead(spec).view_at(start_us)
    numbers = {profile: itertools.count() for profile in PROFILES}
    for index in range(int(duration_s * FPS) + 1):
        at_us = start_us + round(index * US_PER_SECOND / FPS)
        pts_90k = at_us * 9 // 100
        for profile in PROFILES:
            stream = spec.stream(profile)
            picture = renderer.view(at_us, view, Faults(), stream.width, stream.height, index)
            for unit in encoders[profile].encode(picture, pts_90k, at_us, keyframe=index == 0):
                yield Packet(
                    camera_id=CameraId(spec.id),
                    profile=profile,
                    codec=spec.codec,
                    data=b"".join(b"\0\0\0\1" + nal for nal in unit.nals),
                    pts_90k=pts_90k,
                    dts_90k=pts_90k,
                    is_keyframe=unit.is_keyframe,
                    received_us=at_us,
                    camera_utc_us=at_us,
                    sequence=next(numbers[profile]),
                    starts_run=index == 0,
                )


def _rest_pose(spec: SimCameraSpec, at_us: int) -> PtzPose:
    def generic(value_deg: float, bounds: tuple[float, float]) -> float:
        return 2 * (value_deg - bounds[0]) / (bounds[1] - bounds[0]) - 1

    pan, tilt = generic(spec.pan_deg, PAN_RANGE_DEG), generic(spec.tilt_deg, TILT_RANGE_DEG)
    return PtzPose(CameraId(spec.id), pan, tilt, spec.zoom, at_us, at_us, "idle")
