"""The live process: its threads, its event loop, its unix socket."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn

from recorder.shelf import Shelf
from vms.clock import Clock, SystemClock
from vms.config import SiteConfig
from vms.decision_file import DecisionBook
from vms.errors import ConfigError
from vms.store import Store
from vms.store.mask_lapse import lapse_moved
from web.live.app import LiveApp
from web.live.channel import Channels
from web.live.gate_watch import GateWatch
from web.live.keyframes import KeyframeRequests
from web.live.mask_book import MaskBook
from web.live.playback import Playback
from web.live.references import ReferenceBook
from web.live.source import LiveSources
from web.live.whep import WhepSessions, ids_of, use_addresses

log = logging.getLogger(__name__)

_STOP_POLL_S = 0.5
_SHUTDOWN_S = 2


def run_live(config: SiteConfig, stop: threading.Event, clock: Clock | None = None, shard: int | None = None) -> None:
    """Serve until `stop`. Raises ConfigError when the socket cannot be bound, or there is no such process.

    shard: which of [live] processes; None when there is one.
    """
    processes = config.live.processes
    if (shard is None) != (processes == 1) or not 0 <= (shard or 0) < processes:
        which = "without --shard" if shard is None else f"with --shard {shard}"
        raise ConfigError([f"live.processes: is {processes}, which no process {which} belongs to"])
    asyncio.run(_serve(config, stop, clock or SystemClock(), shard or 0))


class _Server(uvicorn.Server):
    """Signals belong to the process (vms.process), not to uvicorn."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(config: SiteConfig, clock: Clock, shard: int = 0) -> AsyncIterator[LiveApp]:
    """Everything but the socket, from start to clean stop. One per process: it sets the ICE addresses."""
    use_addresses(config.live.addresses)
    store = Store(config.database_url)
    cameras = {camera.id: camera for camera in config.cameras}
    book = DecisionBook(config)
    placements = {camera.id: camera.placed for camera in config.cameras}
    masks = MaskBook(store, list(cameras), lambda: lapse_moved(store, placements, clock))
    sources = LiveSources(config.bus_endpoints(), list(cameras))
    keyframes = KeyframeRequests(config.control_endpoint_of, clock)
    await asyncio.to_thread(masks.refresh)
    masks.start()
    sources.start()
    references = ReferenceBook(
        config.site.data_dir,
        config.site_key_file,
        book.placements.placed,
        must_be_placed=config.live.unplaced == "blank",
    )
    channels = Channels(cameras, config.live, sources, masks, references, keyframes, clock)
    sessions = WhepSessions(channels, clock, config.live.max_viewers, ids_of(shard, config.live.processes))
    sessions.start()
    shelf = Shelf(config)
    playback = Playback(config, store, lambda: shelf.reader, references)
    gates = GateWatch(book, sessions, clock)
    await gates.start()
    live = LiveApp(config, sources, channels, sessions, masks, playback, references, clock, gates.gate, shard)
    try:
        yield live
    finally:
        await live.sheet.stop()
        await gates.stop()
        await sessions.stop()
        channels.stop()
        await asyncio.to_thread(keyframes.close)
        sources.stop()
        masks.stop()
        store.close()


async def _serve(config: SiteConfig, stop: threading.Event, clock: Clock, shard: int) -> None:
    socket_file = config.live_sockets()[shard]
    listener = _bind(socket_file)
    async with running(config, clock, shard) as live:
        server = _Server(
            uvicorn.Config(
                live.app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=_SHUTDOWN_S,
                server_header=False,
            )
        )
        watcher = asyncio.create_task(_watch(stop, server))
        try:
            await server.serve(sockets=[listener])
        finally:
            watcher.cancel()
            listener.close()
            socket_file.unlink(missing_ok=True)


async def _watch(stop: threading.Event, server: uvicorn.Server) -> None:
    while not stop.is_set():
        await asyncio.sleep(_STOP_POLL_S)
    server.should_exit = True


def _bind(path: Path) -> socket.socket:
    """A socket that only our own user may talk to. Raises ConfigError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mask = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError([f"{path}: cannot listen there: {error.strerror or error}; check site.data_dir"]) from error
    finally:
        os.umask(mask)
    return listener
