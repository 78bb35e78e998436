"""A purge run: guard, plan, erase, and its line in the ledger. Used by the process and by `vms retention run`."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from retention.evidence import EvidenceKeeper
from retention.planner import PAGE_SEGMENTS, PurgePlan, make_plan
from retention.pressure import relieve
from retention.purger import Purger, PurgeResult
from retention.sealing import seal_both
from retention.strays import erase_strays
from vms.clock import Clock, now_utc
from vms.errors import Refused
from vms.rules.retention import RunFacts, refuse_run
from vms.rules.terms import Terms
from vms.signing import SiteSigner
from vms.store import Store, catalog, ledger, terms
from vms.volume import mounted

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PurgeRunner:
    """Not thread-safe: one run at a time. Keeps the monotonic clock between runs, to notice a clock that jumps."""

    store: Store
    high_water_pct: Mapping[Path, float]
    """Volume roots, and the fill level in % at which each is relieved early."""
    keys_dir: Path
    clock: Clock
    terms: Terms
    """As configured."""
    max_share: float
    signer: SiteSigner | None = None
    """Seals the ledger after each run. None: its key cannot be read; erasing goes on, and the next seal covers it."""
    ahead: timedelta = timedelta(0)
    """How long before its limit footage goes: what passes until the next run, so that nothing is ever older."""
    evidence: EvidenceKeeper | None = None
    """Copies what is held before each run. None: what is held stays where it is."""
    _last_run: tuple[datetime, float] | None = None

    def plan(self) -> PurgePlan:
        return make_plan(self.store, now_utc(self.clock), self.terms, self.ahead)

    def run(self, *, confirmed: bool = False) -> PurgeResult:
        """Erase all that expired. Raises Refused when a guard stops the run and nobody confirmed it."""
        self.secure()
        plan = self.plan()
        if not confirmed:
            self._guard(plan)
        self._note_terms(plan.now)
        volumes = mounted(self.high_water_pct)
        purger = Purger(self.store, list(self.high_water_pct), self.keys_dir, self.clock, self.terms, self.ahead)
        result = PurgeResult()
        while plan.erase:
            result += purger.erase(plan.erase)
            if result.failed or len(plan.erase) + len(plan.held) < PAGE_SEGMENTS:
                break
            plan = self.plan()
        result += erase_strays(self.store, volumes, self.terms, plan.now, self.ahead)
        result += self.relieve(search_held=True)
        result = replace(result, keys_destroyed=purger.destroy_keys())
        self._record(plan, result)
        if self.signer is not None:
            seal_both(self.store, self.signer, now_utc(self.clock))
        return result

    def secure(self, *, search_secured: bool = True) -> None:
        """A round of the evidence store. Erases nothing that is not released: no guard needed. Raises StoreBusy."""
        if self.evidence is not None:
            self.evidence.run(search_secured=search_secured)

    def relieve(self, *, search_held: bool = False) -> PurgeResult:
        """Early erasure on volumes past their mark. It looks at age in order, not at the clock: no guard needed."""
        volumes = mounted(self.high_water_pct)
        purger = Purger(self.store, list(self.high_water_pct), self.keys_dir, self.clock, self.terms)
        return relieve(self.store, purger, volumes, self.high_water_pct, search_held=search_held)

    def _note_terms(self, now: datetime) -> None:
        """What is configured acts from here on, on what no earlier term binds."""
        with self.store.transaction() as tx:
            changed = terms.note(tx, self.terms, now)
            cameras = {
                after.camera_id: {"purpose": after.purpose, "days": after.days, "before": before.days}
                for before, after in changed
                if before.purpose or before.days != after.days
            }
            if cameras:
                ledger.append(tx, now, "term", None, {"cameras": cameras})
        for camera_id, change in cameras.items():
            log.info("retention_term", extra={"camera": camera_id, **change})

    def _guard(self, plan: PurgePlan) -> None:
        with self.store.reading() as tx:
            last_run_at = ledger.last_run_at(tx)
        elapsed = None
        if self._last_run and self._last_run[0] == last_run_at:
            elapsed = timedelta(seconds=self.clock.monotonic_s() - self._last_run[1])
        facts = RunFacts(plan.now, last_run_at, elapsed, len(plan.erase), plan.stored_segments)
        reason = refuse_run(facts, self.max_share)
        if reason is None:
            return
        with self.store.transaction() as tx:
            last = ledger.last_of_kind(tx, "refused")
            if last is None or last.payload.get("reason") != reason:
                ledger.append(tx, plan.now, "refused", None, {"reason": reason})
        raise Refused(f"{reason}; if that is right, run `vms retention run --confirm`")

    def _record(self, plan: PurgePlan, result: PurgeResult) -> None:
        """Every run that did or could have done something, and the first of each hour, for the proof."""
        now = now_utc(self.clock)
        self_seen = self._last_run
        hour_changed = self_seen is None or self_seen[0].replace(minute=0, second=0, microsecond=0) != now.replace(
            minute=0, second=0, microsecond=0
        )
        if result != PurgeResult() or hour_changed:
            with self.store.transaction() as tx:
                stored, stored_bytes = catalog.count(tx)
                ledger.append(
                    tx,
                    now,
                    "run",
                    None,
                    {
                        "days": self.terms.longest_days(),
                        "erased": result.erased,
                        "bytes": result.bytes,
                        "held": len(plan.held),
                        "failed": result.failed,
                        "keys_destroyed": result.keys_destroyed,
                        "stored": stored,
                        "stored_bytes": stored_bytes,
                    },
                )
            self._last_run = (now, self.clock.monotonic_s())
        if result.erased or result.failed:
            log.info(
                "purge_run",
                extra={"erased": result.erased, "bytes": result.bytes, "failed": result.failed, "held": len(plan.held)},
            )
