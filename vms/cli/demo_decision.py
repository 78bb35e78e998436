"""The decisions under which the demo's cameras record: invented, as everything in its town."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

_BEFORE = timedelta(days=90)
"""The history that a demo can have lies inside it."""
_AHEAD = (timedelta(days=300), timedelta(days=120), timedelta(days=40))
"""How long they hold still, in turn: without a warning, with the first one, with the second."""
_REASON = "Verzonnen besluit van de demo: zonder besluit neemt geen camera op en toont geen camera beeld."


def demo_decisions(areas: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """One for each area, by its name."""
    first = (now - _BEFORE).date()
    return [
        {
            "kind": "designation",
            "decided_on": [(first - timedelta(days=14)).isoformat()],
            "registration_numbers": [f"DEMO-{1001 + index}"],
            "locations": [area],
            "periods": [{"start": first.isoformat(), "end": (now + _AHEAD[index % len(_AHEAD)]).date().isoformat()}],
            "fixed": 3,
            "reason": _REASON,
        }
        for index, area in enumerate(areas)
    ]
