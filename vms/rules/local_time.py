"""What a date or a clock time in a document means in UTC, also in the nights when the clock is set. Pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from vms.units import us_from_utc


def midnight_us(day: date, zone: ZoneInfo) -> int:
    """The first moment of that day."""
    return us_from_utc(datetime(day.year, day.month, day.day, tzinfo=zone))


def start_us(text: str, zone: ZoneInfo) -> int:
    """From when. A date: its first moment. A clock time that comes twice or never: the later reading.

    Raises ValueError for what is neither YYYY-MM-DD nor YYYY-MM-DDTHH:MM, with or without an offset.
    """
    if len(text) == len("2023-01-06"):
        return midnight_us(date.fromisoformat(text), zone)
    return max(_readings(text, zone))


def end_us(text: str, zone: ZoneInfo) -> int:
    """Until when, exclusive. A date: that day included. A clock time that comes twice or never: the earlier reading.

    Raises ValueError as `start_us`.
    """
    if len(text) == len("2023-01-06"):
        return midnight_us(date.fromisoformat(text) + timedelta(days=1), zone)
    return min(_readings(text, zone))


def is_doubtful(text: str, zone: ZoneInfo) -> bool:
    """A clock time that comes twice that night, or never. Raises ValueError as `start_us`."""
    return len(text) != len("2023-01-06") and len(_readings(text, zone)) > 1


def _readings(text: str, zone: ZoneInfo) -> set[int]:
    moment = datetime.fromisoformat(text)
    if moment.second or moment.microsecond:
        raise ValueError(f"{text!r} is finer than a minute")
    if moment.tzinfo is not None:
        return {us_from_utc(moment.astimezone(UTC))}
    return {us_from_utc(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}
