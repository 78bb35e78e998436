"""Units and identifiers that every layer uses.

Time inside Uitkijk is either an aware UTC `datetime` (people, rules, database) or an integer:
`*_us` = microseconds since the Unix epoch, `*_90k` = ticks of 1/90 000 s (the RTP video clock).
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, NewType

CameraId = NewType("CameraId", str)
Profile = Literal["main", "sub"]
"""Which of a camera's two streams. What viewers choose (`tile`, `hero`) is `LiveProfile`."""
LiveProfile = Literal["tile", "hero"]
Codec = Literal["h264", "h265"]

PROFILES: tuple[Profile, ...] = ("main", "sub")
TICKS_PER_SECOND = 90_000
US_PER_SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def utc_from_us(at_us: int) -> datetime:
    """Exact: no float passes through, so 10⁻⁶ s survives a round trip."""
    return EPOCH + timedelta(microseconds=at_us)


def us_from_utc(at: datetime) -> int:
    """Raises ValueError for a naive datetime: a time without zone is not a time."""
    if at.tzinfo is None:
        raise ValueError(f"naive datetime {at!r}: give it a zone")
    return (at - EPOCH) // _US


def us_from_90k(ticks_90k: int) -> int:
    return ticks_90k * 100 // 9


def ticks_90k_from_us(duration_us: int) -> int:
    return duration_us * 9 // 100
