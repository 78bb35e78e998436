import av
import numpy as np
import pytest

from vms.rules.masking import BlankFrame, NoMaskRequired, PaintPolygons
from web.live.painter import paint, scaled


def noise(pixel_format: str = "yuv420p", width: int = 640, height: int = 360) -> av.VideoFrame:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (height, width, 3), np.uint8)
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pixel_format)


def plane(frame: av.VideoFrame, index: int) -> np.ndarray:
    found = frame.planes[index]
    return np.frombuffer(memoryview(found), np.uint8).reshape(-1, found.line_size)[: found.height, : found.width]


def square(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "nv12"])
def test_nothing_survives_below_a_mask_and_nothing_outside_is_touched(pixel_format: str) -> None:
    frame = noise(pixel_format)
    before = [plane(frame.reformat(format="yuv420p"), index).copy() for index in range(3)]
    painted = paint(frame, PaintPolygons((square(101, 51, 299, 201),), 1, 0.6), 0, 0).frame
    assert (plane(painted, 0)[51:201, 101:299] == 128).all()
    for index in (1, 2):
        assert (plane(painted, index)[25:101, 50:150] == 128).all()
    if pixel_format == "yuv420p":
        for index, step in ((0, 1), (1, 2), (2, 2)):
            far = np.ones_like(before[index], bool)
            far[45 // step : 207 // step, 95 // step : 305 // step] = False
            assert (plane(painted, index)[far] == before[index][far]).all()


def test_the_decoders_own_picture_stays_whole() -> None:
    frame = noise()
    shared = frame.reformat(format="yuv420p")
    before = plane(frame, 0).copy()
    paint(shared, PaintPolygons((square(0, 0, 640, 360),), 1, 0.6), 0, 0)
    assert (plane(frame, 0) == before).all() or shared is frame


def test_overlapping_masks_do_not_cancel_each_other() -> None:
    boxes = (square(100, 100, 300, 200), square(200, 50, 400, 250))
    painted = paint(noise(), PaintPolygons(boxes, 1, 0.6), 0, 0).frame
    assert (plane(painted, 0)[100:200, 100:400] == 128).all()


def test_a_mask_beyond_the_edges_of_the_picture_is_painted_up_to_them() -> None:
    painted = paint(noise(), PaintPolygons((square(-5000, -5000, 320, 90000),), 1, 0.6), 0, 0).frame
    assert (plane(painted, 0)[:, :320] == 128).all()
    assert plane(painted, 0)[:, 330:].std() > 20


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12"])
def test_a_blank_picture_is_uniform_grey(pixel_format: str) -> None:
    painted = paint(noise(pixel_format), BlankFrame("stale-pose", "old"), 5, 7)
    assert all((plane(painted.frame, index) == 128).all() for index in range(3))
    assert (painted.pts_90k, painted.taken_us) == (5, 7)


def test_a_hero_picture_is_shrunk_after_painting() -> None:
    big = paint(noise(width=1920, height=1080), PaintPolygons((square(0, 0, 960, 1080),), 1, 0.6), 0, 0)
    small = scaled(big, 1280, 720)
    assert (small.frame.width, small.frame.height) == (1280, 720)
    assert np.ptp(plane(small.frame, 0)[:, :638].astype(int)) <= 1
    untouched = paint(noise(), NoMaskRequired("x"), 0, 0)
    assert scaled(untouched, 1280, 720) is untouched
