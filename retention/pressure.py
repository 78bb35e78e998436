"""A volume past its high-water mark: the oldest un-held footage goes early, with a ledger line and an alarm."""

import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from retention.purger import Purger, PurgeResult
from vms.rules.retention import Keep, bytes_to_free, decide_early
from vms.store import Store, catalog, holds
from vms.store.catalog import Segment

log = logging.getLogger(__name__)

_PAGE = 500


class Usage(NamedTuple):
    total: int
    used: int


def disk_usage(root: Path) -> Usage:
    """Used = what is not available to us, so that the reserve of the file system counts as used."""
    usage = shutil.disk_usage(root)
    return Usage(usage.total, usage.total - usage.free)


def relieve(
    store: Store,
    purger: Purger,
    volumes: Mapping[str, Path],
    high_water_pct: Mapping[Path, float],
    usage: Callable[[Path], Usage] = disk_usage,
) -> PurgeResult:
    """Erase early where needed. When only held footage is left the volume stays too full, and that is said."""
    result = PurgeResult()
    for volume_uuid, root in volumes.items():
        total, used = usage(root)
        wanted = bytes_to_free(total, used, high_water_pct.get(root, 100.0))
        if not wanted:
            continue
        chosen = _oldest_unheld(store, volume_uuid, wanted)
        freed = purger.erase(chosen, "disk_pressure")
        result += freed
        log.error(
            "disk_pressure",
            extra={"volume": str(root), "used_pct": round(100 * used / total, 1), "erased_early": freed.erased},
        )
        if freed.bytes < wanted:
            log.error("disk_full_of_held_footage", extra={"volume": str(root), "missing_bytes": wanted - freed.bytes})
    return result


def _oldest_unheld(store: Store, volume_uuid: str, wanted_bytes: int) -> list[Segment]:
    chosen: list[Segment] = []
    after = None
    with store.reading() as tx:
        holding = holds.active(tx)
        while wanted_bytes > 0 and (page := catalog.oldest(tx, volume_uuid, after, _PAGE)):
            for segment in page:
                if wanted_bytes > 0 and not isinstance(decide_early(segment, holding), Keep):
                    chosen.append(segment)
                    wanted_bytes -= segment.bytes
            after = (page[-1].start_at, page[-1].id)
    return chosen
