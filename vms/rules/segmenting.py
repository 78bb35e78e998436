"""When a segment ends, and what time it is in the footage. Pure.

A run is footage without a hole: its segments join exactly (the end of one is the start of the next). Its time
starts with the server's clock at the first packet and goes on with the camera's timestamps; the difference between
the two clocks is taken back gently, at most 500 ppm of each segment, never by dropping or stretching pictures.
"""

from dataclasses import dataclass
from typing import Literal

from vms.packet import Packet
from vms.units import US_PER_SECOND, us_from_90k

MAX_CORRECTION_PPM = 500
CLOCK_STEP_US = 5 * US_PER_SECOND
"""A whole segment that came this much later than its timestamps say: the server's clock was set forward."""
MAX_PICTURE_90K = 30 * 90_000
"""Two pictures further apart than this do not join."""
MAX_SEGMENT_90K = 1800 * 90_000
"""A stream that sends no keyframe for so long is cut all the same; its pictures until the next one are lost."""

Cut = Literal["append", "start", "length", "format", "run", "hole", "break", "discard"]
"""append: into the open segment. start: open the first one. length, format: close and go on in a new one that joins.
run, hole: close and open one that does not join. break: close, and wait for a keyframe. discard: wait still."""


@dataclass(slots=True)
class OpenSegment:
    """start_us: time of the first picture. format_id: codec and SPS of its keyframe.

    Not frozen: the recorder moves last_dts_90k and next_sequence on with each of 2000 pictures a second.
    """

    start_us: int
    first_dts_90k: int
    last_dts_90k: int
    next_sequence: int
    format_id: bytes


def decide_cut(segment: OpenSegment | None, packet: Packet, format_id: bytes | None, segment_s: int) -> Cut:
    """What to do with the next packet. format_id: of this packet when it is a keyframe, else None."""
    if segment is None:
        return "start" if packet.is_keyframe else "discard"
    since_last_90k = packet.dts_90k - segment.last_dts_90k
    if packet.starts_run or not 0 < since_last_90k <= MAX_PICTURE_90K:
        return "run" if packet.is_keyframe else "break"
    if packet.sequence != segment.next_sequence:
        return "hole" if packet.is_keyframe else "break"
    length_90k = packet.dts_90k - segment.first_dts_90k
    if not packet.is_keyframe:
        return "break" if length_90k >= MAX_SEGMENT_90K else "append"
    if format_id != segment.format_id:
        return "format"
    return "length" if length_90k >= segment_s * 90_000 else "append"


def run_start_us(received_us: int, previous_end_us: int | None) -> int:
    """Server clock at the first packet, but never before the end of what was recorded: segments do not overlap."""
    return received_us if previous_end_us is None else max(received_us, previous_end_us)


def corrected_end_us(start_us: int, duration_90k: int, clock_error_us: int) -> int:
    """End of a segment. clock_error_us: by how much its time lags the server's clock (negative: it leads)."""
    duration_us = us_from_90k(duration_90k)
    limit_us = duration_us * MAX_CORRECTION_PPM // 1_000_000
    return start_us + duration_us + max(-limit_us, min(limit_us, clock_error_us))


def clock_error_us(start_us: int, first_dts_90k: int, least_delay_us: int) -> int:
    """How much a segment's time lags the server's clock.

    least_delay_us: the smallest (received_us − microseconds of DTS) among its packets. Packets come late (network,
    batched reads) but never early, so the smallest is the nearest to the truth.
    """
    return least_delay_us - (start_us - us_from_90k(first_dts_90k))


def skew_ms(packet: Packet, start_us: int, first_dts_90k: int) -> int | None:
    """Camera clock minus the time of the footage, by one of its packets; None until the camera told its time."""
    if packet.camera_utc_us is None:
        return None
    return (packet.camera_utc_us - start_us - us_from_90k(packet.pts_90k - first_dts_90k)) // 1000


def is_clock_step(error_us: int) -> bool:
    """Forward only: after a step back time goes on from the last segment's end, so nothing overlaps."""
    return error_us > CLOCK_STEP_US
