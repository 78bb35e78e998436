"""How often a camera's timestamps had to be mended: counted over all sessions of a stream, told in the log."""

import logging

from vms.rules.timestamps import StreamTimeline
from vms.units import CameraId, Profile

log = logging.getLogger(__name__)


class ClockFaults:
    """One thread. The first fault and each doubling of their number stand in the log: it may be one a second."""

    def __init__(self, camera_id: CameraId, profile: Profile) -> None:
        self.repaired = 0
        """Pictures whose time was equal to, or before, that of the picture before them."""
        self.leaps = 0
        """How often the camera's clock leapt: each starts a new run."""
        self._stream = {"camera": camera_id, "profile": profile}
        self._seen = (0, 0)

    def new_session(self) -> None:
        self._seen = (0, 0)

    def has_news(self, timeline: StreamTimeline) -> bool:
        """timeline: of the session; whether its counts rose since the last look."""
        now = (timeline.repaired, timeline.leaps)
        if now == self._seen:
            return False
        before = self.repaired + self.leaps
        self.repaired += now[0] - self._seen[0]
        self.leaps += now[1] - self._seen[1]
        self._seen = now
        if (self.repaired + self.leaps).bit_length() > before.bit_length():
            log.warning("camera_clock", extra=self._stream | {"repaired": self.repaired, "leaps": self.leaps})
        return True
