"""A PTZ camera of the simulated street turned in every way, recorded and watched: no home window may show.

The street paints home windows in a magenta that nothing else has, so a leaked pixel can be counted.
"""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from live_site import WhepViewer, running_live, viewing
from turning_street import CAMERA, TurningStreet, is_blank, leaked_pixels, street_masks, turning_street, wait_for

from recorder.clip import SegmentReader
from vms.clock import SystemClock
from vms.keys import KeyRing
from vms.rules.masks import parse_mask_import
from vms.store import Store, catalog
from vms.store import masks as mask_store
from vms.units import US_PER_SECOND, us_from_utc, utc_from_us

pytestmark = pytest.mark.e2e
A_LEAK = 20
"""Pixels; less is a codec's ringing on grey."""


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with turning_street(tmp_path_factory.mktemp("street")) as street:
        store = Store(street.config.database_url)
        store.migrate()
        with store.transaction() as tx:
            mask_store.add(tx, parse_mask_import(street_masks()), utc_from_us(SystemClock().now_us()))
        store.close()
        yield street


@pytest.fixture(scope="module")
def live(street: TurningStreet) -> Any:
    with running_live(street.config):
        yield street


class Watch:
    """Counts what one viewer sees."""

    def __init__(self, viewer: WhepViewer) -> None:
        self.viewer = viewer
        self.frames = self.leaks = self.blanks = 0

    async def look(self, seconds: float) -> None:
        for picture in await self.viewer.newest(seconds):
            self.frames += 1
            self.leaks += leaked_pixels(picture.bgr) > A_LEAK
            self.blanks += is_blank(picture.bgr)


def move(street: TurningStreet, pan: float = 0.0, tilt: float = 0.0, zoom: float = 0.0) -> Callable[[], Any]:
    return lambda: street.ptz("ptz_move", pan=pan, tilt=tilt, zoom=zoom, timeout_s=1.0)


async def turn_about(street: TurningStreet, watch: Watch) -> None:
    """Slow, fast, jerks, presets, zoom; each from a stand-still that takes the masks by surprise."""
    runs = [(0.1, 0.02, 0.0), (-0.5, 0.0, 0.0), (1.0, 0.0, 0.0), (0.6, 0.0, 0.0), (-0.6, 0.0, 0.0), (0.0, 0.0, 0.5)]
    for pan, tilt, zoom in runs:
        await asyncio.to_thread(move(street, pan, tilt, zoom))
        await watch.look(0.7)
    await asyncio.to_thread(move(street, zoom=-0.5))
    await watch.look(0.7)
    await asyncio.to_thread(street.ptz, "ptz_stop")
    await watch.look(0.4)
    for preset in ("2", "1"):
        await asyncio.to_thread(lambda preset=preset: street.ptz("ptz_goto", preset=preset))
        await watch.look(0.9)


def test_no_window_shows_while_the_camera_turns_and_a_picture_remains(live: TurningStreet) -> None:
    async def scenario() -> Watch:
        async with viewing(live.config) as make:
            viewer = make()
            async with asyncio.timeout(30):
                while (await viewer.open(CAMERA)).status_code != 201:
                    await asyncio.sleep(0.2)
            await viewer.picture()
            watch = Watch(viewer)
            await asyncio.sleep(0.5)
            await watch.look(1.0)
            rest = (watch.frames, watch.blanks)
            await turn_about(live, watch)
            assert rest[0] >= 8
            assert rest[1] == 0
            return watch

    watch = asyncio.run(scenario())
    assert watch.frames > 60
    assert watch.leaks == 0
    assert watch.blanks < watch.frames / 2, "a camera that is not calibrated is not found again when it was lost"


def frames_of(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def recorded(street: TurningStreet, profile: str = "sub") -> list[catalog.Segment]:
    store = Store(street.config.database_url)
    try:
        with store.reading() as tx:
            found = catalog.segments(tx, CAMERA, profile, utc_from_us(0), utc_from_us(SystemClock().now_us()))
    finally:
        store.close()
    return found


def reader(street: TurningStreet) -> SegmentReader:
    keys = KeyRing(street.config.site.data_dir / "keys", street.config.site_key_file)
    return SegmentReader([volume.path for volume in street.config.volumes], keys)


def originals(street: TurningStreet, segment: catalog.Segment) -> list[np.ndarray]:
    with reader(street).open(segment) as file:
        return frames_of(file.read())


def liveliest(street: TurningStreet, profile: str = "sub") -> catalog.Segment:
    """In which the camera turned most."""

    def turning(segment: catalog.Segment) -> int:
        return sum(pose.move_status == "moving" for pose in reader(street).poses(segment))

    return max(recorded(street, profile), key=turning)


def test_recorded_footage_of_the_turning_camera_is_masked_when_played_and_cut(live: TurningStreet) -> None:
    wait_for(lambda: recorded(live) and recorded(live, "main"))

    async def fetched(path: str) -> Any:
        async with viewing(live.config) as make:
            return await make.http.get(path)

    segment = liveliest(live)
    answer = asyncio.run(fetched(f"/masked/{segment.id}"))
    assert answer.headers["content-type"] == "video/mp4"
    pictures = frames_of(answer.content)
    assert len(pictures) == len(originals(live, segment)) > 50
    assert sum(leaked_pixels(bgr) > A_LEAK for bgr in pictures) == 0
    assert sum(is_blank(bgr) for bgr in pictures) < len(pictures) / 2
    from_us = us_from_utc(liveliest(live, "main").start_at) + 3 * US_PER_SECOND
    query = f"/clip?camera={CAMERA}&profile=main&from_us={from_us}&to_us={from_us + 3 * US_PER_SECOND}"
    answer = asyncio.run(fetched(query))
    assert (answer.headers["x-clip-kind"], answer.headers["x-clip-start-us"]) == ("painted", str(from_us))
    clip = frames_of(answer.content)
    assert 15 <= len(clip) <= 40
    assert clip[0].shape == (720, 1280, 3)
    assert sum(leaked_pixels(bgr) > A_LEAK * 4 for bgr in clip) == 0
    assert asyncio.run(fetched("/masked/999999")).status_code == 404


def test_without_masks_the_windows_would_show(street: TurningStreet) -> None:
    """The measurement itself can fail: the same footage, not painted."""
    wait_for(lambda: recorded(street))
    pictures = originals(street, recorded(street)[0])
    assert sum(leaked_pixels(bgr) > A_LEAK for bgr in pictures) > len(pictures) / 2
