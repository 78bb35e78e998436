"""The register of masks as people use it: who may do what next, written in the audit log before it is done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from vms.clock import Clock, now_utc
from vms.config import Camera
from vms.rules.account_names import is_same_person
from vms.rules.mask_governance import (
    MaskStep,
    Period,
    Refusal,
    State,
    StepKind,
    compared,
    compared_with,
    may_decide,
    may_propose,
    period_of,
    state_of,
)
from vms.rules.masks import MaskImport, MaskSet, lens_document, masks_document
from vms.rules.placements import is_moved
from vms.store import Store
from vms.store import masks as mask_store
from vms.units import us_from_utc
from web.audit_trail import Actor, AuditTrail
from web.problems import Problem

_CODES: dict[Refusal, str] = {
    "not_a_draft": "mask_state",
    "not_proposed": "mask_state",
    "second_person": "second_person",
    "moved": "mask_moved",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """Of one camera, read at one moment."""

    sets: list[MaskSet]
    steps: list[MaskStep]


class MaskRegister:
    """Blocking (database): call from a worker thread. Each method raises Problem when it refuses."""

    def __init__(self, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail

    def overview(self, camera: Camera) -> dict[str, Any]:
        """Every version, the oldest first, each with its state, its steps and what it changes."""
        now = self._now()
        with self._store.reading() as tx:
            sets, steps = mask_store.history(tx, camera.id), mask_store.steps(tx, camera.id)
            created = mask_store.created_at(tx, camera.id)
            found = mask_store.in_force(tx, camera.id, now)
        return {
            "camera": camera.id,
            "in_force": found.version if found else None,
            "closed": found.closes if found else None,
            "now_us": us_from_utc(now),
            "versions": [_version(camera, sets, steps, s, created[s.version], now) for s in sets],
        }

    def at(self, camera: Camera, at: datetime) -> dict[str, Any]:
        """What was, or will be, in force then."""
        with self._store.reading() as tx:
            found = mask_store.in_force(tx, camera.id, at)
        return {"camera": camera.id, "at_us": us_from_utc(at), "in_force": mask_set_json(found) if found else None}

    def draw(self, actor: Actor, camera: Camera, new: MaskImport) -> dict[str, Any]:
        """A draft: it is not in force."""
        self._trail.allow(
            actor, "masks.draw", f"camera:{camera.id}", masks=len(new.masks), author=new.author, reason=new.reason
        )
        with self._store.transaction() as tx:
            added = mask_store.add(tx, new, self._now(), camera.placed)
        return mask_set_json(added)

    def propose(self, actor: Actor, camera: Camera, version: int) -> dict[str, Any]:
        """Offer one's own draft to a second person."""
        return self._step(actor, camera, version, "proposed", "masks.propose", "")

    def retract(self, actor: Actor, camera: Camera, version: int) -> dict[str, Any]:
        """Take one's own draft or proposal back."""
        return self._step(actor, camera, version, "retracted", "masks.retract", "")

    def reject(self, actor: Actor, camera: Camera, version: int, note: str) -> dict[str, Any]:
        """Somebody else's proposal, with the reason why not."""
        return self._step(actor, camera, version, "rejected", "masks.reject", note)

    def approve(self, actor: Actor, camera: Camera, version: int) -> dict[str, Any]:
        """Puts a proposal in force as the next version, from now on at the earliest: never over footage of before."""
        with self._store.reading() as tx:
            known = _Known(mask_store.history(tx, camera.id), mask_store.steps(tx, camera.id))
        draft, refusal = self._decidable(known, actor, camera, version)
        if refusal:
            self._refuse(actor, "masks.approve", camera, version, refusal)
        self._trail.allow(
            actor, "masks.approve", f"camera:{camera.id}", draft=version, author=draft.author, masks=len(draft.masks)
        )
        with self._store.transaction() as tx:
            known = _Known(mask_store.history(tx, camera.id), mask_store.steps(tx, camera.id))
            draft, refusal = self._decidable(known, actor, camera, version)
            if refusal:
                raise Problem(_CODES[refusal])
            now = self._now()
            approved = MaskImport(
                camera_id=camera.id,
                lens=draft.lens,
                masks=draft.masks,
                author=draft.author,
                approver=actor.username,
                valid_from=max(draft.valid_from, now),
                reason=draft.reason,
            )
            added = mask_store.add(tx, approved, now, draft.placement, approves=version)
        return mask_set_json(added)

    def close(self, actor: Actor, camera: Camera, reason: str, valid_from: datetime | None) -> dict[str, Any]:
        """Withdraw what is in force, now or later: nothing is seen of the camera until masks are approved again.

        One person is enough, because this only hides.
        """
        now = self._now()
        from_ = max(valid_from or now, now)
        self._trail.allow(actor, "masks.close", f"camera:{camera.id}", reason=reason, valid_from_us=us_from_utc(from_))
        with self._store.transaction() as tx:
            return mask_set_json(
                mask_store.close(tx, camera.id, "withdrawn", actor.username, reason, from_, self._now())
            )

    def _step(
        self, actor: Actor, camera: Camera, version: int, kind: StepKind, action: str, note: str
    ) -> dict[str, Any]:
        with self._store.reading() as tx:
            known = _Known(mask_store.history(tx, camera.id), mask_store.steps(tx, camera.id))
        refusal = self._step_refusal(known, actor, camera, version, kind)
        if refusal:
            self._refuse(actor, action, camera, version, refusal)
        self._trail.allow(actor, action, f"camera:{camera.id}", version=version, reason=note or None)
        with self._store.transaction() as tx:
            known = _Known(mask_store.history(tx, camera.id), mask_store.steps(tx, camera.id))
            refusal = self._step_refusal(known, actor, camera, version, kind)
            if refusal:
                raise Problem(_CODES[refusal])
            mask_store.add_step(tx, camera.id, MaskStep(version, kind, actor.username, self._now(), note))
        return {"camera": camera.id, "version": version, "state": kind}

    def _step_refusal(
        self, known: _Known, actor: Actor, camera: Camera, version: int, kind: StepKind
    ) -> Refusal | None:
        if kind == "rejected":
            refusal = self._decidable(known, actor, camera, version)[1]
            return None if refusal == "moved" else refusal
        draft, state = self._draft(known, version)
        if not is_same_person(draft.author, actor.username):
            raise Problem("mask_not_yours")
        if kind == "proposed":
            return may_propose(state) or ("moved" if is_moved(draft.placement, camera.placed) else None)
        return None if state in ("draft", "proposed") else "not_a_draft"

    def _decidable(self, known: _Known, actor: Actor, camera: Camera, version: int) -> tuple[MaskSet, Refusal | None]:
        draft, state = self._draft(known, version)
        moved = is_moved(draft.placement, camera.placed)
        return draft, may_decide(state, draft.author, actor.username, moved=moved)

    def _draft(self, known: _Known, version: int) -> tuple[MaskSet, State]:
        found = next((s for s in known.sets if s.version == version and s.approver is None), None)
        if found is None:
            raise Problem("not_found")
        return found, state_of(known.sets, known.steps, found, self._now())

    def _refuse(self, actor: Actor, action: str, camera: Camera, version: int, refusal: Refusal) -> NoReturn:
        self._trail.refuse(actor, action, f"camera:{camera.id}", version=version, reason=refusal)
        raise Problem(_CODES[refusal])

    def _now(self) -> datetime:
        return now_utc(self._clock)


def mask_set_json(mask_set: MaskSet) -> dict[str, Any]:
    return {
        "camera": mask_set.camera_id,
        "version": mask_set.version,
        "lens": lens_document(mask_set.lens),
        "masks": masks_document(mask_set.masks),
        "author": mask_set.author,
        "approver": mask_set.approver,
        "reason": mask_set.reason,
        "approves": mask_set.approves,
        "closes": mask_set.closes,
        "valid_from": mask_set.valid_from.isoformat(),
        "valid_from_us": us_from_utc(mask_set.valid_from),
    }


def _version(
    camera: Camera, sets: list[MaskSet], steps: list[MaskStep], mask_set: MaskSet, created: datetime, now: datetime
) -> dict[str, Any]:
    changes = compared(mask_set, compared_with(sets, mask_set, now))
    return {
        **mask_set_json(mask_set),
        "state": state_of(sets, steps, mask_set, now),
        "created_us": us_from_utc(created),
        "moved": is_moved(mask_set.placement, camera.placed),
        "in_force": _period(period_of(sets, mask_set)),
        "steps": [
            {"kind": step.kind, "actor": step.actor, "at_us": us_from_utc(step.at), "note": step.note}
            for step in steps
            if step.version == mask_set.version
        ],
        "changes": {
            "added": list(changes.added),
            "removed": list(changes.removed),
            "moved": list(changes.moved),
            "lens": changes.lens,
        },
    }


def _period(period: Period | None) -> dict[str, Any] | None:
    if period is None:
        return None
    return {
        "from_us": us_from_utc(period.start),
        "to_us": None if period.end is None else us_from_utc(period.end),
        "ended_by": period.ended_by,
    }
