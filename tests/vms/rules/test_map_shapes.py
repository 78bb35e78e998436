import pytest

from vms.packet import PtzPose
from vms.rules.map_shapes import MapView, fixed_view, outline_problem, turning_view
from vms.rules.masks import LensCalibration
from vms.units import CameraId

LENS = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (1.0, 3.0)))
SQUARE = [(51.370, 6.170), (51.371, 6.170), (51.371, 6.172), (51.370, 6.172)]


def pose(pan: float, zoom: float = 0.0) -> PtzPose:
    return PtzPose(CameraId("markt-01"), pan, 0.0, zoom, 0, None)


def test_a_turning_camera_looks_where_its_pose_says_from_where_pan_zero_looks() -> None:
    assert turning_view(90, LENS, pose(0)) == MapView(90, 60)
    assert turning_view(90, LENS, pose(0.25)) == MapView(135, 60)
    assert turning_view(90, LENS, pose(-0.75, zoom=1)) == MapView(315, 3)


def test_what_is_not_known_is_not_drawn() -> None:
    assert turning_view(None, LENS, pose(0)) is None
    assert turning_view(90, None, pose(0)) is None
    assert turning_view(90, LENS, None) is None
    assert fixed_view(None, 60) is None
    assert fixed_view(90, None) is None
    assert fixed_view(0, 60) == MapView(0, 60)


@pytest.mark.parametrize(
    ("outline", "problem"),
    [
        (SQUARE, None),
        (SQUARE[::-1], None),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "crosses itself"),
        ([SQUARE[0], SQUARE[1], SQUARE[0]], "has no area"),
        ([(51.370, 6.170), (51.371, 6.170), (51.372, 6.170)], "has no area"),
    ],
)
def test_an_outline_is_a_polygon(outline: list[tuple[float, float]], problem: str | None) -> None:
    found = outline_problem(outline)
    assert found is None if problem is None else problem in str(found)
