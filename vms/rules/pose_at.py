"""Where a turning camera looked when a picture was taken, and how wrong that may be.

Between two samples the camera is taken to have moved steadily; the doubt about that, about the clocks, and about
what happened after the last sample is returned as an angle by which masks must grow. Pure; times in microseconds.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vms.packet import PtzPose
from vms.rules.masks import LensCalibration
from vms.rules.ptz_geometry import ViewDeg, angle_between_deg, view_of_pose
from vms.units import US_PER_SECOND

CAMERA_CLOCK_DOUBT_US = 25_000
"""Both times come from the camera's clock: what remains is its own rounding and the shutter."""
SERVER_CLOCK_DOUBT_US = 150_000
FRAME_LATENCY_US = 100_000
"""From shutter to arrival, when only the server's clock can tell: between nothing and a quarter of a second."""
CLOCKS_DISAGREE_US = 1_000_000
SAME_VIEW_DEG = 0.05
SAME_HFOV_SHARE = 0.002
SPEED_SLACK = 1.5
"""Between samples an axis may run this much faster than the samples around it show."""
_BEFORE, _AFTER = 3, 2
"""Samples that matter around a picture: its neighbours, and theirs for the speed."""
START_SPEED_DEG_S = 180.0
"""A camera that moves, but was not seen moving for a whole gap between samples, may be at full speed already."""
MIN_MOVING_SPEED_DEG_S = 30.0
MIN_ZOOM_SPEED_SHARE = 1.0
"""Beyond the last sample a moving camera may turn this fast and change its field of view by this share per second."""

UnknownReason = Literal["no-pose", "stale-pose", "pose-gap"]


@dataclass(frozen=True, slots=True)
class FrameTime:
    """When a picture arrived (server clock), and when the camera says it was taken (None = it does not)."""

    received_us: int
    camera_utc_us: int | None


@dataclass(frozen=True, slots=True)
class PoseLimits:
    """stale_us: a pose older than this says nothing any more, and samples further apart leave a hole.
    rest_gap_us: the same for a camera at rest (recorded poses: one a minute)."""

    stale_us: int
    rest_gap_us: int


@dataclass(frozen=True, slots=True)
class PoseEstimate:
    """growth_deg: the axis lies within this angle of the view's. hfov_low_deg…hfov_high_deg: so does the zoom."""

    view: ViewDeg
    growth_deg: float
    hfov_low_deg: float
    hfov_high_deg: float


@dataclass(frozen=True, slots=True)
class PoseUnknown:
    reason: UnknownReason
    detail: str


@dataclass(frozen=True, slots=True)
class _Sample:
    at_us: int
    view: ViewDeg
    is_rest: bool


@dataclass(frozen=True, slots=True)
class _Track:
    """Samples in order of time on one clock, the picture's time on it, and the doubt about that time."""

    samples: list[_Sample]
    times_us: list[int]
    frame_us: int
    doubt_us: int
    limits: PoseLimits


def estimate_pose(
    poses: Sequence[PtzPose], frame: FrameTime, lens: LensCalibration, limits: PoseLimits
) -> PoseEstimate | PoseUnknown:
    """poses: in order of arrival, some seconds around the picture."""
    track = _track(poses, frame, lens, limits)
    if not track.samples or track.frame_us < track.times_us[0]:
        return PoseUnknown("no-pose", "no position of the camera known for this picture")
    first_us = max(track.times_us[0], track.frame_us - track.doubt_us)
    found = [_estimate(track, at_us) for at_us in (track.frame_us, first_us, track.frame_us + track.doubt_us)]
    known = [item for item in found if isinstance(item, PoseEstimate)]
    if isinstance(found[0], PoseUnknown) or isinstance(found[1], PoseUnknown):
        return next(item for item in found if isinstance(item, PoseUnknown))
    view = known[0].view
    return PoseEstimate(
        view,
        max(item.growth_deg + angle_between_deg(item.view, view) for item in known),
        min(item.hfov_low_deg for item in known),
        max(item.hfov_high_deg for item in known),
    )


def needs_later_pose(poses: Sequence[PtzPose], frame: FrameTime) -> bool:
    """The camera was moving at its last sample, and that sample is older than the picture: waiting helps."""
    if not poses:
        return False
    use_camera_clock = _use_camera_clock(poses, frame)
    newest = max(range(len(poses)), key=lambda index: _time_us(poses[index], use_camera_clock))
    frame_us, doubt_us = _frame_us(frame, use_camera_clock)
    return not _is_rest(poses, newest) and _time_us(poses[newest], use_camera_clock) < frame_us + doubt_us


def _track(poses: Sequence[PtzPose], frame: FrameTime, lens: LensCalibration, limits: PoseLimits) -> _Track:
    use_camera_clock = bool(poses) and _use_camera_clock(poses, frame)
    frame_us, doubt_us = _frame_us(frame, use_camera_clock)
    timed = sorted((_time_us(pose, use_camera_clock), index) for index, pose in enumerate(poses))
    first = max(0, bisect_right(timed, (frame_us - doubt_us, len(poses))) - _BEFORE)
    last = bisect_right(timed, (frame_us + doubt_us, len(poses))) + _AFTER
    samples = [
        _Sample(at_us, view_of_pose(lens, poses[index]), _is_rest(poses, index)) for at_us, index in timed[first:last]
    ]
    return _Track(samples, [sample.at_us for sample in samples], frame_us, doubt_us, limits)


def _use_camera_clock(poses: Sequence[PtzPose], frame: FrameTime) -> bool:
    """Only when every pose and the picture carry it, finer than whole seconds, and the two agree on the time."""
    times = [pose.camera_utc_us for pose in poses]
    if frame.camera_utc_us is None or None in times:
        return False
    if all(at_us is not None and at_us % US_PER_SECOND == 0 for at_us in times):
        return False
    last = poses[-1]
    frame_skew_us = frame.camera_utc_us - frame.received_us
    pose_skew_us = (last.camera_utc_us or 0) - last.at_us
    return abs(frame_skew_us - pose_skew_us) <= CLOCKS_DISAGREE_US


def _time_us(pose: PtzPose, use_camera_clock: bool) -> int:
    return pose.camera_utc_us if use_camera_clock and pose.camera_utc_us is not None else pose.at_us


def _frame_us(frame: FrameTime, use_camera_clock: bool) -> tuple[int, int]:
    if use_camera_clock and frame.camera_utc_us is not None:
        return frame.camera_utc_us, CAMERA_CLOCK_DOUBT_US
    return frame.received_us - FRAME_LATENCY_US, SERVER_CLOCK_DOUBT_US


def _is_rest(poses: Sequence[PtzPose], index: int) -> bool:
    """A camera that does not tell rests when it is where it was at the sample before."""
    pose = poses[index]
    if pose.move_status != "unknown":
        return pose.move_status == "idle"
    before = poses[index - 1] if index else None
    return before is not None and (before.pan, before.tilt, before.zoom) == (pose.pan, pose.tilt, pose.zoom)


def _estimate(track: _Track, at_us: int) -> PoseEstimate | PoseUnknown:
    index = bisect_right(track.times_us, at_us)
    before = track.samples[index - 1]
    after = track.samples[index] if index < len(track.samples) else None
    if after is None:
        return _beyond(track, before, index - 1, at_us)
    return _between(track, before, after, index, at_us)


def _beyond(track: _Track, last: _Sample, index: int, at_us: int) -> PoseEstimate | PoseUnknown:
    age_us = at_us - last.at_us
    limit_us = track.limits.rest_gap_us if last.is_rest else track.limits.stale_us
    if age_us > limit_us:
        return PoseUnknown("stale-pose", f"the camera's position is {age_us / US_PER_SECOND:.1f} s old")
    if last.is_rest:
        return _exact(last.view)
    age_s = age_us / US_PER_SECOND
    speed_deg_s = max(MIN_MOVING_SPEED_DEG_S, SPEED_SLACK * _speed_deg_s(track, index))
    if not (_was_turning(track, index) and _was_turning(track, index - 1)):
        speed_deg_s = max(speed_deg_s, START_SPEED_DEG_S)
    zoomed = 1 + MIN_ZOOM_SPEED_SHARE * age_s
    hfov_deg = last.view.hfov_deg
    return PoseEstimate(last.view, speed_deg_s * age_s, hfov_deg / zoomed, hfov_deg * zoomed)


def _between(track: _Track, before: _Sample, after: _Sample, index: int, at_us: int) -> PoseEstimate | PoseUnknown:
    gap_us = after.at_us - before.at_us
    moved_deg = angle_between_deg(before.view, after.view)
    is_same = moved_deg < SAME_VIEW_DEG and _is_same_zoom(before.view, after.view)
    rested = before.is_rest and after.is_rest and is_same
    if gap_us > (track.limits.rest_gap_us if rested else track.limits.stale_us):
        return PoseUnknown("pose-gap", f"no position of the camera during {gap_us / US_PER_SECOND:.1f} s")
    if rested:
        return _exact(after.view)
    share = (at_us - before.at_us) / gap_us
    steady = not before.is_rest and not after.is_rest and _was_turning(track, index - 1)
    if steady:
        speed_deg_s = SPEED_SLACK * max(_speed_deg_s(track, i) for i in (index - 1, index, index + 1))
        growth_deg = _steady_doubt(moved_deg, share, speed_deg_s * gap_us / US_PER_SECOND)
    else:
        growth_deg = max(moved_deg * share, moved_deg * (1 - share))
    view = _mixed(before.view, after.view, share)
    hfovs = (before.view.hfov_deg, after.view.hfov_deg)
    return PoseEstimate(view, growth_deg, *_zoom_doubt(view.hfov_deg, hfovs, steady))


def _steady_doubt(moved_deg: float, share: float, reach_deg: float) -> float:
    """How far a camera that may turn `reach_deg` within the gap can be from the straight line between samples."""
    reach_deg = max(reach_deg, moved_deg)
    highest = min(reach_deg * share, moved_deg + reach_deg * (1 - share))
    lowest = max(-reach_deg * share, moved_deg - reach_deg * (1 - share))
    return max(highest - moved_deg * share, moved_deg * share - lowest)


def _zoom_doubt(hfov_deg: float, ends: tuple[float, float], steady: bool) -> tuple[float, float]:
    low, high = min(ends), max(ends)
    if not steady:
        return low, high
    third = (high - low) / 3
    return max(low, hfov_deg - third), min(high, hfov_deg + third)


def _speed_deg_s(track: _Track, index: int) -> float:
    """Average between sample index − 1 and index; 0 outside the track."""
    if not 1 <= index < len(track.samples):
        return 0.0
    before, after = track.samples[index - 1], track.samples[index]
    gap_us = max(1, after.at_us - before.at_us)
    return angle_between_deg(before.view, after.view) * US_PER_SECOND / gap_us


def _was_turning(track: _Track, index: int) -> bool:
    """It had left the position before it already; otherwise it may have started at any moment since."""
    if index < 1:
        return False
    before, sample = track.samples[index - 1], track.samples[index]
    return angle_between_deg(before.view, sample.view) >= SAME_VIEW_DEG or not _is_same_zoom(before.view, sample.view)


def _is_same_zoom(a: ViewDeg, b: ViewDeg) -> bool:
    return abs(a.hfov_deg - b.hfov_deg) <= SAME_HFOV_SHARE * a.hfov_deg


def _exact(view: ViewDeg) -> PoseEstimate:
    return PoseEstimate(view, 0.0, view.hfov_deg, view.hfov_deg)


def _mixed(a: ViewDeg, b: ViewDeg, share: float) -> ViewDeg:
    """The short way round in pan."""
    turn_deg = (b.pan_deg - a.pan_deg + 180) % 360 - 180
    return ViewDeg(
        a.pan_deg + turn_deg * share,
        a.tilt_deg + (b.tilt_deg - a.tilt_deg) * share,
        a.hfov_deg + (b.hfov_deg - a.hfov_deg) * share,
    )
