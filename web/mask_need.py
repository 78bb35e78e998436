"""Whether recorded footage may leave as its original. Fails closed."""

from collections.abc import Sequence
from datetime import datetime

from vms.config import Camera
from vms.rules.masks import MaskSet, in_force
from vms.store import Store, masks
from vms.store.catalog import Segment

MASKED_CODEC = "avc1.42c028"
"""What `live` makes of masked footage, whatever the camera sent (H.265 too): constrained baseline, level ≤ 4.0."""


class MaskNeed:
    """Of one camera's footage in an interval. camera None: it left the configuration, so masks are needed."""

    def __init__(self, camera: Camera | None, approved: Sequence[MaskSet]) -> None:
        self._always = camera is None or camera.masks == "required"
        self._approved = approved

    def of(self, segment: Segment) -> bool:
        """Also when the camera needs no masks now, but some were in force when this was recorded."""
        if self._always:
            return True
        known = [mask_set for mask_set in self._approved if mask_set.valid_from < segment.end_at]
        at_start = in_force(known, segment.start_at)
        return any(s.masks for s in known if at_start is None or s.version >= at_start.version)


def mask_need(store: Store, camera: Camera | None, camera_id: str, start: datetime, end: datetime) -> MaskNeed:
    """Blocking."""
    with store.reading() as tx:
        return MaskNeed(camera, masks.in_force_between(tx, camera_id, start, end))
