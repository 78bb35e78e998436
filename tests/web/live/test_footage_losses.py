"""Footage that was recorded with packets lost is blank where its camera turned, until a whole keyframe. Guards I5."""

from datetime import UTC, datetime

from test_decoder_losses import panning

from recorder.poses import LossMark
from tests.fakes import T0_US
from vms.packet import PtzPose
from vms.rules.masking import BlankFrame, MaskRules, prepare_set
from vms.rules.masks import LensCalibration, Mask, MaskSet
from vms.rules.pose_at import FrameTime, PoseLimits
from vms.units import CameraId, us_from_90k
from web.live.codec import FrameDecoder
from web.live.footage_losses import footage_losses
from web.live.rendering import Masker

CAMERA = CameraId("c")
LENS = LensCalibration((-180.0, 180.0), (-90.0, 20.0), ((0.0, 60.0), (1.0, 3.0)))
HOME = Mask("woning", "sphere", ((-8.0, -30.0), (8.0, -30.0), (8.0, -42.0), (-8.0, -42.0)))


def turning_masker() -> Masker:
    rules = MaskRules("required", True, 0.1, PoseLimits(2_000_000, 2_000_000))
    masks = MaskSet(CAMERA, 1, LENS, (HOME,), "a", "b", datetime(2020, 1, 1, tzinfo=UTC))
    times_us = [T0_US + number * 100_000 for number in range(-10, 60)]
    poses = [PtzPose(CAMERA, (at - T0_US) / 1e9, -0.1, 0.0, at, at, "moving") for at in times_us]
    return Masker(rules, [prepare_set(masks)], poses)


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


def test_a_turning_camera_is_blank_from_a_loss_until_a_whole_keyframe() -> None:
    decoder, masker, reasons = FrameDecoder(), turning_masker(), []
    losses = footage_losses(1, [LossMark(3 * 7200, 1)])
    for decoded in (decoded for packet in panning(16) for decoded in decoder.decode(packet)):
        at_us = T0_US + us_from_90k(decoded.pts_90k)
        damage = losses.between(decoded.pts_90k - 7200, decoded.pts_90k)
        plan = masker.painted(decoded.frame, FrameTime(at_us, at_us), decoded.pts_90k, damage).decision
        reasons.append((decoded.is_keyframe, plan.reason if isinstance(plan, BlankFrame) else ""))
    next_key = next(number for number, (is_key, _) in enumerate(reasons) if number and is_key)
    assert [reason for _, reason in reasons] == [""] * 3 + ["damaged"] * (next_key - 3) + [""] * (16 - next_key)
