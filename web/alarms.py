"""Alarms: what changed for the worse between two looks at the cameras. Pure but for what it remembers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from web.camera_state import NOT_REPORTED, SILENT, CameraState
from web.state_words import MASK, RECORDING, SOURCE, both

AlarmCode = Literal[
    "camera_lost",
    "camera_back",
    "recording_fault",
    "pictures_lost",
    "mask_fault",
    "live_down",
    "live_back",
    "volume_fault",
    "volume_back",
    "disk_pressure",
    "disk_forecast",
    "evidence_fault",
    "evidence_back",
    "hold_review",
    "break_glass",
    "certificate_ends",
    "audit_copy_fault",
    "audit_copy_back",
    "audit_copy_rejected",
    "audit_differs",
]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something people must notice. camera_id is empty for what concerns all of them."""

    camera_id: str
    code: AlarmCode
    text_nl: str
    text_en: str
    detail: str = ""
    """For technicians, in English."""


_QUIET_LOOKS = 60
"""A disk that loses pictures now and then is told once, and again after so many looks without a loss."""
_LOST = frozenset({"stalled", "unreachable", "unauthorized", "protocol_error"})


class AlarmWatch:
    """Compares each look with the one before. Not thread-safe.

    The first look raises nothing: a start of the system is no alarm. What one process' silence does to all its
    cameras is told once per camera (recording) or once at all (masks), never twice. lost: cameras whose loss was told
    before this watch began, so that their return is told.
    """

    def __init__(self, lost: Collection[str] = ()) -> None:
        self._before: Mapping[str, CameraState] = {}
        self._lost = set(lost)
        self._losing: dict[str, int] = {}
        self._live_answered = False
        self._live_down = False

    def look(self, after: Mapping[str, CameraState], *, live_answers: bool) -> list[Alarm]:
        found = self._of_live(live_answers)
        for camera_id, now in after.items():
            was = self._before.get(camera_id)
            if was is not None:
                found += self._of_source(was, now) + _of_recording(was, now) + _of_mask(was, now)
                found += self._of_pictures(was, now)
        self._before = after
        return found

    def _of_live(self, answers: bool) -> list[Alarm]:
        found = []
        if self._live_answered and not answers:
            nl, en = "Het beeldproces antwoordt niet", "The live process does not answer"
            found, self._live_down = [Alarm("", "live_down", nl, en)], True
        elif answers and self._live_down:
            nl, en = "Het beeldproces antwoordt weer", "The live process answers again"
            found, self._live_down = [Alarm("", "live_back", nl, en)], False
        self._live_answered = answers
        return found

    def _of_source(self, was: CameraState, now: CameraState) -> list[Alarm]:
        if now.source in _LOST and was.source == "up" and now.reason != SILENT:
            self._lost.add(now.camera_id)
            nl, en = both(SOURCE, now.reason)
            return [Alarm(now.camera_id, "camera_lost", f"Geen beeld: {nl}", f"No picture: {en}", now.detail)]
        if now.source == "up" and now.camera_id in self._lost:
            self._lost.remove(now.camera_id)
            return [Alarm(now.camera_id, "camera_back", "Beeld is terug", "Picture is back")]
        return []

    def _of_pictures(self, was: CameraState, now: CameraState) -> list[Alarm]:
        """A disk that stumbled for less than a look; longer, and it is a recording fault."""
        lost = 0 if was.main is None else _dropped(now) - _dropped(was)
        looks = self._losing.pop(now.camera_id, 0)
        if lost <= 0:
            if looks > 1:
                self._losing[now.camera_id] = looks - 1
            return []
        self._losing[now.camera_id] = _QUIET_LOOKS
        if looks or now.rec == "fault":
            return []
        nl, en = both(RECORDING, "overflow")
        return [
            Alarm(now.camera_id, "pictures_lost", f"Beelden verloren: {nl}", f"Pictures lost: {en}", f"{lost} pictures")
        ]


def _dropped(state: CameraState) -> int:
    return sum(stream.counts.dropped_pictures for stream in (state.main, state.sub) if stream is not None)


def _of_recording(was: CameraState, now: CameraState) -> list[Alarm]:
    if now.rec != "fault" or was.rec == "fault":
        return []
    nl, en = both(RECORDING, now.rec_reason)
    return [
        Alarm(now.camera_id, "recording_fault", f"Opname gestopt: {nl}", f"Recording stopped: {en}", now.rec_detail)
    ]


def _of_mask(was: CameraState, now: CameraState) -> list[Alarm]:
    if now.mask != "fault" or was.mask != "ok" or now.mask_reason == NOT_REPORTED:
        return []
    nl, en = both(MASK, now.mask_reason)
    nl, en = f"Masker onzeker: {nl}", f"Mask unsure: {en}"
    return [Alarm(now.camera_id, "mask_fault", nl, en)]
