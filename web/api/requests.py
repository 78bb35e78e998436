"""The register of requests for footage: who asked, what a second person decided, and who took what was given."""

import csv
import io
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.clock import now_utc
from vms.rules.access import Deny
from vms.rules.account_names import is_same_person
from vms.rules.lifting import MIN_REASON_CHARS
from vms.rules.requests import FootageRequest, NewRequest, refuse_decision, refuse_receipt, safe_cell
from vms.store import requests
from vms.units import us_from_utc
from web.audit_trail import Actor
from web.bundle.facts import local
from web.bundle.workshop import MAX_CAMERAS, MAX_SPAN
from web.deps import ServicesDep, needs
from web.problems import Problem, field_problem
from web.services import Services
from web.time_range import checked, parse_time

router = APIRouter(prefix="/api/requests", tags=["requests"])

_PAGE = 100
_YEAR = timedelta(days=366)
ReadActor = Annotated[Actor, needs("requests.read")]
AskActor = Annotated[Actor, needs("requests.ask")]
DecideActor = Annotated[Actor, needs("requests.decide")]
RequestId = Annotated[int, Path(ge=1, le=2**53)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
_Maybe = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class _Printable(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _printable(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


class AskedFootage(_Printable):
    """from and to: ISO 8601 with a zone; [from, to). recipient: empty = the requester.

    unmasked: the cameras' own pictures, for the reason in note.
    """

    organisation: _Text
    requester: _Text
    case_number: _Text
    legal_basis: _Text
    recipient: _Maybe = ""
    cameras: list[Annotated[str, StringConstraints(max_length=40)]] = Field(min_length=1, max_length=MAX_CAMERAS)
    start: str = Field(alias="from", max_length=40)
    end: str = Field(alias="to", max_length=40)
    note: Annotated[str, StringConstraints(max_length=500)] = ""
    unmasked: bool = False


class Change(_Printable):
    """Either a decision by a second person, or the receipt by who took it."""

    decision: Literal["granted", "refused"] | None = None
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    receipt: Annotated[str, StringConstraints(max_length=200)] = ""


@router.get("")
def newest(
    services: ServicesDep, actor: ReadActor, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> dict[str, Any]:
    """A hundred at a time, the newest first."""
    with services.store.reading() as tx:
        found = requests.newest(tx, _PAGE, before)
    return {
        "requests": [_request(one, actor) for one in _within_reach(services, actor, found)],
        "more": len(found) == _PAGE,
    }


@router.post("", status_code=201)
def ask(body: AskedFootage, services: ServicesDep, actor: AskActor) -> dict[str, Any]:
    """Enter a request. Somebody else decides about it."""
    for camera in body.cameras:
        services.reach.camera(actor, "requests.ask", camera)
    _check_lift(body, services, actor)
    span = checked(parse_time(body.start, "from"), parse_time(body.end, "to"), MAX_SPAN, "bundle_span")
    now = now_utc(services.clock)
    if span.end > now:
        raise field_problem("to", "time_future")
    new = NewRequest(
        organisation=body.organisation,
        requester=body.requester,
        case_number=body.case_number,
        legal_basis=body.legal_basis,
        recipient=body.recipient or body.requester,
        cameras=tuple(dict.fromkeys(body.cameras)),
        start_at=span.start,
        end_at=span.end,
        note=body.note,
        unmasked=body.unmasked,
        created_by=actor.username,
    )
    services.trail.allow(
        actor,
        "requests.ask",
        f"case:{new.case_number}",
        reference=new.case_number,
        cameras=",".join(new.cameras),
        unmasked=int(new.unmasked),
        reason=new.note,
    )
    with services.store.transaction() as tx:
        made = requests.create(tx, new, now)
    return _request(made, actor)


@router.get("/figures")
def figures(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """Of the last twelve months, by the month in which somebody asked."""
    now = now_utc(services.clock)
    with services.store.reading() as tx:
        found = requests.between(tx, now - _YEAR, now + timedelta(seconds=1))
    months = requests.by_month(_within_reach(services, actor, found), ZoneInfo(services.config.site.timezone))
    return {
        "months": [
            {"month": one.month, "asked": one.asked, "granted": one.granted, "refused": one.refused, "given": one.given}
            for one in months
        ]
    }


@router.get("/register.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def register(services: ServicesDep, actor: ReadActor) -> Response:
    """Of the last twelve months, for a spreadsheet. What somebody typed is never a formula."""
    services.trail.allow(actor, "requests.export", "requests:register")
    now = now_utc(services.clock)
    with services.store.reading() as tx:
        found = requests.between(tx, now - _YEAR, now + timedelta(seconds=1))
    text = _csv(_within_reach(services, actor, found), ZoneInfo(services.config.site.timezone))
    headers = {"Content-Disposition": 'attachment; filename="verzoeken.csv"'}
    return Response(text.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{request}")
def one(request: RequestId, services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    with services.store.reading() as tx:
        found = requests.get(tx, request)
    if found is None:
        raise Problem("not_found")
    for camera in found.cameras:
        services.reach.require(actor, "requests.read", camera)
    return _request(found, actor)


@router.patch("/{request}")
def change(request: RequestId, body: Change, services: ServicesDep, actor: DecideActor) -> dict[str, Any]:
    """Grant or refuse it, or note who took what was given."""
    if (body.decision is None) == (not body.receipt):
        raise Problem("invalid_input", detail="give a decision, or a receipt")
    with services.store.reading() as tx:
        found = requests.get(tx, request)
    if found is None:
        raise Problem("not_found")
    for camera in found.cameras:
        services.reach.require(actor, "requests.decide", camera)
    _refuse(found, body, actor, services)
    action = "requests.receipt" if body.decision is None else "requests.decide"
    services.trail.allow(
        actor,
        action,
        f"request:{request}",
        reference=found.case_number,
        decision=body.decision or "",
        reason=body.reason,
        receipt=body.receipt,
    )
    now = now_utc(services.clock)
    with services.store.transaction() as tx:
        still = requests.get(tx, request)
        assert still is not None  # rows stay
        _refuse(still, body, actor, services)
        if body.decision is not None:
            changed = requests.decide(tx, request, body.decision, actor.username, body.reason, now)
        else:
            changed = requests.receive(tx, request, body.receipt, actor.username, now)
    return _request(changed, actor)


def _within_reach(services: Services, actor: Actor, found: list[FootageRequest]) -> list[FootageRequest]:
    """Those of which every camera is."""
    return [one for one in found if services.reach.may_all(actor, "requests.read", one.cameras)]


def _check_lift(body: AskedFootage, services: Services, actor: Actor) -> None:
    """Who asks for pictures without masks needs that right, and a reason."""
    if not body.unmasked:
        return
    verdict = actor.may("masks.lift")
    if isinstance(verdict, Deny):
        services.trail.refuse(actor, "masks.lift", f"case:{body.case_number}")
        raise Problem("forbidden", nl=verdict.nl, en=verdict.en)
    for camera in body.cameras:
        services.reach.require(actor, "masks.lift", camera)
    if len(body.note) < MIN_REASON_CHARS:
        raise field_problem("note", "reason_missing")


def _refuse(found: FootageRequest, body: Change, actor: Actor, services: Services) -> None:
    if body.decision is not None:
        refusal = refuse_decision(found, body.decision, actor.username, body.reason)
    else:
        refusal = refuse_receipt(found)
    if refusal is not None:
        services.trail.refuse(actor, "requests.decide", f"request:{found.id}", reason=refusal)
        raise Problem(refusal) if refusal != "reason_missing" else field_problem("reason", refusal)


def _request(request: FootageRequest, actor: Actor) -> dict[str, Any]:
    return {
        "id": request.id,
        "organisation": request.organisation,
        "requester": request.requester,
        "case_number": request.case_number,
        "legal_basis": request.legal_basis,
        "recipient": request.recipient,
        "cameras": list(request.cameras),
        "from_us": us_from_utc(request.start_at),
        "to_us": us_from_utc(request.end_at),
        "note": request.note,
        "unmasked": request.unmasked,
        "created_by": request.created_by,
        "created_us": us_from_utc(request.created_at),
        "mine": is_same_person(request.created_by, actor.username),
        "state": request.state,
        "decided_by": request.decided_by,
        "decided_us": us_from_utc(request.decided_at) if request.decided_at else None,
        "reason": request.reason,
        "receipt": request.receipt,
        "received_by": request.received_by,
        "received_us": us_from_utc(request.received_at) if request.received_at else None,
    }


_HEADINGS = (
    "nummer", "gevraagd", "door", "organisatie", "aanvrager", "zaaknummer", "grondslag", "ontvanger", "camera's",
    "van", "tot", "besluit", "besloten door", "reden", "zonder masker", "ontvangst", "ontvangen",
)  # fmt: skip
_DECISIONS = {"asked": "open", "granted": "toegewezen", "refused": "geweigerd"}


def _csv(found: list[FootageRequest], zone: ZoneInfo) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_HEADINGS)
    for request in found:
        cells = [
            str(request.id),
            local(us_from_utc(request.created_at), zone),
            request.created_by,
            request.organisation,
            request.requester,
            request.case_number,
            request.legal_basis,
            request.recipient,
            " ".join(request.cameras),
            local(us_from_utc(request.start_at), zone),
            local(us_from_utc(request.end_at), zone),
            _DECISIONS[request.state],
            request.decided_by or "",
            request.reason,
            request.note if request.unmasked else "",
            request.receipt,
            local(us_from_utc(request.received_at), zone) if request.received_at else "",
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue()
