"""Token buckets per key (address, user), bounded in number."""

from collections import OrderedDict

from vms.clock import Clock

_MAX_KEYS = 10_000


class RateLimit:
    """`burst` at once, then `per_s` a second, for each key. Call from one thread (the event loop)."""

    def __init__(self, clock: Clock, *, burst: int, per_s: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_s = per_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """0.0 when granted, else seconds until the next one."""
        now_s = self._clock.monotonic_s()
        tokens, at_s = self._buckets.pop(key, (float(self._burst), now_s))
        tokens = min(float(self._burst), tokens + (now_s - at_s) * self._per_s)
        granted = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if granted else tokens, now_s)
        if len(self._buckets) > _MAX_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1.0 - tokens) / self._per_s
