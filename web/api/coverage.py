"""What was recorded, what was not and why: to look back in, and to account for."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from vms.clock import now_utc
from vms.rules.coverage import Stretch, totals
from vms.store import bookmarks, decisions, incident_categories, incidents
from vms.store.catalog import MAX_SEGMENT, Gap, Segment
from vms.store.holds import EvidenceHold
from vms.units import Profile, us_from_utc
from web.api.consultations import ConsultingDep
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.mask_need import MASKED_CODEC, mask_need
from web.services import Services
from web.time_range import TimeRange, long_day

router = APIRouter(prefix="/api", tags=["footage"])

_MAX_CAMERAS = 200


@router.get("/coverage")
def coverage(
    services: ServicesDep,
    consulting: ConsultingDep,
    span: Annotated[TimeRange, Depends(long_day)],
    camera: Annotated[str, Query(max_length=40)],
    profile: Annotated[Profile, Query()] = "sub",
) -> dict[str, Any]:
    """Segments to play, gaps with their reason, evidence holds, marked moments, incidents. At most a local day.

    decisions: by id, what people call the ones under which these segments were recorded.

    stretches: every moment of the interval up to now, in order: recorded, or not and why.
    """
    known = services.reach.camera(consulting.actor, "footage.view", camera)
    consultation = consulting.consultation
    services.trail.allow(
        consulting.actor,
        "footage.search",
        f"camera:{camera}",
        consultation=consultation.id,
        reference=consultation.reference,
        from_us=us_from_utc(span.start),
        to_us=us_from_utc(span.end),
        **services.reach.crossing(consulting.actor, "footage.view", camera),
    )
    window = services.footage.window(camera, profile, span)
    stretches = services.coverage.of([camera], profile, span)[camera]
    until = min(span.end, now_utc(services.clock))
    need = mask_need(services.store, known, camera, span.start - MAX_SEGMENT, span.end + MAX_SEGMENT)
    under = {segment.decision_id for segment in window.segments if segment.decision_id is not None}
    with services.store.reading() as tx:
        labels = decisions.labels(tx, under)
    return {
        "camera": camera,
        "profile": profile,
        "masked": known.masks == "required",
        "from_us": us_from_utc(span.start),
        "to_us": us_from_utc(span.end),
        "retention_from_us": us_from_utc(window.retention_from),
        "segments": [_segment(segment, consultation.id, need.of(segment)) for segment in window.segments],
        "gaps": [_gap(gap, span.start, until) for gap in window.gaps if gap.start_at < until],
        "holds": [_hold(hold) for hold in window.holds],
        "decisions": {str(decision_id): label for decision_id, label in labels.items()},
        "bookmarks": _bookmarks(services, camera, max(span.start, window.retention_from), span.end),
        "incidents": _incidents(services, camera, max(span.start, window.retention_from), span.end),
        **_explained(stretches),
    }


@router.get("/coverage/days")
def days(
    services: ServicesDep,
    actor: Annotated[Actor, needs("status.read")],
    span: Annotated[TimeRange, Depends(long_day)],
    camera: Annotated[list[str] | None, Query(max_length=_MAX_CAMERAS)] = None,
    profile: Annotated[Profile, Query()] = "main",
) -> dict[str, Any]:
    """How well each camera was recorded, without a way to any footage. Default: all within reach. At most 25 hours."""
    if camera:
        known = [services.reach.camera(actor, "status.read", camera_id).id for camera_id in camera]
    else:
        known = [each.id for each in services.reach.cameras(actor, "status.read")]
    told = services.coverage.of(known, profile, span)
    return {
        "profile": profile,
        "from_us": us_from_utc(span.start),
        "to_us": us_from_utc(span.end),
        "now_us": services.clock.now_us(),
        "cameras": {camera_id: _explained(stretches) for camera_id, stretches in told.items()},
    }


def _explained(stretches: list[Stretch]) -> dict[str, Any]:
    """kept_pct: of what should have been recorded; null when nothing should have been."""
    found = totals(stretches)
    return {
        "stretches": [
            {
                "start_us": stretch.start_us,
                "end_us": stretch.end_us,
                "kind": stretch.kind,
                "reason": stretch.reason,
                "detail": stretch.detail,
            }
            for stretch in stretches
        ],
        "totals": {
            "kept_us": found.kept_us,
            "kept_pct": found.kept_pct,
            "lost_us": found.lost_us,
            "other_us": found.other_us,
        },
    }


def _bookmarks(services: Services, camera_id: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    with services.store.reading() as tx:
        found = bookmarks.between(tx, camera_id, start, end)
    return [{"at_us": us_from_utc(mark.at), "note": mark.note, "author": mark.author} for mark in found]


def _incidents(services: Services, camera_id: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Also those whose trail comes along this camera, at that time."""
    with services.store.reading() as tx:
        found = incidents.at_camera(tx, camera_id, start, end)
        names = {category.id: category.name for category in incident_categories.all_(tx)} if found else {}
    return [
        {"id": seen.id, "at_us": us_from_utc(seen.at), "category_name": names[seen.category_id], "status": seen.status}
        for seen in found
    ]


def _segment(segment: Segment, consultation_id: int, masked: bool) -> dict[str, Any]:
    """codec: of the bytes behind the url. skew_ms: camera clock minus the time of the footage; null = unknown."""
    return {
        "id": segment.id,
        "start_us": us_from_utc(segment.start_at),
        "end_us": us_from_utc(segment.end_at),
        "codec": MASKED_CODEC if masked else segment.codec,
        "masked": masked,
        "url": f"/api/media/{segment.id}?consultation={consultation_id}",
        "starts_run": segment.starts_run,
        "skew_ms": segment.skew_ms,
        "decision_id": segment.decision_id,
        "placement_id": segment.placement_id,
    }


def _gap(gap: Gap, start: datetime, until: datetime) -> dict[str, Any]:
    """An open gap lasts until now: the future is not claimed."""
    return {
        "start_us": us_from_utc(max(gap.start_at, start)),
        "end_us": us_from_utc(min(gap.end_at or until, until)),
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
