"""Decode → decide → paint → encode, once per camera and profile however many watch.

One thread per watched stream that needs it. Pictures of a turning camera wait a little for the pose after them.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2

from vms.clock import Clock
from vms.fanout import PacketQueue
from vms.packet import Packet
from vms.rules.clock_steps import without_stepped_clock
from vms.rules.masking import BlankFrame, InForce, MaskPlan, MaskRules, PreparedSet, mask_plan
from vms.rules.pose_at import needs_later_pose
from vms.rules.ptz_geometry import FrameSize
from vms.units import CameraId, us_from_90k
from web.live.codec import DECODE_ERRORS, DecodedFrame, FrameDecoder, FrameEncoder, OutputSpec
from web.live.masked import MaskedPacket, PaintedFrame
from web.live.painter import luma, paint, scaled
from web.live.picture_witness import PictureWitness
from web.live.source import PoseBook
from web.live.trail import MaskTrail

log = logging.getLogger(__name__)

MAX_QUEUE_BYTES = 16 * 1024 * 1024
MAX_BEHIND_US = 1_000_000
"""Pictures older than this behind the newest are decoded for what follows, and not shown."""
MAX_WAITING = 16
"""Pictures that wait for a pose; more than this and the oldest goes with what is known."""
REST_WAIT_S = 0.05
"""A picture of a turning camera that stands still waits this long too: the first pose of a move may be under way."""
KEYFRAME_PERIOD_S = 0.5


class MaskSets(Protocol):
    """A MaskBook is one."""

    def in_force(self, camera_id: str, at_us: int) -> InForce: ...


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """can_wait_s: how long a picture of a moving camera may wait for the pose after it."""

    camera_id: CameraId
    rules: MaskRules
    output: OutputSpec
    can_wait_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    decoded: DecodedFrame
    arrived_s: float


class MaskedPipeline:
    """offer() from the bus thread; `on_packet` is called in the pipeline's thread."""

    def __init__(
        self,
        spec: PipelineSpec,
        masks: MaskSets,
        poses: PoseBook,
        clock: Clock,
        on_packet: Callable[[MaskedPacket], None],
        witness: PictureWitness | None = None,
    ) -> None:
        """witness: of a camera that turns."""
        self._spec = spec
        self._masks = masks
        self._poses = poses
        self._clock = clock
        self._on_packet = on_packet
        self._witness = witness
        self._ready = threading.Event()
        self._queue = PacketQueue(MAX_QUEUE_BYTES, self._ready)
        self._decoder = FrameDecoder()
        self._encoder = FrameEncoder(spec.output)
        self._trail = MaskTrail()
        self._waiting: deque[_Waiting] = deque()
        self._stopping = threading.Event()
        self._wants_keyframe = threading.Event()
        self._keyframe_at_s = float("-inf")
        self._newest_us = 0
        self._log_quiet_until_s = float("-inf")
        self._told = ""
        self._thread = threading.Thread(target=self._run, name=f"mask-{spec.camera_id}", daemon=True)
        self.counts = {"decoded": 0, "sent": 0, "late": 0}

    def start(self) -> None:
        self._poses.listen(self._spec.camera_id, self._ready)
        self._thread.start()

    def stop(self) -> None:
        """Returns at once; the thread ends within a picture's time."""
        self._stopping.set()
        self._ready.set()
        self._poses.unlisten(self._spec.camera_id, self._ready)

    def join(self, timeout_s: float = 3.0) -> None:
        self._thread.join(timeout_s)

    def offer(self, packet: Packet) -> None:
        self._newest_us = packet.received_us
        self._queue.offer(packet)

    def request_keyframe(self) -> None:
        self._wants_keyframe.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._ready.wait(self._patience_s())
            self._ready.clear()
            self.step()

    def step(self) -> None:
        """Everything that can be done now. For who drives the pipeline without its thread, on a clock of its own."""
        for packet in self._queue.take_all():
            if self._stopping.is_set():
                return
            self._decode(packet)
            self._release()
        self._release()

    def _patience_s(self) -> float:
        if not self._waiting:
            return 1.0
        waited_s = self._clock.monotonic_s() - self._waiting[0].arrived_s
        return max(0.002, min(REST_WAIT_S, self._spec.can_wait_s) - waited_s)

    def _decode(self, packet: Packet) -> None:
        try:
            for decoded in self._decoder.decode(packet):
                self.counts["decoded"] += 1
                if self._newest_us - decoded.time.received_us > MAX_BEHIND_US:
                    self.counts["late"] += 1
                    continue
                self._waiting.append(_Waiting(decoded, self._clock.monotonic_s()))
        except DECODE_ERRORS as error:
            self._complain("picture_damaged", error)

    def _release(self) -> None:
        while self._waiting and (len(self._waiting) > MAX_WAITING or self._is_due(self._waiting[0])):
            self._emit(self._waiting.popleft().decoded)

    def _is_due(self, waiting: _Waiting) -> bool:
        if not self._spec.rules.can_turn or not self._follows_poses(waiting.decoded):
            return True
        waited_s = self._clock.monotonic_s() - waiting.arrived_s
        if waited_s >= self._spec.can_wait_s:
            return True
        if waited_s < min(REST_WAIT_S, self._spec.can_wait_s):
            return False
        return not needs_later_pose(self._poses.poses(self._spec.camera_id), waiting.decoded.time)

    def _follows_poses(self, decoded: DecodedFrame) -> bool:
        found = self._masks.in_force(self._spec.camera_id, decoded.time.received_us)
        return isinstance(found, PreparedSet) and found.needs_pose

    def _emit(self, decoded: DecodedFrame) -> None:
        painted = self._painted(decoded)
        keyframe = self._takes_keyframe()
        try:
            packet = self._encoder.encode(painted, keyframe=keyframe, starts_run=decoded.starts_run)
        except DECODE_ERRORS as error:
            self._complain("picture_not_encoded", error)
            self._encoder = FrameEncoder(self._spec.output)
            return
        if packet is not None:
            self.counts["sent"] += 1
            self._on_packet(packet)

    def _painted(self, decoded: DecodedFrame) -> PaintedFrame:
        """Whatever goes wrong, the answer is a picture without anybody in it."""
        frame = decoded.frame
        spec, at_us, witness = self._spec, decoded.time.received_us, self._witness
        pts_us = us_from_90k(decoded.pts_90k)
        try:
            size, poses = FrameSize(frame.width, frame.height), self._poses.poses(spec.camera_id)
            plan = mask_plan(
                spec.rules,
                self._masks.in_force(spec.camera_id, at_us),
                without_stepped_clock(decoded.time, poses),
                poses,
                size,
                None
                if witness is None
                else lambda pose: witness.judge(luma(frame), pts_us, pose, is_whole=decoded.is_whole),
            )
            plan, colourless = self._trail.follow(
                plan, size, at_us, is_keyframe=decoded.is_keyframe, is_damaged=decoded.is_damaged
            )
            self._tell(plan)
            painted = paint(frame, plan, decoded.pts_90k, at_us, colourless)
        except (ArithmeticError, LookupError, cv2.error, *DECODE_ERRORS) as error:
            self._complain("mask_not_painted", error)
            painted = paint(frame, BlankFrame("internal", "the mask could not be painted"), decoded.pts_90k, at_us)
        return scaled(painted, spec.output.max_width, spec.output.max_height)

    def _tell(self, plan: MaskPlan) -> None:
        """Once per cause, for who looks for it later."""
        reason = plan.reason if isinstance(plan, BlankFrame) else ""
        if reason and reason != self._told:
            detail = plan.detail if isinstance(plan, BlankFrame) else ""
            log.warning("picture_blanked", extra={"camera": self._spec.camera_id, "reason": reason, "detail": detail})
        self._told = reason

    def _takes_keyframe(self) -> bool:
        now_s = self._clock.monotonic_s()
        if not self._wants_keyframe.is_set() or now_s - self._keyframe_at_s < KEYFRAME_PERIOD_S:
            return False
        self._wants_keyframe.clear()
        self._keyframe_at_s = now_s
        return True

    def _complain(self, event: str, error: BaseException) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._log_quiet_until_s:
            self._log_quiet_until_s = now_s + 10
            log.warning(event, extra={"camera": self._spec.camera_id, "detail": f"{type(error).__name__}: {error}"})
