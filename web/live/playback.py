"""Masked playback and clips: which files, which masks and poses, in which order. Blocking; for worker threads."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recorder.clip import SegmentReader
from recorder.footage_from import footage_from
from vms.config.model import SiteConfig
from vms.errors import FootageExpired, FootageMissing, Refused, StorageError
from vms.packet import PtzPose
from vms.rules.lifting import MaskLift, lift_of
from vms.rules.masking import MaskRules, NoMaskRequired, pass_through, prepare_set
from vms.rules.pose_at import PoseLimits
from vms.store import Store, catalog, evidence, requests
from vms.store import masks as mask_store
from vms.store.catalog import Segment
from vms.units import US_PER_SECOND, Profile, us_from_utc, utc_from_us
from web.live.footage_losses import FootageLosses, footage_losses
from web.live.masked import PaintedFrame
from web.live.motion_search import MotionSearch
from web.live.references import ReferenceBook
from web.live.region_motion import Polygon
from web.live.rendering import FootageTime, Masker, PaintedWriter, keyframe_us, paint_footage, remux_footage
from web.live.watermark import watermarked

log = logging.getLogger(__name__)

REST_GAP_US = 70 * US_PER_SECOND
"""Sidecars hold one pose a minute at rest."""
MAX_CLIP_US = 6 * 3600 * US_PER_SECOND
PLAYBACK_CRF, PLAYBACK_PRESET = 25, "ultrafast"
CLIP_CRF, CLIP_PRESET = 21, "superfast"
EVIDENCE_CRF, EVIDENCE_PRESET = 17, "veryfast"
_NEAR = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Clip:
    """start_us: server UTC of its time 0. An original begins at a keyframe, up to a group of pictures before what was
    asked (or at the first picture there is); a painted one at the very time that was asked."""

    chunks: Iterator[bytes]
    start_us: int
    is_original: bool


@dataclass(frozen=True, slots=True)
class ClipStyle:
    """How a painted clip is encoded. watermark: drawn into every picture, so no original leaves; empty = none."""

    crf: int = CLIP_CRF
    x264_preset: str = CLIP_PRESET
    watermark: str = ""


PLAIN, EVIDENCE = ClipStyle(), ClipStyle(EVIDENCE_CRF, EVIDENCE_PRESET)


class Playback:
    """Thread-safe. Each call answers errors at once and renders while its iterator is read."""

    def __init__(
        self, config: SiteConfig, store: Store, reader: Callable[[], SegmentReader], references: ReferenceBook
    ) -> None:
        self._references = references
        self._cameras = {camera.id: camera for camera in config.cameras}
        self._live = config.live
        self._store = store
        self._reader = reader

    def segment(self, segment_id: int) -> Segment:
        """Raises FootageMissing, or FootageExpired when it is erased."""
        with self._store.reading() as tx:
            known = catalog.segment(tx, segment_id)
            segment = known if known.state == "recorded" else evidence.stand_in(tx, known)
        if segment is None:
            raise FootageExpired(f"segment {segment_id} is erased")
        return segment

    def masked_segment(self, segment_id: int, from_us: int = 0) -> Iterator[bytes]:
        """fMP4 on the segment's own timeline, from the keyframe at or before from_us.

        Raises FootageMissing, FootageExpired, KeyUnavailable, StorageError.
        """
        segment = self.segment(segment_id)
        end_us = us_from_utc(segment.end_at) + US_PER_SECOND
        pictures = self.pictures(segment, from_us, end_us, from_keyframe=True)
        return _rendered(pictures, PaintedWriter(PLAYBACK_CRF, PLAYBACK_PRESET, keeps_times=True))

    def pictures(
        self, segment: Segment, from_us: int, to_us: int, *, from_keyframe: bool = False
    ) -> Iterator[PaintedFrame]:
        """Painted, of [from_us, to_us). What lies before the keyframe at or before from_us is not read; from_keyframe:
        begin with that one. Raises like masked_segment, at once."""
        masker = self._masker([segment])
        start_us = us_from_utc(segment.start_at)
        file = footage_from(self._reader().open(segment), from_us - start_us)
        first_us = start_us if from_keyframe else from_us
        return paint_footage(file, masker, _time(segment), self._losses(segment), first_us, to_us)

    def motion(self, segment_ids: Sequence[int], region: Polygon, from_us: int, to_us: int) -> Iterator[bytes]:
        """See web.live.motion_search. Segments that are gone meanwhile are not searched."""
        found: list[Segment] = []
        for segment_id in segment_ids:
            try:
                found.append(self.segment(segment_id))
            except (FootageMissing, FootageExpired):
                continue
        return MotionSearch(self._reader(), self.pictures, region).lines(found, from_us, to_us)

    def clip(self, camera_id: str, profile: Profile, from_us: int, to_us: int, style: ClipStyle = PLAIN) -> Clip:
        """Everything recorded of [from_us, to_us); gaps stay gaps on its timeline.

        Raises FootageMissing, Refused, KeyUnavailable, StorageError.
        """
        if not 0 < to_us - from_us <= MAX_CLIP_US:
            raise Refused(f"a clip is at most {MAX_CLIP_US // US_PER_SECOND // 3600} hours long")
        with self._store.reading() as tx:
            segments = evidence.readable(tx, camera_id, profile, utc_from_us(from_us), utc_from_us(to_us))
        if not segments:
            raise FootageMissing("no footage in this interval")
        first = self._reader().open(segments[0])
        decided = self._decided(segments)
        if decided is not None and not style.watermark and len({(s.codec, s.width, s.height) for s in segments}) == 1:
            start_us = keyframe_us(first, us_from_utc(segments[0].start_at), from_us)
            return Clip(self._remuxed(decided, segments, from_us, to_us), start_us, is_original=True)
        first.close()
        pictures = watermarked(self._painted(segments, from_us, to_us), style.watermark)
        return Clip(_rendered(pictures, PaintedWriter(style.crf, style.x264_preset)), from_us, is_original=False)

    def lifted(
        self, request_id: int, camera_id: str, profile: Profile, from_us: int, to_us: int, now: datetime
    ) -> Clip:
        """The camera's own pictures although it has masks, by a request that a second person granted.

        Raises FootageMissing, Refused, KeyUnavailable, StorageError.
        """
        start, end = utc_from_us(from_us), utc_from_us(to_us)
        with self._store.reading() as tx:
            request = requests.get(tx, request_id)
            segments = evidence.readable(tx, camera_id, profile, start, end)
        lift = "not_asked" if request is None else lift_of(request, camera_id, start, end, now)
        if not isinstance(lift, MaskLift):
            raise Refused(f"the masks of {camera_id} are not lifted: {lift}")
        if not segments:
            raise FootageMissing("no footage in this interval")
        if len({(s.codec, s.width, s.height) for s in segments}) > 1:
            raise Refused("the stream changed its size or codec in this interval; ask for each part by itself")
        start_us = keyframe_us(self._reader().open(segments[0]), us_from_utc(segments[0].start_at), from_us)
        log.warning("masks_lifted", extra={"camera": camera_id, "request": request_id, "approver": lift.approved_by})
        return Clip(self._remuxed(lift, segments, from_us, to_us), start_us, is_original=True)

    def _decided(self, segments: Sequence[Segment]) -> NoMaskRequired | None:
        """For all of these segments, from the first picture to the last."""
        start, end = segments[0].start_at, segments[-1].end_at
        with self._store.reading() as tx:
            sets = mask_store.in_force_between(tx, segments[0].camera_id, start, end)
        return pass_through(self._rules(segments[0].camera_id).masks, sets, start, end)

    def _remuxed(
        self, decided: NoMaskRequired | MaskLift, segments: Sequence[Segment], from_us: int, to_us: int
    ) -> Iterator[bytes]:
        files = ((self._reader().open(segment), us_from_utc(segment.start_at)) for segment in segments)
        return remux_footage(decided, files, from_us, to_us)

    def _painted(self, segments: Sequence[Segment], from_us: int, to_us: int) -> Iterator[PaintedFrame]:
        masker = self._masker(segments)
        for segment in segments:
            offset_90k = (us_from_utc(segment.start_at) - from_us) * 9 // 100
            file, losses = self._reader().open(segment), self._losses(segment)
            for painted in paint_footage(file, masker, _time(segment), losses, from_us, to_us):
                yield replace(painted, pts_90k=painted.pts_90k + offset_90k)

    def _rules(self, camera_id: str) -> MaskRules:
        """Of a camera that left the configuration: masks required, for its footage is still here."""
        camera = self._cameras.get(camera_id)
        stale_us = self._live.pose_stale_ms * 1000
        return MaskRules(
            masks=camera.masks if camera else "required",
            can_turn=camera.can_turn if camera else False,
            margin_deg=self._live.mask_margin_deg,
            limits=PoseLimits(stale_us, REST_GAP_US),
        )

    def _masker(self, segments: Sequence[Segment]) -> Masker:
        """segments: of one camera and profile, by time."""
        first, last = segments[0], segments[-1]
        with self._store.reading() as tx:
            sets = mask_store.in_force_between(tx, first.camera_id, first.start_at, last.end_at + _NEAR)
            around = evidence.readable(tx, first.camera_id, first.profile, first.start_at - _NEAR, last.end_at + _NEAR)
        rules = self._rules(first.camera_id)
        witness = self._references.witness(first.camera_id) if rules.can_turn else None
        return Masker(rules, [prepare_set(s) for s in sets], self._poses(around), witness)

    def _losses(self, segment: Segment) -> FootageLosses:
        """Of a camera that turns: the masks of one that does not are right, whatever was lost."""
        if not self._rules(segment.camera_id).can_turn:
            return FootageLosses()
        try:
            return footage_losses(segment.lost_packets, self._reader().sidecar(segment).losses)
        except (FootageMissing, StorageError):
            return footage_losses(segment.lost_packets, None)

    def _poses(self, segments: Sequence[Segment]) -> list[PtzPose]:
        """A sidecar that cannot be read leaves a hole, and a hole is painted over."""
        found: dict[int, PtzPose] = {}
        for segment in segments:
            try:
                found |= {pose.at_us: pose for pose in self._reader().poses(segment)}
            except (FootageMissing, StorageError) as error:
                log.warning("poses_not_read", extra={"segment": segment.id, "detail": str(error)})
        return [found[at_us] for at_us in sorted(found)]


def _time(segment: Segment) -> FootageTime:
    skew_us = None if segment.skew_ms is None else segment.skew_ms * 1000
    return FootageTime(us_from_utc(segment.start_at), skew_us)


def _rendered(pictures: Iterator[PaintedFrame], writer: PaintedWriter) -> Iterator[bytes]:
    try:
        for painted in pictures:
            if data := writer.write(painted):
                yield data
        yield writer.finish()
    finally:
        writer.close()
