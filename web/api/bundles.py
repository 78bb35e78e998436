"""Exports as evidence: a signed zip for a request that was granted."""

import re
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from vms.clock import now_utc
from vms.errors import StorageError
from vms.rules.requests import FootageRequest, refuse_export
from vms.store import bundles, requests
from vms.store.bundles import BundleJob
from vms.units import Profile, us_from_utc, utc_from_us
from web.audit_trail import Actor
from web.bundle.order import BundleOrder
from web.bundle.workshop import NoRoom, Prepared
from web.bundle_jobs import MAX_UNFINISHED
from web.deps import ServicesDep, needs
from web.problems import TEXTS, Problem
from web.services import Services

router = APIRouter(prefix="/api/bundles", tags=["requests"])

_SHOWN = 100
MakeActor = Annotated[Actor, needs("bundles.make")]
BundleId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{24}$")]


class NewBundle(BaseModel):
    """request: one that was granted; it says which footage, for whom. watermark: with the recipient's name."""

    model_config = ConfigDict(extra="forbid")
    request: int = Field(ge=1, le=2**53)
    watermark: bool = False
    profile: Profile = "main"


@router.post("", status_code=202)
def create(body: NewBundle, services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    """Starts a job; ask GET until its state is done or failed. 507 with both figures when it does not fit."""
    with services.store.reading() as tx:
        request = requests.get(tx, body.request)
        waiting = len(bundles.in_states(tx, bundles.UNFINISHED))
    if request is None:
        raise Problem("not_found")
    for camera in request.cameras:
        services.reach.require(actor, "bundles.make", camera)
    if (refusal := refuse_export(request)) is not None:
        services.trail.refuse(actor, "bundles.make", f"request:{request.id}", reason=refusal)
        raise Problem(refusal)
    if request.unmasked and body.watermark:
        raise Problem("invalid_input", detail="originals bear no watermark")
    if waiting >= MAX_UNFINISHED:
        raise Problem("busy", headers={"Retry-After": "60"})
    order = _order(request, body, actor)
    prepared = _prepared(services, order)
    if request.unmasked:
        reason = request.note
        services.trail.allow(actor, "masks.lift", f"request:{request.id}", reference=request.case_number, reason=reason)
    services.trail.allow(
        actor,
        "export.create",
        f"request:{request.id}",
        export=order.id,
        reference=request.case_number,
        cameras=",".join(order.cameras),
        from_us=order.from_us,
        to_us=order.to_us,
        recipient=order.recipient,
        approver=order.approver,
    )
    with services.store.transaction() as tx:
        bundles.add(tx, _job(services, order, prepared, actor))
    services.bundles.wake()
    return {"id": order.id}


@router.get("")
def newest(services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    with services.store.reading() as tx:
        found = bundles.newest(tx, _SHOWN)
    reached = [job for job in found if services.reach.may_all(actor, "bundles.make", job.order["cameras"])]
    return {"bundles": [_as_json(services, job) for job in reached]}


@router.get("/{bundle}")
def one(bundle: BundleId, services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    return _as_json(services, _found(services, actor, bundle))


@router.delete("/{bundle}")
def cancel(bundle: BundleId, services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    """Stops one that is being made, deletes one that waits."""
    job = _found(services, actor, bundle)
    services.trail.allow(actor, "export.cancel", f"export:{job.id}", reference=str(job.order["case_number"]))
    services.bundles.cancel(job.id)
    return _as_json(services, _found(services, actor, bundle))


@router.get("/{bundle}/file", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def download(bundle: BundleId, services: ServicesDep, actor: MakeActor) -> Response:
    """The zip; `X-Content-SHA256` is of the whole file."""
    job, path = _found(services, actor, bundle), services.bundles.file(bundle)
    if job.state in bundles.UNFINISHED:
        raise Problem("export_not_ready")
    now = now_utc(services.clock)
    if job.state != "done" or job.delete_at <= now or not path.is_file():
        raise Problem("export_gone")
    reference = str(job.order["case_number"])
    services.trail.allow(actor, "export.download", f"export:{job.id}", sha256=job.sha256, reference=reference)
    if job.fetched_at is None:
        with services.store.transaction() as tx:
            bundles.change(tx, job.id, fetched_at=now)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", reference).strip("-") or "export"
    headers = {"X-Content-SHA256": job.sha256}
    return FileResponse(path, media_type="application/zip", filename=f"export-{name}.zip", headers=headers)


def _found(services: Services, actor: Actor, bundle: str) -> BundleJob:
    with services.store.reading() as tx:
        job = bundles.get(tx, bundle)
    if job is None:
        raise Problem("not_found")
    for camera in job.order["cameras"]:
        services.reach.require(actor, "bundles.make", camera)
    return job


def _order(request: FootageRequest, body: NewBundle, actor: Actor) -> BundleOrder:
    return BundleOrder(
        id=secrets.token_urlsafe(18),
        cameras=request.cameras,
        profile=body.profile,
        from_us=us_from_utc(request.start_at),
        to_us=us_from_utc(request.end_at),
        case_number=request.case_number,
        legal_basis=request.legal_basis,
        organisation=request.organisation,
        requester=request.requester,
        recipient=request.recipient,
        approver=request.decided_by or "",
        made_by=actor.username,
        is_watermarked=body.watermark,
        is_unmasked=request.unmasked,
        request_id=request.id,
    )


def _prepared(services: Services, order: BundleOrder) -> Prepared:
    try:
        return services.workshop.prepare(order, services.config.bundles_dir)
    except NoRoom as error:
        figures = {"needed_bytes": error.needed_bytes, "free_bytes": error.free_bytes}
        raise Problem("no_room", detail=str(error), extra=figures) from error
    except OSError as error:
        raise StorageError(f"the export cannot be kept: {error.strerror}") from error


def _job(services: Services, order: BundleOrder, prepared: Prepared, actor: Actor) -> BundleJob:
    return BundleJob(
        id=order.id,
        username=actor.username,
        request_id=order.request_id or 0,
        order=order.as_document(),
        state="queued",
        expected_bytes=prepared.expected_bytes,
        created_at=now_utc(services.clock),
        delete_at=utc_from_us(prepared.limit_us),
        error_code="",
        bytes=0,
        sha256="",
        fetched_at=None,
    )


def _as_json(services: Services, job: BundleJob) -> dict[str, Any]:
    _, nl, en = TEXTS.get(job.error_code, TEXTS["internal"]) if job.error_code else (0, "", "")
    return {
        "id": job.id,
        "request": job.request_id,
        "state": job.state,
        "progress": services.bundles.progress(job),
        "made_by": job.username,
        "case_number": job.order["case_number"],
        "cameras": job.order["cameras"],
        "bytes": job.bytes,
        "sha256": job.sha256 or None,
        "error": {"code": job.error_code, "nl": nl, "en": en} if job.error_code else None,
        "url": f"/api/bundles/{job.id}/file" if job.state == "done" else None,
        "created_us": us_from_utc(job.created_at),
        "delete_at_us": us_from_utc(job.delete_at),
        "fetched_us": us_from_utc(job.fetched_at) if job.fetched_at else None,
    }
