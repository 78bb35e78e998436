from vms.packet import PtzPose
from vms.rules.ptz_movement import movements
from vms.units import US_PER_SECOND as S
from vms.units import CameraId


def at(second: float, pan: float = 0.0, zoom: float = 0.0) -> PtzPose:
    return PtzPose(CameraId("c"), pan, 0.0, zoom, round(second * S), None)


def test_a_camera_at_rest_does_not_move_however_long() -> None:
    assert movements([at(0), at(60, 0.001), at(120)]) == []


def test_turning_and_zooming_are_movements_and_what_joins_is_one() -> None:
    poses = [
        at(0),
        at(10),
        at(10.2, 0.1),
        at(10.4, 0.2),
        at(11.5, 0.2),
        at(12, 0.2, 0.3),
        at(40, 0.2, 0.3),
        at(41, 0.2),
    ]
    assert movements(poses) == [(10 * S, 12 * S), (40 * S, 41 * S)]


def test_a_change_during_a_long_silence_is_told_near_where_it_was_seen() -> None:
    assert movements([at(0), at(60, 0.5)]) == [(55 * S, 60 * S)]


def test_poses_of_neighbouring_sidecars_are_told_twice() -> None:
    assert movements([at(5, 0.1), at(0), at(5, 0.1), at(0)]) == [(0, 5 * S)]
