"""The privacy bench without processes, network and waiting: the same pictures for the same seed on any machine.

Simulated camera, decoder, rules, pipeline, painter and encoder are the product's own; time is a number, and the ways
between them are imitated here: what a status question takes, how late pictures come, that they can be lost.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import av

from ingest.ptz import MOVING_PERIOD_S, REST_PERIOD_S, SETTLE_S, START_S, STOPPING_S
from ingest.simulator.encode import VideoEncoder
from ingest.simulator.mechanics import PtzMechanics, PtzStatus
from ingest.simulator.model import (
    HFOV_DEG_AT_ZOOM,
    PAN_RANGE_DEG,
    TILT_RANGE_DEG,
    SimCamera,
    SimCameraSpec,
    ViewDeg,
)
from ingest.simulator.onvif_ptz import reported_status
from ingest.simulator.power import REBOOT_S
from ingest.simulator.render import Renderer
from ingest.simulator.street import Street
from vms.cli.bench_privacy_clock import START_US, VirtualClock
from vms.cli.bench_privacy_judge import Moment, Tally, Verdicts
from vms.cli.bench_privacy_path import UNWATCHED_S, Leg
from vms.cli.bench_privacy_rig import Truth
from vms.cli.demo_site import window_outlines
from vms.config.model import Live
from vms.packet import Packet, PtzPose
from vms.rules.masking import InForce, MaskRules, PreparedSet, prepare_set
from vms.rules.masks import LensCalibration, Mask, MaskSet
from vms.rules.pose_at import PoseLimits
from vms.units import PROFILES, US_PER_SECOND, CameraId, LiveProfile, Profile, us_from_90k
from web.live.calibration import Calibration
from web.live.codec import HERO, TILE
from web.live.eyes import Seat
from web.live.masked import MaskedPacket
from web.live.picture_witness import PictureWitness
from web.live.pipeline import MaskedPipeline, PipelineSpec
from web.live.source import PoseBook

_STEP_US = 5_000
_HEARTBEAT_US = 200_000
_COMMAND_US = 12_000
_ANSWER_US = (8_000, 40_000)
"""A status answer takes so long, there and back."""
_PICTURE_US = (40_000, 140_000)
"""From shutter to arrival."""
_REPORT_US = 5_000_000
_PACKET_BYTES = 1_400
_SAME_POSITION = 5e-4
_STARTS = b"\x00\x00\x00\x01"

Kind = Literal["command", "pose", "picture"]


class _OneSet:
    """In place of a MaskBook."""

    def __init__(self, prepared: PreparedSet) -> None:
        self._prepared = prepared

    def in_force(self, camera_id: str, at_us: int) -> InForce:  # noqa: ARG002
        return self._prepared


@dataclass(slots=True)
class _Device:
    """What the simulator's status is made from."""

    camera: SimCamera
    clock: VirtualClock
    frozen_status: PtzStatus | None = None


class VirtualSite:
    """One PTZ camera, watched as tile and as hero. `tally` gets the verdicts."""

    def __init__(
        self,
        street: Street,
        spec: SimCameraSpec,
        verdicts: Verdicts,
        rng: random.Random,
        calibration: Calibration | None = None,
    ) -> None:
        """calibration: None: of a camera that was not calibrated; its lens is known all the same."""
        self.clock = VirtualClock()
        self._spec, self._verdicts, self._rng = spec, verdicts, rng
        self.mechanics = PtzMechanics(spec, self.clock)
        self.camera = SimCamera(spec, self.mechanics)
        self._device = _Device(self.camera, self.clock)
        self._street = VirtualStreams(street, spec, rng)
        self._poses = PoseBook([spec.id])
        self._poller = _Poller(self._device, self.mechanics, self._send_pose, rng)
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._pipelines = {profile: self._pipeline(profile, street, calibration) for profile in PROFILES}
        self._viewers = {profile: _decoder() for profile in PROFILES}
        self._back_us = 0
        self.tally = Tally("")

    def truth(self, at_us: int) -> Truth:
        view, status = self.mechanics.view_at(at_us), self.mechanics.status(at_us)
        pan_deg, tilt_deg = self.camera.knocked_deg_at(at_us)
        seen = ViewDeg(view.pan_deg + pan_deg, view.tilt_deg + tilt_deg, view.hfov_deg)
        return Truth(seen, status.zoom, status.pan_tilt_moving or status.zoom_moving)

    def drive(self, leg: Leg) -> None:
        """A leg and the rest after it."""
        if leg.kind == "home":
            self.run_until(self.clock.us + round(UNWATCHED_S * US_PER_SECOND))
        until_us = self.clock.us + round(leg.duration_s * US_PER_SECOND)
        if leg.kind == "reboot":
            self._reboot()
        elif leg.kind == "home":
            self.mechanics.goto_home()
        elif leg.kind == "preset":
            self._command(lambda: self.mechanics.goto_preset(leg.preset))
        else:
            while self.clock.us < until_us:
                self._command(
                    lambda: self.mechanics.continuous_move(pan_tilt=(leg.pan, leg.tilt), zoom=leg.zoom, timeout_s=1.0)
                )
                self.run_until(min(until_us, self.clock.us + _HEARTBEAT_US))
            self._command(self.mechanics.stop, starts=False)
            self._poller.stopped()
        self.run_until(until_us + round(leg.rest_s * US_PER_SECOND))

    def run_until(self, until_us: int) -> None:
        while self.clock.us < until_us:
            self.clock.us += _STEP_US
            if self._back_us and self.clock.us >= self._back_us:
                self._come_back()
            self._poller.tick()
            for packet, arrival_us in self._street.tick(self.camera, self.mechanics, self.clock.us):
                self._at(arrival_us, lambda packet=packet: self._pipelines[packet.profile].offer(packet))  # type: ignore[misc]
            while self._events and self._events[0][0] <= self.clock.us:
                heapq.heappop(self._events)[2]()
            for pipeline in self._pipelines.values():
                pipeline.step()

    def _pipeline(self, profile: Profile, street: Street, calibration: Calibration | None) -> MaskedPipeline:
        live = Live()
        limits = PoseLimits(live.pose_stale_ms * 1000, live.pose_stale_ms * 1000)
        rules = MaskRules("required", True, live.mask_margin_deg, limits)
        spec = PipelineSpec(
            CameraId(self._spec.id), rules, TILE if profile == "sub" else HERO, live.pose_wait_ms / 1000
        )
        lens = DEMO_LENS if calibration is None else calibration.lens
        book = _OneSet(prepare_set(demo_mask_set(street, self._spec.id, lens)))
        surroundings = None if calibration is None else calibration.reference
        witness = PictureWitness(surroundings, must_be_placed=live.unplaced == "blank")
        return MaskedPipeline(spec, book, self._poses, self.clock, lambda packet: self._seen(profile, packet), witness)

    def _seen(self, profile: Profile, packet: MaskedPacket) -> None:
        live: LiveProfile = "tile" if profile == "sub" else "hero"
        at_us = us_from_90k(packet.pts_90k)
        for frame in self._viewers[profile].decode(av.Packet(packet.data)):
            moment = Moment(at_us, self.truth(at_us))
            self._verdicts.judge(Seat(self._spec.id, live), frame, moment, self.tally, thorough=profile == "sub")

    def _at(self, at_us: int, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_us, next(self._order), what))

    def _send_pose(self, pose: PtzPose, arrival_us: int) -> None:
        self._at(arrival_us, lambda: self._poses.add(pose))

    def _command(self, what: Callable[[], None], *, starts: bool = True) -> None:
        if self.camera.faults.offline:
            return
        if starts:
            self._poller.announce()
        self._poller.hurry()
        self.run_until(self.clock.us + _COMMAND_US)
        what()

    def _reboot(self) -> None:
        self.camera.faults.offline = True
        self._back_us = self.clock.us + round(REBOOT_S * US_PER_SECOND)

    def _come_back(self) -> None:
        self._back_us = 0
        self.mechanics.reboot()
        self.camera.faults.offline = False
        self._street.restart()


class _Poller:
    """Asks for the position as ingest.ptz does."""

    def __init__(
        self,
        device: _Device,
        mechanics: PtzMechanics,
        send: Callable[[PtzPose, int], None],
        rng: random.Random,
    ) -> None:
        self._device, self._mechanics, self._send, self._rng = device, mechanics, send, rng
        self._next_us = self._fast_until_us = self._starting_until_us = 0
        self._last: PtzPose | None = None
        self._turned = False

    def announce(self) -> None:
        now_us, last = self._device.clock.us, self._last
        self._starting_until_us = now_us + round(START_S * US_PER_SECOND)
        if last is None or last.move_status == "moving":
            return
        pose = replace(last, move_status="moving")
        if not self._turned:
            camera_us = None if last.camera_utc_us is None else last.camera_utc_us + now_us - last.at_us
            pose = replace(pose, at_us=now_us, camera_utc_us=camera_us)
        self._last = pose
        self._send(pose, now_us)

    def stopped(self) -> None:
        now_us = self._device.clock.us
        self._starting_until_us = min(self._starting_until_us, now_us + round(STOPPING_S * US_PER_SECOND))

    def hurry(self) -> None:
        self._fast_until_us = self._device.clock.us + round(SETTLE_S * US_PER_SECOND)
        self._next_us = min(self._next_us, self._device.clock.us)

    def tick(self) -> None:
        now_us, faults = self._device.clock.us, self._device.camera.faults
        if now_us < self._next_us or faults.offline:
            return
        took_us = self._rng.randint(*_ANSWER_US)
        fast = now_us < self._fast_until_us
        self._next_us = now_us + round((MOVING_PERIOD_S if fast else REST_PERIOD_S) * US_PER_SECOND)
        if faults.ptz_status == "missing":
            return
        status = reported_status(self._device, self._mechanics, self._rng)
        self._take(self._pose(status, took_us), took_us)

    def _pose(self, status: PtzStatus, took_us: int) -> PtzPose:
        """The camera answered now; the question was sent some time before."""
        now_us, faults = self._device.clock.us, self._device.camera.faults
        sent_us = now_us - round(took_us * self._rng.uniform(0.2, 0.8))
        moving = status.pan_tilt_moving or status.zoom_moving
        return PtzPose(
            CameraId(self._device.camera.spec.id),
            status.pan,
            status.tilt,
            status.zoom,
            sent_us + took_us // 2,
            now_us + round(faults.clock_offset_s * US_PER_SECOND),
            "moving" if moving else "idle",
        )

    def _take(self, pose: PtzPose, took_us: int) -> None:
        now_us, last = self._device.clock.us, self._last
        self._turned = last is not None and any(
            abs(after - before) > _SAME_POSITION
            for after, before in ((pose.pan, last.pan), (pose.tilt, last.tilt), (pose.zoom, last.zoom))
        )
        if now_us < self._starting_until_us and (pose.move_status == "idle" or not self._turned):
            pose = replace(pose, move_status="moving")
        if pose.move_status == "moving" or self._turned:
            self._fast_until_us = max(self._fast_until_us, now_us + round(SETTLE_S * US_PER_SECOND))
        self._last = pose
        self._send(pose, now_us + took_us // 2)


class VirtualStreams:
    """Both streams of one camera, as packets with the moment they arrive."""

    def __init__(self, street: Street, spec: SimCameraSpec, rng: random.Random) -> None:
        self._spec, self._rng = spec, rng
        self._renderer = Renderer(street, spec)
        self._encoders = {profile: VideoEncoder(spec.stream(profile), spec.codec, profile) for profile in PROFILES}
        self._numbers = dict.fromkeys(PROFILES, 0)
        self._lost = dict.fromkeys(PROFILES, 0)
        self._arrived_us = dict.fromkeys(PROFILES, 0)
        self._period_us = round(US_PER_SECOND / spec.sub.fps)
        self._next_us = START_US
        self._report_us = 0
        self._reported_offset_s = 0.0
        self._starts = True

    def restart(self) -> None:
        self._starts = True
        self._encoders = {p: VideoEncoder(self._spec.stream(p), self._spec.codec, p) for p in PROFILES}

    def tick(self, camera: SimCamera, mechanics: PtzMechanics, now_us: int) -> list[tuple[Packet, int]]:
        if now_us < self._next_us:
            return []
        at_us, self._next_us = self._next_us, self._next_us + self._period_us
        if camera.faults.offline:
            return []
        if now_us >= self._report_us:
            self._report_us = now_us + _REPORT_US
            self._reported_offset_s = camera.faults.clock_offset_s
        found = [self._picture(profile, camera, mechanics, at_us) for profile in ("main", "sub")]
        self._starts = False
        return [item for item in found if item is not None]

    def _picture(
        self, profile: Profile, camera: SimCamera, mechanics: PtzMechanics, at_us: int
    ) -> tuple[Packet, int] | None:
        stream, number = self._spec.stream(profile), self._numbers[profile]
        self._numbers[profile] += 1
        view = mechanics.view_at(at_us)
        camera.took_picture(at_us)
        picture = self._renderer.view(at_us, view, camera.faults, stream.width, stream.height, number)
        ticks = at_us * 9 // 100
        (unit,) = self._encoders[profile].encode(picture, ticks, at_us)
        data = b"".join(_STARTS + nal for nal in unit.nals)
        pieces = len(data) // _PACKET_BYTES + 1
        lost = sum(self._rng.random() < camera.faults.drop_packets_ratio for _ in range(pieces))
        arrival_us = max(self._arrived_us[profile] + 1, at_us + self._rng.randint(*_PICTURE_US))
        if lost:
            self._lost[profile] += lost
            return None
        self._arrived_us[profile] = arrival_us
        lost_before, self._lost[profile] = self._lost[profile], 0
        packet = Packet(
            camera_id=CameraId(self._spec.id),
            profile=profile,
            codec=self._spec.codec,
            data=data,
            pts_90k=ticks,
            dts_90k=ticks,
            is_keyframe=unit.is_keyframe,
            received_us=arrival_us,
            camera_utc_us=at_us + round(self._reported_offset_s * US_PER_SECOND),
            sequence=number,
            starts_run=self._starts,
            lost_before=lost_before,
        )
        return packet, arrival_us


DEMO_LENS = LensCalibration(PAN_RANGE_DEG, TILT_RANGE_DEG, HFOV_DEG_AT_ZOOM)


def demo_mask_set(street: Street, camera_id: str, lens: LensCalibration = DEMO_LENS) -> MaskSet:
    """As the demo draws them."""
    masks = tuple(Mask(name, "sphere", outline) for name, outline in window_outlines(street))
    return MaskSet(CameraId(camera_id), 1, lens, masks, "bench.a", "bench.b", datetime(2020, 1, 1, tzinfo=UTC))


def _decoder() -> av.VideoCodecContext:
    context = av.CodecContext.create("h264", "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError("h264 is no video codec")
    context.thread_count = 1
    return context
