"""The only value that may leave for a viewer, and the only two ways to make one.

`MaskedPacket.passed` needs a NoMaskRequired decision; `PaintedFrame` is made by the painter alone, and
`MaskedPacket.painted` needs one. Everything that sends, stores or shows pictures takes these types and no other.
"""

from dataclasses import dataclass
from typing import Literal

import av

from vms.packet import Packet
from vms.rules.masking import BlankFrame, Masked, NoMaskRequired
from web.live.payloads import rtp_payloads

MaskState = Literal["ok", "fault", "none"]

FRESH_US = 2_000_000
"""Older than this a picture is not live, and is not shown as if it were."""

Decision = Masked | NoMaskRequired


def is_fresh(taken_us: int, now_us: int) -> bool:
    """A picture from the future is not of now either: the clock was set back since."""
    return abs(now_us - taken_us) <= FRESH_US


def mask_state(decision: Decision) -> MaskState:
    if isinstance(decision, NoMaskRequired):
        return "none"
    return "fault" if isinstance(decision, BlankFrame) else "ok"


def mask_reason(decision: Decision) -> str:
    """Why a picture is blank; empty when it is not."""
    return decision.reason if isinstance(decision, BlankFrame) else ""


@dataclass(frozen=True, slots=True, eq=False)
class PaintedFrame:
    """A picture after the painter: yuv420p or yuvj420p. Made by web.live.painter, or decoded from MaskedPackets.

    decision: what was painted, or why no painting was needed (H.265 that is transcoded for viewers).
    """

    frame: av.VideoFrame
    pts_90k: int
    taken_us: int
    decision: Decision


@dataclass(frozen=True, slots=True, eq=False)
class MaskedPacket:
    """One picture, encoded, fit to be seen.

    data: Annex B. payloads: the same as RTP payloads, cut once and shared by all viewers.
    pts_90k: in the stream's own time; starts_run: nothing before joins it. taken_us: server UTC of the picture.
    decision: what was painted, or who said that nothing need be; BlankFrame = a grey picture, and why.
    """

    data: bytes
    payloads: tuple[bytes, ...]
    pts_90k: int
    is_keyframe: bool
    starts_run: bool
    taken_us: int
    decision: Decision

    @staticmethod
    def passed(packet: Packet, decision: NoMaskRequired) -> "MaskedPacket":
        """The camera's own H.264, because it was decided that no mask is needed. Raises TypeError otherwise."""
        if not isinstance(decision, NoMaskRequired) or packet.codec != "h264":
            raise TypeError("an original needs a NoMaskRequired decision, and H.264")
        return MaskedPacket(
            packet.data,
            rtp_payloads(packet.data, packet.nal_offsets),
            packet.pts_90k,
            packet.is_keyframe,
            packet.starts_run,
            packet.received_us,
            decision,
        )

    @staticmethod
    def painted(frame: PaintedFrame, data: bytes, *, is_keyframe: bool, starts_run: bool) -> "MaskedPacket":
        """data: `frame`, encoded."""
        return MaskedPacket(
            data, rtp_payloads(data), frame.pts_90k, is_keyframe, starts_run, frame.taken_us, frame.decision
        )
