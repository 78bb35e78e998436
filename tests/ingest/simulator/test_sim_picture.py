"""The street and its picture: deterministic, and the ground truth of windows is true."""

import cv2
import numpy as np
import pytest

from ingest.simulator.model import WINDOW_BGR, Faults, ViewDeg
from ingest.simulator.render import Pinhole, Renderer
from ingest.simulator.street import Street
from tests.ingest.simulator.sim_video import LIVE, LOOP, shared_street

AT_US = 1_795_000_000_123_000
WIDE, ZOOMED = ViewDeg(95.0, -6.0, 60.0), ViewDeg(20.0, 3.0, 9.0)


@pytest.fixture(scope="module")
def street():
    return shared_street()


def picture_bgr(street, view, width=1280, height=720, faults=None, spec=LOOP, at_us=AT_US):
    """LOOP's spec: without the clock strip, so that the street fills the picture."""
    renderer = Renderer(street, spec)
    for _ in range(2):  # a resting camera is sharp from its second picture on
        picture = renderer.view(at_us, view, faults or Faults(), width, height)
    return cv2.cvtColor(picture.packed(), cv2.COLOR_YUV2BGR_I420)


def is_magenta(image, tolerance=60):
    return (np.abs(image.astype(int) - np.array(WINDOW_BGR)) < tolerance).all(axis=-1)


def polygons_in(street, view, width, height):
    pinhole = Pinhole(view, width, height)
    for window in street.window_polygons():
        points = [pinhole.pixel_of_direction(*point) for point in window.points]
        if None not in points:
            yield window, np.array(points)


@pytest.mark.parametrize("view", [WIDE, ZOOMED, ViewDeg(-179.0, -8.0, 60.0), ViewDeg(178.5, 2.0, 14.0)])
def test_every_magenta_pixel_lies_in_a_window_polygon(street, view):
    image = picture_bgr(street, view)
    magenta = is_magenta(image)
    assert magenta.mean() > 0.02  # homes are in view
    for _, points in polygons_in(street, view, 1280, 720):
        cv2.fillPoly(image, [points.round().astype(np.int32)], (128, 128, 128))
    assert not is_magenta(image).any()


def test_window_centres_are_magenta_unless_something_stands_before_them(street):
    image = picture_bgr(street, WIDE)
    seen = []
    for window, _ in polygons_in(street, WIDE, 1280, 720):
        x, y = Pinhole(WIDE, 1280, 720).pixel_of_direction(*window.centre)
        if 0 <= x < 1280 and 100 <= y < 720:  # below the burned-in text
            seen.append(bool(is_magenta(image[int(y), int(x)])))
    assert len(seen) > 30
    assert np.mean(seen) > 0.85


def test_homes_have_several_windows_under_one_name(street):
    names = [window.name for window in street.window_polygons()]
    assert names[0].startswith("woning ")
    assert len(names) > 2 * len(set(names)) > 40
    assert street.home_names() == list(dict.fromkeys(names))


def test_the_same_seed_gives_the_same_street(street):
    again = Street()
    assert np.array_equal(again.panorama.y, street.panorama.y)
    assert again.window_polygons() == street.window_polygons()


def test_figures_depend_on_time_only_and_move(street):
    now, later = street.figures(AT_US), street.figures(AT_US + 1_000_000)
    assert now == street.figures(AT_US)
    places = {(figure.x, figure.y) for figure in now}
    moved = [figure for figure in later if figure.sprite.height_m < 2]  # without trees and lamps
    assert not places & {(figure.x, figure.y) for figure in moved}
    assert len(moved) > 15
    for figure in moved:
        assert min(np.hypot(figure.x - x, figure.y - y) for x, y in places) < 8  # no faster than a car


def test_a_resting_camera_redraws_only_what_moves_and_leaves_no_trail(street):
    renderer = Renderer(street, LIVE)
    for step in range(12):
        at_us = AT_US + step * 400_000
        kept = renderer.view(at_us, WIDE, Faults(), 960, 540, step).packed().copy()
        renderer.view(at_us, WIDE, Faults(), 480, 270, step)  # the sub stream is taken from the same drawing
    fresh = Renderer(street, LIVE).view(at_us, WIDE, Faults(), 960, 540, step).packed()
    assert np.array_equal(kept, fresh)


def test_a_knocked_pole_shifts_the_picture(street):
    straight = picture_bgr(street, ViewDeg(100.0, -4.0, 60.0))
    knocked = picture_bgr(street, WIDE, faults=Faults(knocked_deg=(5.0, 2.0)))
    assert np.array_equal(straight, knocked)


def test_looking_straight_down_and_zooming_in_work_everywhere(street):
    for view in (ViewDeg(0, -90, 60), ViewDeg(180, -89, 3), ViewDeg(-180, 20, 3), ViewDeg(77, -50, 12)):
        assert picture_bgr(street, view, 640, 360).std() > 2
