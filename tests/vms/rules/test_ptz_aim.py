"""Aiming at a place in the picture, checked with the projection that places masks."""

import pytest

from vms.rules.masks import LensCalibration
from vms.rules.ptz_aim import PictureBox, PtzPosition, aim
from vms.rules.ptz_geometry import view_of

LENS = LensCalibration((-180.0, 180.0), (-90.0, 20.0), ((0.0, 60.0), (0.5, 12.0), (1.0, 3.0)))
LEVEL = 2 * 90 / 110 - 1
"""Tilt 0°."""


def test_the_middle_of_the_picture_asks_for_no_movement() -> None:
    here = PtzPosition(0.2, -0.1, 0.3)
    there = aim(LENS, here, PictureBox(0.5, 0.5, 1.0, 16 / 9))
    assert (there.pan, there.tilt, there.zoom) == pytest.approx((0.2, -0.1, 0.3))


def test_the_right_edge_is_half_a_field_of_view_away() -> None:
    there = aim(LENS, PtzPosition(0.0, LEVEL, 0.0), PictureBox(1.0, 0.5, 1.0, 16 / 9))
    view = view_of(LENS, there.pan, there.tilt, there.zoom)
    assert (view.pan_deg, view.tilt_deg) == pytest.approx((30.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("width", [0.5, 0.2, 0.05])
def test_a_box_fills_the_picture(width: float) -> None:
    there = aim(LENS, PtzPosition(0.0, LEVEL, 0.0), PictureBox(0.3, 0.6, width, 16 / 9))
    again = aim(LENS, there, PictureBox(0.5, 0.5, 1 / 2, 16 / 9))
    hfov_deg = view_of(LENS, there.pan, there.tilt, there.zoom).hfov_deg
    assert hfov_deg == pytest.approx(2 * 30 * width, rel=0.12)
    assert again.zoom > there.zoom


def test_a_place_behind_the_end_of_the_range_is_approached_and_round_the_back_is_reached() -> None:
    end = aim(LENS, PtzPosition(0.0, 1.0, 0.0), PictureBox(0.5, 0.0, 1.0, 16 / 9))
    assert end.tilt == 1.0
    round_the_back = aim(LENS, PtzPosition(0.99, LEVEL, 0.0), PictureBox(1.0, 0.5, 1.0, 16 / 9))
    assert view_of(LENS, round_the_back.pan, round_the_back.tilt, 0.0).pan_deg == pytest.approx(178.2 + 30 - 360)


def test_nothing_is_nearer_than_the_longest_focal_length() -> None:
    assert aim(LENS, PtzPosition(0.0, LEVEL, 0.9), PictureBox(0.5, 0.5, 0.01, 16 / 9)).zoom == 1.0
