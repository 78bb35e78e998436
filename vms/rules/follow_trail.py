"""Volgspoor: along which cameras somebody was followed, and from when. Pure; times are server UTC microseconds."""

from dataclasses import dataclass

from vms.units import US_PER_SECOND

LEAD_US = 60 * US_PER_SECOND
"""Of the camera where following began, so much before the first step is part of the trail."""
RESTS_US = 30 * 60 * US_PER_SECOND
"""A trail without a step for so long is over; the next step begins another."""
MAX_STEPS = 400


@dataclass(frozen=True, slots=True)
class TrailStep:
    camera_id: str
    at_us: int


def is_over(last: TrailStep, now_us: int) -> bool:
    return now_us - last.at_us >= RESTS_US


def follow(last: TrailStep | None, left: TrailStep, to: str, now_us: int) -> list[TrailStep]:
    """The steps that going on to camera `to` adds.

    left: the camera that was looked at until now, and since when, as the page says: it is believed from the last step
    or, where nobody followed yet or came by another way, for at most LEAD_US.
    """
    if last is not None and last.camera_id == left.camera_id:
        return [TrailStep(to, now_us)]
    earliest_us = max(now_us - LEAD_US, last.at_us if last else 0)
    return [TrailStep(left.camera_id, min(now_us, max(left.at_us, earliest_us))), TrailStep(to, now_us)]
