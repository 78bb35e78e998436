"""Questions to cameras that no stream waits for: a keyframe for a stream that has just begun, and whether what was
remembered of a camera is still so.

A few threads serve all cameras of a process, so a camera that does not answer holds up some questions and no footage.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vms.errors import CameraError, CameraUnauthorized
from vms.units import CameraId

log = logging.getLogger(__name__)

LATER_S = 20.0
"""After a start everything else goes first."""
RETRY_S = 60.0
_AT_ONCE = 4
Errand = Callable[[], object]


class Errands:
    """now: any thread, returns at once. Errands raise CameraError when they fail."""

    def __init__(self, *, later_s: float = LATER_S, retry_s: float = RETRY_S) -> None:
        self._later_s = later_s
        self._retry_s = retry_s
        self._waiting: dict[CameraId, Errand] = {}
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "errand")
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What waits is dropped."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def now(self, camera_id: CameraId, errand: Errand) -> None:
        """Once, as soon as a thread is free; a failure is nobody's loss."""
        with contextlib.suppress(RuntimeError):  # stopped
            self._pool.submit(self._do, camera_id, errand)

    def later(self, camera_id: CameraId, errand: Errand) -> None:
        """Before `start`: one camera after the other when the start is over, again until it succeeds or the camera
        refuses the account."""
        self._waiting[camera_id] = errand

    def _run(self) -> None:
        wait_s = self._later_s
        while self._waiting and not self._stop.wait(wait_s):
            wait_s = self._retry_s
            for camera_id, errand in list(self._waiting.items()):
                if self._stop.is_set():
                    return
                if self._do(camera_id, errand):
                    del self._waiting[camera_id]

    def _do(self, camera_id: CameraId, errand: Errand) -> bool:
        """Whether it need not be done again."""
        try:
            errand()
        except CameraError as error:
            log.debug("camera_question_failed", extra={"camera": camera_id, "detail": str(error)})
            return isinstance(error, CameraUnauthorized)
        return True
