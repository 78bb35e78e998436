"""Requests for footage: asked, then granted or refused by a second person, then received. Pure.

The register only grows in meaning: what was decided is not decided again, what was received stays received.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from vms.rules.account_names import is_same_person

RequestState = Literal["asked", "granted", "refused"]
Verdict = Literal["granted", "refused"]
Refusal = Literal["request_decided", "second_person", "reason_missing", "request_not_granted", "request_received"]

FORMULA_STARTS: Final = "=+-@\t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """Who asks for which footage, in [start_at, end_at). recipient: who gets it, if that is somebody else.

    unmasked: without masks, for the reason in note: vms.rules.lifting.
    """

    organisation: str
    requester: str
    case_number: str
    legal_basis: str
    recipient: str
    cameras: tuple[str, ...]
    start_at: datetime
    end_at: datetime
    note: str
    unmasked: bool
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FootageRequest(NewRequest):
    """decided_*: by the second person. receipt: who took it, and on which paper; received_* when that was noted."""

    id: int
    created_at: datetime
    state: RequestState
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    receipt: str
    received_by: str | None
    received_at: datetime | None


def refuse_decision(request: FootageRequest, verdict: Verdict, by: str, reason: str) -> Refusal | None:
    """Why this person may not decide so now; None when they may. A refusal needs its reason."""
    if request.state != "asked":
        return "request_decided"
    if is_same_person(request.created_by, by):
        return "second_person"
    if verdict == "refused" and not reason.strip():
        return "reason_missing"
    return None


def refuse_export(request: FootageRequest) -> Refusal | None:
    return None if request.state == "granted" else "request_not_granted"


def refuse_receipt(request: FootageRequest) -> Refusal | None:
    if request.state != "granted":
        return "request_not_granted"
    return "request_received" if request.received_at is not None else None


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """month: YYYY-MM, in the site's time. given: granted, and received by who asked."""

    month: str
    asked: int
    granted: int
    refused: int
    given: int


def safe_cell(text: str) -> str:
    """A spreadsheet must not run what somebody typed: a formula becomes text."""
    return f"'{text}" if text[:1] and text[0] in FORMULA_STARTS else text
