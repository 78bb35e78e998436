"""Stills of cameras that another live process serves: asked of it, so that every camera is decoded in one process."""

from pathlib import Path

import cv2
import httpx
import numpy as np

from vms.units import CameraId
from web.live.painter import Plane
from web.live.snapshot import NoPicture

_TIMEOUT_S = 3.0
_MAX_BYTES = 4 * 1024 * 1024


class Neighbours:
    """loop only. sockets: of cameras that others serve, where their process answers. What it answers is masked."""

    def __init__(self, sockets: dict[CameraId, Path]) -> None:
        self._sockets = sockets

    def serve(self, camera_id: CameraId) -> bool:
        return camera_id in self._sockets

    async def still(self, camera_id: CameraId) -> tuple[Plane, int]:
        """A picture in colour and when it was taken (server UTC, µs). Raises NoPicture."""
        transport = httpx.AsyncHTTPTransport(uds=str(self._sockets[camera_id]))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://live", timeout=_TIMEOUT_S) as http:
                answer = await http.get(f"/snapshot/{camera_id}?profile=tile")
        except httpx.HTTPError as error:
            raise NoPicture("the process that serves this camera does not answer") from error
        taken = answer.headers.get("x-taken-us", "")
        if answer.status_code != httpx.codes.OK or not taken.isdecimal() or len(answer.content) > _MAX_BYTES:
            raise NoPicture("the process that serves this camera has no picture")
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise NoPicture("the picture cannot be read")
        return np.asarray(picture, np.uint8), int(taken)
