"""Times from the outside: ISO 8601 with a zone, or microseconds; half-open intervals of at most a day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query

from vms.units import us_from_utc, utc_from_us
from web.problems import field_problem

MAX_SPAN = timedelta(hours=24)
LONGEST_DAY = timedelta(hours=25)
"""The local day on which summer time ends."""
_MAX_CHARS = 40
_MAX_US = 4_102_444_800_000_000
"""The year 2100: whatever lies beyond is not a time anybody means."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[start, end), aware UTC."""

    start: datetime
    end: datetime


def parse_time(text: str, field: str) -> datetime:
    """ISO 8601 with a zone → aware UTC. Raises Problem time_format or time_zone_missing."""
    if len(text) > _MAX_CHARS:
        raise field_problem(field, "time_format")
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise field_problem(field, "time_zone_missing")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise field_problem(field, "time_format") from error
    if not 0 <= us_from_utc(at) <= _MAX_US:
        raise field_problem(field, "time_format")
    return at


def checked(start: datetime, end: datetime, longest: timedelta = MAX_SPAN, too_long: str = "time_span") -> TimeRange:
    """Raises Problem time_order, or the one named by too_long."""
    if end <= start:
        raise field_problem("to", "time_order")
    if end - start > longest:
        raise field_problem("to", too_long)
    return TimeRange(start, end)


def long_day(
    from_: Annotated[str | None, Query(alias="from", description="ISO 8601 with a zone.")] = None,
    to: Annotated[str | None, Query(description="ISO 8601 with a zone; exclusive.")] = None,
    from_us: Annotated[int | None, Query(ge=0, le=_MAX_US, description="Instead of from: µs since 1970.")] = None,
    to_us: Annotated[int | None, Query(ge=0, le=_MAX_US, description="Instead of to: µs since 1970.")] = None,
) -> TimeRange:
    """A route's interval of any local day, that of 25 hours included. Raises Problem with the field that is wrong."""
    return checked(_moment(from_, from_us, "from"), _moment(to, to_us, "to"), LONGEST_DAY)


def _moment(text: str | None, at_us: int | None, field: str) -> datetime:
    if at_us is not None:
        return utc_from_us(at_us)
    if text is None:
        raise field_problem(field, "time_missing")
    return parse_time(text, field)
