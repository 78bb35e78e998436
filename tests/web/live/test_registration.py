"""Pictures of the street with known directions: does it stand, how far did it turn, where does it look."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from witnessed_street import pan_of_px, picture, surroundings

from vms.rules.picture_geometry import aimed_at, directions_of_pixels, pixels_of_directions, unit_directions
from vms.rules.ptz_geometry import Floats, ViewDeg, angle_between_deg, apart_deg
from web.live.reference import Reference
from web.live.registration import FINE_WIDTH, Still, bears_out, shrink, turned

VIEW = ViewDeg(0.0, -8.0, 60.0)


def at(view: ViewDeg, shift_px: float) -> ViewDeg:
    return replace(view, pan_deg=view.pan_deg + pan_of_px(shift_px, view, FINE_WIDTH))


@pytest.mark.parametrize("view", [VIEW, ViewDeg(60, -12, 60), ViewDeg(-120, -4, 30)])
def test_people_and_a_running_clock_do_not_move_a_standing_picture(view: ViewDeg) -> None:
    still = Still(shrink(picture(view)))
    for at_s in (0.08, 3.0, 20.0):
        reading = still.read(shrink(picture(view, at_s)))
        assert reading.answer == "still"
        assert np.hypot(*reading.shift_px) < 0.15


def test_a_creeping_camera_is_measured_against_where_it_stood() -> None:
    reading = Still(shrink(picture(VIEW))).read(shrink(picture(at(VIEW, 1.0), 3.0)))
    assert reading.answer == "still"
    assert reading.shift_px[0] == pytest.approx(-1.0, abs=0.35)
    assert Still(shrink(picture(VIEW))).read(shrink(picture(at(VIEW, 5.0), 3.0))).answer == "changed"


def test_a_brighter_picture_is_the_same_picture() -> None:
    brighter = cv2.convertScaleAbs(picture(VIEW, 0.08), alpha=1.3, beta=12)
    assert Still(shrink(picture(VIEW))).read(shrink(np.asarray(brighter, np.uint8))).answer == "still"


def test_a_dark_or_blurred_picture_tells_nothing() -> None:
    dark = np.asarray(picture(VIEW) // 40, np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(picture(VIEW, noisy=False), (0, 0), 40), np.uint8)
    for told in (dark, blurred):
        assert not Still(shrink(told)).tells
        assert Still(shrink(told)).read(shrink(told)).answer == "unclear"
        assert turned(shrink(told), shrink(told)) is None


@pytest.mark.parametrize(
    ("view", "shift_px"),
    [
        (VIEW, 3),
        (VIEW, -10),
        (VIEW, 25),
        (ViewDeg(60, -12, 30), 50),
        (ViewDeg(0, -8, 12), -80),
        (ViewDeg(0, -8, 5), 25),
    ],
)
def test_a_turn_is_told_within_two_pixels(view: ViewDeg, shift_px: float) -> None:
    goal = at(view, shift_px)
    before = shrink(picture(view))
    turn = turned(before, shrink(picture(goal, 0.08)))
    assert turn is not None
    found = aimed_at(view, turn.centre_px, turn.magnified, before.size)
    assert angle_between_deg(found, goal) < 2 * pan_of_px(1, view, FINE_WIDTH)


def lies(before: ViewDeg, claimed: ViewDeg, now: ViewDeg) -> bool:
    seen = shrink(picture(before)), shrink(picture(now, 0.08))

    def moved(pixels: Floats) -> Floats:
        size = seen[0].size
        return pixels_of_directions(claimed, unit_directions(directions_of_pixels(before, pixels, size)), size)

    return bears_out(*seen, moved)


@pytest.mark.parametrize("view", [VIEW, ViewDeg(60, -12, 30), ViewDeg(0, -8, 12)])
def test_a_leap_too_far_to_follow_is_borne_out_and_a_little_less_of_it_is_not(view: ViewDeg) -> None:
    goal = replace(view, pan_deg=view.pan_deg + 0.35 * view.hfov_deg, hfov_deg=1.1 * view.hfov_deg)
    assert turned(shrink(picture(view)), shrink(picture(goal, 0.08))) is None
    assert lies(view, goal, goal)
    for share in (-0.3, -0.05, -0.02, 0.02, 0.05, 0.3):
        assert not lies(view, replace(goal, pan_deg=goal.pan_deg + share * view.hfov_deg), goal)
    assert not lies(view, replace(goal, hfov_deg=view.hfov_deg), goal)


def test_a_zoom_is_told() -> None:
    before = shrink(picture(VIEW))
    turn = turned(before, shrink(picture(replace(VIEW, hfov_deg=55.0), 0.08)))
    assert turn is not None
    assert aimed_at(VIEW, turn.centre_px, turn.magnified, before.size).hfov_deg == pytest.approx(55.0, abs=1.0)


@pytest.mark.parametrize("view", [ViewDeg(-50, -12, 60), ViewDeg(20, -3, 45), ViewDeg(70, -10, 40)])
@pytest.mark.parametrize("off_deg", [0.0, 2.0, -12.0])
def test_a_picture_is_placed_whatever_the_camera_says(view: ViewDeg, off_deg: float) -> None:
    hint = replace(view, pan_deg=view.pan_deg + off_deg)
    placed = surroundings().place(shrink(picture(view, 600.0)).fine, hint)
    assert placed is not None
    assert angle_between_deg(placed.view, view) < 0.4
    assert placed.inliers >= 15


def test_unknown_surroundings_place_nothing() -> None:
    assert surroundings().place(shrink(picture(ViewDeg(175, -8, 40))).fine, ViewDeg(175, -8, 40)) is None
    assert Reference().place(shrink(picture(VIEW)).fine, VIEW) is None


def test_a_reference_survives_being_written_and_a_damaged_one_is_refused() -> None:
    again = Reference.of_content(surroundings().content())
    assert len(again) == len(surroundings())
    with pytest.raises(ValueError, match="reference"):
        Reference.of_content(surroundings().content()[:1000])


@pytest.mark.parametrize("pan_deg", [-40.0, -30.0, 21.0, 47.0])
def test_what_was_recognised_in_one_spot_tells_how_unsure_the_corners_are(pan_deg: float) -> None:
    view = ViewDeg(pan_deg, -8.0, 50.0)
    whole = shrink(picture(view)).fine
    spot = np.full_like(whole, 128)
    spot[24:160, 60:160] = whole[24:160, 60:160]
    wide, narrow = (surroundings().place(grey, view) for grey in (whole, spot))
    assert wide is not None
    assert narrow is not None
    assert apart_deg(wide.view, view) < wide.error_deg
    assert apart_deg(narrow.view, view) < narrow.error_deg
