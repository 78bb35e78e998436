"""The projection against the direct formula of the pinhole, pixel by pixel."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.rules.mask_projection import prepare_all, project, project_set
from vms.rules.masks import LensCalibration, Mask, unwrapped
from vms.rules.ptz_geometry import FrameSize, ViewDeg, hfov_deg_at, prepare, view_of

SIZE = FrameSize(160, 90)


def directions(view: ViewDeg) -> tuple[np.ndarray, np.ndarray]:
    """Pan and tilt in degrees of each pixel centre, by the inverse formula."""
    focal = SIZE.width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
    x = (np.arange(SIZE.width) + 0.5 - SIZE.width / 2)[None, :] / focal
    y = (SIZE.height / 2 - np.arange(SIZE.height) - 0.5)[:, None] / focal
    tilt = math.radians(view.tilt_deg)
    ahead = math.cos(tilt) - y * math.sin(tilt)
    up = math.sin(tilt) + y * math.cos(tilt)
    pan = np.degrees(np.arctan2(x + 0 * y, ahead + 0 * x)) + view.pan_deg
    return pan, np.degrees(np.arctan2(up + 0 * x, np.hypot(x, ahead)))


def painted(polygon: list[tuple[float, float]], view: ViewDeg, margin_deg: float) -> np.ndarray:
    """Pixels whose centre lies in one of the polygons (even-odd rule)."""
    x, y = np.meshgrid(np.arange(SIZE.width) + 0.5, np.arange(SIZE.height) + 0.5)
    image = np.zeros((SIZE.height, SIZE.width), bool)
    for piece in project(prepare(Mask("m", "sphere", unwrapped(polygon))), view, SIZE, margin_deg):
        inside = np.zeros_like(image)
        for (x0, y0), (x1, y1) in zip(piece, np.roll(piece, -1, axis=0), strict=True):
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        image |= inside
    return image


def box(pan: float, tilt: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(pan, tilt), (pan + width, tilt), (pan + width, tilt - height), (pan, tilt - height)]


def inside_box(view: ViewDeg, pan: float, tilt: float, width: float, height: float, grown_deg: float) -> np.ndarray:
    pans, tilts = directions(view)
    offset = (pans - pan - width / 2 + 180) % 360 - 180
    return (
        (np.abs(offset) <= width / 2 + grown_deg) & (tilts <= tilt + grown_deg) & (tilts >= tilt - height - grown_deg)
    )


@settings(max_examples=60, deadline=None)
@given(
    pan=st.floats(-180, 180),
    tilt=st.floats(-70, 40),
    width=st.floats(0.5, 120),
    height=st.floats(0.5, 40),
    view_pan=st.floats(-180, 180),
    view_tilt=st.floats(-89, 20),
    hfov=st.sampled_from([60.0, 20.0, 3.0, 100.0]),
    margin=st.sampled_from([0.0, 0.6, 5.0]),
)
def test_every_pixel_inside_a_mask_is_painted(
    pan: float,
    tilt: float,
    width: float,
    height: float,
    view_pan: float,
    view_tilt: float,
    hfov: float,
    margin: float,
) -> None:
    tilt = max(tilt, -88 + height)
    view = ViewDeg(view_pan, view_tilt, hfov)
    image = painted(box(pan, tilt, width, height), view, margin)
    assert not (inside_box(view, pan, tilt, width, height, -0.02) & ~image).any()


@pytest.mark.parametrize("pan", [0.0, 179.0, -179.5])
@pytest.mark.parametrize("margin", [0.0, 0.6, 3.0])
def test_a_mask_covers_its_margin_and_little_more(pan: float, margin: float) -> None:
    view = ViewDeg(pan + 4, -5, 60)
    image = painted(box(pan, 0, 8, 6), view, margin)
    least = inside_box(view, pan, 0, 8, 6, margin * 0.7)
    most = inside_box(view, pan, 0, 8, 6, margin * 1.15 + 0.5)
    assert not (least & ~image).any()
    assert not (image & ~most).any()
    assert image.any()


def test_a_set_is_projected_like_each_of_its_masks_alone() -> None:
    rng = np.random.default_rng(5)
    shapes = [
        box(pan, tilt, *size)
        for pan, tilt, size in zip(
            rng.uniform(-180, 180, 60), rng.uniform(-60, 30, 60), rng.uniform(0.5, 24, (60, 2)), strict=True
        )
    ]
    shapes += [
        [(0.0, 0.0), (9.0, -3.0), (4.0, -9.0)],
        [(20.0, 0.0), (24.0, 3.0), (28.0, 0.0), (26.0, -5.0), (22.0, -5.0)],
    ]
    shapes += [[(5.0, 5.0), (30.0, 5.0), (30.0, -5.0), (20.0, -5.0), (20.0, 0.0), (5.0, 0.0)]]
    masks = [prepare(Mask("m", "sphere", unwrapped(shape))) for shape in shapes]
    together = prepare_all(masks)
    for pan, tilt, hfov in ((0, 0, 60), (170, -20, 60), (10, -85, 100), (-40, 10, 5), (22, -1, 3)):
        view = ViewDeg(pan, tilt, hfov)
        alone = [polygon for mask in masks for polygon in project_set(prepare_all([mask]), view, SIZE, 0.8)]
        found = project_set(together, view, SIZE, 0.8)
        assert len(found) == len(alone)
        for polygon in found:
            assert any(p.shape == polygon.shape and np.allclose(p, polygon, atol=1e-6) for p in alone)


def test_an_l_shaped_mask_leaves_its_notch_free() -> None:
    shape = [(0.0, 0.0), (20.0, 0.0), (20.0, -10.0), (10.0, -10.0), (10.0, -20.0), (0.0, -20.0)]
    view = ViewDeg(10, -10, 60)
    image, (pans, tilts) = painted(shape, view, 0.5), directions(view)
    assert image[(pans > 1) & (pans < 19) & (tilts > -9) & (tilts < -1)].all()
    assert not image[(pans > 12) & (pans < 20) & (tilts < -12)].any()


def test_a_mask_behind_the_camera_is_not_in_the_picture() -> None:
    mask = prepare(Mask("m", "sphere", tuple(box(170, 0, 20, 10))))
    assert project(mask, ViewDeg(0, 0, 60), SIZE, 0.6) == []


def test_looking_straight_down_a_ring_of_masks_fills_the_picture() -> None:
    image = np.zeros((SIZE.height, SIZE.width), bool)
    for pan in (-180.0, -60.0, 60.0):
        image |= painted(box(pan, -40, 120, 50), ViewDeg(0, -90, 60), 0.0)
    assert image.mean() > 0.97


def test_positions_become_degrees_by_the_calibration() -> None:
    lens = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (0.5, 12.0), (1.0, 3.0)))
    assert view_of(lens, 0.5, -1, 0.25) == ViewDeg(90, -90, 36)
    assert hfov_deg_at(lens.hfov_deg_at_zoom, 2.0) == 3.0
    assert hfov_deg_at(lens.hfov_deg_at_zoom, -1.0) == 60.0
