"""From statuses to what a person sees of a camera. Pure: everything comes in as an argument."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from vms.config import Camera
from vms.rules.gating import FREE, Gate
from vms.rules.ptz_lock import PtzLock
from vms.status import CameraStatus, RecordingReason, RecordingState, SourceState, StreamStatus

MaskState = Literal["ok", "fault", "none"]
PatrolState = Literal["running", "paused", "fault"]
SourceReason = SourceState | Literal["recorder_silent"]
RecReason = RecordingReason | Literal["recorder_silent"]
SILENT: Literal["recorder_silent"] = "recorder_silent"
NOT_REPORTED = "live_silent"
"""A mask reason, beside those of vms.rules.masking.BlankReason."""


@dataclass(frozen=True, slots=True)
class MaskReport:
    """What live last said about a camera's masks."""

    state: MaskState
    reason: str


@dataclass(frozen=True, slots=True)
class PatrolSeen:
    """A patrol of a camera. fault: the camera did not go to the newest preset. by: who started it."""

    name: str
    state: PatrolState
    by: str


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera, the same for every viewer. Times are server UTC microseconds.

    reason, rec_reason, mask_reason: codes; web.state_words has their texts. detail, rec_detail, ptz_fault: for
    technicians, in English, may be empty.
    """

    camera_id: str
    source: SourceState
    reason: SourceReason
    since_us: int
    detail: str
    rec: RecordingState
    rec_reason: RecReason
    rec_detail: str
    mask: MaskState
    mask_reason: str
    can_turn: bool
    lock: PtzLock | None
    ptz_fault: str
    skew_ms: int | None
    main: StreamStatus | None
    sub: StreamStatus | None
    patrol: PatrolSeen | None = None
    gate: Gate = FREE

    def seen_by(self, username: str, *, streams: bool) -> dict[str, Any]:
        """JSON for one viewer: the lock is mine or somebody's. streams: with main and sub in detail."""
        seen: dict[str, Any] = {
            "source": self.source,
            "reason": self.reason,
            "since_us": self.since_us,
            "detail": self.detail,
            "rec": self.rec,
            "rec_reason": self.rec_reason,
            "rec_detail": self.rec_detail,
            "mask": self.mask,
            "mask_reason": self.mask_reason,
            "ptz": self._ptz(username),
            "ptz_holder": holder_json(self.lock),
            "ptz_fault": self.ptz_fault,
            "patrol": asdict(self.patrol) if self.patrol else None,
            "skew_ms": self.skew_ms,
            **gate_json(self.gate),
        }
        if streams:
            seen["main"] = asdict(self.main) if self.main else None
            seen["sub"] = asdict(self.sub) if self.sub else None
        return seen

    def _ptz(self, username: str) -> Literal["none", "free", "mine", "other", "patrol"]:
        if not self.can_turn:
            return "none"
        if self.lock is None:
            return "patrol" if self.patrol else "free"
        if self.lock.holder.role == "patrol":
            return "patrol"
        return "mine" if self.lock.holder.username == username else "other"


def gate_json(gate: Gate) -> dict[str, Any]:
    """gate_since_us: since when it is so; of a pending one, from when it will hold."""
    return {
        "gate": gate.state,
        "decision": gate.number,
        "decision_id": gate.decision_id,
        "gate_since_us": gate.since_us,
        "gate_until_us": gate.until_us,
    }


def holder_json(lock: PtzLock | None) -> dict[str, Any] | None:
    if lock is None:
        return None
    return {
        "username": lock.holder.username,
        "name": lock.holder.name,
        "role": lock.holder.role,
        "since_us": lock.since_us,
    }


def camera_state(
    camera: Camera,
    status: CameraStatus | None,
    silent_since_us: int,
    mask: MaskReport | None,
    lock: PtzLock | None,
    patrol: PatrolSeen | None = None,
    gate: Gate = FREE,
) -> CameraState:
    """status None: the recording process is silent since then. mask None: live says nothing."""
    report = mask_report(camera, mask)
    if status is None:
        return CameraState(
            camera_id=camera.id,
            source="unreachable",
            reason=SILENT,
            since_us=silent_since_us,
            detail="",
            rec="fault",
            rec_reason=SILENT,
            rec_detail="",
            mask=report.state,
            mask_reason=report.reason,
            can_turn=camera.can_turn,
            lock=lock,
            ptz_fault="recording process silent" if camera.can_turn else "",
            skew_ms=None,
            main=None,
            sub=None,
            patrol=patrol,
            gate=gate,
        )
    rec, rec_reason, rec_detail = recording(status)
    return CameraState(
        camera_id=camera.id,
        source=status.main.state,
        reason=status.main.state,
        since_us=status.main.since_us,
        detail=_source_detail(status),
        rec=rec,
        rec_reason=rec_reason,
        rec_detail=rec_detail,
        mask=report.state,
        mask_reason=report.reason,
        can_turn=camera.can_turn,
        lock=lock,
        ptz_fault=status.ptz_detail if status.ptz == "fault" else "",
        skew_ms=None if status.clock_skew_ms is None else round(status.clock_skew_ms),
        main=status.main,
        sub=status.sub,
        patrol=patrol,
        gate=gate,
    )


def mask_report(camera: Camera, mask: MaskReport | None) -> MaskReport:
    """What live says, also of a camera whose configuration asks for no masks: a set in force is painted all the same.

    Fails closed: a camera that needs masks is at fault until live vouches for them.
    """
    if mask is None and camera.masks == "none":
        return MaskReport("none", "")
    return mask or MaskReport("fault", NOT_REPORTED)


def recording(status: CameraStatus) -> tuple[RecordingState, RecordingReason, str]:
    """The worst of both streams, and why. A substream that nobody wants recorded is no lack."""
    streams = [("main", status.main)]
    if status.sub and status.sub.recording_reason != "not_wanted":
        streams.append(("sub", status.sub))
    for wanted in ("fault", "off"):
        for name, stream in streams:
            if stream.recording == wanted:
                return stream.recording, stream.recording_reason, f"{name}: {stream.recording_detail}".rstrip(": ")
    return "on", "", ""


def _source_detail(status: CameraStatus) -> str:
    if status.main.state != "up":
        return status.main.detail
    if status.sub is not None and status.sub.state != "up":
        return f"sub: {status.sub.detail or status.sub.state}"
    return status.main.detail
