"""Events to every connected page: PTZ locks and alarms. The event loop's own; bounded per page."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_MAX_WAITING = 64
_MAX_PER_USER = 12


class Follower:
    """What waits for one page. A page that does not read loses its oldest events, and the digest heals it."""

    def __init__(self) -> None:
        self.events: deque[Mapping[str, Any]] = deque(maxlen=_MAX_WAITING)
        self.arrived = asyncio.Event()

    def offer(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        self.arrived.set()


class EventHub:
    def __init__(self) -> None:
        self._followers: dict[Follower, str] = {}

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

    def publish(self, event: Mapping[str, Any]) -> None:
        for follower in self._followers:
            follower.offer(event)
