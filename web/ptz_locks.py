"""Steering: one holder per camera, heart-beats, and the dead-man stop. The event loop's own.

The rules are `vms.rules.ptz_lock`; this adds time, the way to the camera, the audit log and the news to others.
Commands to one camera go in order, and a movement that a newer command has overtaken is never sent.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock
from vms.errors import CameraError
from vms.rules import ptz_lock
from vms.rules.ptz_lock import Busy, Granted, PtzLock, Steerer
from web.audit_trail import Actor, AuditTrail
from web.camera_state import holder_json
from web.capture_client import CaptureClient
from web.problems import Problem

log = logging.getLogger(__name__)

_REPEAT_S = 0.4
"""An unchanged movement goes to the camera again after this time, below its own time-out."""
_CAMERA_TIMEOUT_S = 1.0
"""The camera stops by itself when even we fall silent."""
WATCH_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Velocity:
    """Each -1…1 of full speed; right, up and tele are positive."""

    pan: float
    tilt: float
    zoom: float


@dataclass(slots=True)
class _Camera:
    lock: PtzLock | None = None
    velocity: Velocity | None = None
    sent_s: float = 0.0
    newest: int = 0
    """Counts commands: an older movement must not be sent after a newer stop."""
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Commands to the camera, one after the other."""
    claim: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Changes of holder, one after the other."""


class PtzControl:
    """publish(camera_id) is called after each change of a lock. roles(actor, camera_id): those held for this camera."""

    def __init__(
        self,
        clock: Clock,
        capture: CaptureClient,
        trail: AuditTrail,
        publish: Callable[[dict[str, Any]], None],
        roles: Callable[[Actor, str], Collection[str]],
    ) -> None:
        self._clock = clock
        self._capture = capture
        self._trail = trail
        self._publish = publish
        self._roles = roles
        self._cameras: dict[str, _Camera] = {}
        self._stops: set[asyncio.Task[None]] = set()

    def lock_of(self, camera_id: str) -> PtzLock | None:
        known = self._cameras.get(camera_id)
        return ptz_lock.current(known.lock, self._clock.monotonic_s()) if known else None

    async def take(self, actor: Actor, camera_id: str) -> PtzLock:
        """Raises Problem ptz_busy. Taking over from lower priority stops the camera first."""
        camera = self._camera(camera_id)

        def decide(lock: PtzLock | None) -> Granted | Busy:
            return ptz_lock.take(lock, self._steerer(actor, camera_id), *self._now())

        granted = await self._claim(actor, camera_id, decide)
        if granted.was_moving:
            await self._stop(camera_id, camera)
        return granted.lock

    async def move(self, actor: Actor, camera_id: str, velocity: Velocity) -> PtzLock:
        """One heart-beat of a movement; all zero is a stop. Raises Problem ptz_busy, CameraError."""
        if velocity == Velocity(0.0, 0.0, 0.0):
            return await self.halt(actor, camera_id)
        camera = self._camera(camera_id)
        await self._command(actor, camera_id, moving=True)
        now_s = self._clock.monotonic_s()
        if velocity == camera.velocity and now_s - camera.sent_s < _REPEAT_S:
            return self._held(camera)
        camera.newest += 1
        number = camera.newest
        camera.velocity, camera.sent_s = velocity, now_s
        async with camera.line:
            if number == camera.newest:
                await self._send_move(camera_id, camera, velocity)
        return self._held(camera)

    async def halt(self, actor: Actor, camera_id: str) -> PtzLock:
        camera = self._camera(camera_id)
        await self._command(actor, camera_id, moving=False)
        await self._stop(camera_id, camera)
        return self._held(camera)

    async def goto(self, actor: Actor, camera_id: str, preset: str) -> PtzLock:
        await self.order(actor, camera_id, "ptz_goto", preset=preset)
        return self._held(self._camera(camera_id))

    async def order(self, actor: Actor, camera_id: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Anything but a movement under way: a preset, home, a place. Raises Problem ptz_busy, CameraError."""
        camera = self._camera(camera_id)
        await self._command(actor, camera_id, moving=False)
        camera.newest += 1
        camera.velocity = None
        async with camera.line:
            return await self._capture.request(camera_id, {"op": operation, "camera": camera_id, **arguments})

    async def patrol(self, camera_id: str, patrol: Steerer, preset: str) -> None:
        """A patrol's next preset, by its token. Raises Problem ptz_busy when a person has the camera; CameraError."""
        camera = self._camera(camera_id)
        is_new = self.lock_of(camera_id) is None
        _settle(camera, ptz_lock.take(camera.lock, patrol, *self._now()))
        if is_new:
            self._tell(camera_id)
        camera.newest += 1
        number = camera.newest
        async with camera.line:
            if number == camera.newest:
                await self._capture.request(camera_id, {"op": "ptz_goto", "camera": camera_id, "preset": preset})

    def keep_for_patrol(self, camera_id: str, patrol: Steerer) -> None:
        """The lock of a patrol does not lapse while it stays at a preset."""
        lock = self.lock_of(camera_id)
        if lock is not None and lock.holder == patrol:
            self._cameras[camera_id].lock = _granted(ptz_lock.take(lock, patrol, *self._now())).lock

    async def end_patrol(self, camera_id: str, patrol: Steerer) -> None:
        """The camera stands and is free, unless somebody steers it."""
        camera = self._camera(camera_id)
        lock = self.lock_of(camera_id)
        if lock is None or lock.holder != patrol:
            return
        camera.lock = None
        self._tell(camera_id)
        self._stop_soon(camera_id, camera)

    async def release(self, actor: Actor, camera_id: str) -> None:
        """Give the camera free; not holding it is fine."""
        camera = self._camera(camera_id)
        lock = ptz_lock.current(camera.lock, self._clock.monotonic_s())
        if lock is None or lock.holder.username != actor.username:
            return
        camera.lock = None
        if lock.moving_since_beat_s is not None:
            await self._stop(camera_id, camera)
        self._tell(camera_id)

    async def release_all(self, username: str) -> None:
        """Their session ended: stop what they moved and free what they held."""
        for camera_id, camera in self._cameras.items():
            if camera.lock is not None and camera.lock.holder.username == username:
                was_moving = camera.lock.moving_since_beat_s is not None
                camera.lock = None
                if was_moving:
                    self._stop_soon(camera_id, camera)
                self._tell(camera_id)

    async def watch(self) -> None:
        """Every WATCH_EVERY_S: dead-man stops, and locks that lapsed by idleness."""
        now_s = self._clock.monotonic_s()
        for camera_id, camera in self._cameras.items():
            if camera.lock is not None and ptz_lock.must_stop(camera.lock, now_s):
                camera.lock = ptz_lock.stopped(camera.lock)
                log.warning("ptz_dead_man_stop", extra={"camera": camera_id, "user": camera.lock.holder.username})
                self._stop_soon(camera_id, camera)
            if camera.lock is not None and ptz_lock.current(camera.lock, now_s) is None:
                camera.lock = None
                self._tell(camera_id)

    async def close(self) -> None:
        """Let stops that are under way reach their cameras."""
        for camera_id, camera in self._cameras.items():
            if camera.lock is not None and camera.lock.moving_since_beat_s is not None:
                self._stop_soon(camera_id, camera)
        if self._stops:
            await asyncio.wait(self._stops, timeout=1.5)

    def _camera(self, camera_id: str) -> _Camera:
        return self._cameras.setdefault(camera_id, _Camera())

    def _steerer(self, actor: Actor, camera_id: str) -> Steerer:
        role = ptz_lock.steering_role(self._roles(actor, camera_id))
        return Steerer(actor.username, actor.display_name, role)

    def _now(self) -> tuple[float, int]:
        return self._clock.monotonic_s(), self._clock.now_us()

    def _held(self, camera: _Camera) -> PtzLock:
        if camera.lock is None:
            raise Problem("ptz_not_held")
        return camera.lock

    async def _command(self, actor: Actor, camera_id: str, *, moving: bool) -> None:
        def decide(lock: PtzLock | None) -> Granted | Busy:
            return ptz_lock.command(lock, self._steerer(actor, camera_id), *self._now(), moving=moving)

        await self._claim(actor, camera_id, decide)

    async def _claim(self, actor: Actor, camera_id: str, decide: Callable[[PtzLock | None], Granted | Busy]) -> Granted:
        """Make the lock what the rule says. A change of holder is audited before it counts, then told to everyone.

        decide is asked again after each wait: meanwhile others may have moved on.
        """
        camera = self._camera(camera_id)
        if self._is_holder(actor, camera):
            return _settle(camera, decide(camera.lock))
        async with camera.claim:
            if self._is_holder(actor, camera):
                return _settle(camera, decide(camera.lock))
            taken_from = _granted(decide(camera.lock)).taken_from
            await run_in_threadpool(
                self._trail.allow,
                actor,
                "ptz.take",
                f"camera:{camera_id}",
                taken_from=taken_from.username if taken_from else None,
            )
            granted = _settle(camera, decide(camera.lock))
        self._tell(camera_id, granted.taken_from)
        return granted

    def _is_holder(self, actor: Actor, camera: _Camera) -> bool:
        lock = ptz_lock.current(camera.lock, self._clock.monotonic_s())
        return lock is not None and lock.holder.username == actor.username

    def _tell(self, camera_id: str, taken_from: Steerer | None = None) -> None:
        event = {"type": "ptz", "camera": camera_id, "holder": holder_json(self._cameras[camera_id].lock)}
        self._publish({**event, "taken_from": taken_from.name if taken_from else None})

    async def _send_move(self, camera_id: str, camera: _Camera, velocity: Velocity) -> None:
        body = {"op": "ptz_move", "camera": camera_id, "timeout_s": _CAMERA_TIMEOUT_S}
        try:
            await self._capture.request(
                camera_id, {**body, "pan": velocity.pan, "tilt": velocity.tilt, "zoom": velocity.zoom}
            )
        except CameraError:
            camera.velocity = None
            raise

    async def _stop(self, camera_id: str, camera: _Camera) -> None:
        camera.newest += 1
        camera.velocity = None
        async with camera.line:
            await self._capture.request(camera_id, {"op": "ptz_stop", "camera": camera_id})

    def _stop_soon(self, camera_id: str, camera: _Camera) -> None:
        async def stop() -> None:
            try:
                await self._stop(camera_id, camera)
            except CameraError as error:
                log.warning("ptz_stop_failed", extra={"camera": camera_id, "reason": str(error)})

        task = asyncio.create_task(stop())
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)


def _granted(verdict: Granted | Busy) -> Granted:
    if isinstance(verdict, Busy):
        raise busy_problem(verdict)
    return verdict


def _settle(camera: _Camera, verdict: Granted | Busy) -> Granted:
    granted = _granted(verdict)
    camera.lock = granted.lock
    return granted


def busy_problem(busy: Busy) -> Problem:
    holder = {"name": busy.holder.name, "role": busy.holder.role, "since_us": busy.since_us}
    return Problem(
        "ptz_busy",
        nl=f"{busy.holder.name} bestuurt deze camera.",
        en=f"{busy.holder.name} steers this camera.",
        extra={"holder": holder, "may_take": busy.may_take},
    )
