"""The mask sets of all cameras in memory, ready to project, refreshed when the register grows."""

import logging
import math
import threading
from collections.abc import Callable, Sequence

from vms.errors import StorageError, StoreBusy
from vms.rules.masking import InForce, PreparedSet, SetUnknown, prepare_set
from vms.rules.masks import MaskSet, in_force
from vms.store import Store
from vms.store import masks as mask_store
from vms.units import us_from_utc, utc_from_us

log = logging.getLogger(__name__)

REFRESH_S = 2.0


class MaskBook:
    """Thread `masks`. Until the register was read, and for a camera whose rows are damaged, nothing is known.

    before_first: done before the register is read for the first time, again and again until the database lets it.
    """

    def __init__(
        self, store: Store, camera_ids: Sequence[str], before_first: Callable[[], object] = lambda: None
    ) -> None:
        self._store = store
        self._before_first: Callable[[], object] | None = before_first
        self._camera_ids = tuple(camera_ids)
        self._lock = threading.Lock()
        self._sets: dict[str, list[MaskSet] | None] = {}
        self._prepared: dict[tuple[str, int], PreparedSet] = {}
        self._spans: dict[str, tuple[float, float, PreparedSet | None]] = {}
        self._newest_id = -1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="masks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=3)

    def in_force(self, camera_id: str, at_us: int) -> InForce:
        with self._lock:
            span = self._spans.get(camera_id)
            if span is not None and span[0] <= at_us < span[1]:
                return span[2]
            sets = self._sets.get(camera_id)
            if sets is None:
                return SetUnknown("the register of masks cannot be read")
            found = in_force(sets, utc_from_us(at_us))
            prepared = None if found is None else self._prepared[camera_id, found.version]
            starts_us = [us_from_utc(one.valid_from) for one in sets]
            from_us = max((start for start in starts_us if start <= at_us), default=-math.inf)
            until_us = min((start for start in starts_us if start > at_us), default=math.inf)
            self._spans[camera_id] = (from_us, until_us, prepared)
            return prepared

    def refresh(self) -> None:
        """Read what is new. A database that is away changes nothing: sets never change, so the known ones hold."""
        try:
            if self._before_first is not None:
                self._before_first()
                self._before_first = None
            with self._store.reading() as tx:
                newest_id = mask_store.newest_id(tx)
                if newest_id == self._newest_id:
                    return
                for camera_id in self._camera_ids:
                    try:
                        self._put(camera_id, mask_store.history(tx, camera_id))
                    except StorageError as error:
                        log.error("masks_damaged", extra={"camera": camera_id, "detail": str(error)})
                        self._put(camera_id, None)
                self._newest_id = newest_id
        except StoreBusy as error:
            log.warning("masks_not_read", extra={"detail": str(error)})

    def _put(self, camera_id: str, sets: list[MaskSet] | None) -> None:
        """None: they are damaged."""
        with self._lock:
            self._sets[camera_id] = sets
            self._spans.pop(camera_id, None)
            for mask_set in sets or ():
                key = (camera_id, mask_set.version)
                if key not in self._prepared:
                    self._prepared[key] = prepare_set(mask_set)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(REFRESH_S)
