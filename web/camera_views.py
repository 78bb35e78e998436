"""Which way every camera looks now, for the map."""

import contextlib
import threading
from collections.abc import Callable

from vms.clock import Clock, now_utc
from vms.config import Camera, SiteConfig
from vms.errors import StorageError
from vms.rules.map_shapes import MapView, fixed_view, turning_view
from vms.rules.masks import LensCalibration
from vms.store import Store
from vms.store import masks as mask_store
from web.capture_client import CaptureClient

_LENSES_HOLD_S = 10.0


class CameraViews:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(
        self,
        config: SiteConfig,
        store: Store,
        clock: Clock,
        capture: CaptureClient,
        now: Callable[[Camera], Camera] = lambda camera: camera,
    ) -> None:
        """now: a camera as it hangs now."""
        self._now = now
        self._cameras = config.cameras
        self._store = store
        self._clock = clock
        self._capture = capture
        self._lock = threading.Lock()
        self._lenses: dict[str, LensCalibration] = {}
        self._read_at_s: float | None = None

    def views(self) -> dict[str, MapView]:
        """Without those of which it is not known. Raises StoreBusy."""
        lenses = self._known_lenses()
        found = {camera.id: self._view(camera, lenses.get(camera.id)) for camera in map(self._now, self._cameras)}
        return {camera_id: view for camera_id, view in found.items() if view is not None}

    def _view(self, camera: Camera, lens: LensCalibration | None) -> MapView | None:
        if not camera.can_turn:
            return fixed_view(camera.bearing_deg, camera.hfov_deg)
        return turning_view(camera.bearing_deg, lens, self._capture.pose(camera.id))

    def _known_lenses(self) -> dict[str, LensCalibration]:
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._read_at_s is None or now_s - self._read_at_s > _LENSES_HOLD_S:
                self._lenses = self._read_lenses()
                self._read_at_s = now_s
            return self._lenses

    def _read_lenses(self) -> dict[str, LensCalibration]:
        """By what is in force; a set that is damaged tells nothing."""
        now = now_utc(self._clock)
        found: dict[str, LensCalibration] = {}
        with self._store.reading() as tx:
            for camera in self._cameras:
                if not camera.can_turn or camera.bearing_deg is None:
                    continue
                with contextlib.suppress(StorageError):
                    in_force = mask_store.in_force(tx, camera.id, now)
                    if in_force is not None and in_force.lens is not None:
                        found[camera.id] = in_force.lens
        return found
