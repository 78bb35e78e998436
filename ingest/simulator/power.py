"""The power of the simulated cameras: a reboot takes them away for some seconds and homes their heads."""

import asyncio
import logging
from collections.abc import Mapping

from ingest.simulator.mechanics import PtzMechanics
from ingest.simulator.model import SimCamera

log = logging.getLogger(__name__)

REBOOT_S = 5.0


class PowerSwitch:
    """Belongs to the event loop's thread."""

    def __init__(self, cameras: Mapping[str, SimCamera], reboot_s: float = REBOOT_S) -> None:
        self._cameras = cameras
        self._reboot_s = reboot_s
        self._returning: dict[str, asyncio.TimerHandle] = {}

    def reboot(self, camera_id: str) -> None:
        """Offline now; back, homed and without the fault `offline`, after `reboot_s`. Asking again starts over."""
        self._cameras[camera_id].faults.offline = True
        pending = self._returning.pop(camera_id, None)
        if pending:
            pending.cancel()
        loop = asyncio.get_running_loop()
        self._returning[camera_id] = loop.call_later(self._reboot_s, self._come_back, camera_id)
        log.info("sim_camera_reboots", extra={"camera": camera_id, "back_in_s": self._reboot_s})

    def stop(self) -> None:
        for pending in self._returning.values():
            pending.cancel()
        self._returning.clear()

    def _come_back(self, camera_id: str) -> None:
        del self._returning[camera_id]
        camera = self._cameras[camera_id]
        if isinstance(camera.head, PtzMechanics):
            camera.head.reboot()
        camera.faults.offline = False
