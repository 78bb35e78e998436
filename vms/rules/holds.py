"""What an evidence hold (veiligstelling) must be, and what of its interval is missing. Pure.

Every problem says what is wrong, where, and how to do it right, in Dutch and English.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from vms.rules.account_names import is_same_person
from vms.rules.coverage import Stretch
from vms.units import us_from_utc

MAX_HOLD: Final = timedelta(days=7)
MAX_REVIEW: Final = timedelta(days=365)
CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""How far the clock of who asks may be ahead."""
SETTLE: Final = timedelta(minutes=15)
"""So long after a moment, what was recorded of it is in the catalog: the longest segment, and a slow database."""
MAX_CAMERAS: Final = 100
MAX_CASE: Final = 60
MAX_TEXT: Final = 400
MAX_NAME: Final = 80

Basis = Literal["wpg_internal", "wpg_provide", "sv_126nd", "sv_126nda", "prosecutor", "other"]
BASES: Final[tuple[Basis, ...]] = get_args(Basis)
PURGING: Final = "purging"
"""Reason of a missing stretch whose erasure had begun."""
_THERE: Final = frozenset({"recorded", "recording"})
_CASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """[start_at, end_at), aware UTC. legal_basis: in words, beside the choice; needed when that is "other"."""

    cameras: tuple[str, ...]
    start_at: datetime
    end_at: datetime
    case_number: str
    basis: str
    legal_basis: str
    requester: str
    review_at: datetime


HoldField = Literal["cameras", "from", "to", "case_number", "basis", "legal_basis", "requester", "review", "by"]


@dataclass(frozen=True, slots=True)
class HoldProblem:
    field: HoldField
    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Time of a camera that the hold cannot keep. reason: of the gap, or the kind of stretch, or `purging`."""

    camera_id: str
    start_us: int
    end_us: int
    reason: str


def problems_of(request: HoldRequest, known_cameras: Collection[str], now: datetime, days: int) -> list[HoldProblem]:
    """Everything that is wrong with the request by itself; empty when it may be looked up."""
    return [
        *_of_cameras(request.cameras, known_cameras),
        *interval_problems(request.start_at, request.end_at, now, days),
        *case_problems(request.case_number),
        *_of_basis(request),
        *_of_name(request.requester),
        *review_problems(request.review_at, now),
    ]


def interval_problems(start: datetime, end: datetime, now: datetime, days: int) -> Iterator[HoldProblem]:
    if end <= start:
        nl, en = "Het einde ligt niet na het begin; wissel ze om.", "The end is not after the start; swap them."
        yield HoldProblem("to", nl, en)
    elif end > now + CLOCKS_DIFFER:
        yield HoldProblem(
            "to",
            "Het einde ligt in de toekomst; stel veilig wat er is en verleng daarna.",
            "The end lies in the future; hold what there is, and extend the hold later.",
        )
    elif end - start > MAX_HOLD:
        yield HoldProblem(
            "to",
            f"Ten hoogste {MAX_HOLD.days} dagen per veiligstelling; verdeel de periode.",
            f"At most {MAX_HOLD.days} days per hold; split the interval.",
        )
    elif end <= now - timedelta(days=days):
        yield HoldProblem(
            "from",
            f"De bewaartermijn van {days} dagen is voor de hele periode voorbij; er is niets meer veilig te stellen.",
            f"The retention of {days} days is over for the whole interval; nothing is left to hold.",
        )


def one_limit(limits: Sequence[datetime], start: datetime) -> HoldProblem | None:
    """limits: of each camera, what had expired. A hold has one, so that it never brings anything back."""
    if min(limits) == max(limits) or start > max(limits):
        return None
    nl = "Deze camera's hebben verschillende bewaartermijnen en de periode begint daarvoor; stel per termijn veilig."
    en = "These cameras have different retention terms, which the interval begins before; set a hold for each term."
    return HoldProblem("cameras", nl, en)


def case_problems(case_number: str) -> Iterator[HoldProblem]:
    """A case number ends up in file names, spreadsheets and pages: no path, formula or script gets that far."""
    if not case_number.strip():
        yield HoldProblem(
            "case_number",
            "Vul het zaaknummer in, bijvoorbeeld PL2300-2026118822.",
            "Give the case number, for example PL2300-2026118822.",
        )
    elif len(case_number) > MAX_CASE:
        yield HoldProblem(
            "case_number",
            f"Een zaaknummer heeft ten hoogste {MAX_CASE} tekens.",
            f"A case number has at most {MAX_CASE} characters.",
        )
    elif _CASE.fullmatch(case_number) is None or ".." in case_number:
        yield HoldProblem(
            "case_number",
            "Een zaaknummer begint met een letter of cijfer en heeft verder alleen letters, cijfers, spaties en . _ / -"
            " (geen twee punten achter elkaar).",
            "A case number begins with a letter or digit and else has only letters, digits, spaces and . _ / - (no two"
            " dots in a row).",
        )


def review_problems(review_at: datetime, now: datetime) -> Iterator[HoldProblem]:
    if review_at <= now:
        yield HoldProblem(
            "review",
            "De datum van herbeoordeling moet nog komen.",
            "The review date must lie in the future.",
        )
    elif review_at > now + MAX_REVIEW:
        yield HoldProblem(
            "review",
            "Herbeoordeel ten laatste over een jaar; verlengen kan daarna.",
            "Review within a year; the hold can be extended then.",
        )


def extension_problems(
    start: datetime, old_end: datetime, new_end: datetime, now: datetime, days: int
) -> list[HoldProblem]:
    """What lies between the old end and the new one must not have expired: a hold brings nothing back."""
    if new_end < old_end:
        return [
            HoldProblem(
                "to",
                "Een veiligstelling wordt alleen langer; geef deze vrij en maak een nieuwe.",
                "A hold only gets longer; release this one and set another.",
            )
        ]
    if new_end > old_end and old_end <= now - timedelta(days=days):
        return [
            HoldProblem(
                "to",
                "De beelden na het oude einde zijn al verlopen; maak een nieuwe veiligstelling voor wat er nog is.",
                "Footage after the old end has expired already; set a new hold for what is left.",
            )
        ]
    return list(interval_problems(start, new_end, now, days)) if new_end > old_end else []


def nothing_left(stretches: Iterable[Stretch], now: datetime) -> HoldProblem | None:
    """Why nothing of the whole interval can be kept; None when something can."""
    told = list(stretches)
    if any(stretch.kind in _THERE or _may_follow(stretch, now) for stretch in told):
        return None
    if any(stretch.reason == PURGING for stretch in told):
        return HoldProblem(
            "from",
            "Het wissen van deze beelden is al begonnen; dat is niet meer te stoppen.",
            "The purge of this footage has begun; it cannot be stopped any more.",
        )
    return HoldProblem(
        "from",
        "In deze periode is van deze camera's niets opgenomen dat er nog is.",
        "Nothing that was recorded by these cameras in this interval is still there.",
    )


def missing(camera_id: str, stretches: Sequence[Stretch], now: datetime) -> list[Missing]:
    """What the hold cannot keep, by time. The last minutes may still be on their way into the catalog."""
    return [
        Missing(camera_id, stretch.start_us, stretch.end_us, stretch.reason or stretch.kind)
        for stretch in stretches
        if stretch.kind not in _THERE and not _may_follow(stretch, now)
    ]


def may_release(created_by: str, by: str) -> HoldProblem | None:
    """Four eyes: who secured footage does not let go of it."""
    if not is_same_person(created_by, by):
        return None
    return HoldProblem(
        "by",
        "Wie veiligstelde, geeft niet vrij; vraag een tweede persoon.",
        "Whoever set a hold does not release it; ask a second person.",
    )


def _may_follow(stretch: Stretch, now: datetime) -> bool:
    return stretch.kind in ("unknown", "not_installed") and stretch.end_us > us_from_utc(now - SETTLE)


def _of_cameras(cameras: Sequence[str], known: Collection[str]) -> Iterator[HoldProblem]:
    if not cameras:
        yield HoldProblem("cameras", "Kies ten minste één camera.", "Choose at least one camera.")
    elif len(cameras) > MAX_CAMERAS:
        nl, en = f"Ten hoogste {MAX_CAMERAS} camera's tegelijk.", f"At most {MAX_CAMERAS} cameras at a time."
        yield HoldProblem("cameras", nl, en)
    elif unknown := sorted(set(cameras) - set(known)):
        names = ", ".join(name[:40] for name in unknown[:5])
        yield HoldProblem("cameras", f"Deze camera bestaat niet: {names}.", f"There is no such camera: {names}.")


def _of_basis(request: HoldRequest) -> Iterator[HoldProblem]:
    text = request.legal_basis
    if request.basis not in BASES:
        choices = ", ".join(BASES)
        yield HoldProblem("basis", "Kies een grondslag uit de lijst.", f"Choose a legal basis: {choices}.")
    elif request.basis == "other" and len(text.strip()) < 3:
        yield HoldProblem("legal_basis", "Omschrijf de grondslag.", "Describe the legal basis.")
    elif len(text) > MAX_TEXT or (text and not text.isprintable()):
        nl = f"De omschrijving heeft ten hoogste {MAX_TEXT} leesbare tekens, op één regel."
        yield HoldProblem(
            "legal_basis", nl, f"The description has at most {MAX_TEXT} printable characters, on one line."
        )


def _of_name(requester: str) -> Iterator[HoldProblem]:
    if not 2 <= len(requester.strip()) <= MAX_NAME or not requester.isprintable():
        yield HoldProblem(
            "requester",
            f"Geef de naam van wie erom vroeg (2 tot {MAX_NAME} leesbare tekens).",
            f"Give the name of who asked for it (2 to {MAX_NAME} printable characters).",
        )
