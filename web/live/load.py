"""Many WHEP viewers that count packets instead of decoding them: for benchmarks of this and other servers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from vms.clock import Clock
from vms.errors import UitkijkError
from web.live.whep import NEGOTIATION_ERRORS, use_addresses

_OPEN_TIMEOUT_S = 15.0
_RETRY_S = 0.3
_HTTP_TIMEOUT_S = 15.0
TILES_PER_WALL = 25
"""Of one user: nobody may open more than some at once."""

Signal = Callable[[str], Awaitable[str]]
"""Offer in, answer out; raises httpx.HTTPError or KeyError while there is none."""
Take = Callable[[Any, int], Awaitable[None]]
"""aiortc's RTP packet, and when it arrived in milliseconds."""


@dataclass(frozen=True, slots=True)
class LoadFigure:
    """first_picture_s: from the offer to the end of the first picture that can be decoded, because a keyframe went
    before; sorted; of the viewers that got one.

    lost: packets missing in the viewers' sequence numbers while measured.
    """

    viewers: int
    watching: int
    pictures: int
    packets: int
    lost: int
    first_picture_s: tuple[float, ...]


class _Counter:
    """Takes the place of a connection's RTP handling: no parser, no jitter buffer, no decoder."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started_s = 0.0
        self.first_s: float | None = None
        self.packets = self.pictures = self.lost = 0
        self._last: int | None = None
        self._has_keyframe = False
        self.on_first: Callable[[], None] = lambda: None

    async def take(self, data: bytes, arrival_time_ms: int) -> None:
        """An RTP packet in the clear."""
        del arrival_time_ms
        self._has_keyframe = self._has_keyframe or starts_keyframe(_payload(data))
        self.count(data)
        if data[1] & 0x80 and self.first_s is None and self._has_keyframe:
            self.first_s = self._clock.monotonic_s() - self.started_s
            self.on_first()

    def count(self, data: bytes) -> None:
        """An RTP packet whose payload nobody needs."""
        sequence = data[2] << 8 | data[3]
        if self._last is not None:
            step = (sequence - self._last) % 65536
            self.lost += step - 1 if 1 < step < 32768 else 0
        self._last = sequence
        self.packets += 1
        self.pictures += data[1] >> 7


def _count_sealed(receiver: Any, counter: _Counter) -> None:
    """Headers are enough from here on, and those are not encrypted: no decryption any more, no task for each packet."""
    for protocol in receiver.transport.transport._connection._protocols:  # noqa: SLF001 - as above
        received = protocol.datagram_received

        def take(data: bytes, address: Any, received: Any = received) -> None:
            if data[0] >> 6 == 2 and not 64 <= data[1] & 0x7F < 96:  # RTP, and not RTCP (RFC 5761)
                counter.count(data)
            else:
                received(data, address)

        protocol.datagram_received = take


def _payload(data: bytes) -> bytes:
    begin = 12 + 4 * (data[0] & 15)
    if data[0] & 0x10:
        begin += 4 + 4 * int.from_bytes(data[begin + 2 : begin + 4], "big")
    return data[begin:]


def starts_keyframe(payload: bytes) -> bool:
    """An RTP payload of H.264 (RFC 6184) that begins with a parameter set or an IDR slice."""
    kind = payload[0] & 31 if payload else 0
    inner = {24: payload[3:4], 28: payload[1:2]}.get(kind, payload[:1])
    is_start = kind != 28 or payload[1] & 0x80
    return bool(inner and is_start and inner[0] & 31 in (5, 7))


def signal_to(
    http: httpx.AsyncClient, camera: str, profile: str, user: str = "bench", sessions: list[str] | None = None
) -> Signal:
    """To a live process. sessions: where the ids of what was opened go."""

    async def post(sdp: str) -> str:
        body = {"camera": camera, "profile": profile, "sdp": sdp, "user": user}
        answer = (await http.post("/whep", json=body)).raise_for_status().json()
        if sessions is not None:
            sessions.append(str(answer["session"]))
        return str(answer["sdp"])

    return post


async def open_viewer(signal: Signal, clock: Clock, take: Take | None = None) -> tuple[RTCPeerConnection, _Counter]:
    """take: gets every RTP packet in place of the counter."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    counter = _Counter(clock)
    receiver = cast(Any, peer.addTransceiver("video", direction="recvonly").receiver)
    if take is not None:
        receiver._handle_rtp_packet = take  # noqa: SLF001 - in place of a decoder
    else:
        receiver.transport._handle_rtp_data = counter.take  # noqa: SLF001 - counting, not decoding
        counter.on_first = lambda: _count_sealed(receiver, counter)
    counter.started_s = clock.monotonic_s()
    await peer.setLocalDescription(await peer.createOffer())
    try:
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            while True:
                try:
                    answer = await signal(peer.localDescription.sdp)
                    break
                except (httpx.HTTPError, KeyError):
                    await asyncio.sleep(_RETRY_S)
                    counter.started_s = clock.monotonic_s()
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    except (TimeoutError, *NEGOTIATION_ERRORS) as error:
        await peer.close()
        raise UitkijkError(f"a viewer could not be opened: {error or type(error).__name__}") from error
    return peer, counter


def _walls(signals: Sequence[Signal], size: int) -> list[Sequence[Signal]]:
    """One wall after the other: who opens them all at once measures his own crowd."""
    return [signals[start : start + size] for start in range(0, len(signals), size)]


async def _watch(signals: Sequence[Signal], clock: Clock, settle_s: float, measured: Callable[[], None]) -> LoadFigure:
    opened: list[tuple[RTCPeerConnection, _Counter]] = []
    try:
        for wall in _walls(signals, TILES_PER_WALL):
            opened += await asyncio.gather(*(open_viewer(signal, clock) for signal in wall))
        await asyncio.sleep(settle_s)
        counters = [counter for _, counter in opened]
        before = [(c.packets, c.pictures, c.lost) for c in counters]
        await asyncio.to_thread(measured)
        first = sorted(round(c.first_s, 3) for c in counters if c.first_s is not None)
        deltas = [
            (c.packets - packets, c.pictures - pictures, c.lost - lost)
            for c, (packets, pictures, lost) in zip(counters, before, strict=True)
        ]
        packets, pictures, lost = (sum(column) for column in zip(*deltas, strict=True))
        watching = sum(delta[1] > 0 for delta in deltas)
        return LoadFigure(len(signals), watching, pictures, packets, lost, tuple(first))
    finally:
        await asyncio.gather(*(peer.close() for peer, _ in opened))


def watch_live(
    socket_of: Callable[[str], Path],
    streams: Sequence[tuple[str, str]],
    clock: Clock,
    settle_s: float,
    measured: Callable[[], None],
) -> LoadFigure:
    """Open a viewer for each (camera, profile), let it settle, call `measured` (which waits).

    socket_of: of the live process that serves a camera.
    """

    async def body() -> LoadFigure:
        async with AsyncExitStack() as stack:
            https = {
                socket: await stack.enter_async_context(_live_client(socket))
                for socket in {socket_of(camera) for camera, _ in streams}
            }
            walls = [f"bench-{number // TILES_PER_WALL}" for number in range(len(streams))]
            signals = [
                signal_to(https[socket_of(stream[0])], *stream, user)
                for stream, user in zip(streams, walls, strict=True)
            ]
            return await _watch(signals, clock, settle_s, measured)

    use_addresses(["127.0.0.1"])
    return asyncio.run(body())


def _live_client(socket: Path) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    return httpx.AsyncClient(transport=transport, base_url="http://live", timeout=_HTTP_TIMEOUT_S)


def watch_urls(urls: Sequence[str], clock: Clock, settle_s: float, measured: Callable[[], None]) -> LoadFigure:
    """The same on any WHEP server."""

    async def body() -> LoadFigure:
        async with httpx.AsyncClient(timeout=_HTTP_TIMEOUT_S) as http:

            def signal(url: str) -> Signal:
                async def post(sdp: str) -> str:
                    headers = {"Content-Type": "application/sdp"}
                    return (await http.post(url, content=sdp, headers=headers)).raise_for_status().text

                return post

            return await _watch([signal(url) for url in urls], clock, settle_s, measured)

    use_addresses(["127.0.0.1"])
    return asyncio.run(body())
