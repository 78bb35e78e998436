"""Whether recorded footage may leave as its original: the rule that `live` goes by, asked per segment."""

from collections.abc import Sequence
from datetime import datetime

from vms.config import Camera
from vms.rules.masking import Policy, pass_through
from vms.rules.masks import MaskSet
from vms.store import Store, masks
from vms.store.catalog import Segment

MASKED_CODEC = "avc1.42c028"
"""What `live` makes of masked footage, whatever the camera sent (H.265 too): constrained baseline, level ≤ 4.0."""


class MaskNeed:
    """Of one camera's footage in an interval. camera None: it left the configuration, so masks are needed."""

    def __init__(self, camera: Camera | None, approved: Sequence[MaskSet]) -> None:
        self._policy: Policy = "required" if camera is None else camera.masks
        self._approved = approved

    def of(self, segment: Segment) -> bool:
        """Also when the camera needs no masks now, but some were in force when this was recorded."""
        return pass_through(self._policy, self._approved, segment.start_at, segment.end_at) is None


def mask_need(store: Store, camera: Camera | None, camera_id: str, start: datetime, end: datetime) -> MaskNeed:
    """Blocking."""
    with store.reading() as tx:
        return MaskNeed(camera, masks.in_force_between(tx, camera_id, start, end))
