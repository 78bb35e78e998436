"""Who is looking at something that is asked for again and again: one look is one row of the audit log."""

from vms.clock import Clock

AWAY_S = 15.0


class Looking:
    """The event loop's. A look that was interrupted for longer than AWAY_S is a new one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_s: dict[str, float] = {}

    def is_new(self, login_key: str) -> bool:
        return self._clock.monotonic_s() - self._last_s.get(login_key, float("-inf")) > AWAY_S

    def seen(self, login_key: str) -> None:
        """Only after the audit row stands."""
        now_s = self._clock.monotonic_s()
        self._last_s = {key: at_s for key, at_s in self._last_s.items() if now_s - at_s <= AWAY_S}
        self._last_s[login_key] = now_s
