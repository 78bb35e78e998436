"""Every code that the product can report has a text in Dutch and in English."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from tests.web.served_site import camera_status, stream_status
from vms import supervise
from vms.config import Camera
from vms.rules.access import ACTIONS
from vms.rules.coverage import CoverageKind
from vms.rules.decision_document import UNCLEAR
from vms.rules.decisions import KINDS
from vms.rules.gating import Expiry, GateState
from vms.rules.masking import BlankReason
from vms.rules.oversight import PatternCode
from vms.rules.pose_at import PoseUnknown
from vms.status import RecordingReason, SourceState, VolumeFault
from vms.store.catalog import GapReason
from vms.store.gaps import LossReason
from vms.units import Profile
from web import decision_words, state_words
from web.alarms import AlarmCode
from web.camera_state import NOT_REPORTED, SILENT, camera_state
from web.footage import ERASED_EARLY
from web.i18n import texts

ROOT = Path(__file__).resolve().parents[2]


def strings(file: Path, call: str, argument: int) -> set[str]:
    """The literal that stands at this place in every call of this name."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    named = [node for node in calls if (getattr(node.func, "attr", None) or getattr(node.func, "id", None)) == call]
    values = [node.args[argument] for node in named if len(node.args) > argument]
    return {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def audited_actions() -> set[str]:
    files = [*(ROOT / "web").rglob("*.py"), *(ROOT / "vms" / "cli").glob("*.py")]
    written = {
        "login",
        "login.break_glass",
        "logout",
        "ptz.take",
        "second_factor.enrol",
        "users.first",
        "users.external",
    }  # by other ways than a call with a literal
    written |= {f"masks.{act}" for act in ("draw", "propose", "retract", "reject", "import", "lapse")}
    return written.union(
        *(
            strings(file, "allow", 1)
            | strings(file, "allow_within", 2)
            | strings(file, "refuse", 1)
            | strings(file, "_Change", 0)
            for file in files
        ),
        strings(ROOT / "vms" / "cli" / "volumes.py", "_entry", 0),
        strings(ROOT / "vms" / "cli" / "hold.py", "_note", 2),
        strings(ROOT / "vms" / "cli" / "grants.py", "_entry", 0),
        strings(ROOT / "web" / "shift_book.py", "allow_within", 2),
        strings(ROOT / "web" / "placement_register.py", "allow_within", 2),
        {"decisions.import", "incidents.import", "audit.accept", "audit.pack"},
    )


DISK_FAULTS = {"volume_damaged", *(f"volume_{fault}" for fault in get_args(VolumeFault) if fault)}


def audited_details() -> set[str]:
    """Names of what the audit log's writers add."""
    written = {"taken_from", "approver", "can"}  # handed on to a thread; by the command line
    written |= {"method", "session"}  # of logins
    written |= {"bytes", "cases", "path", "segments", "volume"}  # `vms volumes forget`
    written |= {"basis", "requester", "review_us"}  # of holds, by page and by command line
    written |= {"grant", "group", "role", "revoked"}  # `vms users grant`; of a role that was taken away
    written |= {"crossing"}  # by which alone something was seen
    written |= {"colleagues", "coordinator", "desk", "note"}  # of shifts
    written |= {"at_us", "cameras", "category", "follow_ups", "rows", "status", "years"}  # of incidents
    written |= {"about", "from", "outcome", "to", "what", "who"}  # of questions to the audit log
    written |= {"drawn", "findings", "kind", "note", "sample"}  # of oversight: with what it is about; of the pack
    for file in (ROOT / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in ("allow", "refuse", "refuse_name"):
                written |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return written


def proof_findings() -> set[str]:
    files = (ROOT / "retention" / "verify.py", ROOT / "retention" / "verify_evidence.py")
    return {code for file in files for code in strings(file, "Finding", 0)}


GAPS = {*get_args(GapReason), *get_args(LossReason), ERASED_EARLY}

CODES: list[tuple[Mapping[str, str], set[str]]] = [
    (state_words.SOURCE, {*get_args(SourceState), SILENT}),
    (state_words.SOURCE_FIX, {*get_args(SourceState), SILENT}),
    (state_words.RECORDING, GAPS | {*get_args(RecordingReason), SILENT} - {""}),
    (state_words.COVERAGE, set(get_args(CoverageKind))),
    (state_words.MASK, {*get_args(BlankReason), NOT_REPORTED}),
    (state_words.MASK_FIX, {*get_args(BlankReason), NOT_REPORTED}),
    (state_words.DISK, DISK_FAULTS),
    (state_words.DISK_FIX, DISK_FAULTS),
    (state_words.PROCESS, set(get_args(supervise.State))),
    (state_words.FINDING, proof_findings()),
    (state_words.AUDIT_ACTION, {*ACTIONS, *audited_actions()}),
    (state_words.AUDIT_DETAIL, audited_details()),
    (state_words.METHOD, {"password", "totp", "recovery", "break_glass", "oidc", "oidc_mfa"}),
    (state_words.ALARM, set(get_args(AlarmCode))),
    (state_words.OVERSIGHT, set(get_args(PatternCode))),
    (decision_words.KIND, set(KINDS)),
    (decision_words.STATE, {"never", "order", "active", "pending", "expired", "withdrawn"}),
    (decision_words.GATE, set(get_args(GateState))),
    (decision_words.EXPIRY, set(get_args(Expiry))),
    (decision_words.UNCLEAR, set(UNCLEAR)),
    (state_words.PROFILE, {"tile", "hero", "overview", *get_args(Profile)}),
]


@pytest.mark.parametrize(("table", "codes"), CODES)
def test_every_code_has_its_text_and_no_text_is_left_over(table: Mapping[str, str], codes: set[str]) -> None:
    assert set(table) == codes


def test_every_text_has_english_of_its_own() -> None:
    english = texts("en").messages
    dutch = {text for table, _ in CODES for text in table.values() if text} | {state_words.UNKNOWN}
    assert sorted(text for text in dutch if english.get(text, text) == text) == []


def test_reasons_of_an_unknown_pose_are_reasons_to_blank() -> None:
    reasons = get_args(PoseUnknown.__annotations__["reason"])
    assert set(reasons) <= set(get_args(BlankReason))


def test_a_recording_fault_of_the_capture_process_arrives_as_a_code() -> None:
    camera = Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1/a", masks="none")
    main = stream_status(recording="fault", recording_detail="full: 3 MiB free", recording_reason="disk")
    state = camera_state(camera, camera_status("markt-01", main=main), 0, None, None)
    assert (state.rec, state.rec_reason, state.rec_detail) == ("fault", "disk", "main: full: 3 MiB free")
