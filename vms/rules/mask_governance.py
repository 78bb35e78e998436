"""The life of a mask set: drawn, proposed, approved by somebody else, in force, replaced or closed. Pure.

The register only grows. A draft is a version that nobody approved; approving it adds the next version, a copy that
counts from then on. So what was in force at any moment can be told from the rows alone, for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vms.rules.account_names import is_same_person
from vms.rules.masks import MaskSet, in_force

StepKind = Literal["proposed", "rejected", "retracted"]
DraftState = Literal["draft", "proposed", "rejected", "retracted", "adopted"]
VersionState = Literal["planned", "active", "replaced", "ended"]
State = DraftState | VersionState
"""ended: it was in force until the camera was closed (withdrawn, or moved); replaced: another set came instead."""

Refusal = Literal["not_a_draft", "not_proposed", "second_person", "moved"]


@dataclass(frozen=True, slots=True)
class MaskStep:
    """Something that happened to a draft."""

    version: int
    kind: StepKind
    actor: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in which a version is what counts; end None = until something else comes. ended_by: that version."""

    start: datetime
    end: datetime | None
    ended_by: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of masks, compared with another set."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]
    lens: bool

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.moved or self.lens)


def period_of(sets: Sequence[MaskSet], version: MaskSet) -> Period | None:
    """When an approved version counts; None for a draft, and for one that is overtaken before it starts."""
    if version.approver is None:
        return None
    later = [s for s in sets if s.approver is not None and s.version > version.version]
    following = min(later, key=lambda s: (s.valid_from, -s.version), default=None)
    if following is None:
        return Period(version.valid_from, None, None)
    if following.valid_from <= version.valid_from:
        return None
    return Period(version.valid_from, following.valid_from, following.version)


def state_of(sets: Sequence[MaskSet], steps: Sequence[MaskStep], version: MaskSet, now: datetime) -> State:
    """sets, steps: all of the camera, in any order."""
    if version.approver is None:
        return _draft_state(sets, steps, version.version)
    period = period_of(sets, version)
    if period is None:
        return "replaced"
    if now < period.start:
        return "planned"
    if period.end is None or now < period.end:
        return "active"
    successor = next(s for s in sets if s.version == period.ended_by)
    return "ended" if successor.closes else "replaced"


def _draft_state(sets: Sequence[MaskSet], steps: Sequence[MaskStep], version: int) -> DraftState:
    if any(s.approves == version and s.approver is not None for s in sets):
        return "adopted"
    mine = sorted((step for step in steps if step.version == version), key=lambda step: step.at)
    return mine[-1].kind if mine else "draft"


def may_propose(state: State) -> Refusal | None:
    return None if state == "draft" else "not_a_draft"


def may_decide(state: State, author: str, actor: str, *, moved: bool) -> Refusal | None:
    """Approving or rejecting a draft: proposed, by somebody else, and still where the camera hangs."""
    if state != "proposed":
        return "not_proposed"
    if is_same_person(author, actor):
        return "second_person"
    return "moved" if moved else None


def compared(version: MaskSet, other: MaskSet | None) -> Changes:
    """What `version` adds to, leaves out of and moves in `other`. Masks are told apart by name and polygon."""
    before = {} if other is None else _by_name(other)
    after = _by_name(version)
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        moved=tuple(name for name in after if name in before and after[name] != before[name]),
        lens=other is not None and other.closes is None and version.closes is None and version.lens != other.lens,
    )


def compared_with(sets: Sequence[MaskSet], version: MaskSet, now: datetime) -> MaskSet | None:
    """A draft is compared with what is in force; a version with what was in force just before it came."""
    if version.approver is None:
        return in_force(sets, now)
    return in_force([s for s in sets if s.version < version.version], version.valid_from)


def _by_name(mask_set: MaskSet) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for mask in mask_set.masks:
        found.setdefault(mask.name, []).append((mask.space, mask.polygon))
    return found
