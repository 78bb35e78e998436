"""Local days in a request, the last one included."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from vms.rules.local_time import end_us, start_us
from vms.units import utc_from_us
from web.problems import field_problem
from web.time_range import TimeRange, checked

_LONGEST = timedelta(days=366 * 6)
"""More than the audit log is kept."""
_DAY_CHARS = len("2026-11-22")


def local_period(from_: str, to: str, zone: ZoneInfo) -> TimeRange:
    """Raises Problem with the field that is wrong."""
    found = []
    for field, text, moment_us in (("from", from_, start_us), ("to", to, end_us)):
        if len(text) != _DAY_CHARS:
            raise field_problem(field, "time_format")
        try:
            found.append(utc_from_us(moment_us(text, zone)))
        except (ValueError, OverflowError) as error:
            raise field_problem(field, "time_format") from error
    return checked(found[0], found[1], _LONGEST)
