"""Pan, tilt and zoom of one simulated camera, as exact functions of the server's time.

Every axis moves at a constant speed from one position to another (no acceleration), so where the camera looks
at any moment is a line that tests can compute by hand. A continuous move is the same thing: its end is where
its time-out or the end of the range stops it, so a client that dies leaves a camera that stops by itself.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.simulator.model import (
    HFOV_DEG_AT_ZOOM,
    MAX_PAN_SPEED_DEG_S,
    MAX_TILT_SPEED_DEG_S,
    MAX_ZOOM_SPEED_PER_S,
    PAN_RANGE_DEG,
    TILT_RANGE_DEG,
    SimCameraSpec,
    ViewDeg,
)
from vms.clock import Clock
from vms.units import US_PER_SECOND

DEFAULT_TIMEOUT_S = 5.0
MIN_TIMEOUT_S = 0.1
MAX_TIMEOUT_S = 60.0
MAX_PRESETS = 64
_HISTORY = 256
"""Motions remembered, so that a picture or a late status of some seconds ago can still be placed."""
ZOOM_RANGE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis on its way: at `start` until `start_us`, at `end` from `end_us`, linear in between."""

    start: float
    end: float
    start_us: int
    end_us: int

    def at(self, at_us: int) -> float:
        if at_us >= self.end_us:
            return self.end
        if at_us <= self.start_us:
            return self.start
        share = (at_us - self.start_us) / (self.end_us - self.start_us)
        return self.start + (self.end - self.start) * share

    def is_moving(self, at_us: int) -> bool:
        return self.start_us <= at_us < self.end_us


@dataclass(frozen=True, slots=True)
class _Motion:
    """What all three axes do from `since_us` until the next motion."""

    since_us: int
    pan_deg: Axis
    tilt_deg: Axis
    zoom: Axis


@dataclass(frozen=True, slots=True)
class Preset:
    token: str
    name: str
    pan_deg: float
    tilt_deg: float
    zoom: float


@dataclass(frozen=True, slots=True)
class PtzStatus:
    """As ONVIF reports it: pan and tilt −1…1 of the full range, zoom 0…1."""

    pan: float
    tilt: float
    zoom: float
    pan_tilt_moving: bool
    zoom_moving: bool


def hfov_deg_at(zoom: float) -> float:
    """Horizontal field of view of the simulated lens, linear between the rows of its table."""
    rows = HFOV_DEG_AT_ZOOM
    for (zoom_0, hfov_0), (zoom_1, hfov_1) in pairwise(rows):
        if zoom <= zoom_1:
            return hfov_0 + (hfov_1 - hfov_0) * (max(zoom, zoom_0) - zoom_0) / (zoom_1 - zoom_0)
    return rows[-1][1]


def generic_from_deg(value_deg: float, range_deg: tuple[float, float]) -> float:
    """Degrees → −1…1 of the range."""
    low, high = range_deg
    return (value_deg - low) / (high - low) * 2 - 1


def deg_from_generic(value: float, range_deg: tuple[float, float]) -> float:
    """−1…1 of the range → degrees."""
    low, high = range_deg
    return low + (value + 1) / 2 * (high - low)


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _still(position: float, at_us: int) -> Axis:
    return Axis(position, position, at_us, at_us)


def _move_to(position: float, target: float, speed_per_s: float, at_us: int) -> Axis:
    if speed_per_s <= 0 or target == position:
        return _still(position, at_us)
    return Axis(position, target, at_us, at_us + round(abs(target - position) / speed_per_s * US_PER_SECOND))


def _run(position: float, rate_per_s: float, bounds: tuple[float, float], timeout_s: float, at_us: int) -> Axis:
    """Run at a signed speed until the time-out or the end of the range, whichever comes first."""
    target = _clamp(position + rate_per_s * timeout_s, bounds)
    return _move_to(position, target, abs(rate_per_s), at_us)


class FixedHead:
    """A camera without motors. Thread-safe: nothing changes."""

    def __init__(self, spec: SimCameraSpec) -> None:
        self._view = ViewDeg(spec.pan_deg, spec.tilt_deg, hfov_deg_at(spec.zoom))

    def view_at(self, at_us: int) -> ViewDeg:  # noqa: ARG002 - the protocol's argument; a fixed camera has no time
        return self._view


class PtzMechanics:
    """The motors, presets and home position of one camera. Thread-safe.

    Commands count from the clock's now; `view_at` and `status` answer for any moment, also a past one.
    """

    def __init__(self, spec: SimCameraSpec, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._home = Preset(
            "home",
            "Home",
            _clamp(spec.pan_deg, PAN_RANGE_DEG),
            _clamp(spec.tilt_deg, TILT_RANGE_DEG),
            spec.zoom,
        )
        self._presets = {preset.token: preset for preset in _default_presets(self._home)}
        self._motions: deque[_Motion] = deque(maxlen=_HISTORY)
        self._motions.append(_at_rest(self._home, clock.now_us()))

    def view_at(self, at_us: int) -> ViewDeg:
        motion = self._motion_at(at_us)
        return ViewDeg(motion.pan_deg.at(at_us), motion.tilt_deg.at(at_us), hfov_deg_at(motion.zoom.at(at_us)))

    def status(self, at_us: int) -> PtzStatus:
        motion = self._motion_at(at_us)
        return PtzStatus(
            pan=generic_from_deg(motion.pan_deg.at(at_us), PAN_RANGE_DEG),
            tilt=generic_from_deg(motion.tilt_deg.at(at_us), TILT_RANGE_DEG),
            zoom=motion.zoom.at(at_us),
            pan_tilt_moving=motion.pan_deg.is_moving(at_us) or motion.tilt_deg.is_moving(at_us),
            zoom_moving=motion.zoom.is_moving(at_us),
        )

    def continuous_move(
        self,
        *,
        pan_tilt: tuple[float, float] | None = None,
        zoom: float | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Velocities −1…1 of the top speed. None leaves an axis doing what it did; zero stops it.

        timeout_s: the dead-man: the move ends by itself unless it is commanded again.
        """
        timeout_s = _clamp(timeout_s, (MIN_TIMEOUT_S, MAX_TIMEOUT_S))
        with self._lock:
            motion = self._from_now()
            at_us = motion.since_us
            if pan_tilt is not None:
                pan_rate = _clamp(pan_tilt[0], (-1, 1)) * MAX_PAN_SPEED_DEG_S
                tilt_rate = _clamp(pan_tilt[1], (-1, 1)) * MAX_TILT_SPEED_DEG_S
                motion = replace(
                    motion,
                    pan_deg=_run(motion.pan_deg.at(at_us), pan_rate, PAN_RANGE_DEG, timeout_s, at_us),
                    tilt_deg=_run(motion.tilt_deg.at(at_us), tilt_rate, TILT_RANGE_DEG, timeout_s, at_us),
                )
            if zoom is not None:
                rate = _clamp(zoom, (-1, 1)) * MAX_ZOOM_SPEED_PER_S
                motion = replace(motion, zoom=_run(motion.zoom.at(at_us), rate, ZOOM_RANGE, timeout_s, at_us))
            self._motions.append(motion)

    def absolute_move(
        self,
        *,
        pan_tilt_deg: tuple[float, float] | None = None,
        zoom: float | None = None,
        pan_tilt_speed: tuple[float, float] = (1.0, 1.0),
        zoom_speed: float = 1.0,
    ) -> None:
        """Go to a position, clamped to the range. Speeds 0…1 of the top speed. None leaves an axis alone."""
        with self._lock:
            motion = self._from_now()
            at_us = motion.since_us
            if pan_tilt_deg is not None:
                pan_target = _clamp(pan_tilt_deg[0], PAN_RANGE_DEG)
                tilt_target = _clamp(pan_tilt_deg[1], TILT_RANGE_DEG)
                pan_speed = _clamp(pan_tilt_speed[0], (0, 1)) * MAX_PAN_SPEED_DEG_S
                tilt_speed = _clamp(pan_tilt_speed[1], (0, 1)) * MAX_TILT_SPEED_DEG_S
                motion = replace(
                    motion,
                    pan_deg=_move_to(motion.pan_deg.at(at_us), pan_target, pan_speed, at_us),
                    tilt_deg=_move_to(motion.tilt_deg.at(at_us), tilt_target, tilt_speed, at_us),
                )
            if zoom is not None:
                speed = _clamp(zoom_speed, (0, 1)) * MAX_ZOOM_SPEED_PER_S
                target = _clamp(zoom, ZOOM_RANGE)
                motion = replace(motion, zoom=_move_to(motion.zoom.at(at_us), target, speed, at_us))
            self._motions.append(motion)

    def stop(self, *, pan_tilt: bool = True, zoom: bool = True) -> None:
        with self._lock:
            motion = self._from_now()
            at_us = motion.since_us
            if pan_tilt:
                motion = replace(
                    motion,
                    pan_deg=_still(motion.pan_deg.at(at_us), at_us),
                    tilt_deg=_still(motion.tilt_deg.at(at_us), at_us),
                )
            if zoom:
                motion = replace(motion, zoom=_still(motion.zoom.at(at_us), at_us))
            self._motions.append(motion)

    def presets(self) -> Mapping[str, Preset]:
        with self._lock:
            return dict(self._presets)

    def set_preset(self, name: str, token: str | None = None) -> str:
        """Store where the camera looks now, under `token` or a new one; returns the token.

        Raises KeyError for a token that does not exist, OverflowError when there are MAX_PRESETS.
        """
        with self._lock:
            if token is not None and token not in self._presets:
                raise KeyError(token)
            if token is None:
                if len(self._presets) >= MAX_PRESETS:
                    raise OverflowError("no room for another preset")
                token = next(str(n) for n in range(1, MAX_PRESETS + 1) if str(n) not in self._presets)
            self._presets[token] = self._here(token, name)
            return token

    def remove_preset(self, token: str) -> None:
        """Raises KeyError for a token that does not exist."""
        with self._lock:
            del self._presets[token]

    def goto_preset(
        self, token: str, *, pan_tilt_speed: tuple[float, float] = (1.0, 1.0), zoom_speed: float = 1.0
    ) -> None:
        """Raises KeyError for a token that does not exist."""
        with self._lock:
            preset = self._presets[token]
        self._goto(preset, pan_tilt_speed, zoom_speed)

    def set_home(self) -> None:
        with self._lock:
            self._home = self._here("home", "Home")

    def goto_home(self, *, pan_tilt_speed: tuple[float, float] = (1.0, 1.0), zoom_speed: float = 1.0) -> None:
        with self._lock:
            home = self._home
        self._goto(home, pan_tilt_speed, zoom_speed)

    def reboot(self) -> None:
        """Power came back: the camera looks at its home position, whatever it did before."""
        with self._lock:
            self._motions.append(_at_rest(self._home, self._clock.now_us()))

    def _goto(self, preset: Preset, pan_tilt_speed: tuple[float, float], zoom_speed: float) -> None:
        self.absolute_move(
            pan_tilt_deg=(preset.pan_deg, preset.tilt_deg),
            zoom=preset.zoom,
            pan_tilt_speed=pan_tilt_speed,
            zoom_speed=zoom_speed,
        )

    def _here(self, token: str, name: str) -> Preset:
        at_us = self._clock.now_us()
        motion = self._motions[-1]
        return Preset(token, name, motion.pan_deg.at(at_us), motion.tilt_deg.at(at_us), motion.zoom.at(at_us))

    def _from_now(self) -> _Motion:
        return replace(self._motions[-1], since_us=self._clock.now_us())

    def _motion_at(self, at_us: int) -> _Motion:
        """The motion of that moment; the oldest one known for a moment before all of them."""
        with self._lock:
            for motion in reversed(self._motions):
                if motion.since_us <= at_us:
                    return motion
            return self._motions[0]


def _at_rest(preset: Preset, at_us: int) -> _Motion:
    return _Motion(at_us, _still(preset.pan_deg, at_us), _still(preset.tilt_deg, at_us), _still(preset.zoom, at_us))


def _default_presets(home: Preset) -> Iterator[Preset]:
    """What an installer leaves behind: four named places around the home position."""
    pan_deg, tilt_deg = home.pan_deg, home.tilt_deg
    for token, name, pan_off_deg, tilt_off_deg, zoom in (
        ("1", "Overzicht", 0.0, 0.0, home.zoom),
        ("2", "Links", -60.0, 0.0, 0.1),
        ("3", "Rechts", 60.0, 0.0, 0.1),
        ("4", "Detail", 20.0, -4.0, 0.5),
    ):
        yield Preset(
            token,
            name,
            _clamp(pan_deg + pan_off_deg, PAN_RANGE_DEG),
            _clamp(tilt_deg + tilt_off_deg, TILT_RANGE_DEG),
            zoom,
        )
