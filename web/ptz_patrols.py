"""Patrols of cameras along their presets, run by the server. The event loop's own.

The rules are `vms.rules.ptz_patrol`. What was started and not stopped goes on after a restart of this process, from its
first preset, once nobody can have the camera any more: locks do not survive a restart, who steered may still be at it.
"""

import asyncio
import logging
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock, now_utc
from vms.config import Camera, SiteConfig
from vms.errors import CameraError, StoreBusy
from vms.rules import ptz_patrol
from vms.rules.ptz_lock import IDLE_RELEASE_S, Steerer
from vms.rules.ptz_patrol import Patrol, PatrolRun, PatrolStep, UnknownPreset
from vms.store import Store, patrols
from vms.store.patrols import StartedPatrol
from web.audit_trail import Actor
from web.camera_state import PatrolSeen, PatrolState
from web.capture_client import CaptureClient
from web.problems import Problem
from web.ptz_locks import PtzControl

log = logging.getLogger(__name__)

PATROLS_EVERY_S = 0.25


@dataclass(slots=True)
class _Running:
    """fault: the newest step did not reach the camera."""

    run: PatrolRun
    by: str
    fault: bool = False
    going: "asyncio.Task[None] | None" = None


class Patrols:
    def __init__(self, config: SiteConfig, clock: Clock, capture: CaptureClient, ptz: PtzControl, store: Store) -> None:
        self._config = config
        self._clock = clock
        self._capture = capture
        self._ptz = ptz
        self._store = store
        self._running: dict[str, _Running] = {}
        self._is_restored = False

    def seen(self, camera_id: str) -> PatrolSeen | None:
        """None: this camera does not patrol."""
        running = self._running.get(camera_id)
        if running is None:
            return None
        state: PatrolState = "paused" if running.run.paused else "fault" if running.fault else "running"
        return PatrolSeen(running.run.patrol.name, state, running.by)

    async def start(self, actor: Actor, camera: Camera, name: str) -> None:
        """In place of another one. Raises Problem unknown_patrol, patrol_preset; CameraError, StoreBusy."""
        patrol = patrol_of(camera, name)
        if patrol is None:
            raise Problem("unknown_patrol")
        names = await self._capture.presets(camera.id)
        for step in patrol.steps:
            if isinstance(ptz_patrol.token_of(step.preset, names), UnknownPreset):
                raise _no_preset(step.preset)
        row = StartedPatrol(camera.id, name, actor.display_name, now_utc(self._clock))
        await run_in_threadpool(self._keep, row)
        await self._end(camera.id)
        await self._ptz.release(actor, camera.id)
        self._running[camera.id] = _Running(ptz_patrol.begin(patrol, self._clock.monotonic_s()), actor.display_name)

    async def stop(self, camera_id: str) -> None:
        """And the camera stands, unless somebody steers it. Stopped already is fine."""
        await run_in_threadpool(self._forget, camera_id)
        await self._end(camera_id)

    async def watch(self) -> None:
        """Every PATROLS_EVERY_S: who is due goes on, who is in somebody's way waits."""
        if not self._is_restored:
            await self._restore()
        now_s = self._clock.monotonic_s()
        for camera_id, running in self._running.items():
            lock = self._ptz.lock_of(camera_id)
            is_free = lock is None or lock.holder == _steerer(running)
            running.run, step = ptz_patrol.advance(running.run, now_s, is_free=is_free)
            if is_free:
                self._ptz.keep_for_patrol(camera_id, _steerer(running))
            if step is not None and (running.going is None or running.going.done()):
                running.going = asyncio.create_task(self._go(camera_id, running, step))

    async def close(self) -> None:
        """They go on after the next start."""
        going = [running.going for running in self._running.values() if running.going is not None]
        self._running.clear()
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _go(self, camera_id: str, running: _Running, step: PatrolStep) -> None:
        try:
            token = ptz_patrol.token_of(step.preset, await self._capture.presets(camera_id))
            if isinstance(token, UnknownPreset):
                raise _no_preset(step.preset)
            if self._running.get(camera_id) is running:
                await self._ptz.patrol(camera_id, _steerer(running), token)
            running.fault = False
        except (CameraError, Problem) as error:
            if isinstance(error, Problem) and error.code == "ptz_busy":
                return  # somebody was quicker: the next look pauses it
            running.fault = True
            log.warning("patrol_step_failed", extra={"camera": camera_id, "preset": step.preset, "reason": str(error)})

    async def _end(self, camera_id: str) -> None:
        running = self._running.pop(camera_id, None)
        if running is not None:
            await self._ptz.end_patrol(camera_id, _steerer(running))

    async def _restore(self) -> None:
        """What ran when the process before this one ended."""
        try:
            known = await run_in_threadpool(self._started)
        except StoreBusy as error:
            log.warning("patrols_not_restored", extra={"reason": str(error)})
            return
        self._is_restored = True
        begin_s = self._clock.monotonic_s() + IDLE_RELEASE_S
        for row in known:
            camera = self._config.camera(row.camera_id)
            patrol = patrol_of(camera, row.name) if camera is not None else None
            if patrol is None:
                log.warning("patrol_gone", extra={"camera": row.camera_id, "patrol": row.name})
            elif row.camera_id not in self._running:
                self._running[row.camera_id] = _Running(ptz_patrol.begin(patrol, begin_s), row.started_by)

    def _started(self) -> list[StartedPatrol]:
        with self._store.reading() as tx:
            return patrols.started(tx)

    def _keep(self, row: StartedPatrol) -> None:
        with self._store.transaction() as tx:
            patrols.start(tx, row)

    def _forget(self, camera_id: str) -> None:
        with self._store.transaction() as tx:
            patrols.stop(tx, camera_id)


def patrol_of(camera: Camera, name: str) -> Patrol | None:
    return next((given.patrol for given in camera.patrols if given.name == name), None)


def _steerer(running: _Running) -> Steerer:
    name = running.run.patrol.name
    return Steerer(f"patrol:{name}", name, "patrol")


def _no_preset(preset: str) -> Problem:
    return Problem(
        "patrol_preset",
        nl=f"De camera heeft geen preset «{preset}»; bewaar haar of pas de patrouille aan.",
        en=f"The camera has no preset “{preset}”; save it or change the patrol.",
    )
