"""The audit log for those who oversee: reading it is audited too."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

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
) -> dict[str, Any]:
    """Newest first."""
    services.trail.allow(actor, "audit.read", "audit", before=before, limit=limit)
    with services.store.reading() as tx:
        rows = audit.newest(tx, limit, before)
    return {"rows": [_row(row) for row in rows]}


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
