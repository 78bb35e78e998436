"""A real municipality's decisions of 2023, and by hand: on which days of that year each row of them holds."""

import json
from datetime import date
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "venlo-2023-decisions.json"


def documents() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def _d(text: str) -> date:
    return date.fromisoformat(f"2023-{text}")


HOLDS: dict[int, list[tuple[date, date]]] = {
    row: [(_d(first), _d(last)) for first, last in spans]
    for row, spans in {
        1: [("01-06", "01-06")],
        2: [("01-01", "03-31")],  # ends by itself after 1 April; row 13 withdraws it as from that day
        3: [("01-03", "04-03")],
        4: [("01-27", "01-27")],
        5: [("02-01", "12-31")],
        6: [("02-18", "02-22")],
        7: [("02-24", "02-24")],
        8: [("03-10", "03-10")],
        9: [("02-17", "02-18")],
        10: [("03-19", "03-19")],
        11: [("03-31", "03-31")],
        12: [("03-26", "03-26")],
        14: [("04-03", "07-02")],  # row 20 withdraws it as from 3 July
        15: [("05-12", "05-12")],
        16: [("06-01", "06-11")],
        17: [("06-30", "07-02")],
        18: [("06-19", "12-31")],  # no start is given: from the day of the decision
        19: [("07-01", "12-31")],
        21: [("08-13", "12-31")],
        22: [("09-01", "09-01"), ("09-15", "09-15")],
        23: [("10-01", "10-01")],
        24: [("10-15", "10-15")],
        25: [("11-17", "11-17")],
        26: [("11-11", "11-11")],
        27: [("12-18", "12-31")],  # begins on 16 December, decided on the 18th
    }.items()
}
"""By row, counted from 1: first and last day, both included. 13 and 20 withdraw; 28 begins in 2024."""


def rows_on(day: date) -> set[int]:
    return {row for row, spans in HOLDS.items() if any(first <= day <= last for first, last in spans)}
