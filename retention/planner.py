"""What a purge run would do: reads expired segments and holds, lets the rules decide, changes nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from vms.rules.retention import Keep, decide_purge
from vms.rules.terms import Terms
from vms.store import Store, Transaction, catalog, holds, terms
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


def make_plan(store: Store, now: datetime, configured: Terms, ahead: timedelta = timedelta(0)) -> PurgePlan:
    """ahead: how long before its limit footage goes."""
    due = now + ahead
    with store.reading() as tx:
        acting = terms.acting(tx, configured, due)
        expired = _expired(tx, acting, due)
        holding = holds.active(tx)
        stored, _ = catalog.count(tx)
    erase, held = [], []
    for segment in expired:
        decision = decide_purge(segment, holding, due, acting)
        if isinstance(decision, Keep) and segment.state != "purging":
            held.append((segment.id, decision.hold_ids))
        else:
            erase.append(segment)
    return PurgePlan(now, tuple(erase), tuple(held), stored)


def _expired(tx: Transaction, acting: Terms, due: datetime) -> list[Segment]:
    """Oldest first, a page at most: of every camera up to the longest term, then of those that have a shorter one."""
    base = acting.base(due)
    found = catalog.expired(tx, base, PAGE_SEGMENTS)
    for camera_id, limit in acting.shorter(due).items():
        found += catalog.expired_of(tx, camera_id, base, limit, PAGE_SEGMENTS)
    return sorted(found, key=lambda segment: (segment.start_at, segment.id))[:PAGE_SEGMENTS]
