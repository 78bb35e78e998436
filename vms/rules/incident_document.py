"""A row of a year's incident table as it was printed: read without dropping or guessing. Pure.

A total that is not printed stays missing; a count for two outcomes at once stays text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vms.errors import UitkijkError

UNCLEAR: Mapping[str, str] = {
    "no_total": "no total; it stays missing",
    "no_previous_total": "no figure for the year before",
    "total_differs": "the printed total is not the one that was read",
    "follow_up_above_total": "a follow-up is larger than the total",
    "other_outcomes": "outcomes that are no count of one kind stay text",
    "category_twice": "the category stands in this file twice",
    "source_note": "see the note",
}
"""What is unclear, by code. Nothing of it keeps a row out of the register."""
MOST_NAME = 300
_MOST_TEXT = 2000
_PLURALS = {"aanhoudingen": "aanhouding"}
_PRINTED = re.compile(r"\s*(?P<total>[\d.]*)\s*(?:\((?P<previous>[\d.]+)\))?\s*")
_TEXTS = ("total_text", "follow_up_text", "remark", "note")


class IncidentRowProblems(UitkijkError):
    """What keeps a row from being one at all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class YearRow:
    """total, previous_total None: not printed. outcomes: as printed, what is no count of one kind."""

    category: str
    total: int | None
    previous_total: int | None
    follow_ups: Mapping[str, int]
    outcomes: tuple[str, ...]
    remark: str


def read_row(document: Any) -> YearRow:
    """Raises IncidentRowProblems, with all of them."""
    if not isinstance(document, dict):
        raise IncidentRowProblems(["must be an object"])
    problems: list[str] = []
    category = document.get("category")
    if not isinstance(category, str) or not 1 <= len(category.strip()) <= MOST_NAME:
        problems.append(f"category: must be a text of at most {MOST_NAME} characters")
    totals = [_count(document.get(key)) for key in ("total", "previous_year_total")]
    if "bad" in totals:
        problems.append("total, previous_year_total: must be a whole number from 0, or null")
    if any(not _is_text(document.get(key)) for key in _TEXTS):
        problems.append(f"{', '.join(_TEXTS)}: must be a text of at most {_MOST_TEXT} characters, or null")
    follow_ups, outcomes = _follow_ups(document.get("follow_ups"), problems)
    if problems:
        raise IncidentRowProblems(problems)
    total, previous = totals
    return YearRow(
        category=" ".join(str(category).split()),
        total=total,
        previous_total=previous,
        follow_ups=follow_ups,
        outcomes=outcomes,
        remark=str(document.get("remark") or ""),
    )


def unclear(document: Mapping[str, Any], row: YearRow, is_twice: bool) -> list[str]:
    """Codes of UNCLEAR, in their order."""
    found = set(_unclear(document, row))
    if is_twice:
        found.add("category_twice")
    return [code for code in UNCLEAR if code in found]


def _unclear(document: Mapping[str, Any], row: YearRow) -> Iterator[str]:
    if row.total is None:
        yield "no_total"
    if row.previous_total is None:
        yield "no_previous_total"
    if document.get("total_text") is not None and _printed(str(document["total_text"])) != (
        row.total,
        row.previous_total,
    ):
        yield "total_differs"
    if row.total is not None and any(count > row.total for count in row.follow_ups.values()):
        yield "follow_up_above_total"
    if row.outcomes:
        yield "other_outcomes"
    if document.get("note"):
        yield "source_note"


def _printed(text: str) -> tuple[int | None, int | None] | None:
    """`6 (15)` → 6 and 15. None: it is written otherwise."""
    parts = _PRINTED.fullmatch(text)
    if parts is None:
        return None
    total, previous = (re.sub(r"\D", "", parts[name] or "") for name in ("total", "previous"))
    return (int(total) if total else None, int(previous) if previous else None)


def _count(value: Any) -> Any:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9):
        return value
    return "bad"


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= _MOST_TEXT)


def _follow_ups(given: Any, problems: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    if not isinstance(given, dict):
        problems.append("follow_ups: must be an object")
        return {}, ()
    outcomes = given.get("overig") or []
    counts = {kind: count for kind, count in given.items() if kind != "overig" and count is not None}
    if not isinstance(outcomes, list) or any(text is None or not _is_text(text) for text in outcomes):
        problems.append("follow_ups.overig: must be a list of texts")
        outcomes = []
    if len(counts) > 100 or any(_count(count) == "bad" or len(kind) > 60 for kind, count in counts.items()):
        problems.append("follow_ups: must be whole numbers from 0, by kind")
        counts = {}
    read: dict[str, int] = {}
    for kind, count in counts.items():
        read[_PLURALS.get(kind, kind)] = read.get(_PLURALS.get(kind, kind), 0) + count
    return read, tuple(outcomes)
