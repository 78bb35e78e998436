from vms.packet import PtzPose
from vms.rules.map_shapes import MapView, fixed_view, turning_view
from vms.rules.masks import LensCalibration
from vms.units import CameraId

LENS = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (1.0, 3.0)))


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
