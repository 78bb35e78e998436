"""Will a volume fill before its oldest footage is old enough to go? Pure.

Once it holds a full retention period, each day frees what was written a period ago. So what counts is what is still
to be written until then, less what expires on the way; held footage does not expire.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Written:
    """What a volume holds and gets. expiring_bytes: age in whole days → bytes that go at the retention limit."""

    bytes_per_s: float
    expiring_bytes: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """days_to_full: until the high-water mark; None = never at this rate, the retention period is reached first.

    fits_days: how many days of footage fit below the mark at this rate; None when nothing is written.
    """

    bytes_per_s: float
    days_to_full: float | None
    fits_days: float | None


def forecast(free_to_mark_bytes: int, written: Written, retention_days: int) -> Forecast:
    """free_to_mark_bytes: room below the high-water mark, 0 or less when it is passed."""
    per_day = written.bytes_per_s * SECONDS_PER_DAY
    stored = sum(written.expiring_bytes.values())
    fits_days = (max(0, free_to_mark_bytes) + stored) / per_day if per_day > 0 else None
    return Forecast(written.bytes_per_s, _days_to_full(free_to_mark_bytes, per_day, written, retention_days), fits_days)


def _days_to_full(room: float, per_day: float, written: Written, retention_days: int) -> float | None:
    """Day by day: that day's footage comes, the oldest day's goes. After a whole period nothing changes any more."""
    if room <= 0:
        return 0.0
    for day in range(retention_days):
        growth = per_day - written.expiring_bytes.get(retention_days - 1 - day, 0)
        if growth >= room:
            return day + room / growth
        room -= growth
    return None
