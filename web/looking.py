"""Who is looking at something that is asked for again and again: one look is one row of the audit log."""

from vms.clock import Clock

AWAY_S = 15.0


class Looking:
    """The event loop's. look: who looks, and by what leave. One that paused for longer than AWAY_S is new."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_s: dict[str, float] = {}

    def is_new(self, look: str) -> bool:
        return self._clock.monotonic_s() - self._last_s.get(look, float("-inf")) > AWAY_S

    def seen(self, look: str) -> None:
        """Only after the audit row stands."""
        now_s = self._clock.monotonic_s()
        self._last_s = {key: at_s for key, at_s in self._last_s.items() if now_s - at_s <= AWAY_S}
        self._last_s[look] = now_s
