"""When a camera turned, from the positions that were kept. Pure."""

import itertools
from collections.abc import Sequence

from vms.packet import PtzPose
from vms.units import US_PER_SECOND

SHARE = 0.002
"""Of the full range, in any direction, or of the zoom: below it a position wanders by itself."""
_JOIN_US = 2 * US_PER_SECOND
_LONGEST_STEP_US = 5 * US_PER_SECOND
"""A change over a longer time was somewhere in it: told as the last so much before it was seen."""


def movements(poses: Sequence[PtzPose]) -> list[tuple[int, int]]:
    """[start_us, end_us), by time. poses: of one camera, in any order, told twice or not."""
    spans: list[tuple[int, int]] = []
    ordered = sorted(poses, key=lambda pose: pose.at_us)
    for before, after in itertools.pairwise(ordered):
        if before.at_us == after.at_us or not _differs(before, after):
            continue
        start_us = max(before.at_us, after.at_us - _LONGEST_STEP_US)
        if spans and start_us - spans[-1][1] <= _JOIN_US:
            spans[-1] = spans[-1][0], after.at_us
        else:
            spans.append((start_us, after.at_us))
    return spans


def _differs(before: PtzPose, after: PtzPose) -> bool:
    turned = max(abs(after.pan - before.pan), abs(after.tilt - before.tilt)) / 2
    return max(turned, abs(after.zoom - before.zoom)) > SHARE
