"""RTCP (RFC 3550, 6.4): sender reports in (the camera's own clock), receiver reports out. Pure."""

import struct
from dataclasses import dataclass

from vms.units import US_PER_SECOND

NTP_MINUS_UNIX_S = 2_208_988_800
_NTP_ERA_US = (1 << 32) * US_PER_SECOND
_SENDER_REPORT = 200
_BYE = 203
_SENDER_REPORT_BYTES = 28
_MAX_LOST = 0x7FFFFF


@dataclass(frozen=True, slots=True)
class SenderReport:
    """ntp: the 64-bit time stamp as sent; a receiver report gives its middle back."""

    ssrc: int
    ntp: int
    rtp_timestamp: int

    def utc_us(self, near_us: int) -> int:
        """The camera's clock, in the NTP era (136 years each) that lies nearest to `near_us`."""
        at_us = ((self.ntp >> 32) - NTP_MINUS_UNIX_S) * US_PER_SECOND
        at_us += ((self.ntp & 0xFFFFFFFF) * US_PER_SECOND + (1 << 31)) >> 32
        eras = (near_us - at_us + _NTP_ERA_US // 2) // _NTP_ERA_US
        return at_us + eras * _NTP_ERA_US


@dataclass(frozen=True, slots=True)
class RtcpSummary:
    """What matters of one compound packet. report: None also when its NTP time is zero ("no clock")."""

    report: SenderReport | None
    goodbye: bool


def parse_rtcp(data: bytes) -> RtcpSummary:
    """Never raises: a broken rest of a compound packet is ignored (RTCP is advice, not footage)."""
    report: SenderReport | None = None
    goodbye = False
    at = 0
    while len(data) - at >= 4:
        if data[at] >> 6 != 2:
            break
        kind = data[at + 1]
        end = at + 4 + 4 * (data[at + 2] << 8 | data[at + 3])
        if end > len(data):
            break
        if kind == _SENDER_REPORT and end - at >= _SENDER_REPORT_BYTES:
            ssrc, ntp, rtp_timestamp = struct.unpack_from(">IQI", data, at + 4)
            if ntp:
                report = SenderReport(ssrc, ntp, rtp_timestamp)
        elif kind == _BYE:
            goodbye = True
        at = end
    return RtcpSummary(report, goodbye)


@dataclass(frozen=True, slots=True)
class Reception:
    """Counts of one RTP source since its start. highest: extended sequence number (wraps included)."""

    ssrc: int
    received: int
    lost: int
    highest: int


def receiver_report(
    own_ssrc: int,
    now: Reception,
    before: Reception | None,
    last_report: SenderReport | None,
    since_report_s: float,
) -> bytes:
    """RR + SDES CNAME. Jitter is given as 0: with reads 0.7 s apart it would measure us."""
    fraction = 0
    if before is not None and before.ssrc == now.ssrc:
        lost, received = now.lost - before.lost, now.received - before.received
        if lost > 0:
            fraction = min(255, 256 * lost // (lost + received))
    last = (last_report.ntp >> 16) & 0xFFFFFFFF if last_report else 0
    delay = min(0xFFFFFFFF, int(since_report_s * 65_536)) if last_report else 0
    lost_24 = min(now.lost, _MAX_LOST)
    block = struct.pack(">IIIIII", now.ssrc, fraction << 24 | lost_24, now.highest & 0xFFFFFFFF, 0, last, delay)
    report = struct.pack(">BBHI", 0x81, 201, 7, own_ssrc) + block
    items = bytes((1, 7)) + b"uitkijk" + b"\x00" * 3
    return report + struct.pack(">BBHI", 0x81, 202, 1 + len(items) // 4, own_ssrc) + items
