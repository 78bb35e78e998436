# ruff: noqa: SLF001 - aiortc's private state is this module's business; a contract test guards it
"""What a viewer's receiver says was lost on the way (RTCP receiver reports, RFC 3550 section 6.4.2).

Loss alone: the bandwidth estimate (REMB) of a browser is about the pace of pictures, and a group of pictures that is
sent at once to start with looks like a traffic jam to it.
"""

from collections.abc import Callable
from typing import Any, cast

from aiortc import RTCRtpSender
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket

_LOSS_UNIT = 256


def on_loss_reports(rtp_sender: RTCRtpSender, heard: Callable[[float], None]) -> None:
    """heard(share lost since the report before, 0…1) in the loop, about once a second while the viewer gets packets."""
    sender = cast(Any, rtp_sender)
    handle = sender._handle_rtcp_packet

    async def listen(packet: AnyRtcpPacket) -> None:
        if not isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
            await handle(packet)  # what it does with reports is statistics that nobody reads
            return
        for report in packet.reports:
            if report.ssrc == sender._ssrc:
                heard(report.fraction_lost / _LOSS_UNIT)

    sender._handle_rtcp_packet = listen
