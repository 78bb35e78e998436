"""When footage has passed its limit."""

from datetime import datetime, timedelta


def oldest_allowed(now: datetime, days: int) -> datetime:
    """Footage whose first picture was taken at or before this moment is expired."""
    return now - timedelta(days=days)


def is_expired(start_at: datetime, now: datetime, days: int) -> bool:
    """True from the moment the footage's *first* picture is days × 24 h old, so nothing is ever older."""
    return start_at <= oldest_allowed(now, days)
