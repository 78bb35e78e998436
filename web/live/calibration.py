"""The calibration assistant: turns a camera through its range, looks, and measures lens, lateness and surroundings.

`Rig` is the camera; this module only says where to look and reads the pictures. Blocking, some minutes.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np

from vms.packet import PtzPose
from vms.rules.calibration import (
    MAX_SWEEP_ERROR_DEG,
    TURN_SHARE,
    CalibrationRefused,
    KnownTurn,
    StatusLag,
    ZoomRow,
    checked_table,
    fitted_hfov_deg,
    status_lag,
)
from vms.rules.masks import LensCalibration
from vms.rules.picture_geometry import carried
from vms.rules.ptz_geometry import ViewDeg, angle_between_deg, hfov_deg_at, view_of_pose
from web.live.reference import Keypoints, Reference, keypoints_of
from web.live.registration import Grey, Still, shrink, turned

log = logging.getLogger(__name__)

ZOOMS = tuple(step / 10 for step in range(11))
_PLACES = 2
_PLACE_STEPS_DEG = tuple(product((0.0, 6.0, -6.0), (0.0, 35.0, -35.0, 70.0, -70.0, 105.0, -105.0, 140.0)))
"""Of tilt and pan, from the start: tried one after the other until enough of them show something."""
_FIRST_STEP_DEG = 2.0
_REFIT_SHARE = 0.3
"""A field of view that is this much off from what the step was chosen for is measured again with a better one."""
SURROUND_TILT_DEG = (-35.0, 8.0)
_NARROW = 3.0
"""The second ring of pictures is taken with a field of view so much smaller than the widest."""
_OVERLAP = 0.5
_MIN_PLACED_SHARE = 0.5
_LAG_VELOCITY = 0.1
_LAG_S = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture of a camera that stands, and what its status says."""

    grey: Grey
    pose: PtzPose


@dataclass(frozen=True, slots=True, eq=False)
class Ride:
    """A movement as pictures and status show it, by the same clock (microseconds)."""

    pictures: Sequence[tuple[int, Grey]]
    poses: Sequence[tuple[int, PtzPose]]


class Rig(Protocol):
    def look(self, pan: float, tilt: float, zoom: float) -> Look:
        """Go there (generic position) and come to rest. Raises CameraError, CalibrationRefused."""

    def ride(self, pan_velocity: float, seconds: float) -> Ride:
        """Raises CameraError."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """sweep_error_deg: how far neighbouring pictures of the surroundings lie beside each other, typically."""

    lens: LensCalibration
    rows: tuple[ZoomRow, ...]
    lag: StatusLag
    reference: Reference
    pictures: int
    sweep_error_deg: float


class Assistant:
    def __init__(
        self,
        rig: Rig,
        pan_range_deg: tuple[float, float],
        tilt_range_deg: tuple[float, float],
        tell: Callable[[str], None],
    ) -> None:
        self._rig = rig
        self._pan_range_deg = pan_range_deg
        self._tilt_range_deg = tilt_range_deg
        self._tell = tell

    def calibrate(self, start_deg: tuple[float, float], *, narrow: bool = True) -> Calibration:
        """start_deg: pan and tilt round which the lens is measured. Raises CalibrationRefused, CameraError."""
        rows = self.measure_lens(start_deg)
        lens = LensCalibration(self._pan_range_deg, self._tilt_range_deg, checked_table(rows))
        reference, pictures, error_deg = self.survey(lens, narrow=narrow)
        lag = self.measure_lag(lens, start_deg)
        reference.status_lag_ms = lag.lag_ms
        return Calibration(lens, tuple(rows), lag, reference, pictures, error_deg)

    def measure_lens(self, start_deg: tuple[float, float]) -> list[ZoomRow]:
        rows: list[ZoomRow] = []
        for zoom in ZOOMS:
            expected_deg = rows[-1].hfov_deg if rows else _FIRST_STEP_DEG / TURN_SHARE
            rows.append(self._row(zoom, expected_deg, start_deg))
            self._tell(f"zoom {zoom:.1f}: {rows[-1].hfov_deg:.2f} degrees, {rows[-1].residual_deg:.3f} beside the fit")
        return rows

    def _row(self, zoom: float, expected_deg: float, start_deg: tuple[float, float]) -> ZoomRow:
        found: list[tuple[float, float]] = []
        for tilt_step_deg, pan_step_deg in _PLACE_STEPS_DEG:
            at_deg = (
                self._inside(start_deg[0] + pan_step_deg, self._pan_range_deg),
                self._inside(start_deg[1] + tilt_step_deg, self._tilt_range_deg),
            )
            fit = self._fit(zoom, expected_deg, at_deg)
            if fit is None:  # the step was too large for a lens that narrows quickly
                fit = self._fit(zoom, expected_deg / 3, at_deg)
            if fit is not None and abs(fit[0] / expected_deg - 1) > _REFIT_SHARE:
                expected_deg = fit[0]
                fit = self._fit(zoom, expected_deg, at_deg)
            if fit is not None:
                found.append(fit)
            if len(found) == _PLACES:
                break
        if len(found) < _PLACES:
            raise CalibrationRefused(
                f"zoom {zoom:.2f}: too little to see in {len(_PLACE_STEPS_DEG)} directions; "
                "calibrate by daylight, with a view of façades"
            )
        hfovs = [hfov for hfov, _ in found]
        spread = max(hfovs) / min(hfovs) - 1
        return ZoomRow(zoom, sum(hfovs) / len(hfovs), max(residual for _, residual in found), spread)

    def _fit(self, zoom: float, expected_deg: float, at_deg: tuple[float, float]) -> tuple[float, float] | None:
        """None: the pictures cannot be laid on each other."""
        step_deg = expected_deg * TURN_SHARE
        first = self._look(at_deg, zoom)
        before, turns = shrink(first.grey), []
        if not Still(before).tells:
            return None
        for offset in ((step_deg, 0.0), (0.0, -step_deg / 2)):
            then = self._look((at_deg[0] + offset[0], at_deg[1] + offset[1]), zoom)
            turn = turned(before, shrink(then.grey))
            if turn is None:
                return None
            told = self._told(first.pose), self._told(then.pose)
            turns.append(KnownTurn(*told, turn.before_px, turn.now_px))
        return fitted_hfov_deg(turns, before.size)

    def survey(self, lens: LensCalibration, *, narrow: bool) -> tuple[Reference, int, float]:
        """(surroundings, pictures, typical error)."""
        found: list[Keypoints] = []
        errors: list[float] = []
        count = 0
        for zoom in (0.0, _zoom_of(lens, lens.hfov_deg_at_zoom[0][1] / _NARROW)) if narrow else (0.0,):
            ring: list[Keypoints] = []
            for at_deg in self._ring(hfov_deg_at(lens.hfov_deg_at_zoom, zoom)):
                seen = self._look(at_deg, zoom)
                view = view_of_pose(lens, seen.pose)
                placed = Reference(ring[-12:]).place(shrink(seen.grey).fine, view)
                if placed is not None:
                    errors.append(angle_between_deg(placed.view, view))
                ring += keypoints_of(seen.grey, view)
                count += 1
            found += ring
            self._tell(f"surroundings at zoom {zoom:.2f}: {count} pictures")
        if len(errors) < _MIN_PLACED_SHARE * count:
            raise CalibrationRefused(f"only {len(errors)} of {count} pictures fit their neighbours: too little to see")
        error_deg = float(np.median(errors))
        if error_deg > MAX_SWEEP_ERROR_DEG:
            raise CalibrationRefused(
                f"neighbouring pictures lie {error_deg:.2f} degrees beside each other, more than the "
                f"{MAX_SWEEP_ERROR_DEG} that are allowed; the camera does not tell its true position"
            )
        return Reference(found), count, error_deg

    def _ring(self, hfov_deg: float) -> Iterator[tuple[float, float]]:
        vfov_deg = hfov_deg * 9 / 16
        low, high = (self._inside(tilt, self._tilt_range_deg) for tilt in SURROUND_TILT_DEG)
        tilts = np.arange(low + vfov_deg / 4, high, vfov_deg * (1 - _OVERLAP / 2))
        pans = np.arange(*self._pan_range_deg, hfov_deg * (1 - _OVERLAP))
        for tilt_deg, pan_deg in product(tilts, pans):
            yield float(pan_deg), float(tilt_deg)

    def measure_lag(self, lens: LensCalibration, start_deg: tuple[float, float]) -> StatusLag:
        first = self._look(start_deg, 0.0)
        ride = self._rig.ride(_LAG_VELOCITY, _LAG_S)
        view, before = view_of_pose(lens, first.pose), shrink(first.grey)
        seen: list[tuple[int, float]] = []
        for at_us, grey in ride.pictures:
            now = shrink(grey)
            turn = turned(before, now)
            if turn is None:
                raise CalibrationRefused("the pictures of a slow turn cannot be followed; calibrate by daylight")
            view, before = carried(view, turn.before_px, turn.now_px, now.size), now
            seen.append((at_us, _unwrapped(view.pan_deg, seen)))
        told: list[tuple[int, float]] = []
        for at_us, pose in ride.poses:
            told.append((at_us, _unwrapped(view_of_pose(lens, pose).pan_deg, told or seen[:1])))
        return status_lag(seen, told)

    def _look(self, at_deg: tuple[float, float], zoom: float) -> Look:
        pan = _generic(at_deg[0], self._pan_range_deg)
        tilt = _generic(at_deg[1], self._tilt_range_deg)
        return self._rig.look(pan, tilt, zoom)

    def _told(self, pose: PtzPose) -> tuple[float, float]:
        lens = LensCalibration(self._pan_range_deg, self._tilt_range_deg, ((0.0, 60.0), (1.0, 60.0)))
        view: ViewDeg = view_of_pose(lens, pose)
        return view.pan_deg, view.tilt_deg

    @staticmethod
    def _inside(value_deg: float, range_deg: tuple[float, float]) -> float:
        return min(max(value_deg, range_deg[0]), range_deg[1])


def _zoom_of(lens: LensCalibration, hfov_deg: float) -> float:
    zooms = np.linspace(0, 1, 101)
    return float(min(zooms, key=lambda zoom: abs(hfov_deg_at(lens.hfov_deg_at_zoom, zoom) - hfov_deg)))


def _generic(value_deg: float, range_deg: tuple[float, float]) -> float:
    return min(max((value_deg - range_deg[0]) / (range_deg[1] - range_deg[0]) * 2 - 1, -1.0), 1.0)


def _unwrapped(pan_deg: float, so_far: Sequence[tuple[int, float]]) -> float:
    """Goes on past ±180 where the camera does."""
    if not so_far:
        return pan_deg
    return so_far[-1][1] + (pan_deg - so_far[-1][1] + 180) % 360 - 180
