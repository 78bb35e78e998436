"""Pre-encoded loops that many simulated cameras share: real pictures of the street at a true bitrate."""

import math
import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.simulator.encode import AccessUnit, VideoEncoder
from ingest.simulator.model import Faults, SimCameraSpec, StreamSpec, ViewDeg
from ingest.simulator.render import Renderer
from ingest.simulator.rtp import PacketTemplate, packetize
from ingest.simulator.street import Street
from vms.units import TICKS_PER_SECOND, US_PER_SECOND, Codec, Profile

GOPS = 4
_MAX_FRAMES = 400
_NAME = "Lus"
_START_US = 1_700_000_000 * US_PER_SECOND
_NOISE_FRAMES = 6
_WARM_UP_S = 0.8
_NOISE_LEVEL = 5.0


@dataclass(frozen=True, slots=True)
class LoopClip:
    """Packet templates and keyframe flags of each picture; starts with a keyframe and repeats without a seam."""

    templates: tuple[PacketTemplate, ...]
    keyframes: tuple[bool, ...]
    bytes_per_s: float


class LoopLibrary:
    """Encodes each kind of loop once, when first asked for (seconds of work). Thread-safe."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self._lock = threading.Lock()
        self._units: dict[tuple[StreamSpec, Codec, Profile], list[AccessUnit]] = {}
        self._clips: dict[tuple[StreamSpec, Codec, Profile, bool], LoopClip] = {}

    def clip(self, spec: StreamSpec, codec: Codec, profile: Profile, in_band: bool) -> LoopClip:
        with self._lock:
            key = (spec, codec, profile, in_band)
            if key not in self._clips:
                if key[:3] not in self._units:
                    self._units[key[:3]] = self._encode(spec, codec, profile)
                self._clips[key] = _clip(self._units[key[:3]], spec, codec, in_band)
            return self._clips[key]

    def _encode(self, spec: StreamSpec, codec: Codec, profile: Profile) -> list[AccessUnit]:
        camera = SimCameraSpec("loop", _NAME, False, codec, spec, spec, "", "", loop=True)
        renderer = Renderer(self._street, camera)
        encoder = VideoEncoder(spec, codec, profile, constant_rate=True)
        noise = _Noise(spec.width, spec.height)
        view = ViewDeg(-20.0, -8.0, 60.0)
        units: list[AccessUnit] = []
        # The first GOPs, while the encoder's buffer still fills, are above the bitrate: not part of the loop.
        warm_up = math.ceil(_WARM_UP_S * spec.fps / spec.gop_frames) * spec.gop_frames
        for number in range(warm_up + min(_MAX_FRAMES, GOPS * spec.gop_frames)):
            at_us = _START_US + round(number * US_PER_SECOND / spec.fps)
            picture = renderer.view(at_us, view, Faults(), spec.width, spec.height, number)
            noise.add(picture.y, number)
            encoded = encoder.encode(picture, round(number * TICKS_PER_SECOND / spec.fps), at_us)
            if number >= warm_up:
                units += encoded
        return units


def _clip(units: list[AccessUnit], spec: StreamSpec, codec: Codec, in_band: bool) -> LoopClip:
    sent = units if in_band else [unit.without_parameter_sets(codec) for unit in units]
    size = sum(len(nal) for unit in sent for nal in unit.nals)
    return LoopClip(
        tuple(PacketTemplate(packetize(codec, unit.nals)) for unit in sent),
        tuple(unit.is_keyframe for unit in sent),
        size * spec.fps / len(sent),
    )


class _Noise:
    """Sensor noise, so that the bits go into picture content: a few fields, shifted differently each time."""

    def __init__(self, width: int, height: int) -> None:
        self._rng = np.random.default_rng(7)
        field = self._rng.normal(0, _NOISE_LEVEL, (height + 32, width + 32))
        self._field: npt.NDArray[np.int16] = field.astype(np.int16)

    def add(self, y: npt.NDArray[np.uint8], number: int) -> None:
        top, left = self._rng.integers(0, 32, 2).tolist()
        flip = 1 if number % _NOISE_FRAMES < _NOISE_FRAMES // 2 else -1
        part = self._field[top : top + y.shape[0], left : left + y.shape[1]]
        np.clip(y + flip * part, 0, 255, out=y, casting="unsafe")
