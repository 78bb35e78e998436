"""A still to draw masks on: the one picture that leaves without the masks in force, for a person who said why.

Every other way to a picture goes through `MaskedPacket`; this one needs a `DrawingRight`, which web gives only after
the audit log has the name and the reason. With masks under way it is painted by the same rule, witness, trail and
painter as ever; without any, the witness has a say in where the camera is said to look.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from vms.clock import Clock
from vms.config.model import Camera, SiteConfig
from vms.packet import Packet, PtzPose
from vms.rules.clock_steps import without_stepped_clock
from vms.rules.masking import (
    BlankFrame,
    MaskPlan,
    MaskRules,
    NoMaskRequired,
    PreparedSet,
    Witness,
    mask_plan,
    prepare_set,
)
from vms.rules.masks import LensCalibration, Mask, MaskProblems, MaskSet, lens_document, masks_of_document, parse_lens
from vms.rules.pose_at import PoseEstimate, PoseLimits, estimate_pose
from vms.rules.ptz_geometry import FrameSize
from vms.rules.witness import Agrees, Contradicts, Verdict
from vms.units import CameraId, Profile, us_from_90k, utc_from_us
from web.live.codec import DECODE_ERRORS, DecodedFrame, FrameDecoder
from web.live.jpeg import encode_jpeg
from web.live.mask_book import MaskBook
from web.live.masked import is_fresh
from web.live.painter import Plane, luma, paint
from web.live.references import ReferenceBook
from web.live.snapshot import NoPicture
from web.live.source import LiveSources
from web.live.trail import MaskTrail

WAIT_S = 6.0
"""For a picture of now, with the camera at rest when that was asked."""
REST_US = 1_000_000
"""So long the camera must have reported rest since the question: neither its start nor late pictures are drawn on."""
_POLL_S = 0.05
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class DrawingRight:
    """Who sees an original, and why: in the audit log already."""

    username: str
    reason: str


@dataclass(frozen=True, slots=True)
class StillRequest:
    """masks None: no masks at all. lens None: the one in force. at_rest: wait until the camera stands."""

    camera_id: CameraId
    masks: tuple[Mask, ...] | None
    lens: LensCalibration | None
    at_rest: bool

    @staticmethod
    def of(camera_id: CameraId, body: Mapping[str, Any]) -> "StillRequest":
        """Raises MaskProblems."""
        problems: list[str] = []
        lens = parse_lens(body.get("lens"), problems)
        if problems:
            raise MaskProblems(problems)
        masks = None if body.get("masks") is None else masks_of_document(body["masks"])
        return StillRequest(camera_id, masks, lens, body.get("at_rest") is True)


@dataclass(frozen=True, slots=True)
class DrawingStill:
    """about: when it was taken, where the camera looked, what was painted."""

    jpeg: bytes
    about: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The last of some pictures. pose: None = not known, or the picture shows another. plan: None = no masks asked."""

    decoded: DecodedFrame
    pose: PoseEstimate | None
    plan: MaskPlan | None
    colourless: Plane | None


class DrawingStills:
    """take() blocks for seconds: call it from a worker thread."""

    def __init__(
        self, config: SiteConfig, sources: LiveSources, masks: MaskBook, references: ReferenceBook, clock: Clock
    ) -> None:
        self._references = references
        self._cameras = {camera.id: camera for camera in config.cameras}
        self._live = config.live
        self._sources = sources
        self._masks = masks
        self._clock = clock

    def take(self, right: DrawingRight, asked: StillRequest) -> DrawingStill:
        """Raises NoPicture."""
        if not isinstance(right, DrawingRight):
            raise TypeError("an original needs a DrawingRight")
        camera = self._cameras[asked.camera_id]
        gop = self._newest(camera, at_rest=asked.at_rest and camera.can_turn)
        lens = asked.lens or self._lens_in_force(camera.id)
        drawn = None
        if asked.masks is not None:
            drawn = prepare_set(
                MaskSet(CameraId(camera.id), 0, lens, asked.masks, right.username, None, utc_from_us(0))
            )
        seen = self._seen(camera, gop, lens, drawn)
        decoded, frame = seen.decoded, seen.decoded.frame
        about: dict[str, Any] = {
            "taken_us": decoded.time.received_us,
            "width": frame.width,
            "height": frame.height,
            "lens": lens_document(lens),
            "view": None,
            "mask": "none",
            "reason": "",
        }
        if seen.pose is not None:
            view = seen.pose.view
            about["view"] = {
                "pan_deg": view.pan_deg,
                "tilt_deg": view.tilt_deg,
                "hfov_deg": view.hfov_deg,
                "growth_deg": seen.pose.growth_deg,
            }
        if seen.plan is None:
            return DrawingStill(_jpeg(frame), about)
        painted = paint(frame, seen.plan, decoded.pts_90k, decoded.time.received_us, seen.colourless)
        return DrawingStill(_jpeg(painted.frame), {**about, **_verdict(seen.plan)})

    def _seen(
        self, camera: Camera, gop: Sequence[Packet], lens: LensCalibration | None, drawn: PreparedSet | None
    ) -> _Seen:
        """All pictures are heard and followed, as for a viewer: one alone says too little. Raises NoPicture."""
        stale_us = self._live.pose_stale_ms * 1000
        limits = PoseLimits(stale_us, stale_us)
        rules = MaskRules("required", camera.can_turn, self._live.mask_margin_deg, limits)
        poses = self._sources.poses.poses(camera.id) if camera.can_turn else []
        witness = self._references.witness(camera.id) if camera.can_turn else None
        trail, seen = MaskTrail(), None
        for decoded in _decoded(gop):
            time, size = (
                without_stepped_clock(decoded.time, poses),
                FrameSize(decoded.frame.width, decoded.frame.height),
            )
            found = None if lens is None or not poses else estimate_pose(poses, time, lens, limits)
            pose = found if isinstance(found, PoseEstimate) else None
            verdict: Verdict = Agrees()
            if witness is not None and pose is not None:
                at_us = us_from_90k(decoded.pts_90k)
                verdict = witness.judge(luma(decoded.frame), at_us, pose, is_whole=decoded.is_whole)
            plan, colourless = None, None
            if drawn is not None:
                plan = mask_plan(rules, drawn, time, poses, size, _telling(verdict))
                plan, colourless = trail.follow(
                    plan,
                    size,
                    decoded.time.received_us,
                    is_keyframe=decoded.is_keyframe,
                    is_damaged=decoded.is_damaged,
                )
            disagrees = isinstance(verdict, Contradicts) and verdict.reason == "picture-disagrees"
            seen = _Seen(decoded, None if disagrees else pose, plan, colourless)
        if seen is None:
            raise NoPicture("the camera's picture is not complete yet")
        return seen

    def _lens_in_force(self, camera_id: str) -> LensCalibration | None:
        found = self._masks.in_force(camera_id, self._clock.now_us())
        return found.mask_set.lens if isinstance(found, PreparedSet) else None

    def _newest(self, camera: Camera, *, at_rest: bool) -> list[Packet]:
        """Up to the newest picture of the main stream, once there is one of now (and the camera rests)."""
        taken: list[Packet] = []
        lock = threading.Lock()

        def consume(packet: Packet) -> None:
            with lock:
                if packet.is_keyframe:
                    taken.clear()
                taken.append(packet)

        asked_us, deadline_s = self._clock.now_us(), self._clock.monotonic_s() + WAIT_S
        main: Profile = "main"
        key = (CameraId(camera.id), main)
        self._sources.attach(key, consume)
        try:
            pause = threading.Event()
            while self._clock.monotonic_s() < deadline_s:
                with lock:
                    gop = list(taken)
                if gop and gop[0].is_keyframe and self._is_good(gop[-1], camera, asked_us, at_rest=at_rest):
                    return gop
                pause.wait(_POLL_S)
        finally:
            self._sources.detach(key, consume)
        raise NoPicture("no picture of now came from the camera")

    def _is_good(self, newest: Packet, camera: Camera, asked_us: int, *, at_rest: bool) -> bool:
        if newest.received_us < asked_us or not is_fresh(newest.received_us, self._clock.now_us()):
            return False
        if not camera.can_turn:
            return True
        poses = self._sources.poses.poses(camera.id)
        if not at_rest or not poses:
            return True
        since_us = _rests_since_us(poses)
        return since_us is not None and max(since_us, asked_us) + REST_US <= poses[-1].at_us <= newest.received_us


def _rests_since_us(poses: Sequence[PtzPose]) -> int | None:
    """When the first of the latest positions that are all the same was known; None = it moves."""
    last = poses[-1]
    if last.move_status == "moving":
        return None
    since_us = last.at_us
    for pose in reversed(poses):
        if pose.move_status == "moving" or (pose.pan, pose.tilt, pose.zoom) != (last.pan, last.tilt, last.zoom):
            break
        since_us = pose.at_us
    return since_us


def _telling(verdict: Verdict) -> Witness:
    return lambda _pose: verdict


def _decoded(gop: Sequence[Packet]) -> Iterator[DecodedFrame]:
    decoder = FrameDecoder()
    try:
        for packet in gop:
            yield from decoder.decode(packet)
    except DECODE_ERRORS as error:
        raise NoPicture("the camera's picture is damaged") from error


def _verdict(plan: MaskPlan) -> dict[str, str]:
    if isinstance(plan, BlankFrame):
        return {"mask": "fault", "reason": plan.reason}
    return {"mask": "none" if isinstance(plan, NoMaskRequired) else "ok", "reason": ""}


def _jpeg(frame: av.VideoFrame) -> bytes:
    try:
        return encode_jpeg(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), _QUALITY)
    except ValueError as error:
        raise NoPicture(str(error)) from error
