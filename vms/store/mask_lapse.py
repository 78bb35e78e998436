"""Masks lapse with the placement: a camera that was moved is closed before anybody sees through it.

Called where processes start with a configuration: by `vms serve` before the first of them, and by `live` before its
first picture.
"""

import logging
from collections.abc import Mapping

from vms.clock import Clock, now_utc
from vms.rules.placements import Placement
from vms.store import audit, masks
from vms.store import placements as register
from vms.store.audit import AuditEntry
from vms.store.engine import Store

log = logging.getLogger(__name__)


def lapse_moved(store: Store, placements: Mapping[str, Placement], clock: Clock) -> list[str]:
    """Closes the cameras that hang elsewhere now, each with its audit row. Raises StoreBusy: then nothing is closed,
    and nothing may be shown.

    placements: as the configuration has them; what the register of placements says goes before."""
    now = now_utc(clock)
    with store.transaction() as tx:
        registered = {one.camera_id: one.placement for one in register.current(tx) if one.camera_id in placements}
        hanging = {**placements, **registered}
        found = masks.moved(tx, hanging, now)
        for camera_id in found:
            reason = f"placement changed: {hanging[camera_id].name or 'other coordinates'}"
            entry = AuditEntry(
                at=now,
                actor=masks.SYSTEM,
                roles=(),
                action="masks.lapse",
                object=f"camera:{camera_id}",
                result="allowed",
                detail={"reason": reason},
            )
            audit.append(tx, entry)
            masks.close(tx, camera_id, "lapsed", masks.SYSTEM, reason, now, now)
    for camera_id in found:
        log.warning("masks_lapsed", extra={"camera": camera_id})
    return found
