"""A lift needs all of it: asked for, granted in time by somebody else, a reason, a case, this camera, this interval."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vms.rules.lifting import LASTS, MaskLift, lift_of
from vms.rules.requests import FootageRequest, refuse_decision, safe_cell

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
START, END = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
GRANTED = FootageRequest(
    id=7, organisation="Politie", requester="B. Smits", case_number="PL1", legal_basis="art. 126nd Sv",
    recipient="OvJ", cameras=("markt-01",), start_at=START, end_at=END, note="gezicht onder het masker",
    unmasked=True, created_by="e.officer", created_at=NOW, state="granted", decided_by="p.officer",
    decided_at=NOW, reason="", receipt="", received_by=None, received_at=None,
)  # fmt: skip


def test_what_is_complete_lifts_the_masks_of_that_camera_and_time() -> None:
    lift = lift_of(GRANTED, "markt-01", START, END, NOW)
    assert lift == MaskLift(7, "markt-01", "PL1", "gezicht onder het masker", "e.officer", "p.officer")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"unmasked": False}, "not_asked"),
        ({"state": "asked", "decided_by": None, "decided_at": None}, "not_granted"),
        ({"state": "refused"}, "not_granted"),
        ({"decided_by": None}, "second_person"),
        ({"decided_by": "e.officer"}, "second_person"),
        ({"decided_by": " E.Officer"}, "second_person"),
        ({"note": "  kort  "}, "reason"),
        ({"case_number": " "}, "case"),
        ({"cameras": ("plein-01",)}, "camera"),
        ({"end_at": END - timedelta(microseconds=1)}, "interval"),
        ({"start_at": START + timedelta(microseconds=1)}, "interval"),
        ({"decided_at": NOW - LASTS}, "over"),
        ({"decided_at": NOW + timedelta(seconds=1)}, "over"),
    ],
)
def test_whatever_lacks_leaves_the_masks_on(changes: dict[str, Any], refusal: str) -> None:
    assert lift_of(replace(GRANTED, **changes), "markt-01", START, END, NOW) == refusal


def test_a_decision_is_made_once_by_another_and_refusing_needs_a_reason() -> None:
    asked = replace(GRANTED, state="asked", decided_by=None, decided_at=None)
    assert refuse_decision(asked, "granted", "p.officer", "") is None
    assert refuse_decision(asked, "granted", "e.officer", "") == "second_person"
    assert refuse_decision(asked, "granted", " E.Officer", "") == "second_person", "however the name is spelled"
    assert refuse_decision(asked, "refused", "p.officer", " ") == "reason_missing"
    assert refuse_decision(GRANTED, "refused", "x", "toch niet") == "request_decided"


@pytest.mark.parametrize(("typed", "cell"), [("=1", "'=1"), ("\tx", "'\tx"), ("PL1", "PL1"), ("", "")])
def test_a_formula_becomes_text(typed: str, cell: str) -> None:
    assert safe_cell(typed) == cell
