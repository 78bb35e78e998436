"""What must be painted over one picture before anybody sees it. Pure, and closed when in doubt.

There are three answers and no fourth: it was decided that no mask is needed, these polygons, or nothing at all.
What was in force when the picture was taken decides; the configuration counts only where nothing ever was.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from vms.packet import PtzPose
from vms.rules.mask_projection import SphereSet, prepare_all, project_set
from vms.rules.masks import MaskSet, in_force
from vms.rules.pose_at import FrameTime, PoseEstimate, PoseLimits, PoseUnknown, estimate_pose
from vms.rules.ptz_geometry import (
    Floats,
    FrameSize,
    ViewDeg,
    half_diagonal_tan,
    image_polygon,
    prepare,
)
from vms.rules.witness import STEADY_ERROR_DEG, Agrees, Contradicts, Shows, Verdict

LENS_SHARE = 0.0025
"""Masks grow by this share of the field of view too: the lens is known so well, and a coder blurs edges so far."""
MAX_GROWTH_DEG = 20.0
"""When the camera's position is less sure than this, the whole picture goes."""

BlankReason = Literal[
    "no-mask-set",
    "masks-withdrawn",
    "masks-lapsed",
    "unknown-lens",
    "no-pose",
    "stale-pose",
    "pose-gap",
    "too-fast",
    "mask-space",
    "picture-disagrees",
    "picture-lost",
    "picture-unplaced",
    "damaged",
    "internal",
]


Policy = Literal["required", "none"]


@dataclass(frozen=True, slots=True)
class MaskRules:
    """What the configuration says about one camera's masks.

    margin_deg: masks grow by this much on every side, always.
    """

    masks: Policy
    can_turn: bool
    margin_deg: float
    limits: PoseLimits


@dataclass(frozen=True, slots=True)
class NoMaskRequired:
    """The original may be shown. decided_by: who said so, for the record."""

    decided_by: str


@dataclass(frozen=True, slots=True, eq=False)
class PaintPolygons:
    """Fill each polygon (shape (n, 2), pixels of the picture) on its own. growth_deg: margin and doubt together.

    view: where the camera looks; None when no mask follows it.
    """

    polygons: tuple[Floats, ...]
    version: int
    growth_deg: float
    view: ViewDeg | None = None


@dataclass(frozen=True, slots=True)
class BlankFrame:
    """Show nothing of the picture. detail: for people."""

    reason: BlankReason
    detail: str


Witness = Callable[[PoseEstimate], Verdict]
"""Asked whether the picture bears out where the status says that the camera looked."""

MaskPlan = NoMaskRequired | PaintPolygons | BlankFrame
Masked = PaintPolygons | BlankFrame


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSet:
    """A mask set with its sphere masks made ready for projection."""

    mask_set: MaskSet
    sphere: SphereSet

    @property
    def needs_pose(self) -> bool:
        return bool(self.sphere.masks)


def prepare_set(mask_set: MaskSet) -> PreparedSet:
    return PreparedSet(mask_set, prepare_all([prepare(mask) for mask in mask_set.masks if mask.space == "sphere"]))


@dataclass(frozen=True, slots=True)
class SetUnknown:
    """What is in force could not be read: nothing may be shown. detail: for people."""

    detail: str


InForce = PreparedSet | SetUnknown | None
"""None: no set is or ever was in force at that time."""


def pass_through(policy: Policy, sets: Sequence[MaskSet], start: datetime, end: datetime) -> NoMaskRequired | None:
    """May originals of [start, end) be seen? The one decision about that, for live pictures, playback and clips.

    sets: every version that may be in force meanwhile, drafts or not, in any order. policy: the configuration's, and
    "required" for a camera that left it. Only a set approved to have no masks, or the policy where no set was ever in
    force, lets originals out; for all of the time or not at all.
    """
    first = in_force(sets, start)
    after = 0 if first is None else first.version
    later = [s for s in sets if s.approver is not None and start < s.valid_from < end and s.version > after]
    decided = [_without_masks(policy, first), *(_without_masks(policy, s) for s in later)]
    return None if None in decided else decided[0]


def pass_through_now(rules: MaskRules, found: InForce) -> NoMaskRequired | None:
    """The same for one picture. found: what was in force when it was taken."""
    if isinstance(found, SetUnknown):
        return None
    return _without_masks(rules.masks, None if found is None else found.mask_set)


def _without_masks(policy: Policy, found: MaskSet | None) -> NoMaskRequired | None:
    if found is None:
        return NoMaskRequired('configuration: masks = "none"') if policy == "none" else None
    if found.masks or found.closes:
        return None
    return NoMaskRequired(f"mask set {found.version} without masks, approved by {found.approver}")


def standing_problem(rules: MaskRules, prepared: InForce) -> BlankFrame | None:
    """What blanks every picture of this camera, whenever taken; None when the masks as such are usable."""
    if isinstance(prepared, SetUnknown):
        return BlankFrame("no-mask-set", prepared.detail)
    if prepared is None:
        return BlankFrame("no-mask-set", "no approved mask set is in force")
    if prepared.mask_set.closes == "withdrawn":
        return BlankFrame("masks-withdrawn", f"withdrawn by {prepared.mask_set.author}")
    if prepared.mask_set.closes == "lapsed":
        return BlankFrame("masks-lapsed", "the camera was moved; its masks lapsed")
    spaces = {mask.space for mask in prepared.mask_set.masks}
    if "sphere" in spaces and prepared.mask_set.lens is None:
        return BlankFrame("unknown-lens", "the mask set has no lens calibration")
    if "image" in spaces and rules.can_turn:
        return BlankFrame("mask-space", "a mask in picture coordinates cannot follow a turning camera")
    return None


def mask_plan(
    rules: MaskRules,
    prepared: InForce,
    frame: FrameTime,
    poses: Sequence[PtzPose],
    size: FrameSize,
    witness: Witness | None = None,
) -> MaskPlan:
    """prepared: the set in force when the picture was taken. poses: in order, some seconds around it.

    witness: of this very picture; None: the status is believed.
    """
    decided = pass_through_now(rules, prepared)
    if decided is not None:
        return decided
    problem = standing_problem(rules, prepared)
    if problem is not None or not isinstance(prepared, PreparedSet):
        return problem or BlankFrame("no-mask-set", "no approved mask set is in force")
    images = tuple(image_polygon(mask, size) for mask in prepared.mask_set.masks if mask.space == "image")
    lens = prepared.mask_set.lens
    if lens is None or not prepared.needs_pose:
        return PaintPolygons(images, prepared.mask_set.version, 0.0)
    pose = estimate_pose(poses, frame, lens, rules.limits)
    if isinstance(pose, PoseUnknown):
        return BlankFrame(pose.reason, pose.detail)
    verdict = Agrees() if witness is None else witness(pose)
    if isinstance(verdict, Contradicts):
        return BlankFrame(verdict.reason, verdict.detail)
    if isinstance(verdict, Agrees):
        pose = replace(pose, growth_deg=pose.growth_deg + verdict.growth_deg)
        return _painted(rules, prepared, pose, size, images)
    seen = PoseEstimate(verdict.seen, verdict.error_deg, verdict.seen.hfov_deg, verdict.seen.hfov_deg)
    if isinstance(verdict, Shows):
        beyond_deg = max(0.0, verdict.error_deg - STEADY_ERROR_DEG)
        return _painted(rules, prepared, replace(seen, growth_deg=beyond_deg), size, images)
    return _both(*(_painted(rules, prepared, either, size, images) for either in (pose, seen)))


def _both(one: Masked, other: Masked) -> Masked:
    """What either asks for."""
    if isinstance(one, BlankFrame):
        return one
    if isinstance(other, BlankFrame):
        return other
    return replace(one, polygons=(*one.polygons, *other.polygons), growth_deg=max(one.growth_deg, other.growth_deg))


def _painted(
    rules: MaskRules, prepared: PreparedSet, pose: PoseEstimate, size: FrameSize, images: tuple[Floats, ...]
) -> Masked:
    zoom_doubt = half_diagonal_tan(pose.hfov_high_deg, size) - half_diagonal_tan(pose.hfov_low_deg, size)
    doubt_deg = pose.growth_deg + math.degrees(zoom_doubt)
    if doubt_deg > MAX_GROWTH_DEG:
        return BlankFrame("too-fast", f"the camera turns too fast: its direction is unsure by {doubt_deg:.0f} degrees")
    growth_deg = rules.margin_deg + LENS_SHARE * pose.hfov_high_deg + doubt_deg
    found = _projected(prepared.sphere, pose.view, size, growth_deg)
    return PaintPolygons((*images, *found), prepared.mask_set.version, growth_deg, pose.view)


@lru_cache(maxsize=256)
def _projected(masks: SphereSet, view: ViewDeg, size: FrameSize, growth_deg: float) -> tuple[Floats, ...]:
    """Remembered, because a camera at rest gives the same picture after picture."""
    return tuple(project_set(masks, view, size, growth_deg))
