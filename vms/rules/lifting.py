"""When the camera's own pictures of a masked camera may leave: a right, a case, a reason, and a second person. Pure.

`lift_of` is the only maker of a MaskLift, and a remux takes nothing else for a camera with masks. What it lifts is one
interval of the cameras of one request, for some days; live pictures and looking back are never lifted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from vms.rules.account_names import is_same_person
from vms.rules.requests import FootageRequest

LASTS: Final = timedelta(days=7)
"""From the decision. Who needs it later asks again."""
MIN_REASON_CHARS: Final = 10
LiftRefusal = Literal["not_asked", "not_granted", "second_person", "reason", "case", "camera", "interval", "over"]


@dataclass(frozen=True, slots=True)
class MaskLift:
    """asked_by and approved_by: two persons."""

    request_id: int
    camera_id: str
    case_number: str
    reason: str
    asked_by: str
    approved_by: str


def lift_of(
    request: FootageRequest, camera_id: str, start: datetime, end: datetime, now: datetime
) -> MaskLift | LiftRefusal:
    """For the originals of [start, end) of this camera."""
    if (refusal := _decision_problem(request, now)) is not None:
        return refusal
    if len(request.note.strip()) < MIN_REASON_CHARS:
        return "reason"
    if not request.case_number.strip():
        return "case"
    if camera_id not in request.cameras:
        return "camera"
    if not request.start_at <= start < end <= request.end_at:
        return "interval"
    approved_by = request.decided_by or ""
    return MaskLift(request.id, camera_id, request.case_number, request.note, request.created_by, approved_by)


def _decision_problem(request: FootageRequest, now: datetime) -> LiftRefusal | None:
    if not request.unmasked:
        return "not_asked"
    if request.state != "granted" or request.decided_at is None:
        return "not_granted"
    if not request.decided_by or is_same_person(request.decided_by, request.created_by):
        return "second_person"
    return "over" if not request.decided_at <= now < request.decided_at + LASTS else None
