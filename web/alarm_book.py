"""The latest alarms: told to every page at once, kept in the database soon after, read back at a start."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock, now_utc
from vms.errors import StoreBusy
from vms.store import Store, alarms
from vms.store.alarms import StoredAlarm
from vms.units import US_PER_SECOND, us_from_utc
from web.alarms import Alarm

log = logging.getLogger(__name__)

REMEMBERED = 50
"""What pages are shown; the database keeps more, for longer."""
_TOLD_FOR = timedelta(days=1)
"""What was told within a day and still stands is not told again because web started anew."""
_ENDS: Final[Mapping[str, str]] = {
    "camera_lost": "camera_back",
    "live_down": "live_back",
    "volume_fault": "volume_back",
    "evidence_fault": "evidence_back",
    "audit_copy_fault": "audit_copy_back",
}


class AlarmBook:
    """The event loop's. Raising waits for nobody: a database that cannot now gets its rows later, in keep()."""

    def __init__(self, store: Store, clock: Clock, publish: Callable[[Mapping[str, Any]], None]) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._alarms: dict[int, StoredAlarm] = {}
        self._unsaved: dict[int, StoredAlarm] = {}
        self._next_id = clock.now_us()
        """Starts where no earlier start of this process got to, so that a page never takes one for another."""
        self._was_read = False
        self._keeping = asyncio.Lock()

    def recent(self) -> list[dict[str, Any]]:
        """As pages are told, oldest first."""
        return [_event(alarm) for alarm in self._alarms.values()]

    def lost_cameras(self) -> set[str]:
        """Those whose loss was told and whose return was not."""
        newest = {
            alarm.camera_id: alarm.code
            for alarm in self._alarms.values()
            if alarm.code in ("camera_lost", _ENDS["camera_lost"])
        }
        return {camera for camera, code in newest.items() if code == "camera_lost"}

    def stands(self, alarm: Alarm) -> bool:
        """The same was told lately, and not that it is over."""
        return still_stands(self._alarms.values(), alarm, since_us=self._clock.now_us() - _us(_TOLD_FOR))

    def raise_alarm(self, alarm: Alarm) -> None:
        raised = StoredAlarm(
            id=self._next_id,
            at=now_utc(self._clock),
            camera_id=alarm.camera_id,
            code=alarm.code,
            text_nl=alarm.text_nl,
            text_en=alarm.text_en,
            detail=alarm.detail,
            acknowledged_by="",
            acknowledged_at=None,
        )
        self._next_id += 1
        self._note(raised)

    def find(self, alarm_id: int) -> dict[str, Any] | None:
        """None when it is not (or no longer) among the latest."""
        found = self._alarms.get(alarm_id)
        return _event(found) if found else None

    def acknowledge(self, alarm_id: int, name: str) -> None:
        """Somebody has seen it: told to everyone, once."""
        found = self._alarms.get(alarm_id)
        if found is not None and found.acknowledged_at is None:
            self._note(replace(found, acknowledged_by=name, acknowledged_at=now_utc(self._clock)))

    async def keep(self) -> None:
        """Read what was known before, once; write what is new. Does later what the database cannot do now."""
        async with self._keeping:
            try:
                if not self._was_read:
                    self._learn(await run_in_threadpool(self._read))
                await self._write()
            except StoreBusy as error:
                log.warning("alarms_not_kept", extra={"waiting": len(self._unsaved), "reason": str(error)})

    async def _write(self) -> None:
        if not self._unsaved:
            return
        taken, self._unsaved = self._unsaved, {}
        try:
            await run_in_threadpool(self._save, list(taken.values()))
        except StoreBusy:
            self._unsaved = taken | self._unsaved
            raise

    def _read(self) -> list[StoredAlarm]:
        with self._store.reading() as tx:
            return alarms.newest(tx, REMEMBERED)

    def _save(self, unsaved: list[StoredAlarm]) -> None:
        with self._store.transaction() as tx:
            alarms.save(tx, unsaved)
            alarms.forget_old(tx, now_utc(self._clock))

    def _learn(self, known: list[StoredAlarm]) -> None:
        self._was_read = True
        raised_meanwhile = self._alarms
        self._alarms = {alarm.id: alarm for alarm in known} | raised_meanwhile
        self._next_id = max(self._next_id, *(number + 1 for number in self._alarms), 0)
        if raised_meanwhile:
            self._publish({"type": "alarms", "alarms": self.recent()})

    def _note(self, alarm: StoredAlarm) -> None:
        self._alarms[alarm.id] = self._unsaved[alarm.id] = alarm
        while len(self._alarms) > REMEMBERED:
            del self._alarms[next(iter(self._alarms))]
        self._publish(_event(alarm))


def still_stands(told: Iterable[StoredAlarm], alarm: Alarm, *, since_us: int) -> bool:
    """told: oldest first. Pure."""
    stands = False
    for earlier in told:
        if (earlier.camera_id, earlier.code, earlier.text_nl) == (alarm.camera_id, alarm.code, alarm.text_nl):
            stands = us_from_utc(earlier.at) >= since_us
        elif earlier.camera_id == alarm.camera_id and earlier.code == _ENDS.get(alarm.code):
            stands = False
    return stands


def _us(span: timedelta) -> int:
    return round(span.total_seconds()) * US_PER_SECOND


def _event(alarm: StoredAlarm) -> dict[str, Any]:
    return {
        "type": "alarm",
        "id": alarm.id,
        "at_us": us_from_utc(alarm.at),
        "camera": alarm.camera_id,
        "code": alarm.code,
        "text_nl": alarm.text_nl,
        "text_en": alarm.text_en,
        "detail": alarm.detail,
        "acknowledged_by": alarm.acknowledged_by,
        "acknowledged_us": None if alarm.acknowledged_at is None else us_from_utc(alarm.acknowledged_at),
    }
