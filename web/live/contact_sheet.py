"""All cameras on one picture, a still each, taken in turn while somebody looks at it. The event loop's own.

Every still is made from what viewers of that camera get: there is no other way to a picture here. A still that grew
old is blanked, so that it never looks like now.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vms.clock import Clock
from vms.rules.sheet_layout import columns_of
from vms.units import CameraId
from web.live.channel import Channels
from web.live.jpeg import encode_jpeg
from web.live.masked import PaintedFrame
from web.live.neighbours import Neighbours
from web.live.painter import Plane, scaled
from web.live.snapshot import NoPicture, keyframe_of

CELL_WIDTH, CELL_HEIGHT = 240, 136
KEPT_S = 60.0
"""A still older than this is blanked."""
LINGER_S = 10.0
"""Without a look for so long, no more stills are taken."""
PAUSE_S = 0.2
"""Between two stills: one looked-at sheet costs a part of a core at most, however many cameras there are."""
_DARK = 18
_JPEG_QUALITY = 78


@dataclass(frozen=True, slots=True)
class Sheet:
    """ages_s: of each camera's still, in the order of the cameras; None = no picture. Cells go row by row."""

    jpeg: bytes
    columns: int
    ages_s: tuple[int | None, ...]


class SheetStills:
    """Small stills: of what is served here, or as a neighbour gives them."""

    def __init__(self, channels: Channels, neighbours: Neighbours) -> None:
        self._channels = channels
        self._neighbours = neighbours

    async def take(self, camera_id: CameraId) -> tuple[Plane, int]:
        """At most as large as a cell; and when it was taken. Raises NoPicture."""
        if self._neighbours.serve(camera_id):
            picture, taken_us = await self._neighbours.still(camera_id)
            return await asyncio.to_thread(_fitting, picture), taken_us
        painted = await keyframe_of(self._channels, camera_id)
        return await asyncio.to_thread(_small, painted), painted.taken_us


class ContactSheet:
    """has_picture: a camera that is known to be down is not waited for."""

    def __init__(
        self,
        camera_ids: Sequence[CameraId],
        stills: SheetStills,
        has_picture: Callable[[CameraId], bool],
        clock: Clock,
    ) -> None:
        self._stills = stills
        self._camera_ids = tuple(camera_ids)
        self._has_picture = has_picture
        self._clock = clock
        self._columns = columns_of(len(self._camera_ids))
        self._canvas = _empty(len(self._camera_ids), self._columns)
        self._taken_us: dict[CameraId, int] = {}
        self._looked_at_s = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._version = 0
        self._encoded: tuple[int, bytes] | None = None

    async def look(self, only: Collection[str] | None = None) -> Sheet:
        """What there is now; from here on it is kept up. only: cells of these cameras and no others."""
        self._looked_at_s = self._clock.monotonic_s()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_up())
        self._blank_old()
        now_us, version = self._clock.now_us(), self._version
        shown = [camera_id for camera_id in self._camera_ids if only is None or camera_id in only]
        taken = [self._taken_us.get(camera_id) for camera_id in shown]
        ages = tuple(None if at_us is None else max(0, now_us - at_us) // 1_000_000 for at_us in taken)
        if only is not None:
            canvas = self._cut(shown)
            jpeg = await asyncio.to_thread(encode_jpeg, canvas, _JPEG_QUALITY)
            return Sheet(jpeg, columns_of(max(1, len(shown))), ages)
        if self._encoded is None or self._encoded[0] != version:
            self._encoded = (version, await asyncio.to_thread(encode_jpeg, self._canvas.copy(), _JPEG_QUALITY))
        return Sheet(self._encoded[1], self._columns, ages)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_up(self) -> None:
        while True:
            for camera_id in self._camera_ids:
                if self._clock.monotonic_s() - self._looked_at_s > LINGER_S:
                    return
                await self._take(camera_id)
                await asyncio.sleep(PAUSE_S)
            await asyncio.sleep(PAUSE_S)

    async def _take(self, camera_id: CameraId) -> None:
        if not self._has_picture(camera_id):
            self._blank(camera_id)
            return
        try:
            picture, taken_us = await self._stills.take(camera_id)
        except NoPicture:
            self._blank(camera_id)
            return
        self._put(camera_id, picture)
        self._taken_us[camera_id] = taken_us

    def _cut(self, shown: Sequence[CameraId]) -> Plane:
        """Their cells on a sheet of their own."""
        columns = columns_of(max(1, len(shown)))
        cut = _empty(len(shown), columns)
        for at, camera_id in enumerate(shown):
            _cell(cut, at, columns)[:] = _cell(self._canvas, self._camera_ids.index(camera_id), self._columns)
        return cut

    def _blank_old(self) -> None:
        limit_us = self._clock.now_us() - int(KEPT_S * 1_000_000)
        known = list(self._taken_us.items())
        for camera_id in [key for key, at_us in known if at_us < limit_us or not self._has_picture(key)]:
            self._blank(camera_id)

    def _blank(self, camera_id: CameraId) -> None:
        if self._taken_us.pop(camera_id, None) is not None:
            self._put(camera_id, np.empty((0, 0, 3), np.uint8))

    def _put(self, camera_id: CameraId, picture: Plane) -> None:
        """In the middle of its cell."""
        cell = _cell(self._canvas, self._camera_ids.index(camera_id), self._columns)
        height, width = picture.shape[:2]
        top, left = (CELL_HEIGHT - height) // 2, (CELL_WIDTH - width) // 2
        cell[:] = _DARK
        cell[top : top + height, left : left + width] = picture
        self._version += 1


def _empty(cells: int, columns: int) -> Plane:
    rows = max(1, -(-cells // columns))
    return np.full((rows * CELL_HEIGHT, columns * CELL_WIDTH, 3), _DARK, np.uint8)


def _cell(sheet: Plane, at: int, columns: int) -> Plane:
    """A view of its pixels."""
    row, column = divmod(at, columns)
    top, left = row * CELL_HEIGHT, column * CELL_WIDTH
    return sheet[top : top + CELL_HEIGHT, left : left + CELL_WIDTH]


def _small(painted: PaintedFrame) -> Plane:
    picture = scaled(painted, CELL_WIDTH, CELL_HEIGHT).frame.to_ndarray(format="bgr24")
    return np.asarray(picture, np.uint8)


def _fitting(picture: Plane) -> Plane:
    height, width = picture.shape[:2]
    scale = min(CELL_WIDTH / width, CELL_HEIGHT / height, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
