"""One answer to "what is this camera?" for everybody who asks: both streams and the PTZ worker.

Three workers that each ask a camera with a wrong password, and each try again, would lock its account.
"""

import threading
from collections.abc import Callable

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_link import REFUSED_S
from vms.clock import Clock
from vms.errors import CameraError, CameraUnauthorized

FRESH_S = 30.0
"""A camera is asked again at the first need after so long: addresses and tokens change with a reset."""
FAILED_S = 3.0
"""A failure is told again, without asking, for so long; a refused account for REFUSED_S, or it locks."""


class CameraResolver:
    """`camera` may be called from any thread; while one asks the camera, the others wait for its answer."""

    def __init__(self, resolve: Callable[[], OnvifCamera], clock: Clock) -> None:
        """resolve: asks the camera, usually resolve_camera with the endpoint as it is configured now."""
        self._resolve = resolve
        self._clock = clock
        self._lock = threading.Lock()
        self._camera: OnvifCamera | None = None
        self._error: CameraError | None = None
        self._valid_until_s = float("-inf")

    def camera(self) -> OnvifCamera:
        """Blocking, bounded as resolve_camera. Raises CameraUnreachable, CameraUnauthorized, ProtocolError."""
        with self._lock:
            if self._clock.monotonic_s() >= self._valid_until_s:
                self._ask()
            if self._error is not None:
                raise self._error.with_traceback(None)
            if self._camera is None:
                raise AssertionError("neither a camera nor an error")
            return self._camera

    def forget(self) -> None:
        """A stream was lost: ask anew at the next need. A failure stays remembered, so that no account locks."""
        with self._lock:
            if self._error is None:
                self._valid_until_s = float("-inf")

    def _ask(self) -> None:
        try:
            self._camera, self._error, valid_s = self._resolve(), None, FRESH_S
        except CameraError as error:
            self._error = error
            valid_s = REFUSED_S if isinstance(error, CameraUnauthorized) else FAILED_S
        self._valid_until_s = self._clock.monotonic_s() + valid_s
