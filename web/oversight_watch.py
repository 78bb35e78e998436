"""Looks for unusual patterns in the audit log now and then, and keeps what it finds for who oversees."""

import logging
from datetime import time
from zoneinfo import ZoneInfo

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.rules.oversight import Bounds, looked_at_since, patterns, places
from vms.store import Store, oversight

log = logging.getLogger(__name__)

EVERY_S = 600.0


class OversightWatch:
    """Blocking (database): call from a worker thread."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(config.site.timezone)
        self._places = places({camera.id: camera.placed for camera in config.cameras}, config.oversight.place_m)
        given = config.oversight
        self._bounds = Bounds(
            watch_minutes=given.watch_minutes,
            looks_back=given.looks_back,
            refusals=given.refusals,
            office_from=time.fromisoformat(given.office_from),
            office_to=time.fromisoformat(given.office_to),
            round_the_clock=frozenset(given.round_the_clock),
        )

    def look(self) -> int:
        """How many new ones. Raises StoreBusy, StorageError."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            acts = oversight.acts(tx, looked_at_since(now, self._zone))
            handled = oversight.handled(tx)
        found = patterns(acts, self._bounds, self._places, self._zone, now, handled)
        if not found:
            return 0
        with self._store.transaction() as tx:
            new = oversight.note_patterns(tx, found, now)
        if new:
            log.info("oversight_alerts", extra={"new": new})
        return new
