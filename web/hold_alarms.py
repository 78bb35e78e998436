"""Alarms about evidence holds: one that cannot be secured, one whose review is due. Pure but for what it remembers."""

from collections.abc import Sequence
from datetime import datetime

from vms.store.holds import EvidenceHold
from web.alarms import Alarm

_SHOWN = 3


class HoldAlarmWatch:
    """Compares each look with the one before. Not thread-safe. What is wrong at the first look is told too.

    A case number is for police alone and alarms are for many: they name the hold by its number.
    """

    def __init__(self) -> None:
        self._failing: set[int] = set()
        self._due: set[int] = set()

    def look(self, active: Sequence[EvidenceHold], now: datetime) -> list[Alarm]:
        """active: every hold that is not released."""
        return [*self._of_problems(active), *self._of_reviews(active, now)]

    def _of_problems(self, active: Sequence[EvidenceHold]) -> list[Alarm]:
        failing = {hold.id: hold.problem for hold in active if hold.problem}
        new, had_some = sorted(set(failing) - self._failing), bool(self._failing)
        self._failing = set(failing)
        if new:
            names = _names(new)
            nl, en = f"Veiligstellen lukt niet: nr. {names}", f"Footage cannot be secured: hold {names}"
            return [Alarm("", "evidence_fault", nl, en, failing[new[0]])]
        if had_some and not failing:
            return [Alarm("", "evidence_back", "Veiligstellen lukt weer", "Footage can be secured again")]
        return []

    def _of_reviews(self, active: Sequence[EvidenceHold], now: datetime) -> list[Alarm]:
        due = {hold.id for hold in active if hold.review_at <= now}
        new, self._due = sorted(due - self._due), due
        if not new:
            return []
        names = _names(new)
        nl, en = f"Herbeoordeel veiligstelling nr. {names}", f"Review evidence hold {names}"
        return [Alarm("", "hold_review", nl, en)]


def _names(numbers: Sequence[int]) -> str:
    more = f" +{len(numbers) - _SHOWN}" if len(numbers) > _SHOWN else ""
    return ", ".join(str(number) for number in numbers[:_SHOWN]) + more
