"""A viewer behind a lossy network gets the small stream, and the full one back; one that died is freed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aioice.ice
import pytest
from live_site import LiveSite, WhepViewer, running_site, site_config, until_up, viewing
from lossy_path import LossyPath

from vms.rules import link_quality

FULL, SMALL = (1280, 720), (640, 360)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    config = site_config(tmp_path_factory.mktemp("poor"), [{"id": "breed", "masks": "none"}])
    with running_site(config) as site:
        site.add("breed")
        site.add("breed", profile="main", size=FULL, tells_status=False)
        yield site


def run(site: LiveSite, scenario: Callable[[Any], Awaitable[None]]) -> None:
    async def body() -> None:
        async with viewing(site.config) as make:
            await scenario(make)

    asyncio.run(body())


async def behind_a_path(make: Any) -> tuple[WhepViewer, LossyPath]:
    viewer: WhepViewer = make()
    viewer.path = LossyPath()
    await until_up(make.http, viewer, "breed", "hero")
    await viewer.picture()
    return viewer, viewer.path


async def until_size(viewer: WhepViewer, size: tuple[int, int], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while (await viewer.picture(timeout_s)).bgr.shape[1::-1] != size:
            pass


async def told(make: Any, viewer: WhepViewer) -> dict[str, Any]:
    found: dict[str, Any] = (await make.http.get("/sessions")).json()["sessions"][viewer.session]
    return found


def test_loss_steps_one_viewer_down_and_a_calm_up_again(site: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_quality, "BAD_FOR_S", 0.4)
    monkeypatch.setattr(link_quality, "CALM_FOR_S", 0.4)

    async def scenario(make: Any) -> None:
        other: WhepViewer = make()
        await until_up(make.http, other, "breed", "hero")
        viewer, path = await behind_a_path(make)
        await until_size(viewer, FULL)
        assert (await told(make, viewer))["is_reduced"] is False
        path.loss = 0.3
        await until_size(viewer, SMALL)
        state = await told(make, viewer)
        assert (state["profile"], state["is_reduced"]) == ("tile", True)
        assert (await told(make, other))["is_reduced"] is False
        for profile, is_reduced in (("tile", False), ("hero", True)):
            await make.http.patch(f"/whep/{viewer.session}", json={"camera": "breed", "profile": profile})
            assert (await told(make, viewer))["is_reduced"] is is_reduced
        path.loss = 0.0
        await until_size(viewer, FULL)
        assert (await told(make, viewer))["is_reduced"] is False
        assert {picture.bgr.shape[1::-1] for picture in await other.newest(0.3)} == {FULL}

    run(site, scenario)


def test_a_viewer_of_whom_nothing_is_heard_any_more_is_freed(site: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent to send expires (RFC 7675), here in seconds."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.2)

    async def scenario(make: Any) -> None:
        viewer, path = await behind_a_path(make)
        path.dead = True
        async with asyncio.timeout(8):
            while viewer.session in (await make.http.get("/sessions")).json()["sessions"]:
                await asyncio.sleep(0.1)
        answer = (await make.http.get("/sessions")).json()
        assert answer["closing"] == 0

    run(site, scenario)
