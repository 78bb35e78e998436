"""One still of what viewers would see now."""

import asyncio
from dataclasses import dataclass

from vms.units import CameraId, LiveProfile
from web.live.channel import LINGER_S, Channels
from web.live.codec import DECODE_ERRORS, decode_last
from web.live.masked import MaskedPacket, MaskState, PaintedFrame, mask_reason, mask_state
from web.live.painter import jpeg

WAIT_S = 4.0
QUICK_WAIT_S = 1.5
"""For one of many, where the next is waiting."""


class NoPicture(Exception):
    """The camera gave no picture in time (HTTP 409)."""


@dataclass(frozen=True, slots=True)
class Still:
    jpeg: bytes
    mask: MaskState
    reason: str
    taken_us: int


async def snapshot(channels: Channels, camera_id: CameraId, profile: LiveProfile) -> Still:
    """The newest picture, made from the packets that viewers get. Raises NoPicture."""
    gop = await _gop(channels, camera_id, profile, WAIT_S, LINGER_S)
    return await asyncio.to_thread(_still, gop)


async def keyframe_of(channels: Channels, camera_id: CameraId) -> PaintedFrame:
    """The start of the tile's current group of pictures: the cheapest of now. Raises NoPicture."""
    gop = await _gop(channels, camera_id, "tile", QUICK_WAIT_S, 0.0)
    return await asyncio.to_thread(_painted, gop[:1])


async def _gop(
    channels: Channels, camera_id: CameraId, profile: LiveProfile, wait_s: float, linger_s: float
) -> list[MaskedPacket]:
    channel = channels.open(camera_id, profile)
    try:
        async with asyncio.timeout(wait_s):
            while not (gop := channel.gop):
                channel.arrived.clear()
                channels.request_keyframe(channel)
                await channel.arrived.wait()
    except TimeoutError as error:
        raise NoPicture("no picture came from the camera") from error
    else:
        return gop
    finally:
        channels.close(channel, linger_s)


def _still(gop: list[MaskedPacket]) -> Still:
    painted = _painted(gop)
    return Still(jpeg(painted), mask_state(painted.decision), mask_reason(painted.decision), painted.taken_us)


def _painted(gop: list[MaskedPacket]) -> PaintedFrame:
    try:
        painted = decode_last(gop)
    except DECODE_ERRORS as error:
        raise NoPicture("the camera's picture is damaged") from error
    if painted is None:
        raise NoPicture("the camera's picture is not complete yet")
    return painted
