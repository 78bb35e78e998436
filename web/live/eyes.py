"""WHEP viewers that decode what they get, through the pages' own door: for measurements of what people see."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import av
import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from web.live.whep import NEGOTIATION_ERRORS, use_addresses

log = logging.getLogger(__name__)

_RETRY_S = 0.5
_SILENCE_S = 8.0
"""A viewer that gets no picture for so long opens anew, as a browser does."""
_HTTP_TIMEOUT_S = 15.0

OnFrame = Callable[["Seat", av.VideoFrame], None]


@dataclass(frozen=True, slots=True)
class Seat:
    """One viewer: who watches what."""

    camera: str
    profile: str


@dataclass(frozen=True, slots=True)
class Door:
    """headers: of somebody who may watch."""

    base_url: str
    headers: dict[str, str]


@contextmanager
def watching(door: Door, seats: Sequence[Seat], on_frame: OnFrame) -> Iterator[None]:
    """Viewers in a thread of their own, reopened when they fall silent. on_frame: called there; must be quick."""
    use_addresses(["127.0.0.1"])
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_watch(door, seats, on_frame, ended)), name="eyes", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_HTTP_TIMEOUT_S)
        if not thread.is_alive():
            loop.close()


async def _watch(door: Door, seats: Sequence[Seat], on_frame: OnFrame, ended: asyncio.Event) -> None:
    async with httpx.AsyncClient(base_url=door.base_url, headers=door.headers, timeout=_HTTP_TIMEOUT_S) as http:
        tasks = [asyncio.create_task(_sit(http, seat, on_frame)) for seat in seats]
        await ended.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sit(http: httpx.AsyncClient, seat: Seat, on_frame: OnFrame) -> None:
    while True:
        try:
            await _view(http, seat, on_frame)
        except (httpx.HTTPError, TimeoutError, MediaStreamError, *NEGOTIATION_ERRORS) as error:
            log.info("viewer_opens_anew", extra={"camera": seat.camera, "detail": str(error)})
        await asyncio.sleep(_RETRY_S)


async def _view(http: httpx.AsyncClient, seat: Seat, on_frame: OnFrame) -> None:
    """Until it ends or falls silent."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = peer.addTransceiver("video", direction="recvonly").receiver
    try:
        await peer.setLocalDescription(await peer.createOffer())
        headers = {"Content-Type": "application/sdp"}
        params = {"profile": seat.profile}
        offer = peer.localDescription.sdp
        answer = await http.post(f"/whep/{seat.camera}", content=offer, headers=headers, params=params)
        answer.raise_for_status()
        await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        track: MediaStreamTrack = receiver.track
        while True:
            frame = await asyncio.wait_for(track.recv(), _SILENCE_S)
            if isinstance(frame, av.VideoFrame):
                on_frame(seat, frame)
    finally:
        with contextlib.suppress(ConnectionError):
            await peer.close()
