"""An answer that takes long to find, found once for everybody who asks meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

from vms.clock import Clock
from web.problems import Problem

T = TypeVar("T")

FRESH_S = 60.0
WAIT_S = 20.0
"""How long one request waits; the search goes on and a later request gets what it found."""


class SharedAnswer(Generic[T]):
    """The event loop's. `find` runs in a worker thread, never twice at a time; what it found is good for FRESH_S."""

    def __init__(self, clock: Clock, find: Callable[[], T]) -> None:
        self._clock = clock
        self._find = find
        self._found: tuple[T, float] | None = None
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Raises Problem busy with Retry-After when it takes longer, and whatever `find` raises."""
        if self._found is not None and self._clock.monotonic_s() - self._found[1] < FRESH_S:
            return self._found[0]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._search())
        try:
            return await asyncio.wait_for(asyncio.shield(self._task), WAIT_S)
        except TimeoutError:
            nl, en = "De controle loopt nog; probeer het zo opnieuw.", "The check still runs; try again shortly."
            raise Problem("busy", nl=nl, en=en, headers={"Retry-After": "10"}) from None

    async def close(self) -> None:
        """Nobody waits for a search that still runs; its thread ends with the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _search(self) -> T:
        found = await anyio.to_thread.run_sync(self._find, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
        self._found = (found, self._clock.monotonic_s())
        return found
