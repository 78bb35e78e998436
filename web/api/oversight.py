"""Unusual patterns and their handling, and the periodic review of log-ins with its sign-off."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vms.clock import now_utc
from vms.rules.account_names import is_same_person
from vms.rules.oversight import LOGINS
from vms.rules.sampling import draw
from vms.store import Transaction, audit, audit_search, oversight
from vms.store.audit import AuditRecord
from vms.store.audit_search import AuditSearch
from vms.store.oversight import Alert, LoginReview, Verdict
from vms.units import us_from_utc
from web.audit_period import local_period
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem, field_problem
from web.services import Services
from web.time_range import TimeRange

router = APIRouter(prefix="/api/oversight", tags=["oversight"])

_MOST_ALERTS = 200
_MOST_REVIEWS = 60
ReadActor = Annotated[Actor, needs("audit.read")]
ReviewActor = Annotated[Actor, needs("audit.review")]
_Day = Annotated[str, Query(max_length=10, description="YYYY-MM-DD, in the site's time zone.")]
_Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Handled(BaseModel):
    """note: what was found out."""

    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class GivenVerdict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seq: int = Field(ge=1, le=2**53)
    good: bool
    note: _Note = ""


class SignedReview(BaseModel):
    """verdicts: of each log-in that was drawn, and no other."""

    model_config = ConfigDict(extra="forbid")
    start: str = Field(alias="from", max_length=10)
    end: str = Field(alias="to", max_length=10)
    verdicts: list[GivenVerdict] = Field(max_length=200)
    note: _Note = ""


@router.get("/alerts")
def alerts(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Unusual patterns, those that nobody looked into first."""
    services.trail.allow(actor, "audit.read", "audit:alerts")
    with services.store.reading() as tx:
        found = oversight.alerts(tx, _MOST_ALERTS)
    names = {camera.id: camera.name for camera in services.config.cameras}
    return {"alerts": [_alert(one, names) for one in found]}


@router.patch("/alerts/{alert}")
def handle(
    alert: Annotated[int, Path(ge=1, le=2**53)],
    body: Handled,
    services: ServicesDep,
    actor: Annotated[Actor, needs("audit.alert")],
) -> dict[str, Any]:
    """Somebody else than whom it is about looked into it."""
    with services.store.transaction() as tx:
        known = oversight.alert(tx, alert)
        if known is None:
            raise Problem("not_found")
        is_own = is_same_person(known.pattern.actor, actor.username)  # at the door it is as somebody typed it
        if not is_own:
            services.trail.allow_within(
                tx, actor, "audit.alert", f"alert:{alert}", kind=known.pattern.code, who=known.pattern.actor,
                note=body.note,
            )  # fmt: skip
            known = oversight.handle(tx, alert, actor.username, body.note, now_utc(services.clock))
    if is_own:
        services.trail.refuse(actor, "audit.alert", f"alert:{alert}", reason="second_person")
        raise Problem("second_person")
    return _alert(known, {camera.id: camera.name for camera in services.config.cameras})


@router.get("/logins")
def logins(
    services: ServicesDep,
    actor: ReviewActor,
    start: Annotated[_Day, Query(alias="from")],
    end: Annotated[_Day, Query(alias="to")],
) -> dict[str, Any]:
    """A sample of the log-ins and refusals of whole days: the same for whoever asks again, one's own left out."""
    span = _past(services, start, end)
    services.trail.allow(
        actor, "audit.read", "audit:logins", from_us=us_from_utc(span.start), to_us=us_from_utc(span.end)
    )
    with services.store.reading() as tx:
        drawn = _drawn(tx, services, actor, span)
    return {"seed": drawn.seed, "drawn_from": drawn.drawn_from, "rows": [_login(row) for row in drawn.rows]}


@router.post("/logins", status_code=201)
def sign(body: SignedReview, services: ServicesDep, actor: ReviewActor) -> dict[str, Any]:
    """Sign for a review: what was found of each log-in that was drawn."""
    span = _past(services, body.start, body.end)
    given = {verdict.seq: verdict for verdict in body.verdicts}
    with services.store.transaction() as tx:
        drawn = _drawn(tx, services, actor, span)
        if set(given) != {row.seq for row in drawn.rows} or len(given) != len(body.verdicts):
            raise field_problem("verdicts", "review_incomplete")
        verdicts = tuple(Verdict(row.seq, row.hash, given[row.seq].good, given[row.seq].note) for row in drawn.rows)
        bad = sum(not verdict.good for verdict in verdicts)
        services.trail.allow_within(
            tx, actor, "audit.review", "audit:logins", from_us=us_from_utc(span.start), to_us=us_from_utc(span.end),
            drawn=len(verdicts), findings=bad, note=body.note,
        )  # fmt: skip
        review = LoginReview(
            span.start, span.end, drawn.seed, drawn.drawn_from, verdicts, body.note, actor.username,
            now_utc(services.clock),
        )  # fmt: skip
        oversight.add_review(tx, review)
    return _review(review)


@router.get("/reviews")
def reviews(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Reviews that were signed, newest first."""
    services.trail.allow(actor, "audit.read", "audit:reviews")
    with services.store.reading() as tx:
        return {"reviews": [_review(one) for one in oversight.reviews(tx, _MOST_REVIEWS)]}


class _Drawn:
    def __init__(self, seed: str, drawn_from: int, rows: list[AuditRecord]) -> None:
        self.seed, self.drawn_from, self.rows = seed, drawn_from, rows


def _drawn(tx: Transaction, services: Services, actor: Actor, span: TimeRange) -> _Drawn:
    """The seed is the hash of the last row of the period: nobody chooses it."""
    bounds = audit_search.span(tx, span.start, span.end)
    if bounds is None:
        return _Drawn("", 0, [])
    seed = audit.hash_at(tx, bounds[1]) or ""
    own = {number for number, _ in audit_search.numbers(tx, _logins_of(span, actor.username))}
    everybodys = [one for one in audit_search.numbers(tx, _logins_of(span)) if one[0] not in own]
    seqs = draw(seed, everybodys, services.config.oversight.sample)
    return _Drawn(seed, len(everybodys), audit_search.by_seq(tx, seqs))


def _logins_of(span: TimeRange, actor: str = "") -> AuditSearch:
    return AuditSearch(action=LOGINS, person=actor, start=span.start, end=span.end)


def _past(services: Services, start: str, end: str) -> TimeRange:
    """Raises Problem: the days are not over yet, so that the sample would change."""
    span = local_period(start, end, ZoneInfo(services.config.site.timezone))
    if span.end > now_utc(services.clock):
        raise field_problem("to", "time_future")
    return span


def _alert(alert: Alert, names: dict[str, str]) -> dict[str, Any]:
    pattern = alert.pattern
    return {
        "id": alert.id,
        "code": pattern.code,
        "actor": pattern.actor,
        "camera": pattern.camera,
        "camera_name": names.get(pattern.camera, ""),
        "period": pattern.period,
        "figure": pattern.figure,
        "bound": pattern.bound,
        "first_seq": pattern.first_seq,
        "last_seq": pattern.last_seq,
        "at_us": us_from_utc(alert.at),
        "handled_by": alert.handled_by,
        "handled_us": _us(alert.handled_at),
        "note": alert.note,
    }


def _login(row: AuditRecord) -> dict[str, Any]:
    entry = row.entry
    return {
        "seq": row.seq,
        "at_us": us_from_utc(entry.at),
        "actor": entry.actor,
        "roles": list(entry.roles),
        "result": entry.result,
        "emergency": entry.action != "login",
        "workstation": entry.workstation,
    }


def _review(review: LoginReview) -> dict[str, Any]:
    return {
        "from_us": us_from_utc(review.start_at),
        "to_us": us_from_utc(review.end_at),
        "drawn": len(review.verdicts),
        "drawn_from": review.drawn_from,
        "bad": [{"seq": one.seq, "note": one.note} for one in review.verdicts if not one.good],
        "note": review.note,
        "reviewer": review.reviewer,
        "at_us": us_from_utc(review.at),
    }


def _us(at: datetime | None) -> int | None:
    return None if at is None else us_from_utc(at)
