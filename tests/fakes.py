"""Fakes that several tests share: a scripted clock, packets, poses. They live here only."""

from dataclasses import replace

from vms.packet import Packet, PtzPose
from vms.units import CameraId, Codec, Profile

T0_US = 1_795_000_000_000_000
"""2026-11-18T11:06:40Z"""


class FakeClock:
    """Stands still until told; sleeping moves it."""

    def __init__(self, now_us: int = T0_US) -> None:
        self.us = now_us
        self.mono_s = 1000.0
        self.slept_s: list[float] = []

    def now_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.mono_s

    def sleep_s(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)
        self.advance(duration_s)

    def advance(self, duration_s: float) -> None:
        self.us += round(duration_s * 1e6)
        self.mono_s += duration_s


def packet(
    sequence: int = 0,
    *,
    camera: str = "markt-01",
    profile: Profile = "sub",
    codec: Codec = "h264",
    keyframe: bool | None = None,
    data: bytes = b"\0\0\0\1\x65picture",
    fps: float = 12.5,
    gop: int = 12,
    start_us: int = T0_US,
    starts_run: bool = False,
) -> Packet:
    """The sequence-th packet of a regular stream; keyframes each `gop` packets unless told."""
    pts_90k = round(sequence * 90_000 / fps)
    at_us = start_us + round(sequence * 1e6 / fps)
    return Packet(
        camera_id=CameraId(camera),
        profile=profile,
        codec=codec,
        data=data,
        pts_90k=pts_90k,
        dts_90k=pts_90k,
        is_keyframe=sequence % gop == 0 if keyframe is None else keyframe,
        received_us=at_us,
        camera_utc_us=at_us,
        sequence=sequence,
        starts_run=starts_run,
    )


def pose(at_us: int = T0_US, pan: float = 0.0, tilt: float = 0.0, zoom: float = 0.0, **changes: object) -> PtzPose:
    base = PtzPose(CameraId("markt-01"), pan, tilt, zoom, at_us, at_us, "idle")
    return replace(base, **changes)  # type: ignore[arg-type]
