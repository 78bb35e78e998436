"""How old a picture is when a WHEP viewer has decoded it: for benchmarks, by the clock that a camera burns in."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import numpy.typing as npt

from ingest.depacketize import AccessUnit, H264Depacketizer
from vms.clock import Clock
from vms.errors import ProtocolError
from web.live.codec import DECODE_ERRORS
from web.live.load import open_viewer, signal_to
from web.live.whep import use_addresses

_HTTP_TIMEOUT_S = 15.0

ReadClock = Callable[[npt.NDArray[np.uint8]], int | None]
"""The grey picture → the burned-in UTC in microseconds; None when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Seen:
    """ages_us: of each decoded picture while measured. unreadable: pictures without a clock."""

    camera: str
    profile: str
    ages_us: tuple[int, ...]
    unreadable: int


class _Eye:
    """Takes the place of a receiver's RTP handling: decodes each picture when its last packet is there."""

    def __init__(self, clock: Clock, read_clock: ReadClock) -> None:
        self._clock = clock
        self._read_clock = read_clock
        self._payload_type: int | None = None
        self._packets: H264Depacketizer | None = None
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        self._decoder: Any = decoder
        self.ages_us: list[int] = []
        self.unreadable = 0

    def forget(self) -> None:
        self.ages_us, self.unreadable = [], 0

    async def take(self, packet: Any, arrival_time_ms: int) -> None:
        del arrival_time_ms
        if self._packets is None:
            self._payload_type = packet.payload_type
            self._packets = H264Depacketizer(packet.payload_type)
        if packet.payload_type != self._payload_type:
            return  # a retransmission: too late to count
        try:
            units = self._packets.push_all([packet.serialize()])
        except ProtocolError:
            return
        for unit in units:
            self._see(unit)

    def _see(self, unit: AccessUnit) -> None:
        try:
            frames = self._decoder.decode(av.Packet(unit.data))
        except DECODE_ERRORS:
            return
        for frame in frames:
            now_us, plane = self._clock.now_us(), frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            taken_us = self._read_clock(luma)
            if taken_us is None:
                self.unreadable += 1
            else:
                self.ages_us.append(now_us - taken_us)


def watch_glass(
    socket: Path,
    streams: Sequence[tuple[str, str]],
    clock: Clock,
    read_clock: ReadClock,
    settle_s: float,
    measured: Callable[[], None],
) -> list[Seen]:
    """A viewer of each (camera, profile); measured() waits while their pictures count."""

    async def body() -> list[Seen]:
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://live", timeout=_HTTP_TIMEOUT_S) as http:
            eyes = [_Eye(clock, read_clock) for _ in streams]
            peers = [
                (await open_viewer(signal_to(http, *stream), clock, eye.take))[0]
                for stream, eye in zip(streams, eyes, strict=True)
            ]
            try:
                await asyncio.sleep(settle_s)
                for eye in eyes:
                    eye.forget()
                await asyncio.to_thread(measured)
                return [
                    Seen(camera, profile, tuple(eye.ages_us), eye.unreadable)
                    for (camera, profile), eye in zip(streams, eyes, strict=True)
                ]
            finally:
                await asyncio.gather(*(peer.close() for peer in peers))

    use_addresses(["127.0.0.1"])
    return asyncio.run(body())
