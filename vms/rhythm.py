"""When a capture process works: for all streams together, then rest.

Reading and writing have a fixed cost for each stream each time, so they are as rare as a crash allows: what it may
cost is READ_EVERY_S + WRITE_AFTER_S, the time that reading takes, and the last picture: less than a second.
"""

from vms.units import Profile

READ_EVERY_S = 0.7
WRITE_AFTER_S = 0.15
"""Writing follows reading when all streams of the process have been read, also on a busy machine."""


WATCHED_MAIN_EVERY_S = 0.04
"""While somebody watches: one picture's time at 25/s. More often costs more, and is not seen."""
WATCHED_SUB_EVERY_S = 0.08
"""Tiles: one picture's time at 12.5/s. A process that wakes half as often needs a third less for the same pictures."""


def watched_every_s(profile: Profile) -> float:
    return WATCHED_MAIN_EVERY_S if profile == "main" else WATCHED_SUB_EVERY_S


def until_next_s(now_s: float, every_s: float, after_s: float = 0.0) -> float:
    """Seconds until the next multiple of `every_s`, plus `after_s`: the same moment for all who ask."""
    return every_s - (now_s - after_s) % every_s if every_s > 0 else 0.0
