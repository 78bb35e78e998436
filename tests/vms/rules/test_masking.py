"""The decision over one picture: painted where the camera looked, blank when that is not known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes import T0_US, pose
from vms.packet import PtzPose
from vms.rules.masking import (
    BlankFrame,
    MaskRules,
    NoMaskRequired,
    PaintPolygons,
    SetUnknown,
    mask_plan,
    pass_through,
    pass_through_now,
    prepare_set,
    standing_problem,
)
from vms.rules.masks import LensCalibration, Mask, MaskSet
from vms.rules.pose_at import FrameTime, PoseEstimate, PoseLimits, estimate_pose, needs_later_pose
from vms.rules.ptz_geometry import FrameSize

LENS = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (1.0, 3.0)))
HOME = Mask("woning", "sphere", ((-5.0, 5.0), (5.0, 5.0), (5.0, -5.0), (-5.0, -5.0)))
LIMITS = PoseLimits(2_000_000, 2_000_000)
RULES = MaskRules("required", True, 0.6, LIMITS)
SIZE = FrameSize(640, 360)


def prepared(*masks: Mask, lens: LensCalibration | None = LENS) -> Any:
    return prepare_set(MaskSet("markt-01", 1, lens, masks or (HOME,), "a", "b", datetime(2026, 1, 1, tzinfo=UTC)))


def frame(at_ms: float, camera_clock: bool = True) -> FrameTime:
    at_us = T0_US + round(at_ms * 1000)
    return FrameTime(at_us, at_us if camera_clock else None)


def turning(speed_deg_s: float, times_ms: list[float]) -> list[PtzPose]:
    """Poses of a camera that pans at this speed; fractions of a second, so the clock is known to be fine."""
    found = []
    for at_ms in times_ms:
        at_us = T0_US + round(at_ms * 1000) + 7
        pan = speed_deg_s * at_ms / 1000 / 180
        found.append(pose(at_us, pan=pan, tilt=0.6363636, camera_utc_us=at_us, move_status="moving"))
    return found


def resting(*times_ms: float) -> list[PtzPose]:
    return [
        pose(T0_US + round(ms * 1000) + 7, tilt=0.6363636, camera_utc_us=T0_US + round(ms * 1000) + 7)
        for ms in times_ms
    ]


def plan(poses: list[PtzPose], at: FrameTime, rules: MaskRules = RULES, masks: Any = None) -> Any:
    return mask_plan(rules, masks or prepared(), at, poses, SIZE)


def test_a_resting_camera_is_painted_with_the_margin_and_what_the_lens_is_known_by() -> None:
    decided = plan(resting(-900, 0), frame(100))
    assert isinstance(decided, PaintPolygons)
    assert decided.growth_deg == pytest.approx(0.6 + 0.0025 * 60)
    assert len(decided.polygons) == 1


@pytest.mark.parametrize(
    ("poses", "at", "reason"),
    [
        ([], frame(0), "no-pose"),
        (resting(0), frame(-50), "no-pose"),
        (resting(0), frame(2100), "stale-pose"),
        (resting(0)[:1] + turning(90, [2500]), frame(1000), "pose-gap"),
        (turning(100, [0, 100]), frame(500), "too-fast"),
        (turning(300, [0, 250]), frame(125, camera_clock=False), "too-fast"),
    ],
)
def test_an_unknown_direction_blanks_the_picture(poses: list[PtzPose], at: FrameTime, reason: str) -> None:
    decided = plan(poses, at)
    assert isinstance(decided, BlankFrame)
    assert decided.reason == reason


def test_without_an_approved_set_nothing_is_shown() -> None:
    decided = mask_plan(RULES, None, frame(0), resting(0), SIZE)
    assert isinstance(decided, BlankFrame)
    assert decided.reason == "no-mask-set"


def test_an_unknown_lens_or_the_wrong_space_blanks() -> None:
    missing = standing_problem(RULES, prepared(lens=None))
    assert missing is not None
    assert missing.reason == "unknown-lens"
    image = Mask("x", "image", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))
    fixed = standing_problem(RULES, prepared(image))
    assert fixed is not None
    assert fixed.reason == "mask-space"


DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
IMAGE = Mask("x", "image", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))


def version(number: int, valid_from: datetime, *masks: Mask, approver: str | None = "b") -> MaskSet:
    return MaskSet("c", number, LENS, masks, "a", approver, valid_from)


@pytest.mark.parametrize(
    ("policy", "sets", "passes"),
    [
        ("none", [], True),
        ("required", [], False),
        ("none", [version(1, MONDAY - DAY, IMAGE)], False),  # the configuration alone lifts no mask
        ("none", [version(1, MONDAY - DAY, IMAGE, approver=None)], True),  # a draft is no decision
        ("none", [version(1, MONDAY + 2 * DAY, IMAGE)], True),  # not yet
        ("none", [version(1, MONDAY + DAY / 2, IMAGE)], False),  # comes into force half-way
        ("none", [version(1, MONDAY - DAY, IMAGE), version(2, MONDAY + DAY / 2)], False),  # ends half-way
        ("none", [version(1, MONDAY - DAY, IMAGE), version(2, MONDAY - DAY / 2)], True),
        ("none", [version(2, MONDAY - DAY, IMAGE), version(1, MONDAY - DAY / 2)], False),  # the higher version counts
        ("required", [version(1, MONDAY - DAY)], True),  # two people decided that no home shows
        ("required", [version(1, MONDAY + DAY / 2)], False),  # but only from half-way
        ("required", [version(1, MONDAY - DAY, approver=None)], False),
    ],
)
def test_originals_need_a_decision_for_all_of_their_time(policy: Any, sets: list[MaskSet], passes: bool) -> None:
    found = pass_through(policy, sets, MONDAY, MONDAY + DAY)
    assert isinstance(found, NoMaskRequired) is passes
    assert (pass_through(policy, list(reversed(sets)), MONDAY, MONDAY + DAY) is not None) is passes


@pytest.mark.parametrize("policy", ["none", "required"])
def test_a_register_that_could_not_be_read_lets_nothing_out(policy: Any) -> None:
    rules = MaskRules(policy, True, 0.6, LIMITS)
    assert pass_through_now(rules, SetUnknown("damaged")) is None
    decided = mask_plan(rules, SetUnknown("damaged"), frame(0), resting(0), SIZE)
    assert isinstance(decided, BlankFrame)
    assert (decided.reason, decided.detail) == ("no-mask-set", "damaged")


def test_a_picture_is_decided_like_the_footage_it_is_in() -> None:
    none, required = MaskRules("none", True, 0.6, LIMITS), RULES
    empty = prepare_set(version(1, MONDAY))
    assert isinstance(mask_plan(none, None, frame(0), [], SIZE), NoMaskRequired)
    assert isinstance(mask_plan(required, None, frame(0), [], SIZE), BlankFrame)
    for rules in (none, required):
        assert isinstance(mask_plan(rules, empty, frame(0), [], SIZE), NoMaskRequired)
        assert isinstance(mask_plan(rules, prepared(), frame(100), resting(0), SIZE), PaintPolygons)
        assert isinstance(mask_plan(rules, prepared(), frame(0), [], SIZE), BlankFrame)


def test_image_masks_of_a_fixed_camera_need_no_pose() -> None:
    image = Mask("x", "image", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))
    decided = plan([], frame(0), MaskRules("required", False, 0.6, LIMITS), prepared(image, lens=None))
    assert isinstance(decided, PaintPolygons)
    assert decided.polygons[0].tolist() == [[0, 0], [320, 0], [320, 180]]


def estimate(poses: list[PtzPose], at: FrameTime) -> PoseEstimate:
    found = estimate_pose(poses, at, LENS, LIMITS)
    assert isinstance(found, PoseEstimate)
    return found


def test_between_two_poses_the_view_is_interpolated_on_the_cameras_clock() -> None:
    poses = turning(40, [0, 100, 200, 300])
    found = estimate(poses, FrameTime(T0_US + 400_000, T0_US + 150_000))
    assert found.view.pan_deg == pytest.approx(6.0, abs=0.01)
    assert 1.0 < found.growth_deg < 4.0


@pytest.mark.parametrize("true_speed", [5.0, 40.0, 120.0])
@pytest.mark.parametrize("stops_at_ms", [110, 150, 190])
def test_the_doubt_covers_a_camera_that_stops_between_two_poses(true_speed: float, stops_at_ms: int) -> None:
    poses = turning(true_speed, [0, 100])
    end_deg = true_speed * stops_at_ms / 1000
    stopped = T0_US + 200_007
    poses.append(pose(stopped, pan=end_deg / 180, tilt=0.6363636, camera_utc_us=stopped, move_status="idle"))
    for at_ms in (105, 120, 140, 160, 180, 199):
        found = estimate(poses, frame(at_ms))
        true_deg = true_speed * min(at_ms, stops_at_ms) / 1000
        assert abs(found.view.pan_deg - true_deg) <= found.growth_deg + 0.05


@pytest.mark.parametrize("starts_at_ms", [10, 50, 90])
def test_the_doubt_covers_a_camera_that_starts_between_two_poses(starts_at_ms: int) -> None:
    reached_deg = 120 * (100 - starts_at_ms) / 1000
    moving = T0_US + 100_007
    poses = [
        *resting(0),
        pose(moving, pan=reached_deg / 180, tilt=0.6363636, camera_utc_us=moving, move_status="moving"),
    ]
    for at_ms in range(5, 100, 10):
        found = estimate(poses, frame(at_ms))
        true_deg = 120 * max(0, at_ms - starts_at_ms) / 1000
        assert abs(found.view.pan_deg - true_deg) <= found.growth_deg + 0.05


def moves_off(starts_at_ms: float, speed_deg_s: float, seen_ms: list[float]) -> tuple[list[PtzPose], Any]:
    """At rest, told at 0 ms to move, seen at these times; and the truth."""

    def true_deg(at_ms: float) -> float:
        return speed_deg_s * max(0.0, at_ms - starts_at_ms) / 1000

    def seen(at_ms: float, status: str) -> PtzPose:
        at_us = T0_US + round(at_ms * 1000) + 7
        return pose(at_us, pan=true_deg(at_ms) / 180, tilt=0.6363636, camera_utc_us=at_us, move_status=status)

    return [seen(-900, "idle"), seen(0, "moving"), *(seen(at_ms, "moving") for at_ms in seen_ms)], true_deg


@pytest.mark.parametrize("speed_deg_s", [10.0, 60.0, 120.0])
@pytest.mark.parametrize("starts_at_ms", [0, 20, 60, 90, 150])
@pytest.mark.parametrize("seen_ms", [[], [5], [100], [5, 105], [40, 140]])
def test_the_doubt_covers_a_camera_that_was_told_to_move(
    speed_deg_s: float, starts_at_ms: int, seen_ms: list[float]
) -> None:
    """From its first picture on, whatever of the poses came in time."""
    poses, true_deg = moves_off(starts_at_ms, speed_deg_s, seen_ms)
    for at_ms in range(-30, 260, 10):
        found = estimate(poses, frame(at_ms))
        assert abs(found.view.pan_deg - true_deg(at_ms)) <= found.growth_deg + 0.05, at_ms
    assert estimate(poses, frame(-40)).growth_deg == 0


def test_a_camera_that_was_told_to_move_makes_pictures_wait_also_when_an_older_pose_comes_later() -> None:
    poses, _ = moves_off(0, 60, [])
    late = pose(T0_US - 100_000, tilt=0.6363636, camera_utc_us=T0_US - 100_000)
    assert needs_later_pose([*poses, late], frame(20))


def test_without_the_cameras_clock_the_masks_of_a_turning_camera_grow_more() -> None:
    poses = turning(20, [-400, -300, -200, -100, 0, 100, 200, 300])
    with_clock = estimate(poses, frame(50))
    without = estimate(poses, frame(150, camera_clock=False))
    assert without.growth_deg > with_clock.growth_deg + 1.5
    assert abs(without.view.pan_deg - 1.0) < 0.1


def test_whole_second_times_are_no_clock() -> None:
    poses = [pose(T0_US + ms * 1000, camera_utc_us=T0_US, move_status="moving") for ms in (0, 100)]
    assert needs_later_pose(poses, FrameTime(T0_US + 300_000, T0_US + 10_000))


def test_a_camera_clock_that_disagrees_with_itself_is_not_used() -> None:
    poses = turning(20, [-300, -200, -100, 0, 100, 200])
    hour_ahead = FrameTime(T0_US + 150_000, T0_US + 3_600_000_000)
    assert estimate(poses, hour_ahead) == estimate(poses, FrameTime(T0_US + 150_000, None))


def test_only_a_moving_camera_makes_pictures_wait() -> None:
    assert not needs_later_pose(resting(0), frame(500))
    assert needs_later_pose(turning(10, [0]), frame(50))
    assert not needs_later_pose(turning(10, [0, 100]), frame(50))


def test_zooming_grows_masks_by_the_doubt_about_the_field_of_view() -> None:
    one, two = T0_US + 7, T0_US + 100_007
    poses = [
        pose(one, zoom=0.0, tilt=0.6363636, camera_utc_us=one, move_status="moving"),
        pose(two, zoom=0.1, tilt=0.6363636, camera_utc_us=two, move_status="moving"),
    ]
    decided = plan(poses, frame(50))
    assert isinstance(decided, PaintPolygons)
    assert decided.growth_deg > 1.0


def test_recorded_poses_a_minute_apart_hold_while_the_camera_rests() -> None:
    rules = MaskRules("required", True, 0.6, PoseLimits(2_000_000, 70_000_000))
    assert isinstance(plan(resting(0, 60_000), frame(30_000), rules), PaintPolygons)
    moved = [*resting(0), *turning(1, [60_000])]
    assert isinstance(plan(moved, frame(30_000), rules), BlankFrame)
