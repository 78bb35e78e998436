"""The audit log as a file for a spreadsheet, and questions that somebody keeps to ask again."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vms.clock import now_utc
from vms.rules.requests import safe_cell
from vms.store import Store, audit_search, oversight
from vms.store.audit import AuditRecord
from vms.store.audit_search import AuditSearch
from vms.units import us_from_utc
from web.audit_question import Question, asked
from web.audit_trail import Actor
from web.bundle.facts import local
from web.deps import ServicesDep, needs
from web.problems import field_problem
from web.state_words import AUDIT_ACTION

router = APIRouter(prefix="/api/audit", tags=["oversight"])

MOST_ROWS = 200_000
_PAGE = 1000
_MAX_QUERIES = 50
_HEAD = (
    *("nr", "tijd", "tijd (UTC)", "wie", "rollen", "handeling", "code", "waarop", "camera"),
    *("uitkomst", "werkplek", "bijzonderheden", "hash"),
)
ReadActor = Annotated[Actor, needs("audit.read")]


class Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    actor: str = Field("", max_length=80)
    action: str = Field("", max_length=40)
    camera: str = Field("", max_length=40)
    result: Literal["", "allowed", "refused"] = ""
    start: str = Field("", alias="from", max_length=10)
    end: str = Field("", alias="to", max_length=10)


class NewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    filters: Filters


@router.get("/register.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def register(
    services: ServicesDep, actor: ReadActor, question: Annotated[Question, Depends(asked)]
) -> StreamingResponse:
    """The rows that were asked for, the newest first; what somebody typed is never a formula."""
    services.trail.allow(actor, "audit.export", "audit", **question.told)
    lines = _csv(services.store, question.search, ZoneInfo(services.config.site.timezone))
    headers = {"Content-Disposition": 'attachment; filename="auditlog.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/queries")
def queries(services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """One's own, by name."""
    with services.store.reading() as tx:
        found = oversight.queries(tx, actor.username)
    return {"queries": [{"id": one.id, "name": one.name, "filters": dict(one.filters)} for one in found]}


@router.post("/queries", status_code=201)
def save(body: NewQuery, services: ServicesDep, actor: ReadActor) -> dict[str, Any]:
    """One's own of the same name is replaced."""
    filters = {name: value for name, value in body.filters.model_dump(by_alias=True).items() if value}
    with services.store.transaction() as tx:
        is_new = body.name not in [one.name for one in oversight.queries(tx, actor.username)]
        if is_new and oversight.count_queries(tx, actor.username) >= _MAX_QUERIES:
            raise field_problem("name", "too_many_queries")
        saved = oversight.save_query(tx, actor.username, body.name, filters, now_utc(services.clock))
    return {"id": saved.id, "name": saved.name, "filters": dict(saved.filters)}


@router.delete("/queries/{query}", status_code=204)
def forget(query: Annotated[int, Path(ge=1, le=2**53)], services: ServicesDep, actor: ReadActor) -> None:
    """One's own only; gone already is fine."""
    with services.store.transaction() as tx:
        oversight.forget_query(tx, actor.username, query)


def _csv(store: Store, search: AuditSearch, zone: ZoneInfo) -> Iterator[bytes]:
    """Page by page: no transaction lasts as long as a slow reader. Raises StoreBusy."""
    yield _line(_HEAD).encode("utf-8-sig")
    before: int | None = None
    for _ in range(MOST_ROWS // _PAGE):
        with store.reading() as tx:
            rows = audit_search.newest(tx, _PAGE, before, search)
        yield "".join(_line(_cells(row, zone)) for row in rows).encode()
        if len(rows) < _PAGE:
            return
        before = rows[-1].seq


def _cells(row: AuditRecord, zone: ZoneInfo) -> list[str]:
    entry = row.entry
    kind, _, name = entry.object.partition(":")
    detail = {key: value for key, value in entry.detail.items() if value not in (None, "")}
    cells = (
        str(row.seq),
        local(us_from_utc(entry.at), zone),
        entry.at.isoformat(),
        entry.actor,
        ", ".join(entry.roles),
        AUDIT_ACTION.get(entry.action, entry.action),
        entry.action,
        entry.object,
        name if kind == "camera" else str(entry.detail.get("camera") or entry.detail.get("cameras") or ""),
        "geweigerd" if entry.result == "refused" else "toegestaan",
        entry.workstation,
        json.dumps(detail, ensure_ascii=False) if detail else "",
        row.hash,
    )
    return [safe_cell(cell) for cell in cells]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerow(cells)
    return out.getvalue()
