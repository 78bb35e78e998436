"""The assistant on the simulated street: an honest camera is measured, a lying one refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from witnessed_street import picture

from ingest.simulator.mechanics import hfov_deg_at
from ingest.simulator.model import HFOV_DEG_AT_ZOOM, PAN_RANGE_DEG, TILT_RANGE_DEG
from tests.fakes import T0_US, pose
from vms.packet import PtzPose
from vms.rules import calibration as rules
from vms.rules.calibration import CalibrationRefused, ZoomRow, checked_table, status_lag
from vms.rules.masks import LensCalibration
from vms.rules.ptz_geometry import ViewDeg, view_of
from web.live import calibration
from web.live.calibration import Assistant, Look, Ride
from web.live.registration import shrink

LENS = LensCalibration(PAN_RANGE_DEG, TILT_RANGE_DEG, HFOV_DEG_AT_ZOOM)
Lie = Callable[[PtzPose], PtzPose]


class StreetRig:
    """A camera of the street without a network between. lie: what becomes of its status; late_s: how late it is."""

    def __init__(self, lie: Lie = lambda told: told, late_s: float = 0.0, lens: LensCalibration = LENS) -> None:
        self._lens = lens
        self._lie = lie
        self._late_s = late_s
        self._at = (0.0, 0.0, 0.0)
        self._at_s = 0.0

    def look(self, pan: float, tilt: float, zoom: float) -> Look:
        self._at, self._at_s = (pan, tilt, zoom), self._at_s + 1.0
        return Look(picture(self._view(pan), self._at_s, settle=True), self._lie(self._pose(pan, T0_US)))

    def ride(self, pan_velocity: float, seconds: float) -> Ride:
        def pan_at(at_s: float) -> float:
            return self._at[0] + pan_velocity * 120 / 180 * min(max(at_s - 0.4, 0.0), seconds - 0.8)

        shown = [step * 0.08 for step in range(int(seconds / 0.08))]
        told = [step * 0.1 for step in range(int(seconds / 0.1))]
        pictures = [(round(at_s * 1e6), picture(self._view(pan_at(at_s)), self._at_s + at_s)) for at_s in shown]
        poses = [(round(at_s * 1e6), self._lie(self._pose(pan_at(at_s - self._late_s), T0_US))) for at_s in told]
        return Ride(pictures, poses)

    def _view(self, pan: float) -> ViewDeg:
        return view_of(self._lens, pan, self._at[1], self._at[2])

    def _pose(self, pan: float, at_us: int) -> PtzPose:
        return pose(at_us, pan=pan, tilt=self._at[1], zoom=self._at[2])


def assistant(rig: StreetRig, pan_range_deg: tuple[float, float] = PAN_RANGE_DEG) -> Assistant:
    return Assistant(rig, pan_range_deg, TILT_RANGE_DEG, lambda _: None)


def test_the_lens_is_measured_at_every_zoom_within_two_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "ZOOMS", (0.0, 0.4))
    rows = assistant(StreetRig()).measure_lens((0.0, -8.0))
    for zoom, hfov_deg in checked_table(rows):
        assert hfov_deg == pytest.approx(hfov_deg_at(zoom), rel=0.02)
    assert max(row.residual_deg / row.hfov_deg for row in rows) < rules.MAX_RESIDUAL_SHARE


def test_a_wrong_pan_range_or_a_status_that_exaggerates_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "ZOOMS", (0.0,))

    def exaggerates(told: PtzPose) -> PtzPose:
        return replace(told, tilt=min(1.0, (told.tilt - 0.49) * 1.5 + 0.49))

    rows = assistant(StreetRig(exaggerates)).measure_lens((0.0, -8.0))
    with pytest.raises(CalibrationRefused, match="beside the fit"):
        checked_table(rows)


def test_the_surroundings_are_surveyed_and_pictures_elsewhere_than_told_are_refused() -> None:
    lens = LensCalibration((-60.0, 60.0), TILT_RANGE_DEG, HFOV_DEG_AT_ZOOM)
    reference, count, error_deg = assistant(StreetRig(lens=lens), lens.pan_range_deg).survey(lens, narrow=False)
    assert (count, error_deg < 0.3) == (8, True)
    seen = shrink(picture(ViewDeg(-10.0, -6.0, 50.0), 900.0)).fine
    placed = reference.place(seen, ViewDeg(0.0, -8.0, 50.0))
    assert placed is not None
    assert placed.view.pan_deg == pytest.approx(-10.0, abs=0.4)
    with pytest.raises(CalibrationRefused, match="fit their neighbours"):
        assistant(StreetRig(), lens.pan_range_deg).survey(lens, narrow=False)


@pytest.mark.parametrize("late_s", [0.0, 0.2, 0.45])
def test_it_is_measured_how_late_the_status_is(late_s: float) -> None:
    lag = assistant(StreetRig(late_s=late_s)).measure_lag(LENS, (0.0, -8.0))
    assert lag.lag_ms == pytest.approx(late_s * 1000, abs=30)


def test_a_status_that_does_not_follow_is_refused() -> None:
    frozen = StreetRig(lambda told: replace(told, pan=0.0))
    with pytest.raises(CalibrationRefused, match="does not follow"):
        assistant(frozen).measure_lag(LENS, (0.0, -8.0))
    with pytest.raises(CalibrationRefused, match="too little"):
        status_lag([(0, 0.0), (1, 0.1)], [(0, 0.0), (1, 0.0)])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((ZoomRow(0.0, 60, 0.7, 0.0), ZoomRow(1.0, 3, 0.01, 0.0)), "0.70 degrees beside the fit, more than the 0.60"),
        ((ZoomRow(0.0, 60, 0.1, 0.05), ZoomRow(1.0, 3, 0.01, 0.0)), "places differ by 5.0%"),
        ((ZoomRow(0.0, 60, 0.1, 0.0), ZoomRow(1.0, 61, 0.1, 0.0)), "does not shrink"),
    ],
)
def test_a_table_worse_than_its_bound_is_refused_and_says_why(rows: tuple[ZoomRow, ...], said: str) -> None:
    with pytest.raises(CalibrationRefused, match=said):
        checked_table(rows)
