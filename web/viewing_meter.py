"""Adds up how long each camera is watched live, from what `live` says, and keeps it by clock hour."""

import logging
from collections import Counter

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock
from vms.errors import StoreBusy
from vms.rules.shifts import by_hour
from vms.store import Store, viewing
from vms.store.viewing import HourKey, Watched
from vms.units import US_PER_SECOND

log = logging.getLogger(__name__)

_KEEP_EVERY_US = 60 * US_PER_SECOND
_LONGEST_STEP_US = 5 * US_PER_SECOND
"""Between two looks; what lies further apart is not known to have been watched."""


class ViewingMeter:
    """The event loop's. A crash costs a minute of it at most."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._looked_us = clock.now_us()
        self._kept_us = self._looked_us
        self._more: dict[HourKey, Watched] = {}

    async def look(self, watched: Counter[str]) -> None:
        """watched: cameras, each with how many watch it now. Call it about once a second."""
        now_us, before_us = self._clock.now_us(), self._looked_us
        self._looked_us = now_us
        if 0 < now_us - before_us <= _LONGEST_STEP_US:
            for hour_us, inside_us in by_hour(before_us, now_us):
                for camera_id, viewers in watched.items():
                    key = (camera_id, hour_us)
                    self._more[key] = self._more.get(key, Watched()) + Watched(inside_us, inside_us * viewers)
        if abs(now_us - self._kept_us) >= _KEEP_EVERY_US:
            await self.keep()

    async def keep(self) -> None:
        """Into the database; later, when it cannot now."""
        self._kept_us = self._clock.now_us()
        taken, self._more = self._more, {}
        if not taken:
            return
        try:
            await run_in_threadpool(self._write, taken)
        except StoreBusy as error:
            log.warning("viewing_not_kept", extra={"reason": str(error)})
            for key, watched in taken.items():
                self._more[key] = self._more.get(key, Watched()) + watched

    def _write(self, more: dict[HourKey, Watched]) -> None:
        with self._store.transaction() as tx:
            viewing.add(tx, more)
