"""Two live processes share the cameras: each viewer and picture comes from the right one, and one falls alone."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from live_site import LiveSite, WhepViewer, listens, mask_document, site_config

from vms.clock import SystemClock
from vms.config.model import SiteConfig
from vms.errors import ConfigError, UitkijkError
from vms.process import running_pid
from vms.rules.live_shards import shard_of
from vms.supervise import Supervisor, product_processes
from web.live.contact_sheet import CELL_HEIGHT, CELL_WIDTH
from web.live.service import run_live
from web.live_client import LiveClient
from web.problems import Problem

MASKED, OPEN = "vrij", "vast"
"""Served by live-0 and by live-1."""
HALF = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
INSIDE = (slice(60, 190), slice(90, 290))


class Routed:
    """What a WhepViewer posts goes the way that `web` sends it."""

    def __init__(self, client: LiveClient) -> None:
        self._client = client

    async def post(self, path: str, json: dict[str, Any]) -> httpx.Response:
        assert path == "/whep"
        session, sdp = await self._client.offer(json["camera"], json["profile"], json["sdp"], json["user"])
        return httpx.Response(201, json={"session": session, "sdp": sdp})


@asynccontextmanager
async def watching(config: SiteConfig) -> AsyncIterator[tuple[LiveClient, Any]]:
    client = LiveClient(dict(zip(config.live_names(), config.live_sockets(), strict=True)))
    viewers: list[WhepViewer] = []

    async def watch(camera: str) -> WhepViewer:
        viewers.append(WhepViewer(Routed(client)))  # type: ignore[arg-type]
        await viewers[-1].open(camera)
        return viewers[-1]

    try:
        yield client, watch
    finally:
        await asyncio.gather(*(viewer.close() for viewer in viewers))
        await client.close()


async def eventually(ask: Any, timeout_s: float = 20.0) -> Any:
    """The first answer that is something; what is refused meanwhile may come later."""
    async with asyncio.timeout(timeout_s):
        while True:
            try:
                if found := await ask():
                    return found
            except (UitkijkError, Problem):
                pass
            await asyncio.sleep(0.1)


@pytest.fixture
def site(tmp_path: Path) -> Any:
    """Two live processes under a supervisor; a camera for each."""
    config = site_config(tmp_path, [{"id": MASKED}, {"id": OPEN, "masks": "none"}], processes=2)
    file = tmp_path / "site.toml"
    cameras = "".join(
        f'[[cameras]]\nid = "{c.id}"\nnumber = {c.number}\nname = "{c.name}"\nmain = "{c.main}"\nmasks = "{c.masks}"\n'
        for c in config.cameras
    )
    sections = "[live]\nprocesses = 2\n[recorder]\nencrypt = false\n[decisions]\nenforce = false\n"
    file.write_text(f'[site]\ndata_dir = "{tmp_path}"\n{sections}{cameras}', "utf-8")
    site = LiveSite(config)
    site.import_masks(mask_document(MASKED, HALF))
    site.add(MASKED)
    site.add(OPEN)
    specs = [spec for spec in product_processes(file, 0, config.live.processes) if spec.module == "web.live"]
    stop = threading.Event()
    supervisor = threading.Thread(target=Supervisor(specs, config.run_dir, SystemClock()).run, args=(stop,))
    supervisor.start()
    try:
        yield site
    finally:
        stop.set()
        supervisor.join(15)
        site.stop()


def test_cameras_are_shared_and_a_process_that_falls_takes_only_its_own_viewers_along(site: LiveSite) -> None:
    config = site.config
    assert [config.live_shard(camera) for camera in (MASKED, OPEN)] == [0, 1]

    async def scenario() -> None:
        await eventually(lambda: asyncio.to_thread(lambda: all(map(listens, config.live_sockets()))), 40)
        async with watching(config) as (client, watch):
            masked, free = await eventually(lambda: watch(MASKED)), await eventually(lambda: watch(OPEN))
            assert (await masked.picture()).bgr[INSIDE].std() < 3
            assert (await free.picture()).bgr[INSIDE].std() > 20
            assert [shard_of(viewer.session, 2) for viewer in (masked, free)] == [0, 1]
            await each_tells_of_its_own(client, masked, free)
            with pytest.raises(Problem) as refused:
                await client.swap(free.session, MASKED, "tile")
            assert (refused.value.code, refused.value.status_code) == ("other_process", 409)
            await client.swap(free.session, OPEN, "tile")
            await the_sheet_holds_both(client)
            await one_falls(config, client, free)
            again = await eventually(lambda: watch(MASKED))
            assert (await again.picture()).bgr[INSIDE].std() < 3

    asyncio.run(scenario())


async def each_tells_of_its_own(client: LiveClient, masked: WhepViewer, free: WhepViewer) -> None:
    """And the masked camera is encoded in one of them only."""
    answers = (await client.sessions()).by_process
    assert [set(answers[name]["sessions"]) for name in ("live-0", "live-1")] == [{masked.session}, {free.session}]
    assert [set(answers[name]["cameras"]) for name in ("live-0", "live-1")] == [{MASKED}, {OPEN}]
    assert [answers[name]["encoders"] for name in ("live-0", "live-1")] == [1, 0]


async def the_sheet_holds_both(client: LiveClient) -> None:
    """Made by live-0: the other's still comes from live-1, which alone reads that camera."""

    async def whole() -> Any:
        sheet = await client.sheet()
        return "-" not in sheet.ages_s and sheet

    sheet = await eventually(whole)
    image = cv2.imdecode(np.frombuffer(sheet.jpeg, np.uint8), cv2.IMREAD_COLOR)
    cells = [image[:CELL_HEIGHT, column * CELL_WIDTH : (column + 1) * CELL_WIDTH] for column in range(2)]
    area = (slice(20, 75), slice(30, 110))
    assert cells[0][area].std() < 3
    assert cells[1][area].std() > 20
    answers = (await client.sessions()).by_process
    assert answers["live-1"]["encoders"] == 0


async def one_falls(config: SiteConfig, client: LiveClient, free: WhepViewer) -> None:
    pid = running_pid(config.run_dir, "live-0")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert len(await free.newest(1.0)) > 3, "the other process's viewer goes on"
    found = await client.sessions()
    assert free.session in found.by_process["live-1"]["sessions"]


@pytest.mark.parametrize(("processes", "shard"), [(1, 0), (2, None), (2, 2), (2, -1)])
def test_a_process_that_does_not_belong_is_told_so(tmp_path: Path, processes: int, shard: int | None) -> None:
    config = site_config(tmp_path, [{"id": OPEN}], processes=processes)
    with pytest.raises(ConfigError, match=r"live\.processes"):
        run_live(config, threading.Event(), shard=shard)
