"""A segment while it is being written: file, muxer, pose sidecar, and what its catalog row will say."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.muxer import FragmentMuxer, InitSegment
from recorder.poses import LossMark, PoseSidecar, PoseTrack
from recorder.segment_file import SegmentFile, SyncFailed
from recorder.segment_format import SegmentHeader
from vms.errors import StorageError
from vms.keys import DataKey
from vms.packet import Packet
from vms.rules import segmenting
from vms.rules.layout import PART_SUFFIX, sidecar_path
from vms.rules.segmenting import OpenSegment
from vms.store.catalog import NewSegment
from vms.units import us_from_90k, utc_from_us

_DEFAULT_PICTURE_90K = 3600
Salvage = Callable[[MountedVolume, Path, SyncFailed | None], NewSegment | None]


@dataclass(frozen=True, slots=True)
class Closed:
    """row: None when nothing could be saved. end_us: where the footage ends."""

    row: NewSegment | None
    end_us: int
    clock_error_us: int


class SegmentInProgress:
    """Holds each picture back until the next one tells how long it lasts. One thread.

    Raises StorageError (disk, key) and ProtocolError (picture); then call `salvage`.
    """

    def __init__(
        self,
        volume: MountedVolume,
        header: SegmentHeader,
        key: DataKey | None,
        init: InitSegment,
        poses: PoseTrack | None,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.volume = volume
        self._init = init
        self._lost = 0
        self._sync_failed: SyncFailed | None = None
        self._least_delay_us: int | None = None
        self._held: Packet | None = None
        self._held_duration_90k = _DEFAULT_PICTURE_90K
        self.state: OpenSegment | None = None
        self.part = volume.root / (header.path + PART_SUFFIX)
        self._file = SegmentFile(volume.root, header, key, sync)
        self.header = self._file.header
        self._sidecar: PoseSidecar | None = None
        self._muxer: FragmentMuxer | None = None
        try:
            if poses is not None:
                self._sidecar = PoseSidecar(volume.root / sidecar_path(self._file.path), poses, header.start_us)
            self._muxer = FragmentMuxer(init, self._append)
        except BaseException:
            self._release()
            self._file.abandon()
            raise

    def write(self, packet: Packet, format_id: bytes | None) -> None:
        """format_id: of the first packet (a keyframe); None keeps it."""
        if self._held is not None:
            self._flush_held(packet.dts_90k - self._held.dts_90k)
        self._held = packet
        self._lost += packet.lost_before
        if packet.lost_before and self._sidecar is not None:
            first_90k = packet.dts_90k if self.state is None else self.state.first_dts_90k
            self._sidecar.note_loss(LossMark(packet.pts_90k - first_90k, packet.lost_before))
        delay_us = packet.received_us - us_from_90k(packet.dts_90k)
        self._least_delay_us = delay_us if self._least_delay_us is None else min(delay_us, self._least_delay_us)
        if self.state is None:
            dts = packet.dts_90k
            self.state = OpenSegment(self.header.start_us, dts, dts, packet.sequence + 1, format_id or b"")
        else:
            self.state.last_dts_90k = packet.dts_90k
            self.state.next_sequence = packet.sequence + 1

    def flush(self) -> None:
        """Give the disk all pictures but the last, and the poses."""
        if self._muxer is not None:
            self._muxer.flush()

    def _append(self, content: bytearray) -> None:
        """Poses go before the pictures: without them pictures are shown grey."""
        if self._sidecar is not None:
            self._sidecar.pump()
        self._file.append(content)

    def _flush_held(self, duration_90k: int) -> None:
        held, self._held = self._held, None
        if held is not None and self._muxer is not None:
            self._held_duration_90k = duration_90k
            self._muxer.write(held, duration_90k)

    def finish(self, next_dts_90k: int | None) -> Closed:
        """Complete on disk. next_dts_90k: of the picture that goes on without a hole, else None."""
        state, muxer = self.state, self._muxer
        if state is None or muxer is None or self._least_delay_us is None:
            raise StorageError("a segment without pictures")
        skew_ms = self._skew_ms(state)
        last_90k = self._held_duration_90k if next_dts_90k is None else next_dts_90k - state.last_dts_90k
        self._flush_held(last_90k)
        muxer.flush()
        self._muxer = None
        sidecar, self._sidecar = self._sidecar, None
        sidecar_sha256 = sidecar.finish() if sidecar is not None else None
        try:
            closed = self._file.finish()
        except SyncFailed as error:
            self._sync_failed = error
            raise
        duration_90k = state.last_dts_90k + last_90k - state.first_dts_90k
        error_us = segmenting.clock_error_us(state.start_us, state.first_dts_90k, self._least_delay_us)
        end_us = segmenting.corrected_end_us(state.start_us, duration_90k, error_us)
        header = self.header
        row = NewSegment(
            camera_id=header.camera_id,
            profile=header.profile,
            volume_uuid=self.volume.uuid,
            path=closed.path,
            start_at=utc_from_us(state.start_us),
            end_at=utc_from_us(end_us),
            duration_90k=duration_90k,
            bytes=closed.bytes,
            codec=self._init.codec,
            width=self._init.width,
            height=self._init.height,
            sha256=closed.sha256,
            key_id=header.key_id,
            sidecar_sha256=sidecar_sha256,
            starts_run=header.starts_run,
            lost_packets=self._lost,
            skew_ms=skew_ms,
            purpose=header.purpose,
            decision_id=header.decision_id,
            placement_id=header.placement_id,
        )
        return Closed(row, end_us, error_us)

    def _skew_ms(self, state: OpenSegment) -> int | None:
        """By the last picture: the camera's first sender report may come after the first one."""
        by_last = None
        if self._held is not None:
            by_last = segmenting.skew_ms(self._held, state.start_us, state.first_dts_90k)
        return self.header.skew_ms if by_last is None else by_last

    def distrust(self, why: str) -> None:
        """The disk could not say that it has what was written; then call `salvage`."""
        self._sync_failed = self._file.sync_failed(why)

    def salvage(self, salvage: Salvage) -> Closed:
        """After an error: keep what is whole on disk. What cannot be made safe now stays a `.part` for recovery."""
        self._release()
        self._file.close()
        row: NewSegment | None = None
        try:
            row = salvage(self.volume, self.part, self._sync_failed)
        except StorageError:
            row = None
        start_us = self.header.start_us
        if row is None:
            return Closed(None, start_us, 0)
        return Closed(row, start_us + us_from_90k(row.duration_90k), 0)

    def _release(self) -> None:
        if self._sidecar is not None:
            self._sidecar.close()
        self._muxer = self._sidecar = None
