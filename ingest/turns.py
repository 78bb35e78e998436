"""When streams are read that nobody watches: all of a process together, one after the other.

Reading each when its own time comes costs twice as much: between two reads the processor has forgotten the code,
and threads that wake at once fight for the interpreter.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.watched import WatchedReads
from vms.clock import Clock
from vms.rhythm import until_next_s

_PATIENCE_S = 0.05
"""A turn is a courtesy, not a lock: one stream that is stuck in the middle of its turn holds up nobody for longer."""


class ReadTurns:
    """Shared by the stream workers of a process; any thread.

    on_watched_read: called after each round of reading streams that somebody watches.
    """

    def __init__(self, clock: Clock, on_watched_read: Callable[[], None] = lambda: None) -> None:
        self.watched = WatchedReads(clock, on_watched_read)
        self._clock = clock
        self._turn = threading.Lock()

    def until_next_s(self, every_s: float) -> float:
        """Seconds until the next moment that is a multiple of `every_s`: the same one for all."""
        return until_next_s(self._clock.monotonic_s(), every_s)

    @contextmanager
    def turn(self) -> Iterator[None]:
        is_mine = self._turn.acquire(timeout=_PATIENCE_S)
        try:
            yield
        finally:
            if is_mine:
                self._turn.release()
