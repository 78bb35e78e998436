"""A turning camera's masks draw a trail: what its coder left of a home elsewhere does not show. Guards I5."""

from dataclasses import replace

import numpy as np
import pytest
from test_painter import noise, plane, square

from vms.rules.masking import BlankFrame, NoMaskRequired, PaintPolygons
from vms.rules.ptz_geometry import FrameSize, ViewDeg
from web.live.painter import paint
from web.live.trail import DECAYED_US, MaskTrail

SIZE = FrameSize(640, 360)
PERIOD_US = 80_000


def at(left: float) -> PaintPolygons:
    return PaintPolygons((square(left, 100, left + 60, 200),), 1, 0.1)


def followed(trail: MaskTrail, plan, number: int, *, key: bool = False, damaged: bool = False, after_us: int = 0):
    at_us = number * PERIOD_US + after_us
    return trail.follow(plan, SIZE, at_us, is_keyframe=key, is_damaged=damaged)


def turned(*lefts: float) -> tuple[MaskTrail, tuple]:
    trail = MaskTrail()
    found = ()
    for number, left in enumerate(lefts):
        found = followed(trail, at(left), number, key=number == 0)
    return trail, found


def painted_planes(found) -> list[np.ndarray]:
    plan, colourless = found
    frame = paint(noise(), plan, 0, 0, colourless).frame
    return [plane(frame, index) for index in range(3)]


def test_where_masks_were_a_picture_ago_is_grey_and_before_that_without_colour() -> None:
    _, found = turned(0, 100, 200, 300)
    luma, u, v = painted_planes(found)
    for left in (200, 300):
        assert (luma[110:190, left + 5 : left + 55] == 128).all()
    for left in (0, 100):
        assert luma[110:190, left + 5 : left + 55].std() > 20
        assert (u[55:95, left // 2 + 3 : left // 2 + 27] == 128).all()
        assert (v[55:95, left // 2 + 3 : left // 2 + 27] == 128).all()
    assert u[55:95, 250:].std() > 10


def test_a_keyframe_ends_the_trail() -> None:
    trail, _ = turned(0, 100, 200)
    plan, colourless = followed(trail, at(300), 3, key=True)
    assert (len(plan.polygons), colourless) == (1, None)


def test_a_camera_at_rest_has_no_trail_and_one_that_stopped_loses_it() -> None:
    trail, (plan, colourless) = turned(100, 100, 100)
    assert (len(plan.polygons), colourless) == (1, None)
    trail, _ = turned(0, 100)
    for number in (2, 3):
        plan, colourless = followed(trail, at(100), number)
    assert len(plan.polygons) == 1
    assert colourless is not None
    assert followed(trail, at(100), 4, after_us=DECAYED_US)[1] is None


def test_after_a_blank_picture_nothing_has_colour_until_a_keyframe() -> None:
    trail, _ = turned(0, 100)
    followed(trail, BlankFrame("too-fast", ""), 2)
    _, colourless = followed(trail, at(300), 3)
    assert colourless is not None
    assert colourless.all()
    assert followed(trail, at(300), 4, key=True)[1] is None


@pytest.mark.parametrize(("turn_deg", "loses_colour"), [(5.0, False), (7.0, True)])
def test_after_a_turn_of_more_than_a_tenth_of_the_picture_nothing_has_colour_until_a_keyframe(
    turn_deg: float, loses_colour: bool
) -> None:
    trail = MaskTrail()
    followed(trail, replace(at(100), view=ViewDeg(10.0, 0.0, 60.0)), 0, key=True)
    beyond = PaintPolygons((), 1, 0.1, ViewDeg(10.0 + turn_deg, 0.0, 60.0))
    for number in (1, 2):
        _, colourless = followed(trail, beyond, number)
        assert colourless is not None
        assert bool(colourless.all()) == loses_colour
    assert followed(trail, beyond, 3, key=True)[1] is None


def test_a_loss_blanks_a_turning_camera_until_a_whole_keyframe_and_leaves_a_resting_one() -> None:
    trail, _ = turned(0, 0)
    assert isinstance(followed(trail, at(0), 2, damaged=True)[0], PaintPolygons)
    assert isinstance(followed(trail, at(50), 3)[0], BlankFrame)
    assert isinstance(followed(trail, at(50), 4, key=True, damaged=True)[0], BlankFrame)
    assert isinstance(followed(trail, at(50), 4, after_us=2 * DECAYED_US)[0], BlankFrame)
    assert isinstance(followed(trail, at(50), 5, key=True)[0], PaintPolygons)


def test_a_picture_that_needs_no_mask_is_left_alone() -> None:
    plan = NoMaskRequired("x")
    assert followed(MaskTrail(), plan, 0)[0] is plan
