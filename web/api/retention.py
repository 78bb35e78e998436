"""The proof that nothing is kept too long, made from the disk, and the signed certificates of each day."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from retention.daily import certificates
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem

router = APIRouter(prefix="/api/retention", tags=["oversight"])

ProofActor = Annotated[Actor, needs("retention.proof")]


@router.get("/proof")
async def proof(services: ServicesDep, actor: ProofActor) -> dict[str, Any]:
    """What `vms retention verify` finds, at most a minute old. 503 with Retry-After while a large site is scanned."""
    await run_in_threadpool(services.trail.allow, actor, "retention.proof", "retention")
    return await services.oversight.proof.get()


@router.get("/certificates")
async def listed(services: ServicesDep, actor: ProofActor) -> dict[str, Any]:
    """Signed certificates, the newest first; the retention process makes one a day. key_id: of the site's key, to be
    compared with the one that whoever checks was given."""
    await run_in_threadpool(services.trail.allow, actor, "retention.proof", "certificates")
    found = await run_in_threadpool(certificates, services.config.certificates_dir)
    items = [
        {"day": day.isoformat(), "bytes": path.stat().st_size, "url": f"/api/retention/certificates/{day.isoformat()}"}
        for day, path in found
    ]
    return {"items": items, "seal": await run_in_threadpool(services.oversight.seal)}


@router.get("/certificates/{day}", response_class=FileResponse)
async def certificate(day: date, services: ServicesDep, actor: ProofActor) -> FileResponse:
    """The zip of a day, with its own checker."""
    await run_in_threadpool(services.trail.allow, actor, "retention.proof", f"certificate:{day.isoformat()}")
    found = dict(await run_in_threadpool(certificates, services.config.certificates_dir))
    if day not in found:
        raise Problem("not_found")
    return FileResponse(found[day], media_type="application/zip", filename=found[day].name)
