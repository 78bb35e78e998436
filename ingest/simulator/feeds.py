"""One camera's stream: its viewers, its numbering, its faults. Where pictures come from: live.py, loop_feed.py.

Event loop only.
"""

import random
from dataclasses import dataclass, replace
from typing import Protocol

from ingest.simulator.encode import AccessUnit
from ingest.simulator.model import Faults, SimCamera, StreamSpec
from ingest.simulator.rtp import PacketTemplate, RtpFrame
from vms.units import TICKS_PER_SECOND, Profile


class Viewer(Protocol):
    def send_frame(self, frame: RtpFrame) -> None:
        """Must not block."""


class Source(Protocol):
    """Where a stream's pictures come from."""

    def watch(self, stream: "CameraStream") -> None: ...
    def unwatch(self, stream: "CameraStream") -> None: ...
    def request_keyframe(self, profile: Profile) -> None: ...


def effective_spec(camera: SimCamera, profile: Profile) -> StreamSpec:
    """The stream as it is now: a fault may have switched the main stream's resolution."""
    spec = camera.spec.stream(profile)
    size = camera.faults.resolution
    if profile == "main" and size is not None:
        width, height = (min(max(size[0], 128), 3840), min(max(size[1], 96), 2160))
        return replace(spec, width=width // 2 * 2, height=height // 2 * 2)
    return spec


@dataclass(slots=True)
class TimestampShift:
    """How far a camera's RTP clock has leapt in all; both of its streams share it."""

    shift_90k: int = 0

    def absorb(self, faults: Faults) -> None:
        if faults.pts_jump_s:
            self.shift_90k += round(faults.pts_jump_s * TICKS_PER_SECOND)
            faults.pts_jump_s = 0.0


class CameraStream:
    """One stream of one camera and those who watch it."""

    def __init__(self, camera: SimCamera, profile: Profile, source: Source, shift: TimestampShift) -> None:
        self.camera = camera
        self.profile = profile
        self._source = source
        self._shift = shift
        self._viewers: list[Viewer] = []
        self._losses = random.Random(f"{camera.spec.id}/{profile}")  # noqa: S311 (repeatable packet loss)

    @property
    def is_watched(self) -> bool:
        return bool(self._viewers)

    def add(self, viewer: Viewer) -> None:
        self._viewers.append(viewer)
        if len(self._viewers) == 1:
            self._source.watch(self)
        self._source.request_keyframe(self.profile)

    def remove(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            if not self._viewers:
                self._source.unwatch(self)

    def request_keyframe(self) -> None:
        if self._viewers:
            self._source.request_keyframe(self.profile)

    def publish(self, frame: RtpFrame) -> None:
        """Hand one picture to every viewer, with the camera's faults of this moment."""
        faults = self.camera.faults
        if faults.hang or faults.offline:
            return
        self._shift.absorb(faults)
        ratio = faults.drop_packets_ratio
        missing: frozenset[int] = frozenset()
        if ratio > 0:
            missing = frozenset(i for i in range(frame.packet_count) if self._losses.random() < ratio)
        if missing or self._shift.shift_90k:
            frame = frame.changed(self._shift.shift_90k, missing)
        for viewer in tuple(self._viewers):
            viewer.send_frame(frame)


class Numbering:
    """SSRC, sequence numbers and timestamp origin of one stream: random at first, as RTP asks."""

    def __init__(self) -> None:
        origin = random.SystemRandom()
        self._ssrc = origin.getrandbits(32)
        self._sequence = origin.getrandbits(16)
        self._origin_90k = origin.getrandbits(32)

    def frame(self, template: PacketTemplate, unit: AccessUnit) -> RtpFrame:
        sequence = self._sequence
        self._sequence = (sequence + template.count) & 0xFFFF
        return RtpFrame(
            template,
            sequence,
            self._origin_90k + unit.timestamp_90k,
            self._ssrc,
            is_keyframe=unit.is_keyframe,
            at_us=unit.at_us,
        )
