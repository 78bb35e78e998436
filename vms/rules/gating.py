"""Whether a camera may record and be shown now: by its purpose, and by the decisions that cover its place. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from vms.rules.decisions import Decision, Place, Window, covers, windows

GateState = Literal["open", "pending", "expired", "none", "unknown"]
"""pending: no decision holds yet. expired: the last one is over. none: no decision speaks of this place.
unknown: the register was never read here; fails closed."""
DAY_US = 86_400_000_000
Expiry = Literal["one_week", "eight_weeks", "six_months"]
_TERMS_US: tuple[tuple[Expiry, int], ...] = (
    ("one_week", 7 * DAY_US),
    ("eight_weeks", 56 * DAY_US),
    ("six_months", 182 * DAY_US),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """number: of the decision that says so. since_us: from when; of a pending one, from when it will hold.

    until_us: when this ends by itself, None = not by itself. decision_id 0: no decision. placement_id: where the camera
    hangs then, 0 = as the configuration says.
    """

    state: GateState
    number: str = ""
    decision_id: int = 0
    since_us: int | None = None
    until_us: int | None = None
    placement_id: int = 0

    @property
    def is_open(self) -> bool:
        return self.state == "open"


FREE = Gate("open")
"""No decision is needed: another purpose, or a site that does not gate yet."""
UNKNOWN = Gate("unknown")


@dataclass(frozen=True, slots=True)
class Standing:
    """Of footage: the decision under which it was recorded, and where the camera hung. None: not known, not needed."""

    decision_id: int | None = None
    placement_id: int | None = None


NOWHERE = Standing()


def windows_of_place(decisions: Sequence[Decision], place: Place, zone: ZoneInfo) -> list[Window]:
    return [window for window in windows(decisions, zone) if covers(window.decision, place)]


def gate_at(known: Sequence[Window], at_us: int) -> Gate:
    """known: of one place, by start."""
    holding = [window for window in known if window.holds(at_us)]
    following = next((window for window in known if window.start_us > at_us), None)
    if holding:
        longest = max(holding, key=_end)
        return Gate("open", longest.decision.label, longest.decision.id, longest.start_us, _joined_end(known, at_us))
    over = [window for window in known if window.end_us is not None and window.end_us <= at_us]
    if over:
        last = max(over, key=_end)
        next_us = following.start_us if following else None
        return Gate("expired", last.decision.label, last.decision.id, last.end_us, next_us)
    if following is not None:
        start_us = following.start_us
        return Gate("pending", following.decision.label, following.decision.id, start_us, start_us)
    return Gate("none")


def expiry_warning(window: Window, at_us: int) -> Expiry | None:
    """Its end comes near: the shortest term that has begun, of those shorter than the decision itself holds."""
    if window.end_us is None or not window.holds(at_us):
        return None
    for name, term_us in _TERMS_US:
        if term_us < window.end_us - window.start_us and window.end_us - at_us <= term_us:
            return name
    return None


def _end(window: Window) -> float:
    return float("inf") if window.end_us is None else window.end_us


def _joined_end(known: Sequence[Window], at_us: int) -> int | None:
    """Until when one decision or another holds without a break."""
    until_us: int | None = at_us
    for window in known:
        if until_us is None or window.start_us > until_us:
            break
        if window.end_us is None:
            until_us = None
        elif window.end_us > until_us:
            until_us = window.end_us
    return until_us
