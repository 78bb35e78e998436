"""The privacy bench can fail: its detectors find windows by their colour and by their place."""

import random

import cv2
import numpy as np
import pytest
from fakes import T0_US
from typer.testing import CliRunner

from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG, Faults, ViewDeg
from ingest.simulator.render import Renderer
from ingest.simulator.street import Street
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.cli import make_app
from vms.cli.bench_privacy_calibration import VirtualRig
from vms.cli.bench_privacy_judge import FrameClock, Glance, Tally, Verdicts
from vms.cli.bench_privacy_path import Leg, next_leg
from vms.cli.bench_privacy_pixels import Planes, is_blank, leaked_pixels, mask_grey, window_colour
from vms.cli.bench_privacy_truth import Hidden, StreetTruth
from vms.cli.bench_privacy_virtual import VirtualSite, demo_mask_set
from web.live.calibration import Assistant

HOMES = ViewDeg(30.0, -2.0, 40.0)


@pytest.fixture(scope="module")
def street() -> Street:
    return Street()


def seen(street: Street, view: ViewDeg) -> tuple[Planes, StreetTruth]:
    (spec,) = make_specs(StreetOptions(cameras=1))
    picture = Renderer(street, spec).view(T0_US, view, Faults(), 640, 360)
    return Planes(*(np.array(plane) for plane in picture.planes)), StreetTruth(street, spec)


def covered(planes: Planes, marks: np.ndarray, grow_px: int) -> Planes:
    """As a right mask would leave it."""
    grown = cv2.dilate(marks.astype(np.uint8), np.ones((2 * grow_px + 1,) * 2, np.uint8)) > 0
    chroma = grown[::2, ::2]
    y, u, v = planes.y.copy(), planes.u.copy(), planes.v.copy()
    y[grown], u[chroma], v[chroma] = 128, 128, 128
    return Planes(y, u, v)


def test_every_window_of_an_unmasked_picture_is_seen_by_its_colour_and_by_its_place(street: Street) -> None:
    planes, truth = seen(street, HOMES)
    windows = truth.windows(planes, HOMES)
    assert len(windows.bare) == windows.seen > 10
    found = window_colour(planes)
    assert not (found & ~windows.marks[::2, ::2]).any()
    assert leaked_pixels(planes) > 0.5 * np.count_nonzero(windows.marks)


def test_a_covered_picture_passes_and_what_is_covered_needlessly_counts(street: Street) -> None:
    planes, truth = seen(street, HOMES)
    marks = truth.windows(planes, HOMES).marks
    right = covered(planes, marks, 2)
    assert (leaked_pixels(right), truth.windows(right, HOMES).bare) == (0, ())
    tight, wide = (truth.hidden(covered(planes, marks, px), marks, T0_US, HOMES).share for px in (2, 12))
    assert tight < 0.06 < 0.15 < wide


def test_a_mask_in_the_wrong_place_shows_even_without_colour(street: Street) -> None:
    planes, truth = seen(street, HOMES)
    beside = ViewDeg(HOMES.pan_deg + 4, HOMES.tilt_deg, HOMES.hfov_deg)
    wrong = covered(planes, truth.windows(planes, beside).marks, 2)
    colourless = Planes(wrong.y, np.full_like(wrong.u, 128), np.full_like(wrong.v, 128))
    assert leaked_pixels(colourless) == 0
    windows = truth.windows(colourless, HOMES)
    assert len(windows.bare) > 10
    assert truth.shown(colourless, windows, T0_US, HOMES) == len(windows.bare)


def test_a_streak_of_the_coder_across_a_mask_is_no_window(street: Street) -> None:
    planes, truth = seen(street, HOMES)
    right = covered(planes, truth.windows(planes, HOMES).marks, 2)
    right.y[190:194, :] = 150  # brighter than the glass
    windows = truth.windows(right, HOMES)
    assert windows.bare
    assert truth.shown(right, windows, T0_US, HOMES) == 0


@pytest.mark.parametrize(
    ("u", "v", "leaks"), [(202, 222, True), (152, 156, True), (139, 171, False), (143, 165, False), (128, 128, False)]
)
def test_dulled_window_colour_is_told_from_a_red_car(u: int, v: int, leaks: bool) -> None:
    even = Planes(np.full((4, 4), 90, np.uint8), np.full((2, 2), u, np.uint8), np.full((2, 2), v, np.uint8))
    assert (leaked_pixels(even) > 0) == leaks


def test_a_blank_picture_is_told_from_a_dark_street(street: Street) -> None:
    planes, _ = seen(street, HOMES)
    grey = Planes(*(np.full_like(plane, 128) for plane in (planes.y, planes.u, planes.v)))
    assert is_blank(grey)
    assert mask_grey(grey).all()
    assert not is_blank(planes)


def test_a_pictures_time_is_known_also_where_a_mask_covers_its_clock() -> None:
    clock = FrameClock()
    assert clock.at_us(0, None) is None
    assert clock.at_us(9000, T0_US) == T0_US
    assert clock.at_us(18_000, None) == T0_US + 100_000
    assert clock.at_us(0, None) is None  # another session


def test_recovery_is_the_time_until_no_more_is_hidden_than_a_second_later() -> None:
    def glance(still_ms: int | None, hidden: int) -> Glance:
        return Glance(0, None if still_ms is None else still_ms * 1000, Hidden(hidden, 100))

    tally = Tally("x")
    shown = [(None, 60), (80, 60), (160, 40), (240, 11), (320, 10), *((ms, 10) for ms in range(400, 1600, 80))]
    tally.glances["tile"] = [glance(*item) for item in shown]
    assert tally.recoveries_ms() == [240]
    assert tally.hidden_share(turning=True) == pytest.approx(0.6)
    assert tally.hidden_share(turning=False) == pytest.approx(0.1)


def test_paths_are_the_same_for_the_same_seed_and_stay_within_full_speed() -> None:
    def path(seed: int) -> list[object]:
        rng = random.Random(seed)
        return [next_leg(rng, number, HOMES, 0.2, "home") for number in range(50)]

    legs = path(7)
    assert legs == path(7) != path(8)
    assert {leg.kind for leg in legs} == {"move", "preset", "home"}
    assert all(-1 <= value <= 1 for leg in legs for value in (leg.pan, leg.tilt, leg.zoom))


def test_no_window_shows_on_a_short_honest_path(street: Street) -> None:
    (spec,) = make_specs(StreetOptions(cameras=1))
    site = VirtualSite(street, spec, Verdicts(street, {spec.id: spec}, None), random.Random(2))
    site.run_until(site.clock.us + 600_000)
    site.tally = Tally("honest")
    site.drive(Leg("move", 0.7, 0.2, pan=0.4))
    counts = site.tally.counts
    assert counts["frames"] == counts["checked"] > 15
    assert counts["windows"] > 100
    assert counts["leaked_frames"] == 0
    assert site.tally.hidden_share(turning=True) < 1


def test_the_virtual_camera_is_calibrated_as_a_real_one_is(street: Street) -> None:
    (spec,) = make_specs(StreetOptions(cameras=1))
    rig = VirtualRig(street, spec)
    assistant = Assistant(rig, PAN_RANGE_DEG, TILT_RANGE_DEG, lambda _: None)
    assert assistant.measure_lag(demo_mask_set(street, spec.id).lens, (0.0, -8.0)).lag_ms == pytest.approx(0, abs=20)
    look = rig.look(0.5, 0.4, 0.5)
    assert (look.pose.pan, look.pose.tilt, look.pose.zoom) == pytest.approx((0.5, 0.4, 0.5))
    assert look.pose.move_status == "idle"


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    result = CliRunner().invoke(make_app(), ["bench", "mask", "--privacy", "--virtual", "--scenario", "moonlight"])
    assert result.exit_code != 0
    assert "frozen" in str(result.exception) + result.output
