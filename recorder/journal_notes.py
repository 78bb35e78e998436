"""What went through the journal, per stream: for the statuses. Any thread."""

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from vms.clock import Clock
from vms.metrics import DurationMeter
from vms.units import CameraId, Profile

StreamKey = tuple[CameraId, Profile]


@dataclass(slots=True)
class _Notes:
    """put_s: monotonic, of the segments that wait, by their start. joined: those of them since the last gap."""

    gaps: Counter[str] = field(default_factory=Counter)
    delay_s: float = 0.0
    put_s: dict[int, float] = field(default_factory=dict)
    joined_starts_us: set[int] = field(default_factory=set)

    def waits(self, start_us: int, now_s: float) -> None:
        self.put_s[start_us] = now_s
        self.joined_starts_us.add(start_us)

    def written(self, start_us: int, now_s: float) -> float | None:
        self.joined_starts_us.discard(start_us)
        put_s = self.put_s.pop(start_us, None)
        if put_s is None:
            return None
        self.delay_s = now_s - put_s
        return self.delay_s

    def gap_begins(self, reason: str) -> None:
        """What waits before a gap does not join the footage after it."""
        self.gaps[reason] += 1
        self.joined_starts_us.clear()


class JournalNotes:
    def __init__(self, clock: Clock) -> None:
        self.delays = DurationMeter()
        """Of all segments: from complete on disk to in the catalog."""
        self._clock = clock
        self._lock = threading.Lock()
        self._streams: dict[StreamKey, _Notes] = defaultdict(_Notes)

    def segment_waits(self, stream: StreamKey, start_us: int) -> None:
        with self._lock:
            self._streams[stream].waits(start_us, self._clock.monotonic_s())

    def segment_written(self, stream: StreamKey, start_us: int) -> None:
        with self._lock:
            delay_s = self._streams[stream].written(start_us, self._clock.monotonic_s())
        if delay_s is not None:
            self.delays.add(delay_s)

    def gap_begins(self, stream: StreamKey, reason: str) -> None:
        with self._lock:
            self._streams[stream].gap_begins(reason)

    def gaps(self, stream: StreamKey) -> dict[str, int]:
        """How many began, by reason."""
        with self._lock:
            return dict(self._streams[stream].gaps)

    def last_delay_s(self, stream: StreamKey) -> float:
        """Of the last segment."""
        with self._lock:
            return self._streams[stream].delay_s

    def joined_since_us(self, stream: StreamKey, writing_since_us: int | None) -> int:
        """Where the footage begins that is not in the catalog yet and reaches until now without a gap; 0: none.

        writing_since_us: of the open segment; None when the last was closed and the next is not open yet.
        """
        begun = [] if writing_since_us is None else [writing_since_us]
        with self._lock:
            return min([*self._streams[stream].joined_starts_us, *begun], default=0)
