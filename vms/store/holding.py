"""Set, extend and release a hold: the request is checked, and what is still there is looked up, in one transaction.

So a purge that has begun is seen, and one that has not will see the hold. Who may, and the audit row, is the caller's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from vms.errors import Refused
from vms.rules import holds as rules
from vms.rules.coverage import Known, KnownGap, Stretch, explain
from vms.rules.holds import HoldProblem, HoldRequest, Missing
from vms.rules.terms import Terms
from vms.store import evidence, holds, spans, terms
from vms.store.holds import EvidenceHold, NewHold
from vms.units import PROFILES, us_from_utc


class HoldRefused(Refused):
    """The request breaks a rule."""

    def __init__(self, problems: list[HoldProblem]) -> None:
        super().__init__(" ".join(problem.en for problem in problems))
        self.problems = problems


class NoSuchHold(Refused):
    """There never was one of this number, or it is released."""

    problem_code = "no_hold"


@dataclass(frozen=True, slots=True)
class Placed:
    """missing: what of the interval it cannot keep."""

    hold: EvidenceHold
    missing: tuple[Missing, ...]


def place(
    tx: Session,
    request: HoldRequest,
    known_cameras: Collection[str],
    by: str,
    now: datetime,
    configured: Terms,
    ahead: timedelta = timedelta(0),
) -> Placed:
    """Set a hold. What had expired, or was due, stays so: the hold does not bring it back. Raises HoldRefused.

    ahead: how long before its limit footage is due.
    """
    problems = rules.problems_of(request, known_cameras, now, configured.longest_days(request.cameras))
    if problems:
        raise HoldRefused(problems)
    cameras = tuple(dict.fromkeys(request.cameras))
    limits = _limits(tx, cameras, configured, now + ahead)
    limit = max(limits)
    apart = rules.one_limit(limits, request.start_at)
    if apart is not None:
        raise HoldRefused([apart])
    told = {camera: _told(tx, camera, request.start_at, request.end_at, now, limit) for camera in cameras}
    nothing = rules.nothing_left([stretch for stretches in told.values() for stretch in stretches], now)
    if nothing is not None:
        raise HoldRefused([nothing])
    new = NewHold(
        cameras=cameras,
        start_at=request.start_at,
        end_at=request.end_at,
        case_number=request.case_number.strip(),
        basis=request.basis,
        legal_basis=request.legal_basis.strip() or request.basis,
        requester=request.requester.strip(),
        created_by=by,
        review_at=request.review_at,
        expired_before=limit,
    )
    lacking = [lack for camera, stretches in told.items() for lack in rules.missing(camera, stretches, now)]
    return Placed(holds.create(tx, new, now), tuple(lacking))


def extend(
    tx: Session,
    hold_id: int,
    end_at: datetime | None,
    review_at: datetime | None,
    now: datetime,
    configured: Terms,
    ahead: timedelta = timedelta(0),
) -> Placed:
    """A later end, a later review, or both. Raises HoldRefused, NoSuchHold."""
    hold = find_open(tx, hold_id)
    new_end, new_review = end_at or hold.end_at, review_at or hold.review_at
    problems = rules.extension_problems(hold.start_at, hold.end_at, new_end, now, configured.longest_days(hold.cameras))
    if review_at is not None:
        problems += rules.review_problems(review_at, now)
    if problems:
        raise HoldRefused(problems)
    lacking: list[Missing] = []
    limit = max(_limits(tx, hold.cameras, configured, now + ahead))
    for camera in hold.cameras if new_end > hold.end_at else ():
        lacking += rules.missing(camera, _told(tx, camera, hold.end_at, new_end, now, limit), now)
    return Placed(holds.extend(tx, hold_id, new_end, new_review), tuple(lacking))


def release(tx: Session, hold_id: int, by: str, now: datetime) -> EvidenceHold:
    """Raises HoldRefused: not a second person; NoSuchHold."""
    own = rules.may_release(find_open(tx, hold_id).created_by, by)
    if own is not None:
        raise HoldRefused([own])
    return holds.release(tx, hold_id, by, now)


def find_open(tx: Session, hold_id: int) -> EvidenceHold:
    """Raises NoSuchHold."""
    hold = holds.get(tx, hold_id)
    if hold is None or hold.released_at is not None:
        raise NoSuchHold(f"there is no open hold {hold_id}")
    return hold


def lacking(tx: Session, hold: EvidenceHold, now: datetime) -> list[Missing]:
    """What an unreleased hold does not have of its interval, neither as original nor as copy."""
    start, end, limit = hold.start_at, hold.end_at, hold.expired_before
    told = {camera: _told(tx, camera, start, end, now, limit) for camera in hold.cameras}
    return [lack for camera, stretches in told.items() for lack in rules.missing(camera, stretches, now)]


def _limits(tx: Session, cameras: Collection[str], configured: Terms, due: datetime) -> list[datetime]:
    """Of each camera: what began at or before it is gone."""
    acting = terms.acting(tx, configured, due)
    return [acting.oldest_allowed(camera, due) for camera in cameras]


def _told(tx: Session, camera_id: str, start: datetime, end: datetime, now: datetime, limit: datetime) -> list[Stretch]:
    """What became of the interval, in either of the camera's streams; why not, of its main one.

    limit: what began at or before it is gone.
    """
    start_us, end_us, limit_us = us_from_utc(start), us_from_utc(end), us_from_utc(limit)
    rows = [row for profile in PROFILES for row in spans.segment_spans(tx, camera_id, profile, start_us, end_us)]
    copied = {span for profile in PROFILES for span in evidence.copied_spans(tx, camera_id, profile, start_us, end_us)}
    firsts = [spans.first_known_us(tx, camera_id, profile) for profile in PROFILES]
    purging = [KnownGap(first_us, last_us, rules.PURGING) for first_us, last_us, state in rows if state == "purging"]
    known = Known(
        recorded=sorted({*copied, *((a, b) for a, b, state in rows if state == "recorded" and a > limit_us)}),
        gone=sorted((a, b) for a, b, state in rows if state == "purged" or (state == "recorded" and a <= limit_us)),
        gaps=sorted([*purging, *spans.gap_spans(tx, camera_id, "main", start_us, end_us)], key=_start_us),
        first_us=min((first for first in firsts if first is not None), default=None),
        retention_from_us=limit_us,
    )
    return explain(known, start_us, end_us, us_from_utc(now))


def _start_us(gap: KnownGap) -> int:
    return gap.start_us
