"""A real camera for the calibration assistant: told where to go through ONVIF, seen through its main stream."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from ingest import ptz_messages
from ingest.camera import StreamWorker
from ingest.onvif_client import resolve_camera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import OnvifLink
from ingest.onvif_soap import Envelope
from ingest.source import StreamSource
from vms.clock import Clock
from vms.errors import CameraUnreachable, ProtocolError
from vms.fanout import PacketQueue
from vms.packet import Packet, PtzPose
from vms.rules.calibration import CalibrationRefused
from vms.rules.pose_at import FRAME_LATENCY_US
from vms.units import CameraId
from web.live.calibration import Look, Ride
from web.live.codec import DECODE_ERRORS, DecodedFrame, FrameDecoder
from web.live.painter import luma
from web.live.registration import Grey, Shrunk, Still, shrink

ARRIVE_S = 15.0
SETTLE_S = 0.4
"""After the status says that it stands: late statuses, focus and exposure."""
STILL_PICTURES = 3
NEAR_GENERIC = 0.01
_POLL_S = 0.1
_TIMEOUT_S = 3.0
_MAX_QUEUE_BYTES = 64 * 1024 * 1024
_STILL_PX = 0.3


class CameraRig:
    """A `Rig`. One thread; made by `rig_of`."""

    def __init__(self, endpoint: OnvifEndpoint, camera_id: CameraId, clock: Clock) -> None:
        """Raises CameraError."""
        camera = resolve_camera(endpoint, clock=clock)
        if camera.ptz_path is None or camera.ptz_token is None:
            raise ProtocolError("the camera cannot turn, or has no profile with PTZ")
        self._path, self._token = camera.ptz_path, camera.ptz_token
        self._camera_id = camera_id
        self._clock = clock
        self._link = OnvifLink(endpoint, clock, camera.skew)
        self._ready = threading.Event()
        self._queue = PacketQueue(_MAX_QUEUE_BYTES, self._ready)
        self._decoder = FrameDecoder()
        source = StreamSource(camera_id, "main", camera.main_url, endpoint.username, endpoint.password)
        self._stream = StreamWorker(
            camera_id,
            "main",
            lambda: source,
            clock,
            self._take,
            lambda _: None,
        )
        self._stream.set_watched(True)
        self._stream.start()

    def _take(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            self._queue.offer(packet)

    def close(self) -> None:
        self._stream.stop()
        self._link.close()

    def pose(self) -> PtzPose:
        """Raises CameraError."""
        answer = self._link.ask(self._path, ptz_messages.get_status(self._token), _TIMEOUT_S)
        return ptz_messages.read_pose(answer.content, self._camera_id, answer.middle_us)

    def look(self, pan: float, tilt: float, zoom: float) -> Look:
        self._ask(ptz_messages.absolute_move(self._token, pan, tilt, zoom))
        self._arrive((pan, tilt, zoom))
        grey = self._standing_picture(self._clock.now_us() + round(SETTLE_S * 1e6))
        return Look(grey, self.pose())  # asked last: what it said on arrival may have been late

    def ride(self, pan_velocity: float, seconds: float) -> Ride:
        pictures: list[tuple[int, Grey]] = []
        poses: list[PtzPose] = []
        frames: list[DecodedFrame] = []
        self._frames_dropped()
        end_s = self._clock.monotonic_s() + seconds
        self._ask(ptz_messages.continuous_move(self._token, pan_velocity, 0.0, 0.0, seconds))
        while self._clock.monotonic_s() < end_s:
            poses.append(self.pose())
            frames += self._frames()
            self._ready.wait(_POLL_S)
        self._ask(ptz_messages.stop(self._token))
        by_camera = all(f.time.camera_utc_us for f in frames) and all(pose.camera_utc_us for pose in poses)
        for frame in frames:
            own_us = frame.time.camera_utc_us if by_camera else None
            pictures.append((own_us or frame.time.received_us - FRAME_LATENCY_US, np.array(luma(frame.frame))))
        return Ride(pictures, [((pose.camera_utc_us if by_camera else None) or pose.at_us, pose) for pose in poses])

    def _ask(self, request: Envelope) -> None:
        self._link.ask(self._path, request, _TIMEOUT_S)

    def _arrive(self, target: tuple[float, float, float]) -> None:
        """Raises CalibrationRefused when the status never says that it is where it was sent."""
        end_s = self._clock.monotonic_s() + ARRIVE_S
        while True:
            pose = self.pose()
            off = max(abs(told - wanted) for told, wanted in zip((pose.pan, pose.tilt, pose.zoom), target, strict=True))
            if off < NEAR_GENERIC and pose.move_status != "moving":
                return
            if self._clock.monotonic_s() > end_s:
                raise CalibrationRefused(
                    f"the camera was sent to pan {target[0]:.3f}, tilt {target[1]:.3f}, zoom {target[2]:.3f} and still "
                    f"tells {pose.pan:.3f}, {pose.tilt:.3f}, {pose.zoom:.3f} after {ARRIVE_S:.0f} s: its status is "
                    "wrong, or somebody else steers it"
                )
            self._frames_dropped()
            self._clock.sleep_s(_POLL_S)

    def _standing_picture(self, from_us: int) -> Grey:
        """The last of some equal pictures. Raises CalibrationRefused, CameraUnreachable."""
        end_s = self._clock.monotonic_s() + ARRIVE_S
        before: Still | None = None
        equal = 0
        while self._clock.monotonic_s() < end_s:
            self._ready.wait(_POLL_S)
            self._ready.clear()
            for frame in self._frames():
                if frame.time.received_us < from_us:
                    continue
                grey = luma(frame.frame)
                shrunk = shrink(grey)
                equal = equal + 1 if before is not None and _stands(before, shrunk) else 0
                before = Still(shrunk)
                if equal >= STILL_PICTURES:
                    return np.array(grey)
        if before is None:
            raise CameraUnreachable("no picture came from the camera's main stream")
        raise CalibrationRefused(
            "the camera says that it stands, and its picture moves: the status is wrong or very late"
        )

    def _frames_dropped(self) -> None:
        for _ in self._frames():
            pass

    def _frames(self) -> Iterator[DecodedFrame]:
        for packet in self._queue.take_all():
            try:
                yield from self._decoder.decode(packet)
            except DECODE_ERRORS:  # a damaged picture; the next keyframe starts afresh
                continue


@contextmanager
def rig_of(endpoint: OnvifEndpoint, camera_id: CameraId, clock: Clock) -> Iterator[CameraRig]:
    """Raises CameraError."""
    rig = CameraRig(endpoint, camera_id, clock)
    try:
        yield rig
    finally:
        rig.close()


def _stands(before: Still, now: Shrunk) -> bool:
    reading = before.read(now)
    return reading.answer == "unclear" or (reading.answer == "still" and float(np.hypot(*reading.shift_px)) < _STILL_PX)
