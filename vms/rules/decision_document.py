"""A decision as it is written down: read without dropping or guessing, with a list of what is unclear. Pure.

The document keeps whatever it came with; only what gating needs is read from it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from vms.errors import UitkijkError
from vms.rules.decisions import KINDS, Decision, Outline, Period
from vms.rules.local_time import end_us, is_doubtful, midnight_us, start_us
from vms.rules.outlines import outline_problem

UNCLEAR: Mapping[str, str] = {
    "several_decision_dates": "more than one decision date; it counts from the first",
    "no_decision_date": "no decision date; it never holds until one is given",
    "decided_after_start": "decided after its period began; it holds from the day of the decision",
    "another_date_after_start": "one of its decision dates lies after the start of its period",
    "decision_year_doubtful": "decided most of a year before its period; is the year right?",
    "no_period": "no period; it never holds until one is given",
    "no_start": "no start; it holds from the day of the decision",
    "no_end": "no end; it holds until further notice",
    "several_periods": "more than one period",
    "period_reversed": "a period ends before it starts; that one never holds",
    "clock_time_doubtful": "a clock time that comes twice or never in the night when the clock is set",
    "no_number": "no registration number",
    "several_numbers": "more than one registration number",
    "no_count": "no number of cameras",
    "flex_and_fixed": "flexible and fixed cameras in one decision",
    "several_locations": "more than one location; which camera hangs where is not said",
    "no_location": "no location",
    "cites_by_date": "cites a decision by its date, not its number",
    "cites_by_name": "cites a decision by its name, not its number or date",
    "cites_none": "does not say which decision it ends, extends or replaces",
    "source_note": "see the note",
}
"""What is unclear, by code. Nothing of it keeps a decision out of the register."""
_CITING = frozenset({"extension", "withdrawal", "replacement", "merge"})
_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_CITED_DAYS = re.compile(rf"((?:\d{{1,2}}/)*\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}})")
_DOUBTFUL_LEAD_DAYS = 300
_MOST = 200
_DAY_US = 86_400_000_000


class DecisionProblems(UitkijkError):
    """What keeps a document from being a decision at all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_decision(document: Mapping[str, Any], decision_id: int, zone: ZoneInfo) -> Decision:
    """Raises DecisionProblems, with all of them."""
    problems: list[str] = []
    kind = document.get("kind")
    if kind not in KINDS:
        problems.append(f"kind: must be one of {', '.join(KINDS)}")
    decided_on = _dates(document, problems)
    periods = _periods(document, zone, problems)
    outline = _outline(document, problems)
    texts = {
        key: _texts(document, key, problems)
        for key in ("registration_numbers", "locations", "cameras", "cites_numbers")
    }
    if problems:
        raise DecisionProblems(problems)
    return Decision(
        id=decision_id,
        kind=kind,  # type: ignore[arg-type]
        numbers=texts["registration_numbers"],
        decided_on=decided_on,
        periods=periods,
        locations=texts["locations"],
        outline=outline,
        cameras=texts["cameras"],
        cited=texts["cites_numbers"],
        cited_on=cited_days(str(document.get("refers_to") or "")),
    )


def unclear(document: Mapping[str, Any], decision: Decision, zone: ZoneInfo) -> list[str]:
    """Codes of UNCLEAR, in their order."""
    found = {*_unclear_times(document, decision, zone), *_unclear_content(document, decision)}
    return [code for code in UNCLEAR if code in found]


def cited_days(text: str) -> tuple[date, ...]:
    """`Verlenging besluit 3/30 januari 2023` → both days. What is no date cites none."""
    found = []
    for days, month, year in _CITED_DAYS.findall(text.casefold()):
        for day in days.split("/"):
            try:
                found.append(date(int(year), _MONTHS.index(month) + 1, int(day)))
            except ValueError:
                continue
    return tuple(found)


def _unclear_times(document: Mapping[str, Any], decision: Decision, zone: ZoneInfo) -> Iterator[str]:
    decided, periods = decision.decided_on, decision.periods
    if len(decided) != 1:
        yield "several_decision_dates" if decided else "no_decision_date"
    if len(periods) != 1:
        yield "several_periods" if periods else "no_period"
    starts = [period.start_us for period in periods if period.start_us is not None]
    if periods and len(starts) < len(periods):
        yield "no_start"
    if decision.kind != "withdrawal" and any(period.end_us is None for period in periods):
        yield "no_end"
    if decided and starts:
        yield from _unclear_days(midnight_us(min(decided), zone), midnight_us(max(decided), zone), min(starts))
    if any(p.start_us is not None and p.end_us is not None and p.end_us <= p.start_us for p in periods):
        yield "period_reversed"
    written = [text for period in document.get("periods") or () for text in (period.get("start"), period.get("end"))]
    if any(text and is_doubtful(text, zone) for text in written):
        yield "clock_time_doubtful"


def _unclear_days(first_us: int, last_us: int, starts_us: int) -> Iterator[str]:
    """first, last: the days of decision. starts: of its first period."""
    if first_us > starts_us:
        yield "decided_after_start"
    elif last_us > starts_us:
        yield "another_date_after_start"
    if starts_us - first_us > _DOUBTFUL_LEAD_DAYS * _DAY_US:
        yield "decision_year_doubtful"


def _unclear_content(document: Mapping[str, Any], decision: Decision) -> Iterator[str]:
    if len(decision.numbers) != 1:
        yield "several_numbers" if decision.numbers else "no_number"
    if len(decision.locations) != 1 and not decision.cameras and decision.outline is None:
        yield "several_locations" if decision.locations else "no_location"
    flex, fixed = document.get("flex"), document.get("fixed")
    if flex is None and fixed is None and not decision.cameras:
        yield "no_count"
    if flex and fixed:
        yield "flex_and_fixed"
    if decision.kind in _CITING and not decision.cited:
        named = "cites_by_name" if document.get("refers_to") else "cites_none"
        yield "cites_by_date" if decision.cited_on else named
    if document.get("note"):
        yield "source_note"


def _dates(document: Mapping[str, Any], problems: list[str]) -> tuple[date, ...]:
    try:
        return tuple(date.fromisoformat(text) for text in _listed(document, "decided_on"))
    except (TypeError, ValueError):
        problems.append("decided_on: must be a list of YYYY-MM-DD")
        return ()


def _periods(document: Mapping[str, Any], zone: ZoneInfo, problems: list[str]) -> tuple[Period, ...]:
    found = []
    try:
        for each in _listed(document, "periods"):
            start, end = each.get("start"), each.get("end")
            period = Period(start_us(start, zone) if start else None, end_us(end, zone) if end else None)
            found.append(period)
    except (AttributeError, TypeError, ValueError, OverflowError):
        problems.append("periods: must be a list of {start, end}, each YYYY-MM-DD, YYYY-MM-DDTHH:MM or null")
    return tuple(found)


def _outline(document: Mapping[str, Any], problems: list[str]) -> Outline | None:
    given = document.get("outline")
    if given is None:
        return None
    try:
        outline = tuple((float(lat), float(lon)) for lat, lon in given)
        problem = outline_problem(outline) if 3 <= len(outline) <= 500 else "needs 3 to 500 corners"
    except (TypeError, ValueError):
        outline, problem = (), "must be a list of [latitude, longitude]"
    if not problem and any(not (-90 <= lat <= 90 and -180 <= lon <= 180) for lat, lon in outline):
        problem = "lies outside the world"
    if problem:
        problems.append(f"outline: {problem}")
    return outline


def _texts(document: Mapping[str, Any], key: str, problems: list[str]) -> tuple[str, ...]:
    try:
        found = _listed(document, key)
    except TypeError:
        found = [None]
    if not all(isinstance(text, str) and text.strip() and len(text) <= 2000 for text in found):
        problems.append(f"{key}: must be a list of at most {_MOST} texts")
        return ()
    return tuple(text.strip() for text in found)


def _listed(document: Mapping[str, Any], key: str) -> list[Any]:
    """Raises TypeError."""
    given = document.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > _MOST:
        raise TypeError(key)
    return given
