"""How long to wait before the next attempt at a camera. Pure."""

import secrets
from collections.abc import Callable

from vms.status import SourceState

BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0)
STEADY_AFTER_S = 10.0
"""A stream that was up this long starts the steps again; one that keeps falling at once does not."""
UNAUTHORIZED_TRIES = 3
UNAUTHORIZED_BACK_OFF_S = 60.0
"""After that many refusals in a row: cameras lock an account that is tried more often."""
_JITTER = 0.25


def _random() -> float:
    return secrets.SystemRandom().random()


class BackOff:
    """jitter: a new number in 0…1 at each call, so that 74 cameras do not come back in the same second."""

    def __init__(self, steps_s: tuple[float, ...] = BACK_OFF_S, jitter: Callable[[], float] = _random) -> None:
        self._steps_s = steps_s
        self._jitter = jitter
        self._failures = 0
        self._refusals = 0

    def credentials_changed(self) -> None:
        self._refusals = 0

    def next_s(self, state: SourceState, up_s: float) -> float:
        """Seconds to wait after a failure that left the stream in `state`, having been up for `up_s`."""
        if up_s >= STEADY_AFTER_S:
            self._failures = 0
        if up_s > 0:
            self._refusals = 0
        step_s = self._steps_s[min(self._failures, len(self._steps_s) - 1)]
        self._failures += 1
        if state == "unauthorized":
            self._refusals += 1
            if self._refusals >= UNAUTHORIZED_TRIES:
                return UNAUTHORIZED_BACK_OFF_S * (1 + _JITTER * self._jitter())
        return step_s * (1 - _JITTER + 2 * _JITTER * self._jitter())
