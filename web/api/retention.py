"""The proof that nothing is kept too long, made from the disk."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api/retention", tags=["oversight"])


@router.get("/proof")
async def proof(services: ServicesDep, actor: Annotated[Actor, needs("retention.proof")]) -> dict[str, Any]:
    """What `vms retention verify` finds, at most a minute old. 503 with Retry-After while a large site is scanned."""
    await run_in_threadpool(services.trail.allow, actor, "retention.proof", "retention")
    return await services.oversight.proof.get()
