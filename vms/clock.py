"""The only module that reads the time. Everything else gets a Clock, or a time as an argument."""

import time
from datetime import datetime
from typing import Protocol

from vms.units import utc_from_us


class Clock(Protocol):
    def now_us(self) -> int:
        """Server wall clock: UTC, microseconds since the epoch. May step."""

    def monotonic_s(self) -> float:
        """For durations and time-outs. Never steps, has no date."""

    def sleep_s(self, duration_s: float) -> None: ...


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep_s(self, duration_s: float) -> None:
        time.sleep(duration_s)


def now_utc(clock: Clock) -> datetime:
    return utc_from_us(clock.now_us())
