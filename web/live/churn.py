"""Viewers that come and go: what each of them leaves behind in the live process."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from vms.clock import Clock
from web.live.load import open_viewer, signal_to
from web.live.whep import use_addresses

AT_ONCE = 8
_HTTP_TIMEOUT_S = 15.0
_GONE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Left:
    """before, after: what the live process holds, as `usage` counts it. sessions: that it still knows."""

    cycles: int
    before: int
    after: int
    files_before: int
    files_after: int
    sessions: int


def churn(
    socket: Path, stream: tuple[str, str], clock: Clock, cycles: int, warm_up: int, usage: Callable[[], tuple[int, int]]
) -> Left:
    """Open, connect, get a picture and hang up, `cycles` times after `warm_up`. usage: memory, and open files."""

    async def body() -> Left:
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://live", timeout=_HTTP_TIMEOUT_S) as http:
            await _cycles(http, stream, clock, warm_up)
            before = usage()
            await _cycles(http, stream, clock, cycles)
            after = usage()
            left = len((await http.get("/sessions")).json()["sessions"])
            return Left(cycles, before[0], after[0], before[1], after[1], left)

    use_addresses(["127.0.0.1"])
    return asyncio.run(body())


async def _cycles(http: httpx.AsyncClient, stream: tuple[str, str], clock: Clock, count: int) -> None:
    waiting = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with waiting:
            sessions: list[str] = []
            peer, counter = await open_viewer(signal_to(http, *stream, sessions=sessions), clock)
            try:
                async with asyncio.timeout(_GONE_TIMEOUT_S):
                    while counter.first_s is None:
                        await asyncio.sleep(0.01)
            finally:
                await http.delete(f"/whep/{sessions[-1]}")
                await peer.close()

    await asyncio.gather(*(one() for _ in range(count)))
    async with asyncio.timeout(_GONE_TIMEOUT_S):
        while (await http.get("/sessions")).json()["closing"]:
            await asyncio.sleep(0.05)
