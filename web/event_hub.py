"""Events to every connected page: PTZ locks and alarms. The event loop's own; bounded per page."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vms.clock import Clock
from vms.units import US_PER_SECOND
from web.alarms import Alarm

_MAX_WAITING = 64
_MAX_PER_USER = 12
_REMEMBERED_ALARMS = 50


class Follower:
    """What waits for one page. A page that does not read loses its oldest events, and the digest heals it."""

    def __init__(self) -> None:
        self.events: deque[Mapping[str, Any]] = deque(maxlen=_MAX_WAITING)
        self.arrived = asyncio.Event()

    def offer(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        self.arrived.set()


class EventHub:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._followers: dict[Follower, str] = {}
        self._alarms: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_ALARMS)
        self._next_alarm = clock.now_us() // US_PER_SECOND
        """Starts where no earlier start of this process got to, so that a page never takes one for another."""

    @contextmanager
    def follow(self, username: str) -> Iterator[Follower | None]:
        """None when this person has too many pages open."""
        if sum(1 for name in self._followers.values() if name == username) >= _MAX_PER_USER:
            yield None
            return
        follower = Follower()
        self._followers[follower] = username
        try:
            yield follower
        finally:
            del self._followers[follower]

    @property
    def recent_alarms(self) -> list[dict[str, Any]]:
        return list(self._alarms)

    def raise_alarm(self, alarm: Alarm) -> None:
        event = {
            "type": "alarm",
            "id": self._next_alarm,
            "at_us": self._clock.now_us(),
            "camera": alarm.camera_id,
            "code": alarm.code,
            "text_nl": alarm.text_nl,
            "text_en": alarm.text_en,
            "detail": alarm.detail,
            "acknowledged_by": "",
            "acknowledged_us": None,
        }
        self._next_alarm += 1
        self._alarms.append(event)
        self.publish(dict(event))

    def alarm(self, alarm_id: int) -> Mapping[str, Any] | None:
        return next((alarm for alarm in self._alarms if alarm["id"] == alarm_id), None)

    def acknowledge(self, alarm_id: int, name: str) -> Mapping[str, Any] | None:
        """Somebody has seen it: told to everyone, once. None when it is not (or no longer) known."""
        found = next((alarm for alarm in self._alarms if alarm["id"] == alarm_id), None)
        if found is not None and found["acknowledged_us"] is None:
            found["acknowledged_by"], found["acknowledged_us"] = name, self._clock.now_us()
            self.publish(dict(found))
        return found

    def publish(self, event: Mapping[str, Any]) -> None:
        for follower in self._followers:
            follower.offer(event)
