"""A camera's clock that is set while it turns must not move its masks."""

import pytest
from fakes import T0_US, pose

from vms.packet import PtzPose
from vms.rules.clock_steps import clock_stepped, without_stepped_clock
from vms.rules.pose_at import FrameTime


def told(*skews_ms: float | None) -> list[PtzPose]:
    found = []
    for index, skew_ms in enumerate(skews_ms):
        at_us = T0_US + index * 100_000
        found.append(pose(at_us, camera_utc_us=None if skew_ms is None else at_us + round(skew_ms * 1000)))
    return found


@pytest.mark.parametrize("skews_ms", [(), (0,), (5, -8, 12, 3, 9), (None, None), (90, 0, 4, -3, 2), (3000, 3004, 2998)])
def test_answers_that_take_longer_now_and_then_are_no_step(skews_ms: tuple[float | None, ...]) -> None:
    assert not clock_stepped(told(*skews_ms))


@pytest.mark.parametrize(
    "skews_ms", [(0, 300), (0, 3, 30_000), (0, 4, 90, 88), (100, 98, -5, 2, 1), (0, 0, -500, -500)]
)
def test_a_step_shows_at_once_when_large_and_after_two_answers_when_small(skews_ms: tuple[float, ...]) -> None:
    assert clock_stepped(told(*skews_ms))


def test_only_the_servers_clock_counts_across_a_step() -> None:
    frame = FrameTime(T0_US, T0_US - 40_000)
    assert without_stepped_clock(frame, told(0, 2, 1)) == frame
    assert without_stepped_clock(frame, told(0, 2, 500)) == FrameTime(T0_US, None)
