"""What a purge run would do: reads expired segments and holds, lets the rules decide, changes nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from vms.rules.retention import Keep, decide_purge, oldest_allowed
from vms.store import Store, catalog, holds
from vms.store.catalog import Segment

PAGE_SEGMENTS = 5_000
"""Segments planned at once; a run asks again until nothing is left."""


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """erase: oldest first. held: (segment id, ids of the holds that keep it)."""

    now: datetime
    erase: tuple[Segment, ...]
    held: tuple[tuple[int, tuple[int, ...]], ...]
    stored_segments: int

    @property
    def bytes(self) -> int:
        return sum(segment.bytes for segment in self.erase)

    def per_camera(self) -> dict[str, int]:
        return dict(Counter(segment.camera_id for segment in self.erase))


def make_plan(store: Store, now: datetime, days: int, ahead: timedelta = timedelta(0)) -> PurgePlan:
    """ahead: how long before its limit footage goes."""
    with store.reading() as tx:
        expired = catalog.expired(tx, oldest_allowed(now + ahead, days), PAGE_SEGMENTS)
        holding = holds.active(tx)
        stored, _ = catalog.count(tx)
    erase, held = [], []
    for segment in expired:
        decision = decide_purge(segment, holding, now + ahead, days)
        if isinstance(decision, Keep) and segment.state != "purging":
            held.append((segment.id, decision.hold_ids))
        else:
            erase.append(segment)
    return PurgePlan(now, tuple(erase), tuple(held), stored)
