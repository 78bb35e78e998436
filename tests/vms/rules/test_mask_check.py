from typing import Any

import pytest

from vms.rules.mask_check import check_masks, covered_share
from vms.rules.masks import LensCalibration, Mask

LENS = LensCalibration((-90.0, 90.0), (-60.0, 10.0), ((0.0, 60.0), (1.0, 3.0)))
TURNS_ROUND = LensCalibration((-180.0, 180.0), (-90.0, 20.0), ((0.0, 60.0), (1.0, 3.0)))


def box(left: float, top: float, right: float, bottom: float, space: Any = "image") -> Mask:
    return Mask("woning", space, ((left, top), (right, top), (right, bottom), (left, bottom)))


def sphere(left: float, top: float, right: float, bottom: float) -> Mask:
    return box(left, top, right, bottom, "sphere")


def problems(*masks: Mask, lens: LensCalibration | None = None) -> str:
    return "\n".join(check_masks(masks, lens, can_turn=lens is not None))


def test_usual_masks_have_no_problems() -> None:
    assert problems() == ""
    assert problems(box(0.1, 0.1, 0.4, 0.3)) == ""
    assert problems(sphere(-30, 4, -27, -2), sphere(175, 5, 185, 0), lens=TURNS_ROUND) == ""


def test_what_covers_everything_is_named_also_when_several_do_it_together() -> None:
    assert "cover everything" in problems(box(0, 0, 1, 1))
    assert "cover everything" in problems(box(0, 0, 0.5, 1), box(0.5, 0, 1, 1))
    assert problems(box(0, 0, 0.5, 1)) == ""
    quarters = [sphere(pan, 50, pan + 90, -90) for pan in (-180, -90, 0, 90)]
    assert "cover everything" in problems(*quarters, lens=TURNS_ROUND)
    assert problems(*quarters[:3], lens=TURNS_ROUND) == ""


def test_what_covers_next_to_nothing_is_named() -> None:
    assert problems(box(0.1, 0.1, 0.105, 0.105)).startswith("masks[0]: covers next to nothing")
    assert "next to nothing" in problems(sphere(0, 0, 0.1, -0.1), lens=LENS)


@pytest.mark.parametrize("mask", [sphere(150, 5, 160, 0), sphere(0, 60, 10, 50), sphere(0, -86, 10, -89)])
def test_what_the_camera_can_never_see_is_outside_its_calibration(mask: Mask) -> None:
    assert "calibration" in problems(mask, lens=LENS)


@pytest.mark.parametrize("mask", [sphere(110, 5, 125, 0), sphere(-480, 5, -440, 0), sphere(0, 24, 10, 12)])
def test_what_comes_into_the_picture_at_the_edge_of_its_range_is_not(mask: Mask) -> None:
    assert problems(mask, lens=LENS) == ""


def test_the_space_must_fit_the_camera() -> None:
    assert "turning camera" in check_masks([box(0.1, 0.1, 0.5, 0.5)], None, can_turn=True)[0]
    assert "fixed camera" in check_masks([sphere(0, 5, 10, 0)], LENS, can_turn=False)[0]


def test_a_mask_across_the_seam_counts_once() -> None:
    share = covered_share([sphere(90, 90, 270, -90)], TURNS_ROUND)
    assert share == pytest.approx(0.5, abs=0.03)
