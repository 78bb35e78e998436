"""What runs beside the requests: status, alarms, dead-man stops, patrols, ends of logins, deletion of exports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.errors import ConfigError, StorageError, StoreBusy
from vms.store import holds
from vms.store.holds import EvidenceHold
from web.alarms import AlarmWatch
from web.audit_copies import CopyAlarmWatch
from web.certificate_alarms import certificate_alarm
from web.disk_alarms import DiskAlarmWatch
from web.hold_alarms import HoldAlarmWatch
from web.oversight_watch import EVERY_S
from web.ptz_locks import WATCH_EVERY_S
from web.ptz_patrols import PATROLS_EVERY_S
from web.services import Services
from web.tls_files import read_certificate

log = logging.getLogger(__name__)

_SECOND_S = 1.0
_LOGINS_EVERY_S = 2.0
_HOLDS_EVERY_S = 10.0
_SETTLING_LOOKS = 15
"""So many looks after a start, what recorders say of the disks is news only if it was not told before the start."""
_BUNDLES_EVERY_S = 5.0
_CERTIFICATE_EVERY_S = 3600.0


class Background:
    """The event loop's. A loop that breaks calls on_broken: the process must end and be restarted, not limp."""

    def __init__(self, services: Services, on_broken: Callable[[], None]) -> None:
        self._services = services
        self._on_broken = on_broken
        self._alarms = AlarmWatch(services.alarms.lost_cameras())
        self._disk_alarms = DiskAlarmWatch(services.config.terms.longest_days())
        self._disk_looks = 0
        self._hold_alarms = HoldAlarmWatch()
        self._copy_alarms = CopyAlarmWatch()
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self) -> None:
        for period_s, step in (
            (WATCH_EVERY_S, self._services.ptz.watch),
            (PATROLS_EVERY_S, self._services.patrols.watch),
            (_SECOND_S, self._every_second),
            (_SECOND_S, self._look_at_disks),
            (_SECOND_S, self._services.decisions.watch),
            (_HOLDS_EVERY_S, self._look_at_holds),
            (_LOGINS_EVERY_S, self._check_logins),
            (_BUNDLES_EVERY_S, self._sweep_bundles),
            (_CERTIFICATE_EVERY_S, self._look_at_certificate),
            (EVERY_S, self._look_for_patterns),
        ):
            task = asyncio.create_task(_repeat(period_s, step))
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _every_second(self) -> None:
        services = self._services
        await services.board.poll_live()
        await services.viewing.look(services.board.watched())
        for alarm in self._alarms.look(services.board.cameras(), live_answers=services.board.live_answers):
            services.alarms.raise_alarm(alarm)
        for alarm in self._copy_alarms.look(services.audit_copies.status()):
            if alarm.code.endswith("_back") or not services.alarms.stands(alarm):
                services.alarms.raise_alarm(alarm)
        await services.alarms.keep()
        services.exports.sweep()

    async def _sweep_bundles(self) -> None:
        try:
            await run_in_threadpool(self._services.bundles.sweep)
        except (StoreBusy, OSError) as error:
            log.warning("exports_not_swept", extra={"reason": str(error)})

    async def _look_for_patterns(self) -> None:
        try:
            await run_in_threadpool(self._services.patterns.look)
        except (StoreBusy, StorageError) as error:
            log.warning("patterns_not_looked_for", extra={"reason": str(error)})

    async def _look_at_disks(self) -> None:
        board, alarms = self._services.board.disk_board, self._services.alarms
        await board.refresh()
        for alarm in self._disk_alarms.look(board.disks()):
            if not (self._disk_looks < _SETTLING_LOOKS and alarms.stands(alarm)):
                alarms.raise_alarm(alarm)
        self._disk_looks += 1
        await board.refresh_forecast()

    async def _look_at_holds(self) -> None:
        alarms = self._services.alarms
        try:
            active = await run_in_threadpool(self._active_holds)
        except StoreBusy:
            return
        for alarm in self._hold_alarms.look(active, now_utc(self._services.clock)):
            if not alarms.stands(alarm):
                alarms.raise_alarm(alarm)

    async def _look_at_certificate(self) -> None:
        services = self._services
        try:
            certificate = await run_in_threadpool(read_certificate, services.config.web)
        except ConfigError as error:
            log.warning("certificate_not_read", extra={"reason": str(error)})
            return
        alarm = certificate_alarm(certificate, now_utc(services.clock))
        if alarm is not None and not services.alarms.stands(alarm):
            services.alarms.raise_alarm(alarm)

    def _active_holds(self) -> list[EvidenceHold]:
        with self._services.store.reading() as tx:
            return holds.active(tx)

    async def _check_logins(self) -> None:
        for ended in await self._services.live_sessions.check():
            if ended.camera is None:
                await self._services.ptz.release_all(ended.actor.username)
            else:
                await self._services.ptz.release(ended.actor, ended.camera)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("background_loop_broke", exc_info=error)
            self._on_broken()


async def _repeat(period_s: float, step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await step()
        await asyncio.sleep(period_s)
