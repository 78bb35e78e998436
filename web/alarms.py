"""Alarms: what changed for the worse between two looks at the cameras. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from web.camera_state import CameraState

AlarmCode = Literal["camera_lost", "camera_back", "recording_fault", "mask_fault"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something people must notice. detail: the technician's reason."""

    camera_id: str
    code: AlarmCode
    text_nl: str
    text_en: str


_LOST = frozenset({"stalled", "unreachable", "unauthorized", "protocol_error"})


def changes(before: Mapping[str, CameraState], after: Mapping[str, CameraState]) -> list[Alarm]:
    """Cameras not known before raise nothing: a start of the system is no alarm."""
    found: list[Alarm] = []
    for camera_id, now in after.items():
        was = before.get(camera_id)
        if was is not None:
            found += _of_camera(was, now)
    return found


def _of_camera(was: CameraState, now: CameraState) -> list[Alarm]:
    found: list[Alarm] = []
    if now.source in _LOST and was.source == "up":
        nl, en = f"Geen beeld: {now.detail}", f"No picture: {now.detail}"
        found.append(Alarm(now.camera_id, "camera_lost", nl, en))
    if now.source == "up" and was.source in _LOST:
        found.append(Alarm(now.camera_id, "camera_back", "Beeld is terug", "Picture is back"))
    if now.rec == "fault" and was.rec != "fault":
        nl, en = f"Opname gestopt: {now.rec_detail}", f"Recording stopped: {now.rec_detail}"
        found.append(Alarm(now.camera_id, "recording_fault", nl, en))
    if now.mask == "fault" and was.mask == "ok":
        nl, en = f"Masker onzeker: {now.mask_reason}", f"Mask unsure: {now.mask_reason}"
        found.append(Alarm(now.camera_id, "mask_fault", nl, en))
    return found
