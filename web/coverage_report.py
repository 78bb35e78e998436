"""Every second of a stream explained, from what the catalog knows and what capture says it is writing now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vms.clock import Clock, now_utc
from vms.rules.coverage import Known, KnownSpan, Stretch, explain
from vms.rules.retention import Erase, decide_purge
from vms.rules.terms import Terms
from vms.store import Store, evidence, holds, spans, terms
from vms.store.holds import EvidenceHold
from vms.store.spans import SegmentSpan
from vms.units import Profile, us_from_utc, utc_from_us
from web.capture_client import CaptureClient
from web.time_range import TimeRange


@dataclass(frozen=True, slots=True)
class _Footage:
    """What the retention rule needs of a row."""

    camera_id: str
    start_at: datetime
    end_at: datetime


class CoverageReport:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        capture: CaptureClient,
        configured: Terms,
        ahead: timedelta = timedelta(0),
    ) -> None:
        """ahead: how long before its limit footage is due."""
        self._store = store
        self._clock = clock
        self._capture = capture
        self._terms = configured
        self._ahead = ahead

    def of(self, camera_ids: Sequence[str], profile: Profile, span: TimeRange) -> dict[str, list[Stretch]]:
        """The interval up to now. Footage that has expired is not in it as recorded, erased or not."""
        now = now_utc(self._clock)
        due = now + self._ahead
        start_us, end_us = us_from_utc(span.start), us_from_utc(span.end)
        told: dict[str, list[Stretch]] = {}
        # Before the catalog: what a status does not tell as being written any more, is found there.
        writing = {camera_id: self._writing(camera_id, profile, us_from_utc(now)) for camera_id in camera_ids}
        with self._store.reading() as tx:
            held = holds.active(tx, span.start, span.end)
            acting = terms.acting(tx, self._terms, due)
            for camera_id in camera_ids:
                rows = spans.segment_spans(tx, camera_id, profile, start_us, end_us)
                copied = evidence.copied_spans(tx, camera_id, profile, start_us, end_us)
                kept, gone = _apart(camera_id, rows, held, copied, due, acting)
                known = Known(
                    recorded=kept,
                    gone=gone,
                    gaps=spans.gap_spans(tx, camera_id, profile, start_us, end_us),
                    writing=writing[camera_id],
                    first_us=spans.first_known_us(tx, camera_id, profile),
                    retention_from_us=us_from_utc(acting.oldest_allowed(camera_id, due)),
                )
                told[camera_id] = explain(known, start_us, end_us, us_from_utc(now))
        return told

    def _writing(self, camera_id: str, profile: Profile, now_us: int) -> KnownSpan | None:
        """Vouched for by a status of the last seconds; what becomes of it, the catalog says soon."""
        status = self._capture.status(camera_id)
        stream = None if status is None else (status.main if profile == "main" else status.sub)
        if stream is None or not stream.writing_since_us:
            return None
        if stream.recording != "on" and stream.recording_reason != "overflow":
            return None
        return stream.writing_since_us, now_us


def _apart(
    camera_id: str,
    rows: Sequence[SegmentSpan],
    held: Sequence[EvidenceHold],
    copied: Collection[KnownSpan],
    due: datetime,
    acting: Terms,
) -> tuple[list[KnownSpan], list[KnownSpan]]:
    """(may be shown, may not). Only rows near the limit are worth asking the rule about.

    copied: what lies in the evidence store, and so outlives its original.
    """
    limit_us = us_from_utc(acting.oldest_allowed(camera_id, due))
    kept: list[KnownSpan] = []
    gone: list[KnownSpan] = []
    for start_us, end_us, state in rows:
        is_gone = state != "recorded"
        if not is_gone and start_us <= limit_us:
            footage = _Footage(camera_id, utc_from_us(start_us), utc_from_us(end_us))
            is_gone = isinstance(decide_purge(footage, held, due, acting), Erase)
        is_shown = not is_gone or (start_us, end_us) in copied
        (kept if is_shown else gone).append((start_us, end_us))
    return kept, gone
