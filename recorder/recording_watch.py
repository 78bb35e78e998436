"""How the recording of one stream goes, for its status: from its recorder, its queue and the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recorder.journal_notes import JournalNotes
from recorder.segment_writer import RecordingHealth, StreamRecorder
from vms.status import RecordingState
from vms.units import CameraId, Profile

_NOT_WANTED = RecordingHealth("off", "record_sub = false", "not_wanted")
_OVERFLOW = RecordingHealth("fault", "the disk cannot keep up: pictures are being dropped", "overflow")


@dataclass(frozen=True, slots=True)
class RecordingView:
    """Fields as in vms.status.StreamStatus and StreamCounts."""

    health: RecordingHealth
    since_us: int
    writing_since_us: int = 0
    catalog_delay_s: float = 0.0
    dropped_pictures: int = 0
    queued_packets: int = 0
    queued_bytes: int = 0
    gaps: Mapping[str, int] = field(default_factory=dict)


class RecordingWatch:
    """recorder: None = this stream is not recorded. Any thread; a race costs `since_us` one look at most."""

    def __init__(
        self, camera_id: CameraId, profile: Profile, recorder: StreamRecorder | None, notes: JournalNotes, now_us: int
    ) -> None:
        self._stream = (camera_id, profile)
        self._recorder = recorder
        self._notes = notes
        self._last: tuple[RecordingState, int] = ("off", now_us)

    def look(self, now_us: int) -> RecordingView:
        recorder = self._recorder
        if recorder is None:
            return RecordingView(_NOT_WANTED, self._last[1])
        health = recorder.health.get()
        if health.state == "on" and recorder.queue.is_refusing:
            health = _OVERFLOW  # a writer that hangs in its disk cannot say so itself
        if self._last[0] != health.state:
            self._last = (health.state, now_us)
        return RecordingView(
            health=health,
            since_us=self._last[1],
            writing_since_us=self._notes.joined_since_us(self._stream, recorder.writing_since_us),
            catalog_delay_s=self._notes.last_delay_s(self._stream),
            dropped_pictures=recorder.queue.dropped_in_total,
            queued_packets=recorder.queue.queued_packets,
            queued_bytes=recorder.queue.queued_bytes,
            gaps=self._notes.gaps(self._stream),
        )
