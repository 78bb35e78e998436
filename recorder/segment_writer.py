"""One stream's way to disk: packets in, closed segments and gaps out.

Any thread may `offer` packets and report `source_down`; one writer thread at a time calls `pump` and `close`.
Nothing that goes wrong here reaches another stream: it becomes a gap with its reason, and a recording fault to see.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from recorder.disk import VolumeSet
from recorder.muxer import InitSegment
from recorder.open_segment import Closed, Salvage, SegmentInProgress
from recorder.poses import PoseTrack
from recorder.segment_format import SegmentHeader
from recorder.sync_meter import SyncMeter
from vms.clock import SystemClock
from vms.errors import KeyUnavailable, ProtocolError, StorageError
from vms.fanout import Latest, PacketQueue, QueueBudget
from vms.keys import DataKey
from vms.packet import Packet
from vms.rules import segmenting
from vms.rules.codec_string import format_id
from vms.rules.gating import NOWHERE, Standing
from vms.rules.segmenting import Cut
from vms.status import RecordingReason, RecordingState
from vms.store.catalog import GapReason, NewSegment
from vms.units import US_PER_SECOND, CameraId, Profile, us_from_90k, utc_from_us

log = logging.getLogger(__name__)

_BATCH_BYTES = 2 << 20
"""What one stream writes before the next has its turn: all of it on a disk that keeps up."""
_OVERFLOW_SHOWN_US = 10 * US_PER_SECOND
"""So long after the last lost picture a stream counts as behind: an alarm for each group of pictures helps nobody."""
_SUB_SHARE = 0.5
"""Substreams go without from half of the memory budget on, so that the main streams have the rest."""
DataKeySource = Callable[[str, date, str], DataKey]


class GapJournal(Protocol):
    """What of the Journal is used here."""

    def add_segment(self, new: NewSegment) -> None: ...
    def open_gap(self, camera_id: CameraId, profile: Profile, at: datetime, reason: GapReason, detail: str) -> None: ...
    def close_gap(self, camera_id: CameraId, profile: Profile, at: datetime) -> None: ...
    def add_gap(
        self, camera_id: CameraId, profile: Profile, start: datetime, end: datetime, reason: GapReason, detail: str
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class RecordingHealth:
    state: RecordingState
    detail: str
    reason: RecordingReason = ""


_BEHIND = RecordingHealth("fault", "the disk cannot keep up: pictures are lost", "overflow")


@dataclass(frozen=True, slots=True)
class SourceDown:
    reason: GapReason
    detail: str
    at_us: int


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """max_queue_bytes: how much may wait for a slow disk. data_key: None = not encrypted. syncs: times fsync.

    budget: what may wait in all streams of the process together. standing: what a segment that begins then stands on.
    """

    segment_s: int
    purpose: str
    max_queue_bytes: int
    data_key: DataKeySource | None
    syncs: SyncMeter = field(default_factory=lambda: SyncMeter(SystemClock()))
    budget: QueueBudget | None = None
    standing: Callable[[int], Standing] = lambda _at_us: NOWHERE


class StreamRecorder:
    def __init__(
        self,
        camera_id: CameraId,
        profile: Profile,
        settings: StreamSettings,
        volumes: VolumeSet,
        journal: GapJournal,
        salvage: Salvage,
        poses: PoseTrack | None = None,
        last_end_us: int | None = None,
    ) -> None:
        """last_end_us: where this stream's footage in the catalog ends, so that nothing overlaps it."""
        self.camera_id, self.profile = camera_id, profile
        self.health = Latest(RecordingHealth("off", ""))
        self.volume_root: Path | None = None
        self._settings = settings
        self._volumes = volumes
        self._journal = journal
        self._salvage = salvage
        self._poses = poses
        self._end_us = last_end_us
        share = _SUB_SHARE if profile == "sub" and settings.budget is not None else 1.0
        self._queue = PacketQueue(settings.max_queue_bytes, budget=settings.budget, budget_share=share)
        self._overflow_us: int | None = None
        self._downs: deque[SourceDown] = deque(maxlen=100)
        self._segment: SegmentInProgress | None = None
        self._closing: SegmentInProgress | None = None
        self._init: tuple[bytes, InitSegment] | None = None
        self._seen_us = 0
        self._open_reason: GapReason | None = None if last_end_us is None else "restart"

    @property
    def queue(self) -> PacketQueue:
        """To look at from any thread."""
        return self._queue

    @property
    def writing_since_us(self) -> int | None:
        """Start of the segment that is open, or that is being closed and the journal has not got yet. Any thread."""
        segment = self._segment or self._closing
        return None if segment is None else segment.header.start_us

    def offer(self, packet: Packet) -> bool:
        """False when the disk is so far behind that the packet had to go; the gap is written down later."""
        return self.offer_all((packet,))

    def offer_all(self, packets: Sequence[Packet]) -> bool:
        """What one read brought, in order; False as for `offer`."""
        if self._queue.offer_all(packets):
            return True
        self._overflow_us = packets[-1].received_us
        if self.health.get().state == "on":
            self.health.set(_BEHIND)
        return False

    def source_down(self, reason: GapReason, detail: str, at_us: int) -> None:
        self._downs.append(SourceDown(reason, detail, at_us))

    def pump(self) -> None:
        """Write what waits, a batch at a time."""
        downs = [self._downs.popleft() for _ in range(len(self._downs))]
        for packet in self._queue.take(_BATCH_BYTES):
            while downs and downs[0].at_us < packet.received_us:
                self._take_down(downs.pop(0))
            self._take(packet)
        self._queue.done()
        if self._queue.queued_bytes:
            self._downs.extendleft(reversed(downs))
            downs = []
        for down in downs:
            self._take_down(down)
        if self._segment is not None:
            try:
                self._segment.flush()
            except StorageError as error:
                self._fail("disk", str(error))
            except ProtocolError as error:
                self._fail("protocol_error", str(error))
        if self.health.get() is _BEHIND and not self._is_behind and self._segment is not None:
            self.health.set(RecordingHealth("on", ""))

    @property
    def _is_behind(self) -> bool:
        return self._overflow_us is not None and self._seen_us - self._overflow_us < _OVERFLOW_SHOWN_US

    def close(self, detail: str = "the recorder was stopped") -> None:
        """Write what waits and finish the segment; the gap until the next start begins here."""
        self.pump()
        while self._queue.queued_bytes:
            self.pump()
        if self._segment is not None:
            self._finish(None)
            self._gap("restart", detail)
        self.health.set(RecordingHealth("off", ""))

    def distrust(self, root: Path, why: str) -> None:
        """The volume at `root` could not make safe what was written: an open segment there is read back and checked."""
        segment = self._segment
        if segment is not None and segment.volume.root == root:
            segment.distrust(why)
            self._fail("disk", why)

    def fail(self, detail: str) -> None:
        """Something unforeseen happened in `pump`: give up this segment, go on at the next keyframe."""
        self._fail("protocol_error", detail)

    def _take(self, packet: Packet) -> None:
        segment, self._seen_us = self._segment, packet.received_us
        try:
            keyframe_format = format_id(packet.codec, packet.data) if packet.is_keyframe else None
            cut = segmenting.decide_cut(
                segment.state if segment else None, packet, keyframe_format, self._settings.segment_s
            )
            if cut == "append" and segment is not None:
                segment.write(packet, None)
            elif cut != "discard":
                self._cut(cut, packet, keyframe_format)
        except KeyUnavailable as error:
            self._fail("disk", str(error), shown="key")
        except StorageError as error:
            self._fail("disk", str(error))
        except ProtocolError as error:
            self._fail("protocol_error", str(error))

    def _cut(self, cut: Cut, packet: Packet, keyframe_format: bytes | None) -> None:
        """Close what is open and, at a keyframe, go on. The names of the cuts are explained in vms.rules.segmenting."""
        if cut in ("length", "format"):
            closed = self._finish(packet.dts_90k)
            is_step = closed is None or segmenting.is_clock_step(closed.clock_error_us)
            if closed is None or is_step:
                self._start_run(packet, keyframe_format, "restart", "the server's clock was set forward")
            else:
                self._open(packet, closed.end_us, keyframe_format, starts_run=False)
        elif cut == "hole":
            self._go_on_after_hole(packet, keyframe_format)
        elif cut == "break":
            is_hole = self._segment is not None and not packet.starts_run
            self._finish(None)
            self._gap("overflow" if is_hole else "protocol_error", "waiting for a keyframe")
        else:
            if self._segment is not None:
                self._finish(None)
            if packet.starts_run:
                self._start_run(packet, keyframe_format, "restart", "the stream started anew")
            else:
                self._start_run(packet, keyframe_format, "protocol_error", "the camera's timestamps jumped")

    def _start_run(self, packet: Packet, keyframe_format: bytes | None, reason: GapReason, detail: str) -> None:
        """The server's clock tells the time anew. A gap since the last segment gets `reason`, if none is open."""
        start_us = segmenting.run_start_us(packet.received_us, self._end_us)
        self._open(packet, start_us, keyframe_format, starts_run=True, gap=(reason, detail))

    def _go_on_after_hole(self, packet: Packet, keyframe_format: bytes | None) -> None:
        state = self._segment.state if self._segment else None
        self._finish(None)
        dropped = self._queue.take_dropped()
        detail = f"{dropped} pictures: the disk could not keep up" if dropped else "pictures were lost on the way"
        if dropped and self.volume_root is not None:
            self._volumes.report_slow(self.volume_root, detail)
        start_us = packet.received_us
        if state is not None:
            start_us = state.start_us + us_from_90k(packet.dts_90k - state.first_dts_90k)
        start_us = segmenting.run_start_us(start_us, self._end_us)
        log.warning("recording_gap", extra={"camera": self.camera_id, "profile": self.profile, "detail": detail})
        self._open(packet, start_us, keyframe_format, starts_run=True, gap=("overflow", detail))

    def _open(
        self,
        packet: Packet,
        start_us: int,
        keyframe_format: bytes | None,
        *,
        starts_run: bool,
        gap: tuple[GapReason, str] | None = None,
    ) -> None:
        """Raises StorageError, ProtocolError; the caller turns them into a gap."""
        key_source, keyframe_format = self._settings.data_key, keyframe_format or b""
        day, purpose = utc_from_us(start_us).date(), self._settings.purpose
        key = key_source(self.camera_id, day, purpose) if key_source else None
        standing = self._settings.standing(packet.received_us)
        header = SegmentHeader(
            camera_id=self.camera_id,
            profile=self.profile,
            codec=packet.codec,
            start_us=start_us,
            starts_run=starts_run,
            purpose=purpose,
            skew_ms=segmenting.skew_ms(packet, start_us, packet.dts_90k),
            key_id=None,
            nonce=None,
            decision_id=standing.decision_id,
            placement_id=standing.placement_id,
        )
        init = self._init_for(packet, keyframe_format)
        self._segment = self._begin(header, key, init)
        self._segment.write(packet, keyframe_format)
        if starts_run:
            self._end_gap(start_us, gap)
        self.health.set(_BEHIND if self._is_behind else RecordingHealth("on", ""))

    def _begin(self, header: SegmentHeader, key: DataKey | None, init: InitSegment) -> SegmentInProgress:
        """On the best volume that takes it. Raises StorageError when none is left; each that refuses is reported."""
        while True:
            volume = self._volumes.choose(self.volume_root)
            self.volume_root = volume.root
            sync = partial(self._settings.syncs.sync, volume.root)
            try:
                return SegmentInProgress(volume, header, key, init, self._poses, sync)
            except StorageError as error:
                self._volumes.report_failure(volume.root, str(error))

    def _end_gap(self, start_us: int, gap: tuple[GapReason, str] | None) -> None:
        start = utc_from_us(start_us)
        self._journal.close_gap(self.camera_id, self.profile, start)
        if gap is not None and self._end_us is not None and self._open_reason is None and start_us > self._end_us:
            self._journal.add_gap(self.camera_id, self.profile, utc_from_us(self._end_us), start, *gap)
        self._open_reason = None

    def _init_for(self, packet: Packet, keyframe_format: bytes) -> InitSegment:
        if self._init is None or self._init[0] != keyframe_format:
            self._init = (keyframe_format, InitSegment.of(packet.codec, packet.data))
        return self._init[1]

    def _finish(self, next_dts_90k: int | None) -> Closed | None:
        """Close the open segment and hand it to the catalog. None when the disk refused (a fault is then noted)."""
        segment = self._closing = self._segment
        self._segment = None
        if segment is None:
            return None
        try:
            closed = segment.finish(next_dts_90k)
        except (StorageError, ProtocolError) as error:
            self._save(segment)
            self._fault("disk" if isinstance(error, StorageError) else "protocol_error", str(error), segment)
            return None
        else:
            self._hand_in(closed)
            return closed
        finally:
            self._closing = None

    def _fail(self, reason: GapReason, detail: str, *, shown: RecordingReason = "") -> None:
        """Something went wrong while writing: save what there is, open a gap, wait for the next keyframe.

        shown: what people are told now, where that says more than the gap's reason.
        """
        segment, self._segment = self._segment, None
        if segment is not None and reason == "protocol_error":
            try:
                self._hand_in(segment.finish(None))
            except (StorageError, ProtocolError):
                self._save(segment)
        elif segment is not None:
            self._save(segment)
        self._fault(reason, detail, segment, shown)

    def _save(self, segment: SegmentInProgress) -> None:
        self._hand_in(segment.salvage(self._salvage))

    def _hand_in(self, closed: Closed) -> None:
        if closed.row is not None:
            self._journal.add_segment(closed.row)
        self._end_us = closed.end_us

    def _fault(
        self, reason: GapReason, detail: str, segment: SegmentInProgress | None, shown: RecordingReason = ""
    ) -> None:
        if segment is not None and reason == "disk":
            self._volumes.report_failure(segment.volume.root, detail)
        is_in_gap = segment is None and self._open_reason is not None
        self._gap(reason, detail, at_us=self._seen_us if is_in_gap else None)
        self.health.set(RecordingHealth("fault", detail, shown or reason))

    def _take_down(self, down: SourceDown) -> None:
        had_segment = self._segment is not None
        if had_segment:
            self._finish(None)
        self._gap(down.reason, down.detail, at_us=None if had_segment else down.at_us)
        health = self.health.get()
        if health.state == "on" or "no_decision" in (down.reason, health.reason):
            self.health.set(RecordingHealth("off", down.detail, down.reason))

    def _gap(self, reason: GapReason, detail: str, *, at_us: int | None = None) -> None:
        """No footage from at_us on (default: from the end of what was recorded), until a run starts."""
        if self._open_reason == reason:
            return
        start_us = at_us if at_us is not None else self._end_us
        if start_us is None:
            start_us = self._seen_us
        start_us = segmenting.run_start_us(start_us, self._end_us)  # the server's clock may have been set back
        self._open_reason = reason
        self._journal.open_gap(self.camera_id, self.profile, utc_from_us(start_us), reason, detail)
        level = logging.INFO if reason == "restart" else logging.WARNING
        fields = {"camera": self.camera_id, "profile": self.profile, "reason": reason, "detail": detail}
        log.log(level, "recording_gap", extra=fields)
