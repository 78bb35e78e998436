"""What was recorded, what was not and why."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from vms.store.catalog import MAX_SEGMENT, Gap, Segment
from vms.store.holds import EvidenceHold
from vms.units import Profile, us_from_utc
from web.api.consultations import ConsultingDep
from web.deps import ServicesDep, camera_or_404
from web.mask_need import MASKED_CODEC, mask_need
from web.time_range import TimeRange, time_range

router = APIRouter(prefix="/api", tags=["footage"])


@router.get("/coverage")
def coverage(
    services: ServicesDep,
    consulting: ConsultingDep,
    span: Annotated[TimeRange, Depends(time_range)],
    camera: Annotated[str, Query(max_length=40)],
    profile: Annotated[Profile, Query()] = "sub",
) -> dict[str, Any]:
    """Segments to play, gaps with their reason, evidence holds. At most 24 hours at a time."""
    known = camera_or_404(services, camera)
    consultation = consulting.consultation
    services.trail.allow(
        consulting.actor,
        "footage.search",
        f"camera:{camera}",
        consultation=consultation.id,
        reference=consultation.reference,
        from_us=us_from_utc(span.start),
        to_us=us_from_utc(span.end),
    )
    window = services.footage.window(camera, profile, span)
    need = mask_need(services.store, known, camera, span.start - MAX_SEGMENT, span.end + MAX_SEGMENT)
    return {
        "camera": camera,
        "profile": profile,
        "masked": known.masks == "required",
        "from_us": us_from_utc(span.start),
        "to_us": us_from_utc(span.end),
        "retention_from_us": us_from_utc(window.retention_from),
        "segments": [_segment(segment, consultation.id, need.of(segment)) for segment in window.segments],
        "gaps": [_gap(gap, span) for gap in window.gaps],
        "holds": [_hold(hold) for hold in window.holds],
    }


def _segment(segment: Segment, consultation_id: int, masked: bool) -> dict[str, Any]:
    """codec: of the bytes behind the url."""
    return {
        "id": segment.id,
        "start_us": us_from_utc(segment.start_at),
        "end_us": us_from_utc(segment.end_at),
        "codec": MASKED_CODEC if masked else segment.codec,
        "masked": masked,
        "url": f"/api/media/{segment.id}?consultation={consultation_id}",
        "starts_run": segment.starts_run,
    }


def _gap(gap: Gap, span: TimeRange) -> dict[str, Any]:
    """An open gap lasts until the end of what was asked."""
    return {
        "start_us": us_from_utc(max(gap.start_at, span.start)),
        "end_us": us_from_utc(min(gap.end_at or span.end, span.end)),
        "open": gap.end_at is None,
        "reason": gap.reason,
        "detail": gap.detail,
    }


def _hold(hold: EvidenceHold) -> dict[str, Any]:
    return {
        "start_us": us_from_utc(hold.start_at),
        "end_us": us_from_utc(hold.end_at),
        "case_number": hold.case_number,
    }
