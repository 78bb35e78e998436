"""Where a PTZ camera looks, followed all the time, and moving it.

Two connections: one polls GetStatus for ever, the other carries commands, so that a slow command never delays a
pose. Both use prepared envelopes.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from ingest import ptz_messages
from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import Answer, OnvifLink
from ingest.onvif_soap import Envelope, printable
from ingest.ptz_messages import PresetToken, PtzPreset
from vms.clock import Clock
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError, UitkijkError
from vms.packet import PtzPose
from vms.units import US_PER_SECOND, CameraId

log = logging.getLogger(__name__)

__all__ = ["PresetToken", "PtzHealth", "PtzPreset", "PtzWorker"]

REST_PERIOD_S = 1.0
MOVING_PERIOD_S = 0.1
"""Start to start; leaves room above the 8 poses a second that turning masks need."""
SETTLE_S = 1.0
"""Keep asking fast for so long after the last sign of movement."""
STATUS_TIMEOUT_S = 2.0
COMMAND_TIMEOUT_S = 2.0
RESOLVE_TIMEOUT_S = 5.0
FIRST_BACKOFF_S = 1.0
MAX_BACKOFF_S = 10.0
UNAUTHORIZED_BACKOFF_S = 60.0
MAX_UNAUTHORIZED_BACKOFF_S = 600.0
FAULTS_BEFORE_RESOLVING = 3
"""So many failed questions in a row, and the camera is asked anew what it is (tokens change after a reset)."""
START_S = 0.5
"""For so long after a command that moves it a camera that reports rest may be about to start."""
STOPPING_S = 0.1
"""The same after it was told to stop."""
_SAME_POSITION = 5e-4
_MIN_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class PtzHealth:
    """detail: for a technician, never a credential. last_pose_us: server time, None before the first pose.

    skew_ms: camera clock minus server clock, as precise as the camera told.
    """

    state: Literal["ok", "fault"]
    detail: str
    last_pose_us: int | None
    skew_ms: float | None


class PtzWorker:
    """Thread `ptz-<camera>`. Commands may come from any thread: one at a time, each bounded in time."""

    def __init__(
        self,
        camera_id: CameraId,
        endpoint: OnvifEndpoint,
        clock: Clock,
        on_pose: Callable[[PtzPose], None],
        resolve: Callable[[], OnvifCamera] | None = None,
    ) -> None:
        """on_pose: called in the worker's thread, and by move and goto in theirs; must not block or raise.

        resolve: how to find the camera's services; default: ask it (ingest.onvif_client).
        """
        self._camera_id = camera_id
        self._endpoint = endpoint
        self._clock = clock
        self._on_pose = on_pose
        self._resolve = resolve or (lambda: _resolved(endpoint, clock))
        self._thread = threading.Thread(target=self._run, name=f"ptz-{camera_id}", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._state_lock = threading.Lock()
        self._camera: OnvifCamera | None = None
        self._health = PtzHealth("fault", "not connected yet", None, None)
        self._unauthorized = False
        self._pose: PtzPose | None = None
        self._fast_until_s = float("-inf")
        self._starting_until_s = float("-inf")
        self._turned = False
        self._command_lock = threading.Lock()
        self._commands = OnvifLink(endpoint, clock)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._command_lock.acquire(timeout=COMMAND_TIMEOUT_S):
            self._commands.close()
            self._command_lock.release()

    def health(self) -> PtzHealth:
        with self._state_lock:
            return self._health

    # commands

    def move(self, pan: float, tilt: float, zoom: float, timeout_s: float = 1.0) -> None:
        """Velocities -1…1. The camera stops by itself timeout_s after the last move (dead man). Raises CameraError."""
        self._command(lambda token: ptz_messages.continuous_move(token, pan, tilt, zoom, timeout_s))

    def halt(self) -> None:
        """Raises CameraError."""
        self._command(ptz_messages.stop, starts=False)

    def goto(self, preset: PresetToken) -> None:
        """Raises CameraError."""
        self._command(lambda token: ptz_messages.goto_preset(token, preset))

    def home(self) -> None:
        """To the camera's own home position. Raises CameraError."""
        self._command(ptz_messages.goto_home)

    def look(self, pan: float, tilt: float, zoom: float) -> None:
        """To a position in the generic space. Raises CameraError."""
        self._command(lambda token: ptz_messages.absolute_move(token, pan, tilt, zoom))

    def pose(self) -> PtzPose | None:
        """The newest one; its age is the caller's to judge."""
        with self._state_lock:
            return self._pose

    def presets(self) -> list[PtzPreset]:
        """Raises CameraError."""
        return ptz_messages.read_presets(self._command(ptz_messages.get_presets, moves=False).content)

    def save_preset(self, name: str) -> PtzPreset:
        """A new preset where the camera looks now. Raises CameraError."""
        name = printable(name, ptz_messages.MAX_PRESET_NAME_CHARS)
        request = self._command(lambda token: ptz_messages.set_preset(token, name), moves=False, repeatable=False)
        return ptz_messages.read_saved_preset(request.content, name)

    def _command(
        self,
        request: Callable[[str], Envelope],
        *,
        moves: bool = True,
        starts: bool = True,
        repeatable: bool = True,
    ) -> Answer:
        """moves: poses matter now. starts: also for a camera that stands still."""
        with self._commanding() as camera:
            if camera.ptz_path is None or camera.ptz_token is None:
                raise ProtocolError("the camera cannot turn, or has no profile with PTZ")
            if moves and starts:
                self._announce()
            if moves:
                self._hurry()
            answer = self._commands.ask(
                camera.ptz_path, request(camera.ptz_token), COMMAND_TIMEOUT_S, repeatable=repeatable
            )
        if moves:
            self._hurry()
        if not starts:
            self._stopped()
        return answer

    @contextmanager
    def _commanding(self) -> Iterator[OnvifCamera]:
        """The command connection, for one thread at a time. Raises CameraUnreachable, CameraUnauthorized."""
        with self._state_lock:
            camera, detail, unauthorized = self._camera, self._health.detail, self._unauthorized
        if unauthorized:
            raise CameraUnauthorized(detail)
        if camera is None:
            raise CameraUnreachable(detail)
        if not self._command_lock.acquire(timeout=COMMAND_TIMEOUT_S):
            raise CameraUnreachable(f"{self._endpoint.authority}: still busy with the command before")
        try:
            self._commands.skew = self._commands.skew or camera.skew
            yield camera
        finally:
            self._command_lock.release()

    def _announce(self) -> None:
        """Say that the camera moves before it is told to: masks must not trust its last position a moment longer."""
        at_us = self._clock.now_us()
        with self._state_lock:
            self._starting_until_s = self._clock.monotonic_s() + START_S
            last = self._pose
            if last is None or last.move_status == "moving":
                return
            announced = replace(last, move_status="moving")
            if (
                not self._turned
            ):  # else where it is by now only the camera can tell: no more than that it rests no longer
                announced = replace(
                    announced, at_us=at_us, camera_utc_us=_later(last.camera_utc_us, at_us - last.at_us)
                )
            self._pose = announced
        self._on_pose(announced)

    def _stopped(self) -> None:
        """It was told to stop: what it says of itself counts again soon."""
        with self._state_lock:
            self._starting_until_s = min(self._starting_until_s, self._clock.monotonic_s() + STOPPING_S)

    def _hurry(self) -> None:
        with self._state_lock:
            self._fast_until_s = self._clock.monotonic_s() + SETTLE_S
        self._wake.set()

    # the thread

    def _run(self) -> None:
        faults = 0
        while not self._stopping.is_set():
            try:
                with self._state_lock:
                    camera = self._camera if faults < FAULTS_BEFORE_RESOLVING else None
                self._follow(camera or self._resolve_camera())
            except UitkijkError as error:
                faults = 1 if self._posed_since_fault() else faults + 1
                self._fail(error, faults)

    def _resolve_camera(self) -> OnvifCamera:
        camera = self._resolve()
        if camera.ptz_path is None or camera.ptz_token is None:
            raise ProtocolError("the camera has no PTZ service or no media profile with PTZ; add one in the camera")
        with self._state_lock:
            self._camera = camera
            self._unauthorized = False
        return camera

    def _follow(self, camera: OnvifCamera) -> None:
        """Ask and report until told to stop. Raises CameraError."""
        link = OnvifLink(self._endpoint, self._clock, camera.skew)
        path, token = camera.ptz_path or "", camera.ptz_token or ""
        request = ptz_messages.get_status(token)
        try:
            while not self._stopping.is_set():
                started_s = self._clock.monotonic_s()
                self._wake.clear()
                answer = link.ask(path, request, STATUS_TIMEOUT_S)
                self._take(ptz_messages.read_pose(answer.content, self._camera_id, answer.middle_us), link)
                took_s = self._clock.monotonic_s() - started_s
                self._wake.wait(max(_MIN_PAUSE_S, self._period_s() - took_s))  # a command or `stop` ends it early
        finally:
            link.close()

    def _take(self, pose: PtzPose, link: OnvifLink) -> None:
        now_s = self._clock.monotonic_s()
        with self._state_lock:
            self._turned = self._moved(pose)
            # A position that changed may be the end of the movement before: the one asked for last is yet to start.
            if now_s < self._starting_until_s and (pose.move_status == "idle" or not self._turned):
                pose = replace(pose, move_status="moving")
            if pose.move_status == "moving" or self._turned:
                self._fast_until_s = max(self._fast_until_s, now_s + SETTLE_S)
            self._pose = pose
            skew_ms = link.skew.ms if link.skew else None
            if pose.camera_utc_us is not None:
                skew_ms = (pose.camera_utc_us - pose.at_us) / 1000
            recovered = self._health.state == "fault"
            self._unauthorized = False
            self._health = PtzHealth("ok", "", pose.at_us, skew_ms)
        if recovered:
            log.info("ptz_following", extra={"camera": self._camera_id})
        self._on_pose(pose)

    def _moved(self, pose: PtzPose) -> bool:
        before = self._pose
        if before is None:
            return False
        deltas = (pose.pan - before.pan, pose.tilt - before.tilt, pose.zoom - before.zoom)
        return any(abs(delta) > _SAME_POSITION for delta in deltas)

    def _period_s(self) -> float:
        with self._state_lock:
            return MOVING_PERIOD_S if self._clock.monotonic_s() < self._fast_until_s else REST_PERIOD_S

    def _posed_since_fault(self) -> bool:
        with self._state_lock:
            return self._health.state == "ok"

    def _fail(self, error: UitkijkError, faults: int) -> None:
        """Tell, and stay away for a while: long when the account was refused, or it locks."""
        unauthorized = isinstance(error, CameraUnauthorized)
        first_s, most_s = (
            (UNAUTHORIZED_BACKOFF_S, MAX_UNAUTHORIZED_BACKOFF_S) if unauthorized else (FIRST_BACKOFF_S, MAX_BACKOFF_S)
        )
        delay_s = min(most_s, first_s * 2 ** min(faults - 1, 10)) * random.uniform(1.0, 1.25)  # noqa: S311 - jitter
        with self._state_lock:
            repeated = self._health.detail == str(error)
            self._health = PtzHealth("fault", str(error), self._health.last_pose_us, self._health.skew_ms)
            self._unauthorized = unauthorized
        if not repeated:
            log.warning(
                "ptz_lost", extra={"camera": self._camera_id, "reason": str(error), "retry_in_s": round(delay_s, 1)}
            )
        self._stopping.wait(delay_s)


def _resolved(endpoint: OnvifEndpoint, clock: Clock) -> OnvifCamera:
    from ingest.onvif_client import resolve_camera  # here: whoever gives `resolve` does not need zeep for this

    return resolve_camera(endpoint, RESOLVE_TIMEOUT_S, clock)


def _later(camera_utc_us: int | None, elapsed_us: int) -> int | None:
    """A time in whole seconds is too coarse to count on from."""
    if camera_utc_us is None or camera_utc_us % US_PER_SECOND == 0:
        return None
    return camera_utc_us + elapsed_us
