"""One answer to "what is this camera?" for everybody who asks: both streams and the PTZ worker.

Three workers that each ask a camera with a wrong password, and each try again, would lock its account.
"""

import threading
from collections.abc import Callable

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_link import REFUSED_S
from vms.clock import Clock
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable

FRESH_S = 30.0
"""A camera is asked again at the first need after so long: addresses and tokens change with a reset."""
FAILED_S = 3.0
"""A failure is told again, without asking, for so long; a refused account for REFUSED_S, or it locks."""


class CameraResolver:
    """`camera` may be called from any thread; while one asks the camera, the others wait for its answer."""

    def __init__(self, resolve: Callable[[], OnvifCamera], clock: Clock, remembered: OnvifCamera | None = None) -> None:
        """resolve: asks the camera, usually resolve_camera with the endpoint as it is configured now.

        remembered: its answer before a restart, good for FRESH_S as if it were given now.
        """
        self._resolve = resolve
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered = self._camera = remembered
        self._error: CameraError | None = None
        self._valid_until_s = float("-inf") if remembered is None else clock.monotonic_s() + FRESH_S

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

    @property
    def known(self) -> OnvifCamera | None:
        """What was told last, without asking."""
        return self._camera

    @property
    def remembered(self) -> OnvifCamera | None:
        """None once the camera itself answered."""
        return self._remembered

    def confirm(self) -> OnvifCamera:
        """Its own answer, asked for when there is none yet. A failure leaves what is remembered. Raises as `camera`."""
        with self._lock:
            if self._remembered is not None:
                self._take(self._resolve())
            if self._camera is None:
                raise CameraUnreachable("nothing is known of this camera")
            return self._camera

    def forget(self) -> None:
        """A stream was lost: ask anew at the next need. A failure stays remembered, so that no account locks."""
        with self._lock:
            if self._error is None:
                self._valid_until_s = float("-inf")

    def _ask(self) -> None:
        try:
            self._take(self._resolve())
        except CameraError as error:
            self._error = error
            valid_s = REFUSED_S if isinstance(error, CameraUnauthorized) else FAILED_S
            self._valid_until_s = self._clock.monotonic_s() + valid_s

    def _take(self, camera: OnvifCamera) -> None:
        self._camera, self._error, self._remembered = camera, None, None
        self._valid_until_s = self._clock.monotonic_s() + FRESH_S
