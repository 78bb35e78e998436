"""What a map shows of a camera: which way it looks and how wide. Pure."""

from dataclasses import dataclass

from vms.packet import PtzPose
from vms.rules.masks import LensCalibration
from vms.rules.ptz_geometry import view_of_pose


@dataclass(frozen=True, slots=True)
class MapView:
    """direction_deg: of the middle of the picture, clockwise from north, 0…360. hfov_deg: width of the picture."""

    direction_deg: float
    hfov_deg: float


def fixed_view(bearing_deg: float | None, hfov_deg: float | None) -> MapView | None:
    """None: nobody told."""
    if bearing_deg is None or hfov_deg is None:
        return None
    return MapView(bearing_deg % 360, hfov_deg)


def turning_view(bearing_deg: float | None, lens: LensCalibration | None, pose: PtzPose | None) -> MapView | None:
    """bearing_deg: of pan 0. None: not known (any more); a guess would send people to the wrong street."""
    if bearing_deg is None or lens is None or pose is None:
        return None
    view = view_of_pose(lens, pose)
    return MapView((bearing_deg + view.pan_deg) % 360, view.hfov_deg)
