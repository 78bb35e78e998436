"""The audit log for those who oversee: reading it is audited too."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from vms.store import audit
from vms.store.audit import AuditRecord
from vms.units import us_from_utc
from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api/audit", tags=["oversight"])


@router.get("")
def newest(
    services: ServicesDep,
    actor: Annotated[Actor, needs("audit.read")],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[int | None, Query(ge=1, description="Only rows with a lower seq: the next page.")] = None,
    who: Annotated[str, Query(alias="actor", max_length=80, description="Only names that begin so.")] = "",
    action: Annotated[str, Query(max_length=40, description="Only this action.")] = "",
) -> dict[str, Any]:
    """Newest first."""
    services.trail.allow(actor, "audit.read", "audit", before=before, limit=limit, who=who, what=action)
    with services.store.reading() as tx:
        rows = audit.newest(tx, limit, before, actor=who, action=action)
    return {"rows": [_row(row) for row in rows]}


@router.get("/chain")
async def chain(services: ServicesDep, actor: Annotated[Actor, needs("audit.read")]) -> dict[str, Any]:
    """Does every row still follow from the one before it? At most a minute old."""
    await run_in_threadpool(services.trail.allow, actor, "audit.read", "audit:chain")
    return await services.oversight.chain.get()


def _row(record: AuditRecord) -> dict[str, Any]:
    entry = record.entry
    return {
        "seq": record.seq,
        "at_us": us_from_utc(entry.at),
        "actor": entry.actor,
        "roles": list(entry.roles),
        "action": entry.action,
        "object": entry.object,
        "result": entry.result,
        "detail": dict(entry.detail),
        "workstation": entry.workstation,
        "hash": record.hash,
    }
