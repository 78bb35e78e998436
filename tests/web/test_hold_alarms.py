from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vms.store.holds import EvidenceHold
from web.hold_alarms import HoldAlarmWatch

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOLD = EvidenceHold(
    id=7, cameras=("markt-01",), start_at=NOW - timedelta(hours=2), end_at=NOW - timedelta(hours=1),
    case_number="PL 12", legal_basis="sv_126nd", requester="B. Smits", created_by="e.officer",
    review_at=NOW + timedelta(days=90),
    created_at=NOW, released_at=None, released_by=None, secured_at=None, secured_root=None, erased_at=None, problem="",
)  # fmt: skip


def test_a_hold_that_cannot_be_secured_is_told_once_and_so_is_its_recovery() -> None:
    watch = HoldAlarmWatch()
    failing = replace(HOLD, problem="the evidence store is 91 % full")
    assert watch.look([HOLD], NOW) == []
    [alarm] = watch.look([failing], NOW)
    assert (alarm.code, alarm.detail) == ("evidence_fault", "the evidence store is 91 % full")
    assert "7" in alarm.text_nl
    assert "PL 12" not in f"{alarm}"
    assert watch.look([failing], NOW) == []
    assert [one.code for one in watch.look([HOLD], NOW)] == ["evidence_back"]


def test_a_review_that_is_due_is_told_once() -> None:
    watch = HoldAlarmWatch()
    due = replace(HOLD, review_at=NOW)
    assert [one.code for one in watch.look([due], NOW)] == ["hold_review"]
    assert watch.look([due], NOW) == []
    assert watch.look([replace(due, review_at=NOW + timedelta(days=1))], NOW) == []
    assert [one.code for one in watch.look([due], NOW)] == ["hold_review"]


def test_many_at_once_are_one_alarm() -> None:
    failing = [replace(HOLD, id=number, problem="not mounted") for number in range(1, 6)]
    [alarm] = HoldAlarmWatch().look(failing, NOW)
    assert alarm.text_en == "Footage cannot be secured: hold 1, 2, 3 +2"
