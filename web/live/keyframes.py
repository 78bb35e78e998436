"""Asking a camera for a keyframe, through its capture process. Never waited for: the picture itself is the answer."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vms.bus import StreamKey, request
from vms.clock import Clock
from vms.errors import CameraUnreachable

log = logging.getLogger(__name__)

PERIOD_S = 2.0
"""At most this often per stream, however many viewers ask."""
REFUSED_S = 60.0
"""A camera that cannot do it is left alone for so long."""
_TIMEOUT_S = 1.0
_THREADS = 2


class KeyframeRequests:
    """ask() in the loop; the asking happens in threads of its own. endpoint_of: None for an unknown camera."""

    def __init__(self, endpoint_of: Callable[[str], str | None], clock: Clock) -> None:
        self._endpoint_of = endpoint_of
        self._clock = clock
        self._not_before_s: dict[StreamKey, float] = {}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="keyframe")

    def ask(self, stream: StreamKey) -> bool:
        """False: asked a moment ago already."""
        now_s = self._clock.monotonic_s()
        if now_s < self._not_before_s.get(stream, float("-inf")):
            return False
        self._not_before_s[stream] = now_s + PERIOD_S
        self._pool.submit(self._ask, stream)
        return True

    def close(self) -> None:
        """Waits a second at most."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, stream: StreamKey) -> None:
        camera_id, profile = stream
        endpoint = self._endpoint_of(camera_id)
        if endpoint is None:
            return
        try:
            answer = request(endpoint, {"op": "keyframe", "camera": camera_id, "profile": profile}, _TIMEOUT_S)
        except CameraUnreachable as error:
            answer = {"error": str(error)}
        if "error" in answer:
            self._not_before_s[stream] = self._clock.monotonic_s() + REFUSED_S
            log.info("keyframe_refused", extra={"camera": camera_id, "detail": str(answer["error"])[:200]})
