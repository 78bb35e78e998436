"""A volume past its high-water mark: the oldest un-held footage goes early, with a ledger line and an alarm.

The recorder goes on writing meanwhile, so the volume is measured anew after each round of erasing. When erasing would
not relieve it, or other files crowd the footage out (vms.rules.disk_pressure), nothing is erased and a note on the
volume says so: the recorder then stops there, and nowhere else, until it is relieved.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from retention.purger import Purger, PurgeResult
from vms.errors import StorageError
from vms.rules.disk_pressure import Obstacle, Stored, in_the_way
from vms.rules.disk_space import Shortage, Space, is_relieved, shortage
from vms.rules.retention import Keep, decide_early
from vms.store import Store, catalog, holds, volumes
from vms.store.catalog import Segment
from vms.volume_space import measure, note_obstacle, obstacle_noted, takes_writes

log = logging.getLogger(__name__)

_PAGE = 500
_MAX_ROUNDS = 20
"""Of erasing per look and volume; what is missing then is for the next look."""
_EVENT = {"held": "disk_full_of_held_footage", "foreign": "disk_full_of_other_files"}


def look_at(root: Path) -> Space:
    """Numbers, and whether a small write is taken. Raises OSError."""
    return replace(measure(root), refuses_writes=not takes_writes(root))


def relieve(
    store: Store,
    purger: Purger,
    mounted: Mapping[str, Path],
    high_water_pct: Mapping[Path, float],
    look: Callable[[Path], Space] = look_at,
    *,
    search_held: bool = True,
) -> PurgeResult:
    """Erase early where needed. A volume that cannot be looked at costs the others nothing. Raises StoreBusy.

    search_held: look through a volume that erasing did not relieve, which takes long; else only see whether it is
    relieved.
    """
    result = PurgeResult()
    for volume_uuid, root in mounted.items():
        try:
            if obstacle_noted(root) is not None and not search_held:
                _keep_note(root, look(root), high_water_pct.get(root, 100.0), None)
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
    obstacle = None
    for _ in range(_MAX_ROUNDS):
        missing = shortage(space, high_water_pct)
        if not missing:
            break
        ours, oldest = _stored(store, volume_uuid), _oldest_unheld(store, volume_uuid, missing)
        obstacle = in_the_way(space, high_water_pct, ours, oldest.stored)
        if obstacle is not None:
            break
        erased = purger.erase(oldest.segments, "disk_pressure")
        result += erased
        space = look(root)
        if erased.failed or not erased.erased:
            break
    if result.erased or result.failed:
        fields = {"volume": str(root), "used_pct": round(before.used_pct, 1), "erased_early": result.erased}
        log.error("disk_pressure", extra=fields)
    _keep_note(root, space, high_water_pct, obstacle)
    return result


def _keep_note(root: Path, space: Space, high_water_pct: float, obstacle: Obstacle | None) -> None:
    noted = obstacle_noted(root)
    fields = {"volume": str(root), "used_pct": round(space.used_pct, 1)}
    if obstacle is not None:
        if noted is None or noted.reason != obstacle.reason:
            fields["foreign_bytes"] = obstacle.foreign_bytes
            log.error(_EVENT[obstacle.reason], extra=fields)
        if noted != obstacle:
            note_obstacle(root, obstacle)
    elif noted is not None and is_relieved(space, high_water_pct):
        log.warning("disk_relieved", extra=fields)
        note_obstacle(root, None)


@dataclass(slots=True)
class _Oldest:
    segments: list[Segment] = field(default_factory=list)
    stored: Stored = field(default_factory=Stored)

    def add(self, segment: Segment) -> None:
        more = volumes.stored_in(segment)
        self.segments.append(segment)
        self.stored = Stored(self.stored.bytes + more.bytes, self.stored.files + more.files)


def _stored(store: Store, volume_uuid: str) -> Stored:
    with store.reading() as tx:
        return volumes.stored(tx, volume_uuid)


def _oldest_unheld(store: Store, volume_uuid: str, missing: Shortage) -> _Oldest:
    """As much as is missing, or all there is."""
    oldest = _Oldest()
    after = None
    with store.reading() as tx:
        holding = holds.active(tx)
        while page := catalog.oldest(tx, volume_uuid, after, _PAGE):
            for segment in page:
                if oldest.stored.bytes >= missing.bytes and oldest.stored.files >= missing.files:
                    return oldest
                if segment.state == "purging" or not isinstance(decide_early(segment, holding), Keep):
                    oldest.add(segment)
            after = (page[-1].start_at, page[-1].id)
    return oldest
