"""Work that streams out for as long as it takes, a bounded number at once; others are told to come back."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Streamed = tuple[Iterator[bytes], dict[str, str]]
"""What streams out, and headers that tell about it."""


class AllTaken(Exception):
    """Its text says what the others are doing."""


class Slots:
    """Owned by the event loop. `most` at once, each from the call of `stream` until its answer is over."""

    def __init__(self, most: int, busy: str) -> None:
        self._most = most
        self._busy = busy
        self.taken = 0

    async def stream(self, start: Callable[[], Streamed], media_type: str) -> Response:
        """start: blocking, runs in a thread; so does what it gives. Raises AllTaken, and what start raises."""
        if self.taken >= self._most:
            raise AllTaken(self._busy)
        self.taken += 1
        try:
            chunks, headers = await asyncio.to_thread(start)
        except BaseException:
            self.taken -= 1
            raise
        return _Streaming(self._free, iterate_in_threadpool(chunks), media_type=media_type, headers=headers)

    def _free(self) -> None:
        self.taken -= 1


class _Streaming(StreamingResponse):
    """Frees its slot also when whoever asked is gone before the first byte: its content then never begins to run."""

    def __init__(self, free: Callable[[], None], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._free()
