"""One still of what viewers would see now."""

import asyncio
from dataclasses import dataclass

from vms.units import CameraId, LiveProfile
from web.live.channel import Channels
from web.live.codec import DECODE_ERRORS, decode_last
from web.live.masked import MaskedPacket, MaskState, mask_reason, mask_state
from web.live.painter import jpeg

WAIT_S = 4.0


class NoPicture(Exception):
    """The camera gave no picture in time (HTTP 409)."""


@dataclass(frozen=True, slots=True)
class Still:
    jpeg: bytes
    mask: MaskState
    reason: str


async def snapshot(channels: Channels, camera_id: CameraId, profile: LiveProfile) -> Still:
    """The newest picture, made from the packets that viewers get. Raises NoPicture."""
    channel = channels.open(camera_id, profile)
    try:
        async with asyncio.timeout(WAIT_S):
            while not (gop := channel.gop):
                channel.arrived.clear()
                channels.request_keyframe(channel)
                await channel.arrived.wait()
    except TimeoutError as error:
        raise NoPicture("no picture came from the camera") from error
    else:
        return await asyncio.to_thread(_still, gop)
    finally:
        channels.close(channel)


def _still(gop: list[MaskedPacket]) -> Still:
    try:
        painted = decode_last(gop)
    except DECODE_ERRORS as error:
        raise NoPicture("the camera's picture is damaged") from error
    if painted is None:
        raise NoPicture("the camera's picture is not complete yet")
    return Still(jpeg(painted), mask_state(painted.decision), mask_reason(painted.decision))
