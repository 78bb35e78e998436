"""The state of every camera, process and disk, as the web process knows it now."""

import contextlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from vms.clock import Clock
from vms.config import SiteConfig
from vms.metrics import ProcessUsage
from vms.rules.gating import Gate
from vms.rules.ptz_lock import PtzLock
from vms.status import CaptureStatus
from web.camera_state import CameraState, MaskReport, MaskState, PatrolSeen, camera_state
from web.capture_client import CaptureClient
from web.disk_board import DiskBoard
from web.live_client import LiveClient

log = logging.getLogger(__name__)

_MAX_PROCESSES_BYTES = 256 * 1024
_LIVE_STALE_S = 5.0


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """What the live processes do. usages: by name, of those that answer."""

    encoders: int = 0
    usages: Mapping[str, ProcessUsage] = field(default_factory=dict)


class StatusBoard:
    """Owned by the event loop. poll_live() once a second; the rest reads what is known."""

    def __init__(
        self,
        config: SiteConfig,
        clock: Clock,
        capture: CaptureClient,
        live: LiveClient,
        lock_of: Callable[[str], PtzLock | None],
        patrol_of: Callable[[str], PatrolSeen | None],
        disk_board: DiskBoard,
        gate_of: Callable[[str], Gate],
    ) -> None:
        self._config = config
        self._clock = clock
        self._capture = capture
        self._live = live
        self._lock_of = lock_of
        self._patrol_of = patrol_of
        self.disk_board = disk_board
        self._gate_of = gate_of
        self._silent_since_us = {camera.id: clock.now_us() for camera in config.cameras}
        self._sessions: dict[str, dict[str, Any]] = {}
        self._masks: dict[str, MaskReport] = {}
        self._live_load = LiveLoad()
        self._live_at_s: float | None = None

    @property
    def live_answers(self) -> bool:
        return self._live_at_s is not None and self._clock.monotonic_s() - self._live_at_s <= _LIVE_STALE_S

    async def poll_live(self) -> None:
        """Ask live for sessions and masks; of a process that is silent, masks are unknown and sessions gone."""
        answers = await self._live.sessions()
        if answers.silent and self._live_at_s is not None:
            log.warning("live_silent", extra={"processes": list(answers.silent)})
        self._live_at_s = None if answers.silent else self._clock.monotonic_s()
        told = answers.by_process.values()
        self._sessions = {key: one for answer in told for key, one in _dicts(answer.get("sessions")).items()}
        masks = {key: one for answer in told for key, one in _dicts(answer.get("cameras")).items()}
        self._masks = {camera: _mask(report) for camera, report in masks.items()}
        self._live_load = _live_load(answers.by_process)

    def cameras(self) -> dict[str, CameraState]:
        return {camera.id: self.camera(camera.id) for camera in self._config.cameras}

    def camera(self, camera_id: str) -> CameraState:
        """Raises KeyError for a camera that is not configured."""
        camera = self._config.camera(camera_id)
        if camera is None:
            raise KeyError(camera_id)
        status = self._capture.status(camera_id)
        if status is not None:
            self._silent_since_us[camera_id] = status.at_us
        silent_since_us = self._silent_since_us[camera_id]
        lock, patrol = self._lock_of(camera_id), self._patrol_of(camera_id)
        gate = self._gate_of(camera_id)
        return camera_state(camera, status, silent_since_us, self._masks.get(camera_id), lock, patrol, gate)

    def sessions_of(self, username: str) -> dict[str, dict[str, Any]]:
        """The RTP ↔ UTC map, mask and quality of this person's live sessions."""
        keys = ("rtp_timestamp", "utc_us", "mask", "reason", "is_reduced")
        return {
            session: {key: known.get(key) for key in keys}
            for session, known in self._sessions.items()
            if known.get("user") == username
        }

    def session_user(self, session: str) -> str | None:
        """Whose live session it is, as live remembers it."""
        user = self._sessions.get(session, {}).get("user")
        return str(user) if user else None

    def session_camera(self, session: str) -> str:
        """What it shows, as live says; empty when it does not."""
        return str(self._sessions.get(session, {}).get("camera") or "")

    def watched(self) -> Counter[str]:
        """Cameras that somebody watches, with how many windows."""
        connected = (known for known in self._sessions.values() if known.get("connected", True))
        return Counter(str(known["camera"]) for known in connected if known.get("camera"))

    def session_ids(self) -> set[str]:
        return set(self._sessions)

    @property
    def viewers(self) -> int:
        return len(self._sessions)

    @property
    def reduced_viewers(self) -> int:
        """Whose connection does not carry the large stream that they asked for."""
        return sum(known.get("is_reduced") is True for known in self._sessions.values())

    @property
    def live_load(self) -> LiveLoad:
        return self._live_load

    def captures(self) -> list[CaptureStatus]:
        """The capture processes that speak."""
        return self._capture.processes()

    def disks(self) -> list[dict[str, Any]]:
        """The last look at each volume; see web.disk_board."""
        return self.disk_board.disks()

    def processes(self) -> list[dict[str, Any]]:
        """What the supervisor wrote; empty when there is none."""
        path = self._config.run_dir / "processes.json"
        try:
            if path.stat().st_size > _MAX_PROCESSES_BYTES:
                return []
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        if not isinstance(known, list):
            return []
        keys = ("name", "state", "restarts", "since_us")
        return [{key: process.get(key) for key in keys} for process in known if isinstance(process, dict)]


def _dicts(value: object) -> dict[str, dict[str, Any]]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): dict(item) for key, item in value.items() if isinstance(item, Mapping)}


def _live_load(answers: Mapping[str, Mapping[str, Any]]) -> LiveLoad:
    usages: dict[str, ProcessUsage] = {}
    for name, answer in answers.items():
        usage = answer.get("usage")
        with contextlib.suppress(TypeError):
            usages |= {name: ProcessUsage(**usage)} if isinstance(usage, dict) else {}
    return LiveLoad(sum(int(answer.get("encoders") or 0) for answer in answers.values()), usages)


def _mask(report: Mapping[str, Any]) -> MaskReport:
    state = report.get("mask")
    known = state if state in ("ok", "fault", "none") else "fault"
    return MaskReport(cast(MaskState, known), str(report.get("reason", ""))[:200])
