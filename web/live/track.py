"""From any thread into the event loop: the only crossing in this process. Bounded, one wake-up per batch."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class LoopMailbox(Generic[T]):
    """put() from any thread; `handler(items, dropped)` runs in the loop.

    Overflow drops the oldest; `dropped` tells how many went just before these items.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handler: Callable[[list[T], int], None], max_items: int = 4000
    ) -> None:
        self._loop = loop
        self._handler = handler
        self._lock = threading.Lock()
        self._items: deque[T] = deque(maxlen=max_items)
        self._scheduled = False
        self._in_batch = False
        self._closed = False
        self._dropped = 0

    def put(self, item: T) -> None:
        with self._lock:
            if self._closed:
                return
            if len(self._items) == self._items.maxlen:
                self._dropped += 1
            self._items.append(item)
            if self._scheduled or self._in_batch:
                return
            self._scheduled = True
        self._loop.call_soon_threadsafe(self._drain)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What is put meanwhile wakes the loop once, at the end: not in the middle, to fight over the interpreter."""
        with self._lock:
            self._in_batch = True
        try:
            yield
        finally:
            with self._lock:
                self._in_batch = False
                wakes = bool(self._items) and not self._scheduled
                self._scheduled = self._scheduled or wakes
            if wakes:
                self._loop.call_soon_threadsafe(self._drain)

    def close(self) -> None:
        """Call before the loop closes; puts are then ignored."""
        with self._lock:
            self._closed = True
            self._items.clear()

    def _drain(self) -> None:
        with self._lock:
            items = list(self._items)
            dropped, self._dropped = self._dropped, 0
            self._items.clear()
            self._scheduled = False
        if items:
            self._handler(items, dropped)
