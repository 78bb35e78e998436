"""Footage that was recorded with packets lost is blank where its camera turned, until a whole keyframe. Guards I5."""

from recorder.poses import LossMark
from web.live.footage_losses import footage_losses


def test_a_loss_counts_for_the_first_picture_after_it() -> None:
    losses = footage_losses(3, [LossMark(7200, 2), LossMark(21_600, 1)])
    pictures = [0, 7200, 14_400, 28_800, 36_000]
    found = [losses.between(before, now) for before, now in zip([-1, *pictures], pictures, strict=False)]
    assert found == ["none", "here", "none", "here", "none"]


def test_losses_that_the_sidecar_does_not_tell_may_be_anywhere() -> None:
    assert footage_losses(3, [LossMark(7200, 2)]).between(0, 1) == "somewhere"
    assert footage_losses(1, None).between(0, 1) == "somewhere"


def test_footage_without_losses_is_whole() -> None:
    assert footage_losses(0, []).between(-1, 10**9) == "none"
