"""When each volume will be full, from what the catalog says is written to it."""

import threading
from datetime import datetime

from vms.rules.disk_forecast import Forecast, Written, forecast
from vms.store import Store, catalog, holds
from vms.store.written import PastDays, count_written


class VolumeForecasts:
    """refresh() blocks (database) and is called by one thread at a time; of() is quick and for any thread."""

    def __init__(self, store: Store, retention_days: int) -> None:
        self._store = store
        self._retention_days = retention_days
        self._lock = threading.Lock()
        self._written: dict[str, Written] = {}
        self._past: PastDays = {}

    def of(self, volume_uuid: str, free_to_mark_bytes: int) -> Forecast | None:
        """None until it was counted, or while too little was written to tell."""
        with self._lock:
            written = self._written.get(volume_uuid)
        return None if written is None else forecast(free_to_mark_bytes, written, self._retention_days)

    def refresh(self, now: datetime) -> None:
        """Raises StoreBusy."""
        with self._store.reading() as tx:
            holding = holds.active(tx)
            counted = {
                volume.uuid: written
                for volume in catalog.volumes(tx)
                if (written := count_written(tx, volume.uuid, holding, now, self._retention_days, self._past))
            }
        with self._lock:
            self._written = counted
