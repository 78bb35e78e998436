"""fsync, and how long it took per volume: the first sign of a disk that is about to fail or cannot keep up."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from vms.clock import Clock
from vms.metrics import DurationMeter, Durations


class SyncMeter:
    """Shared by the writer threads of a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._meters: dict[str, DurationMeter] = {}

    def sync(self, root: Path, descriptor: int) -> None:
        """Raises OSError; a failure counts as well, it took its time."""
        self.timed(root, lambda: os.fsync(descriptor))

    def timed(self, root: Path, sync: Callable[[], None]) -> None:
        """Like `sync`, for whatever makes data on that volume safe."""
        began_s = self._clock.monotonic_s()
        try:
            sync()
        finally:
            took_s = self._clock.monotonic_s() - began_s
            with self._lock:
                meter = self._meters.setdefault(str(root), DurationMeter())
            meter.add(took_s)

    def durations(self) -> dict[str, Durations]:
        """By the volume's path."""
        with self._lock:
            return {root: meter.durations() for root, meter in self._meters.items()}
