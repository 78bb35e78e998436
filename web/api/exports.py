"""Masked clips to take along, with their SHA-256."""

import re
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.store.consultations import Consultation
from vms.units import US_PER_SECOND, Profile, us_from_utc
from web.api import consultations
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.exports import KEPT_S, ExportJob
from web.problems import Problem, field_problem
from web.services import Services
from web.time_range import TimeRange, checked, parse_time

router = APIRouter(prefix="/api/exports", tags=["footage"])

MAX_EXPORT = timedelta(hours=2)
ExportActor = Annotated[Actor, needs("footage.export")]
ExportId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{24}$")]


class NewExport(BaseModel):
    """from and to: ISO 8601 with a zone; [from, to)."""

    model_config = ConfigDict(extra="forbid")
    camera: str = Field(max_length=40)
    start: str = Field(alias="from", max_length=40)
    end: str = Field(alias="to", max_length=40)
    profile: Profile = "main"
    consultation: int | None = Field(None, ge=1, le=2**53)


@router.post("", status_code=202)
async def create(body: NewExport, services: ServicesDep, actor: ExportActor) -> dict[str, Any]:
    """Starts a job; ask GET until its state is done or failed."""
    await run_in_threadpool(services.reach.camera, actor, "footage.export", body.camera)
    span = checked(parse_time(body.start, "from"), parse_time(body.end, "to"), MAX_EXPORT, "export_span")
    if span.end > now_utc(services.clock):
        raise field_problem("to", "time_future")
    expected_bytes, expires_us, consultation = await run_in_threadpool(_prepare, services, actor, body, span)
    job = services.exports.submit(
        actor,
        body.camera,
        body.profile,
        span,
        case=consultation.reference,
        expected_bytes=expected_bytes,
        expires_us=expires_us,
    )
    return {"id": job.id}


@router.get("")
async def mine(services: ServicesDep, actor: ExportActor) -> dict[str, Any]:
    return {"exports": [job.as_json() for job in services.exports.all_of(actor)]}


@router.get("/{export}")
async def one(export: ExportId, services: ServicesDep, actor: ExportActor) -> dict[str, Any]:
    return services.exports.of(actor, export).as_json()


@router.get("/{export}/file", response_class=Response, responses={200: {"content": {"video/mp4": {}}}})
async def download(export: ExportId, services: ServicesDep, actor: ExportActor) -> Response:
    """The masked MP4; `X-Content-SHA256` is of the whole file."""
    job = services.exports.of(actor, export)
    if job.state != "done":
        raise Problem("export_not_ready")
    if job.delete_at_us <= services.clock.now_us():
        raise Problem("export_gone")

    def audit() -> None:
        services.reach.require(actor, "footage.export", job.camera_id)
        services.trail.allow(actor, "footage.download", f"export:{job.id}", sha256=job.sha256, reference=job.case)

    await run_in_threadpool(audit)
    return FileResponse(
        job.path, media_type="video/mp4", filename=_file_name(job), headers={"X-Content-SHA256": job.sha256}
    )


def _prepare(services: Services, actor: Actor, body: NewExport, span: TimeRange) -> tuple[int, int, Consultation]:
    """Rights and footage checked, audit row written. (expected bytes, when the file must be gone, consultation)."""
    consultation = consultations.require(services, actor, body.consultation)
    segments = services.footage.for_export(body.camera, body.profile, span)
    services.trail.allow(
        actor,
        "footage.export",
        f"camera:{body.camera}",
        profile=body.profile,
        from_us=us_from_utc(span.start),
        to_us=us_from_utc(span.end),
        consultation=consultation.id,
        purpose=consultation.purpose,
        reference=consultation.reference,
    )
    now_us = services.clock.now_us()
    limits_us = [us_from_utc(limit) for limit in services.footage.expiries(segments)]
    young_us = [limit_us for limit_us in limits_us if limit_us > now_us]  # the others are held
    latest_us = now_us + 24 * KEPT_S * US_PER_SECOND
    return sum(segment.bytes for segment in segments), min([latest_us, *young_us]), consultation


def _file_name(job: ExportJob) -> str:
    camera = re.sub(r"[^a-z0-9-]", "", job.camera_id)
    return f"{camera}_{job.span.start:%Y%m%dT%H%M%SZ}_{job.span.end:%Y%m%dT%H%M%SZ}.mp4"
