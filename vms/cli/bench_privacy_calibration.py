"""Calibrates the virtual camera of the privacy bench with the product's own assistant."""

from collections.abc import Callable

from ingest.simulator.mechanics import PtzMechanics, deg_from_generic
from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG, Faults, SimCameraSpec
from ingest.simulator.render import Renderer
from ingest.simulator.street import Street
from vms.cli.bench_privacy_clock import VirtualClock
from vms.packet import PtzPose
from vms.units import US_PER_SECOND, CameraId
from web.live.calibration import Assistant, Calibration, Look, Ride
from web.live.registration import Grey

_PICTURE_US, _STATUS_US = 80_000, 100_000
_SETTLE_US = 400_000


def calibrated(street: Street, spec: SimCameraSpec, tell: Callable[[str], None]) -> Calibration:
    """As `vms calibrate` does with a camera that tells the truth. About a minute. Raises CalibrationRefused."""
    assistant = Assistant(VirtualRig(street, spec), PAN_RANGE_DEG, TILT_RANGE_DEG, tell)
    return assistant.calibrate((spec.pan_deg, spec.tilt_deg))


class VirtualRig:
    """A calibration `Rig` on a clock of its own. One thread."""

    def __init__(self, street: Street, spec: SimCameraSpec) -> None:
        self._spec = spec
        self._clock = VirtualClock()
        self._mechanics = PtzMechanics(spec, self._clock)
        self._renderer = Renderer(street, spec)

    def look(self, pan: float, tilt: float, zoom: float) -> Look:
        place_deg = deg_from_generic(pan, PAN_RANGE_DEG), deg_from_generic(tilt, TILT_RANGE_DEG)
        self._mechanics.absolute_move(pan_tilt_deg=place_deg, zoom=zoom)
        while self._pose().move_status == "moving":
            self._clock.us += _STATUS_US
        self._clock.us += _SETTLE_US
        return Look(self._picture(), self._pose())

    def ride(self, pan_velocity: float, seconds: float) -> Ride:
        """It moves but for the first and the last fifth of the time."""
        start_us, length_us = self._clock.us, round(seconds * US_PER_SECOND)
        pictures: list[tuple[int, Grey]] = []
        poses: list[tuple[int, PtzPose]] = []
        for passed_us in range(0, length_us, _PICTURE_US // 4):
            self._clock.us = start_us + passed_us
            if passed_us == length_us // 5 // (_PICTURE_US // 4) * (_PICTURE_US // 4):
                moves_s = seconds * 3 / 5
                self._mechanics.continuous_move(pan_tilt=(pan_velocity, 0.0), timeout_s=moves_s)
            if passed_us % _PICTURE_US == 0:
                pictures.append((self._clock.us, self._picture()))
            if passed_us % _STATUS_US == 0:
                poses.append((self._clock.us, self._pose()))
        return Ride(pictures, poses)

    def _picture(self) -> Grey:
        at_us, main = self._clock.us, self._spec.main
        return self._renderer.view(at_us, self._mechanics.view_at(at_us), Faults(), main.width, main.height).y.copy()

    def _pose(self) -> PtzPose:
        at_us = self._clock.us
        status = self._mechanics.status(at_us)
        moves = status.pan_tilt_moving or status.zoom_moving
        return PtzPose(
            CameraId(self._spec.id),
            status.pan,
            status.tilt,
            status.zoom,
            at_us,
            at_us,
            "moving" if moves else "idle",
        )
