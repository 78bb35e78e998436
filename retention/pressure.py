"""A volume past its high-water mark: the oldest un-held footage goes early, with a ledger line and an alarm.

The recorder goes on writing meanwhile, so the volume is measured anew after each round of erasing. When only held
footage is left, a note on the volume says so: the recorder then stops there, and nowhere else, until it is relieved.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from retention.purger import Purger, PurgeResult
from vms.errors import StorageError
from vms.rules.disk_space import Shortage, Space, is_relieved, shortage
from vms.rules.retention import Keep, decide_early
from vms.store import Store, catalog, holds
from vms.store.catalog import Segment
from vms.volume_space import is_full_of_held, measure, note_full_of_held, takes_writes

log = logging.getLogger(__name__)

_PAGE = 500
_MAX_ROUNDS = 20
"""Of erasing per look and volume; what is missing then is for the next look."""


def look_at(root: Path) -> Space:
    """Numbers, and whether a small write is taken. Raises OSError."""
    return replace(measure(root), refuses_writes=not takes_writes(root))


def relieve(
    store: Store,
    purger: Purger,
    volumes: Mapping[str, Path],
    high_water_pct: Mapping[Path, float],
    look: Callable[[Path], Space] = look_at,
    *,
    search_held: bool = True,
) -> PurgeResult:
    """Erase early where needed. A volume that cannot be looked at costs the others nothing. Raises StoreBusy.

    search_held: look through a volume that was full of held footage, which takes long; else only see whether it is
    relieved.
    """
    result = PurgeResult()
    for volume_uuid, root in volumes.items():
        try:
            if is_full_of_held(root) and not search_held:
                _keep_note(root, look(root), high_water_pct.get(root, 100.0), nothing_left=False)
                continue
            result += _relieve_volume(store, purger, volume_uuid, root, high_water_pct.get(root, 100.0), look)
        except (OSError, StorageError) as error:
            log.error("disk_pressure_unknown", extra={"volume": str(root), "detail": str(error)})
    return result


def _relieve_volume(
    store: Store, purger: Purger, volume_uuid: str, root: Path, high_water_pct: float, look: Callable[[Path], Space]
) -> PurgeResult:
    result = PurgeResult()
    before = space = look(root)
    nothing_left = False
    for _ in range(_MAX_ROUNDS):
        missing = shortage(space, high_water_pct)
        if not missing:
            break
        chosen = _oldest_unheld(store, volume_uuid, missing)
        erased = purger.erase(chosen, "disk_pressure")
        result += erased
        space = look(root)
        if not chosen or erased.failed or not erased.erased:
            nothing_left = not chosen and bool(shortage(space, high_water_pct))
            break
    if result.erased or result.failed:
        fields = {"volume": str(root), "used_pct": round(before.used_pct, 1), "erased_early": result.erased}
        log.error("disk_pressure", extra=fields)
    _keep_note(root, space, high_water_pct, nothing_left=nothing_left)
    return result


def _keep_note(root: Path, space: Space, high_water_pct: float, *, nothing_left: bool) -> None:
    was_full = is_full_of_held(root)
    if nothing_left and not was_full:
        log.error("disk_full_of_held_footage", extra={"volume": str(root), "used_pct": round(space.used_pct, 1)})
        note_full_of_held(root, is_full=True)
    elif was_full and is_relieved(space, high_water_pct):
        log.warning("disk_relieved", extra={"volume": str(root), "used_pct": round(space.used_pct, 1)})
        note_full_of_held(root, is_full=False)


def _oldest_unheld(store: Store, volume_uuid: str, missing: Shortage) -> list[Segment]:
    chosen: list[Segment] = []
    chosen_bytes = 0
    after = None
    with store.reading() as tx:
        holding = holds.active(tx)
        while page := catalog.oldest(tx, volume_uuid, after, _PAGE):
            for segment in page:
                if chosen_bytes >= missing.bytes and len(chosen) >= missing.files:
                    return chosen
                if not isinstance(decide_early(segment, holding), Keep):
                    chosen.append(segment)
                    chosen_bytes += segment.bytes
            after = (page[-1].start_at, page[-1].id)
    return chosen
