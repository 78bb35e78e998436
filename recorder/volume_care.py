"""A thread per configured volume looks after it: a mount that hangs holds up nobody else, one that is back is used."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from recorder.disk import MountedVolume, VolumeFinder, VolumeSet
from vms.clock import Clock, now_utc
from vms.errors import StorageError, StoreBusy

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
OnReturn = Callable[[MountedVolume, datetime], None]


class VolumeCare:
    """Thread "volume-<n>". on_return(volume, lost_at): it is usable again; what lies there may need recovery.

    on_return is tried again at the next look when the database is busy; the volume is in use all the same.
    """

    def __init__(
        self, root: Path, number: int, volumes: VolumeSet, finder: VolumeFinder, clock: Clock, on_return: OnReturn
    ) -> None:
        self._root = root
        self._volumes = volumes
        self._finder = finder
        self._clock = clock
        self._on_return = on_return
        self._lost_at: datetime | None = None
        self._seen_at_s = clock.monotonic_s()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"volume-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """`join` waits for it, but not for long: the thread may hang in a dead mount."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    @property
    def root(self) -> Path:
        return self._root

    @property
    def silent_s(self) -> float:
        """How long the volume has not answered a look."""
        return self._clock.monotonic_s() - self._seen_at_s

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.turn()

    def turn(self) -> None:
        """Identify it if nobody knows it yet, look, and take up what lies on a volume that came back."""
        if self._volumes.needs_identity(self._root):
            self._identify()
        usage = self._volumes.tend(self._root)
        self._seen_at_s = self._clock.monotonic_s()
        if usage.fault in ("missing", "failing"):
            self._lost_at = self._lost_at or now_utc(self._clock)
            if usage.fault == "missing" and usage.uuid and self._is_given_up(usage.uuid):
                self._volumes.dismiss(self._root)
        elif self._lost_at is not None:
            self._take_up(MountedVolume(usage.uuid, usage.root, usage.high_water_pct), self._lost_at)

    def _identify(self) -> None:
        try:
            self._volumes.admit(self._finder.find(self._root))
        except (StorageError, OSError) as error:
            self._volumes.refuse(self._root, str(error))
        except StoreBusy as error:
            log.warning("catalog_busy", extra={"detail": str(error)})

    def _is_given_up(self, volume_uuid: str) -> bool:
        try:
            return self._finder.is_given_up(volume_uuid)
        except StoreBusy:
            return False

    def _take_up(self, volume: MountedVolume, lost_at: datetime) -> None:
        try:
            self._on_return(volume, lost_at)
        except (StoreBusy, StorageError, OSError) as error:
            log.warning("recovery_postponed", extra={"path": str(volume.root), "detail": str(error)})
        else:
            self._lost_at = None
            log.warning("volume_back", extra={"path": str(volume.root), "lost_at": lost_at.isoformat()})
