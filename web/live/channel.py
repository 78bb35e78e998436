"""A channel is what viewers of one camera and profile share: cleared packets, the current group of pictures.

Everything here runs in the event loop; only pictures of now are sent, first or again.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from vms.clock import Clock
from vms.config.model import Camera, Live
from vms.rules.masking import MaskRules
from vms.rules.pose_at import PoseLimits
from vms.units import CameraId, LiveProfile, Profile
from web.live.codec import HERO, TILE
from web.live.keyframes import KeyframeRequests
from web.live.mask_book import MaskBook
from web.live.masked import Decision, MaskedPacket, is_fresh
from web.live.pipeline import MaskedPipeline, PipelineSpec
from web.live.producer import OnPacket, Producer
from web.live.references import ReferenceBook
from web.live.source import LiveSources
from web.live.track import LoopMailbox

log = logging.getLogger(__name__)

MAX_GOP_BYTES = 8 * 1024 * 1024
MAX_GOP_PACKETS = 400
LINGER_S = 3.0
"""A channel outlives its last viewer by this, so swapping back and forth costs nothing."""

ChannelKey = tuple[CameraId, LiveProfile]


class Viewer(Protocol):
    def send(self, packet: MaskedPacket) -> None: ...

    def send_gop(self, gop: list[MaskedPacket]) -> None:
        """A whole group at once, the newest picture last: a start, a swap, or a repair."""


def mask_rules(camera: Camera, live: Live) -> MaskRules:
    stale_us = live.pose_stale_ms * 1000
    return MaskRules(camera.masks, camera.can_turn, live.mask_margin_deg, PoseLimits(stale_us, stale_us))


def source_profile(camera: Camera, profile: LiveProfile, has_sub: bool) -> Profile:
    del camera
    return "sub" if profile == "tile" and has_sub else "main"


class Channel:
    """loop only. `decision` is the newest picture's."""

    def __init__(self, key: ChannelKey, clock: Clock) -> None:
        self.key = key
        self._clock = clock
        self.viewers: set[Viewer] = set()
        self.decision: Decision | None = None
        self.arrived = asyncio.Event()
        self._gop: list[MaskedPacket] = []
        self._gop_bytes = 0
        self._unsent = 0
        self._needs_keyframe = True
        self._line = 0

    @property
    def gop(self) -> list[MaskedPacket]:
        """The pictures since the newest keyframe; empty until there is one, and when the newest is not of now."""
        if self._gop and not is_fresh(self._gop[-1].taken_us, self._clock.now_us()):
            return []
        return list(self._gop)

    def take(self, line: int, packet: MaskedPacket | None) -> None:
        """A picture that is not of now is only kept, for the ones that follow on it; those bring it along.

        line, packet: see producer.Put. Pictures of an earlier line come too late.
        """
        if line < self._line:
            return
        if packet is None or line > self._line:
            self._line = line
            self.lost()
        if packet is None:
            return
        if packet.is_keyframe:
            self._forget()
            self._needs_keyframe = False
        if not self._needs_keyframe:
            self._keep(packet)
            if is_fresh(packet.taken_us, self._clock.now_us()):
                self._send(packet)
            else:
                self._unsent += 1

    def lost(self) -> None:
        """Packets went missing: nobody gets half a group of pictures."""
        self._forget()
        self._needs_keyframe = True

    def _keep(self, packet: MaskedPacket) -> None:
        if self._gop or packet.is_keyframe:
            self._gop.append(packet)
            self._gop_bytes += len(packet.data)
        if self._gop_bytes > MAX_GOP_BYTES or len(self._gop) > MAX_GOP_PACKETS:
            self._needs_keyframe = self._unsent > 0
            self._forget()

    def _send(self, packet: MaskedPacket) -> None:
        if self._needs_keyframe:
            return
        catches_up = self._unsent > 0
        self._unsent = 0
        self.decision = packet.decision
        self.arrived.set()
        for viewer in self.viewers:
            if catches_up:
                viewer.send_gop(list(self._gop))
            else:
                viewer.send(packet)

    def _forget(self) -> None:
        self._gop, self._gop_bytes, self._unsent = [], 0, 0


@dataclass(slots=True, eq=False)
class _Running:
    channel: Channel
    producer: Producer
    source: tuple[CameraId, Profile]
    users: int = 0
    ending: asyncio.TimerHandle | None = None


class Channels:
    """All running channels of the process. loop only."""

    def __init__(
        self,
        cameras: dict[str, Camera],
        live: Live,
        sources: LiveSources,
        masks: MaskBook,
        references: ReferenceBook,
        keyframes: KeyframeRequests,
        clock: Clock,
    ) -> None:
        self._cameras = cameras
        self._live = live
        self._sources = sources
        self._masks = masks
        self._references = references
        self._keyframes = keyframes
        self._clock = clock
        self._running: dict[ChannelKey, _Running] = {}
        self._loop = asyncio.get_running_loop()
        self._mailbox: LoopMailbox[tuple[Channel, int, MaskedPacket | None]] = LoopMailbox(self._loop, self._deliver)
        sources.batch = self._mailbox.batch

    def open(self, camera_id: CameraId, profile: LiveProfile) -> Channel:
        """Start or share it. Every open needs a close. Raises KeyError for an unknown camera."""
        camera = self._cameras[camera_id]
        source = (camera_id, source_profile(camera, profile, self.has_sub(camera)))
        key: ChannelKey = (camera_id, profile)
        running = self._running.get(key)
        if running is not None and running.source != source and running.users == 0:
            self._end(key)
            running = None
        if running is None:
            running = self._running[key] = self._start(key, camera, source)
        if running.ending is not None:
            running.ending.cancel()
            running.ending = None
        running.users += 1
        return running.channel

    def close(self, channel: Channel, linger_s: float = LINGER_S) -> None:
        running = self._running.get(channel.key)
        if running is None or running.channel is not channel:
            return
        running.users -= 1
        if running.users <= 0 and running.ending is None:
            running.ending = self._loop.call_later(linger_s, self._end, channel.key)

    def find(self, camera_id: str) -> list[Channel]:
        return [running.channel for key, running in self._running.items() if key[0] == camera_id and running.users > 0]

    @property
    def encoders(self) -> int:
        """How many cameras and profiles are decoded, painted and encoded now."""
        return sum(running.producer.pipeline is not None for running in self._running.values())

    def request_keyframe(self, channel: Channel) -> None:
        """Of the encoder here, or of the camera when its own pictures are passed on."""
        running = self._running.get(channel.key)
        if running is None:
            return
        pipeline = running.producer.pipeline
        if pipeline is None:
            self._keyframes.ask(running.source)
        else:
            pipeline.request_keyframe()

    def request_keyframe_of_camera(self, channel: Channel) -> None:
        running = self._running.get(channel.key)
        if running is not None:
            self._keyframes.ask(running.source)

    def has_sub(self, camera: Camera) -> bool:
        """Known by its status when it runs; by its configuration before."""
        status = self._sources.status(camera.id)
        return camera.sub is not None if status is None else status.sub is not None

    def has_smaller(self, camera_id: CameraId) -> bool:
        """Its tile takes less than its hero: another stream, or encoded here. Raises KeyError for an unknown camera."""
        camera = self._cameras[camera_id]
        return self.has_sub(camera) or camera.masks == "required"

    def stop(self) -> None:
        self._mailbox.close()
        pipelines = [running.producer.pipeline for running in self._running.values()]
        for key in list(self._running):
            self._end(key)
        for pipeline in pipelines:
            if pipeline is not None:
                pipeline.join()

    def _start(self, key: ChannelKey, camera: Camera, source: tuple[CameraId, Profile]) -> _Running:
        channel = Channel(key, self._clock)
        rules = mask_rules(camera, self._live)
        spec = PipelineSpec(key[0], rules, TILE if key[1] == "tile" else HERO, self._live.pose_wait_ms / 1000)

        def put(line: int, packet: MaskedPacket | None) -> None:
            self._mailbox.put((channel, line, packet))

        def make(on_packet: OnPacket) -> MaskedPipeline:
            witness = self._references.witness(camera.id) if camera.can_turn else None
            return MaskedPipeline(spec, self._masks, self._sources.poses, self._clock, on_packet, witness)

        producer = Producer(rules, self._masks, make, put, lambda: self._references.hangs(camera.id))
        self._sources.attach(source, producer.take)
        return _Running(channel, producer, source)

    def _end(self, key: ChannelKey) -> None:
        running = self._running.pop(key, None)
        if running is None:
            return
        if running.ending is not None:
            running.ending.cancel()
        self._sources.detach(running.source, running.producer.take)
        running.producer.stop()

    def _deliver(self, items: list[tuple[Channel, int, MaskedPacket | None]], dropped: int) -> None:
        if dropped:
            log.warning("live_overrun", extra={"dropped": dropped})
            for running in self._running.values():
                running.channel.lost()
                self.request_keyframe(running.channel)
        for channel, line, packet in items:
            channel.take(line, packet)
            if packet is None:
                self.request_keyframe_of_camera(channel)
