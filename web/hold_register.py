"""Evidence holds as people use them: each step stands in the audit log in the same transaction as the step itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from vms.clock import Clock, now_utc
from vms.rules.holds import HoldProblem, HoldRequest, Missing
from vms.rules.terms import Terms
from vms.store import Store, evidence, holding, holds
from vms.store.evidence import Secured
from vms.store.holding import HoldRefused, Placed
from vms.store.holds import EvidenceHold
from vms.units import us_from_utc
from web.audit_trail import Actor, AuditTrail
from web.problems import Problem


class HoldRegister:
    """Blocking (database): call from a worker thread. Raises Problem where a rule refuses, StoreBusy."""

    def __init__(
        self, store: Store, clock: Clock, trail: AuditTrail, cameras: Sequence[str], terms: Terms, ahead: timedelta
    ) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._cameras = cameras
        self._terms, self._ahead = terms, ahead

    def overview(self) -> dict[str, Any]:
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            known, secured = holds.everything(tx), evidence.secured(tx)
        return {
            "now_us": us_from_utc(now),
            "holds": [_hold(hold, secured.get(hold.id, Secured()), now) for hold in known],
        }

    def one(self, hold_id: int) -> dict[str, Any]:
        """With what it does not have of its interval."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            hold = holds.get(tx, hold_id)
            if hold is None:
                raise Problem("no_hold")
            missing = holding.lacking(tx, hold, now) if hold.released_at is None else []
            secured = evidence.secured(tx).get(hold_id, Secured())
        return {**_hold(hold, secured, now), "missing": _missing(missing)}

    def place(self, actor: Actor, request: HoldRequest) -> dict[str, Any]:
        now = now_utc(self._clock)
        try:
            with self._store.transaction() as tx:
                placed = holding.place(tx, request, self._cameras, actor.username, now, self._terms, self._ahead)
                hold = placed.hold
                self._trail.allow_within(
                    tx,
                    actor,
                    "holds.create",
                    f"hold:{hold.id}",
                    camera=", ".join(hold.cameras)[:400],
                    from_us=us_from_utc(hold.start_at),
                    to_us=us_from_utc(hold.end_at),
                    reference=hold.case_number,
                    basis=f"{hold.basis}: {hold.legal_basis}",
                    requester=hold.requester,
                    review_us=us_from_utc(hold.review_at),
                )
        except HoldRefused as error:
            _refuse(error.problems)
        return self._placed(placed, now)

    def extend(self, actor: Actor, hold_id: int, end_at: datetime | None, review_at: datetime | None) -> dict[str, Any]:
        now = now_utc(self._clock)
        try:
            with self._store.transaction() as tx:
                placed = holding.extend(tx, hold_id, end_at, review_at, now, self._terms, self._ahead)
                self._trail.allow_within(
                    tx,
                    actor,
                    "holds.extend",
                    f"hold:{hold_id}",
                    to_us=us_from_utc(placed.hold.end_at),
                    review_us=us_from_utc(placed.hold.review_at),
                    reference=placed.hold.case_number,
                )
        except HoldRefused as error:
            _refuse(error.problems)
        return self._placed(placed, now)

    def release(self, actor: Actor, hold_id: int) -> dict[str, Any]:
        now = now_utc(self._clock)
        try:
            with self._store.transaction() as tx:
                hold = holding.release(tx, hold_id, actor.username, now)
                self._trail.allow_within(tx, actor, "holds.release", f"hold:{hold_id}", reference=hold.case_number)
        except HoldRefused as error:
            self._trail.refuse(actor, "holds.release", f"hold:{hold_id}", reason="second_person")
            [problem] = error.problems
            raise Problem("second_person", nl=problem.nl, en=problem.en) from error
        return self._placed(Placed(hold, ()), now)

    def _placed(self, placed: Placed, now: datetime) -> dict[str, Any]:
        with self._store.reading() as tx:
            secured = evidence.secured(tx).get(placed.hold.id, Secured())
        return {**_hold(placed.hold, secured, now), "missing": _missing(placed.missing)}


def _refuse(problems: Sequence[HoldProblem]) -> NoReturn:
    raise Problem(
        "invalid_input",
        nl=" ".join(problem.nl for problem in problems),
        en=" ".join(problem.en for problem in problems),
        fields={problem.field: {"nl": problem.nl, "en": problem.en} for problem in problems},
    )


def _hold(hold: EvidenceHold, secured: Secured, now: datetime) -> dict[str, Any]:
    """root: one hash over everything that was secured. review_due: somebody must look whether it is still needed."""
    return {
        "id": hold.id,
        "state": hold.state,
        "cameras": list(hold.cameras),
        "from_us": us_from_utc(hold.start_at),
        "to_us": us_from_utc(hold.end_at),
        "case_number": hold.case_number,
        "basis": hold.basis,
        "legal_basis": hold.legal_basis,
        "requester": hold.requester,
        "created_by": hold.created_by,
        "created_us": us_from_utc(hold.created_at),
        "review_us": us_from_utc(hold.review_at),
        "review_due": hold.released_at is None and hold.review_at <= now,
        "secured_us": _us(hold.secured_at),
        "root": hold.secured_root,
        "released_us": _us(hold.released_at),
        "released_by": hold.released_by,
        "erased_us": _us(hold.erased_at),
        "problem": hold.problem,
        "files": secured.files,
        "bytes": secured.bytes,
        "damaged": secured.damaged,
    }


def _missing(found: Sequence[Missing]) -> list[dict[str, Any]]:
    return [
        {"camera": lack.camera_id, "start_us": lack.start_us, "end_us": lack.end_us, "reason": lack.reason}
        for lack in found
    ]


def _us(at: datetime | None) -> int | None:
    return None if at is None else us_from_utc(at)
