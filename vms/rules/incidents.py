"""Incidents that observers saw: what one must be, how it goes on, and what its note should not hold. Pure.

The register is the observers' own; the police keep theirs elsewhere. Follow-ups are counts: one incident may lead to
two checks and an arrest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from vms.rules.follow_trail import TrailStep
from vms.rules.incident_categories import Category, is_offered
from vms.units import US_PER_SECOND, utc_from_us

Status = Literal["open", "followed_up", "closed"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
FirstSeen = Literal["observer", "police", "emergency_room", "other"]
FIRST_SEEN: Final[tuple[FirstSeen, ...]] = get_args(FirstSeen)
FOLLOW_UPS: Final = (
    *("gecontroleerd", "aangesproken", "waarschuwing", "bekeurd", "proces_verbaal", "pv_bevindingen", "aanhouding"),
    *("ambulance", "winkelverbod", "zorgkader", "getakeld", "aangetroffen", "loos"),
)
"""The usual kinds. Others are named freely."""
MOST_KINDS: Final = 30
MOST_COUNT: Final = 999
_KIND: Final = re.compile(r"[^\W\d_][\w '/.()-]{0,39}")
_OLDEST: Final = timedelta(days=31)
_AHEAD_US: Final = 2 * US_PER_SECOND
"""A page's idea of the server's clock may be off by so much."""

FieldCode = Literal[
    "incident_future",
    "incident_too_old",
    "category_missing",
    "category_unknown",
    "category_not_offered",
    "follow_up_kind",
    "follow_up_count",
    "follow_up_many",
]
Refusal = Literal["incident_closed", "incident_backwards"]
NoteHint = Literal["plate", "phone", "citizen_number", "birth_date", "person_name", "mail_address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """at_us: when it was seen. cameras: on which. trail: along which cameras somebody was followed, copied: trails are
    forgotten with their footage. requester: who asked to look, an organisation or a function. project: reported apart.
    """

    at_us: int
    cameras: tuple[str, ...]
    trail: tuple[TrailStep, ...]
    category_id: int
    first_seen: FirstSeen
    requester: str
    follow_ups: Mapping[str, int]
    note: str
    project: str
    created_by: str
    shift_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident(NewIncident):
    """revision: counts its changes, from 1."""

    id: int
    status: Status
    created_us: int
    changed_by: str
    changed_us: int
    revision: int


def local_year(at_us: int, zone: ZoneInfo) -> int:
    return local_day(at_us, zone).year


def local_day(at_us: int, zone: ZoneInfo) -> date:
    return utc_from_us(at_us).astimezone(zone).date()


def time_problem(at_us: int, now_us: int) -> FieldCode | None:
    if at_us > now_us + _AHEAD_US:
        return "incident_future"
    return "incident_too_old" if at_us < now_us - _OLDEST // timedelta(microseconds=1) else None


def category_problem(category: Category | None, is_named: bool, year: int) -> FieldCode | None:
    """year: the local one of the incident; a category that ended before it is not offered any more."""
    if not is_named:
        return "category_missing"
    if category is None:
        return "category_unknown"
    return None if is_offered(category, year) else "category_not_offered"


def follow_up_problem(follow_ups: Mapping[str, int]) -> FieldCode | None:
    if len(follow_ups) > MOST_KINDS:
        return "follow_up_many"
    if any(kind not in FOLLOW_UPS and not _KIND.fullmatch(kind) for kind in follow_ups):
        return "follow_up_kind"
    return "follow_up_count" if any(not 0 <= count <= MOST_COUNT for count in follow_ups.values()) else None


def counted(follow_ups: Mapping[str, int]) -> dict[str, int]:
    """What was done at least once; the usual kinds first."""
    kinds = [*FOLLOW_UPS, *sorted(set(follow_ups) - set(FOLLOW_UPS))]
    return {kind: follow_ups[kind] for kind in kinds if follow_ups.get(kind)}


def first_status(follow_ups: Mapping[str, int]) -> Status:
    """Of an incident that is registered with what was done already."""
    return "followed_up" if counted(follow_ups) else "open"


def refuse_change(current: Status, wanted: Status) -> Refusal | None:
    """Forward only; what is closed stays as it is."""
    if current == "closed":
        return "incident_closed"
    return "incident_backwards" if STATUSES.index(wanted) < STATUSES.index(current) else None


CHANGEABLE: Final = ("category_id", "first_seen", "requester", "follow_ups", "note", "project", "status")
"""Its time, cameras and trail stay as they were registered."""


def changed_fields(before: Incident, after: Incident) -> tuple[str, ...]:
    return tuple(name for name in CHANGEABLE if getattr(before, name) != getattr(after, name))


_HINTS: Final[Mapping[NoteHint, re.Pattern[str]]] = {
    "plate": re.compile(r"\b(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d]{1,3}-[A-Z\d]{2,3}-[A-Z\d]{1,2}\b", re.IGNORECASE),
    "phone": re.compile(r"(?<![\d-])(?:\+31|0031|0)[ -]?[1-9](?:[ -]?\d){8}(?!\d)"),
    "birth_date": re.compile(r"\b(?:geb(?:oren|\.)?|geboortedatum)\b[^\d]{0,12}\d", re.IGNORECASE),
    "mail_address": re.compile(r"\S@\S+\.\w"),
    "person_name": re.compile(r"\b(?:dhr|de heer|meneer|mevr|mw|mevrouw)\b\.? +(?:[A-Z]\.? ?)*[A-Z]\w+"),
}
_CITIZEN_NUMBER: Final = re.compile(r"(?<!\d)\d{9}(?!\d)")


def note_hints(note: str) -> list[NoteHint]:
    """What in it looks like personal data. A hint for who wrote it: a note is never refused for it."""
    found = {hint for hint, pattern in _HINTS.items() if pattern.search(note)}
    if any(_passes_eleven(number) for number in _CITIZEN_NUMBER.findall(note)):
        found.add("citizen_number")
    return [hint for hint in get_args(NoteHint) if hint in found]


def _passes_eleven(number: str) -> bool:
    """The check of a Dutch citizen service number (elfproef)."""
    digits = [int(digit) for digit in number]
    return (sum(digit * (9 - place) for place, digit in enumerate(digits[:8])) - digits[8]) % 11 == 0
