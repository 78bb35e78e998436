"""What a sweep of a turning camera says about its lens and its status. Pure.

The camera is aimed a known number of degrees further; how far its picture moved gives the field of view, and how well
all of the picture agrees with that one number gives the residual. A result that is worse than its bound is refused:
masks that are placed by a wrong lens show homes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vms.errors import UitkijkError
from vms.rules.picture_geometry import directions_of_pixels, pixels_of_directions, unit_directions
from vms.rules.ptz_geometry import Floats, FrameSize, ViewDeg, angle_between_deg

MAX_RESIDUAL_SHARE = 0.01
"""Of the field of view: how far the picture may lie beside what the fitted one says, typically."""
TURN_SHARE = 0.12
"""Of the field of view: the turn that fits are compared over; a smaller one shows a wrong range less."""
MAX_SPREAD_SHARE = 0.03
"""Two places must tell the same field of view this well."""
MAX_SWEEP_ERROR_DEG = 0.4
"""How far neighbouring pictures of the surroundings may lie beside each other, typically."""
MAX_LAG_MS = 800
_HFOV_DEG = (0.3, 140.0)
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 40
_LAG_STEP_MS = 5
_MIN_MOVED_DEG = 3.0
_MIN_SAMPLES = 6


class CalibrationRefused(UitkijkError):
    """The measurement is not good enough to place masks by. The text says what, and what may be wrong."""


@dataclass(frozen=True, slots=True)
class KnownTurn:
    """Points of a picture before and after the camera turned by so many degrees, at one zoom. Pixels, (n, 2)."""

    before: tuple[float, float]
    after: tuple[float, float]
    before_px: Floats
    after_px: Floats


@dataclass(frozen=True, slots=True)
class ZoomRow:
    """residual_deg: how far the picture lies beside the fit, typically. spread: between places, as a share."""

    zoom: float
    hfov_deg: float
    residual_deg: float
    spread: float


@dataclass(frozen=True, slots=True)
class StatusLag:
    """lag_ms: how late the status is. error_ms: how well that is known."""

    lag_ms: float
    error_ms: float


def fitted_hfov_deg(turns: Sequence[KnownTurn], size: FrameSize) -> tuple[float, float]:
    """(field of view, residual), both in degrees: where all of these turns fit best."""
    low, high = (math.log(bound) for bound in _HFOV_DEG)

    def misfit_px(log_hfov: float) -> float:
        return max(_misfit_px(turn, math.exp(log_hfov), size) for turn in turns)

    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if misfit_px(left) < misfit_px(right):
            high = right
        else:
            low = left
    hfov_deg = math.exp((low + high) / 2)
    return hfov_deg, max(_residual_deg(turn, hfov_deg, size) for turn in turns)


def checked_table(rows: Sequence[ZoomRow]) -> tuple[tuple[float, float], ...]:
    """The lens table. Raises CalibrationRefused, naming the row and the bound."""
    for row in rows:
        bound_deg = MAX_RESIDUAL_SHARE * row.hfov_deg
        if row.residual_deg > bound_deg:
            raise CalibrationRefused(
                f"zoom {row.zoom:.2f}: the picture lies {row.residual_deg:.2f} degrees beside the fit, more than the "
                f"{bound_deg:.2f} that are allowed; check the ranges of pan and tilt, and the camera's status"
            )
        if row.spread > MAX_SPREAD_SHARE:
            raise CalibrationRefused(
                f"zoom {row.zoom:.2f}: places differ by {row.spread:.1%} in field of view, more than the "
                f"{MAX_SPREAD_SHARE:.0%} that are allowed; check whether the camera goes where it is told to go"
            )
    for before, after in pairwise(rows):
        if after.hfov_deg >= before.hfov_deg:
            raise CalibrationRefused(
                f"zoom {after.zoom:.2f}: the field of view does not shrink (from {before.hfov_deg:.1f} to "
                f"{after.hfov_deg:.1f} degrees); the zoom does not follow its position"
            )
    return tuple((row.zoom, round(row.hfov_deg, 3)) for row in rows)


def status_lag(seen: Sequence[tuple[int, float]], told: Sequence[tuple[int, float]]) -> StatusLag:
    """seen, told: (time in microseconds, pan in degrees) by the picture and by the status, over one movement.

    Raises CalibrationRefused when they do not show the same movement.
    """
    seen_at, seen_pan = (np.array(column, np.float64) for column in zip(*seen, strict=True))
    told_at, told_pan = (np.array(column, np.float64) for column in zip(*told, strict=True))
    if len(told) < _MIN_SAMPLES or np.ptp(seen_pan) < _MIN_MOVED_DEG:
        raise CalibrationRefused("the status tells too little of the movement that the picture shows")
    lags_ms = [float(lag_ms) for lag_ms in range(-100, MAX_LAG_MS + 1, _LAG_STEP_MS)]
    misfits = [_lag_misfit(seen_at, seen_pan, told_at, told_pan, lag_ms) for lag_ms in lags_ms]
    best = int(np.argmin(misfits))
    speed_deg_s = float(np.abs(np.gradient(seen_pan, seen_at / 1e6)).max())
    error_ms = misfits[best] / speed_deg_s * 1000
    if best in (0, len(lags_ms) - 1) or misfits[best] > 0.15 * np.ptp(seen_pan):
        raise CalibrationRefused(
            f"the status does not follow the picture: taken as {lags_ms[best]:.0f} ms late it is {misfits[best]:.1f} "
            "degrees off"
        )
    return StatusLag(lags_ms[best], max(_LAG_STEP_MS / 2, error_ms))


def _misfit_px(turn: KnownTurn, hfov_deg: float, size: FrameSize) -> float:
    """Typical distance between where points are and where they should be."""
    directions = directions_of_pixels(ViewDeg(*turn.before, hfov_deg), turn.before_px, size)
    expected = pixels_of_directions(ViewDeg(*turn.after, hfov_deg), unit_directions(directions), size)
    off = np.hypot(*(expected - turn.after_px).T)
    return float(np.median(np.where(np.isfinite(off), off, size.width)))


def _residual_deg(turn: KnownTurn, hfov_deg: float, size: FrameSize) -> float:
    """The same in degrees, as it would be after a turn of TURN_SHARE of the picture."""
    way_deg = angle_between_deg(ViewDeg(*turn.before, hfov_deg), ViewDeg(*turn.after, hfov_deg))
    short = max(1.0, TURN_SHARE * hfov_deg / max(way_deg, 1e-6))
    return _misfit_px(turn, hfov_deg, size) * hfov_deg / size.width * short


def _lag_misfit(seen_at: Floats, seen_pan: Floats, told_at: Floats, told_pan: Floats, lag_ms: float) -> float:
    """Typical difference in degrees when the status is taken to be so late."""
    then = told_at - lag_ms * 1000
    inside = (then >= seen_at[0]) & (then <= seen_at[-1])
    if inside.sum() < _MIN_SAMPLES:
        return math.inf
    return float(np.abs(np.interp(then[inside], seen_at, seen_pan) - told_pan[inside]).mean())
