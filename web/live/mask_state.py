"""How a camera's masks are doing, also when nobody watches it."""

from vms.clock import Clock
from vms.config.model import Camera, Live
from vms.rules.masking import PreparedSet, pass_through_now, standing_problem
from vms.rules.pose_at import FrameTime, PoseUnknown, estimate_pose
from web.live.channel import Channels, mask_rules
from web.live.mask_book import MaskBook
from web.live.masked import mask_reason, mask_state
from web.live.source import PoseBook


def camera_mask_state(
    camera: Camera, live: Live, channels: Channels, masks: MaskBook, poses: PoseBook, clock: Clock
) -> dict[str, str]:
    """{"mask": ok|fault|none, "reason"}: of the pictures that are being shown, else of the ones that would be."""
    shown = [channel.decision for channel in channels.find(camera.id) if channel.decision is not None]
    if shown:
        worst = max(shown, key=lambda decision: mask_state(decision) == "fault")
        return {"mask": mask_state(worst), "reason": mask_reason(worst)}
    rules = mask_rules(camera, live)
    now_us = clock.now_us()
    prepared = masks.in_force(camera.id, now_us)
    if pass_through_now(rules, prepared) is not None:
        return {"mask": "none", "reason": ""}
    problem = standing_problem(rules, prepared)
    if problem is not None:
        return {"mask": "fault", "reason": problem.reason}
    if isinstance(prepared, PreparedSet) and prepared.needs_pose and prepared.mask_set.lens is not None:
        found = estimate_pose(poses.poses(camera.id), FrameTime(now_us, None), prepared.mask_set.lens, rules.limits)
        if isinstance(found, PoseUnknown):
            return {"mask": "fault", "reason": found.reason}
    return {"mask": "ok", "reason": ""}
