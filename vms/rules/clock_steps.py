"""When a camera's clock was set, its pictures go on in the old time until its next sender report. Pure.

Poses then carry the new time and pictures the old one: masks placed by the two would be off by the step. As long as
the poses at hand come from both sides of a step, only the server's clock counts, with its greater doubt.
"""

from collections.abc import Sequence
from itertools import pairwise

from vms.packet import PtzPose
from vms.rules.pose_at import FrameTime

STEP_US = 60_000
"""More than a slow answer shifts the middle between request and reply."""
LARGE_STEP_US = 250_000
"""One answer is enough to believe this."""


def clock_stepped(poses: Sequence[PtzPose]) -> bool:
    """The camera's clock changed against the server's between these poses (in order of arrival)."""
    skews_us = [pose.camera_utc_us - pose.at_us for pose in poses if pose.camera_utc_us is not None]
    if any(abs(after - before) > LARGE_STEP_US for before, after in pairwise(skews_us)):
        return True
    lows = [min(a, b) for a, b in pairwise(skews_us)]
    highs = [max(a, b) for a, b in pairwise(skews_us)]
    # Two in a row on either side: a single late answer is none.
    return bool(skews_us) and len(skews_us) > 3 and max(lows) - min(highs) > STEP_US


def without_stepped_clock(frame: FrameTime, poses: Sequence[PtzPose]) -> FrameTime:
    return FrameTime(frame.received_us, None) if clock_stepped(poses) else frame
