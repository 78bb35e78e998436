"""The audit log for those who oversee: reading it is audited too."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from vms.store import audit, audit_search, spans
from vms.store.audit import AuditRecord, content_of
from vms.store.spans import Shot
from web.audit_copies import status_json
from web.audit_question import Question, asked
from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api/audit", tags=["oversight"])
_ID_DIGITS = 17
"""More make no number that a database has."""


@router.get("")
def newest(
    services: ServicesDep,
    actor: Annotated[Actor, needs("audit.read")],
    question: Annotated[Question, Depends(asked)],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="Only rows with a lower seq: the next page.")
    ] = None,
) -> dict[str, Any]:
    """Newest first."""
    services.trail.allow(actor, "audit.read", "audit", before=before, limit=limit, **question.told)
    with services.store.reading() as tx:
        rows = audit_search.newest(tx, limit, before, question.search)
        known = spans.shots(tx, {number for row in rows if (number := _segment_id(row.entry.object)) is not None})
    names = {camera.id: camera.name for camera in services.config.cameras}
    return {"rows": [_row(row) | {"about": _about(row.entry.object, known, names)} for row in rows]}


@router.get("/chain")
async def chain(services: ServicesDep, actor: Annotated[Actor, needs("audit.read")]) -> dict[str, Any]:
    """Does every row still follow from the one before it? At most a minute old."""
    await run_in_threadpool(services.trail.allow, actor, "audit.read", "audit:chain")
    return await services.oversight.chain.get()


@router.get("/copies")
def copies(services: ServicesDep, actor: Annotated[Actor, needs("audit.read")]) -> dict[str, Any]:
    """How far each copy elsewhere is, and why it has no more."""
    services.trail.allow(actor, "audit.read", "audit:copies")
    with services.store.reading() as tx:
        rows = audit.head(tx).seq
    return {"rows": rows, "copies": [status_json(status) for status in services.audit_copies.status()]}


def _segment_id(object_: str) -> int | None:
    kind, _, number = object_.partition(":")
    is_one = kind == "segment" and number.isascii() and number.isdigit() and len(number) < _ID_DIGITS
    return int(number) if is_one else None


def _about(object_: str, known: Mapping[int, Shot], names: Mapping[str, str]) -> dict[str, Any] | None:
    """For people: which camera, and of footage when. None: the object says enough. A camera that left has no name."""
    shot = known.get(_segment_id(object_) or 0)
    kind, _, camera_id = object_.partition(":")
    if shot is not None:
        return {
            "camera": shot.camera_id,
            "camera_name": names.get(shot.camera_id, ""),
            "start_us": shot.start_us,
            "end_us": shot.end_us,
        }
    return {"camera": camera_id, "camera_name": names[camera_id]} if kind == "camera" and camera_id in names else None


def _row(record: AuditRecord) -> dict[str, Any]:
    return {**content_of(record), "hash": record.hash}
