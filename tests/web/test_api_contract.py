"""Whatever the API's description allows is answered as it says, to every role: no 5xx, no undescribed answer.

Each operation gets a few requests in every check, with numbers and times of the site mixed in, so that they get past
the door. UITKIJK_API_CASES=40 asks so many of each: a quarter of an hour.
"""

import os
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.served_site import MASKED, OPEN, TURNING, Site
from vms.clock import now_utc
from vms.rules.access import ROLES

CASES = int(os.environ.get("UITKIJK_API_CASES", "0"))
"""Of each operation for each role; 0: two, for one role: they take turns."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KNOWN_FAILURES = {502, 503, 507}
"""The live process is a fake, capture is not there, a login is hashed: an answer that says so is a right one."""
REAL: dict[str, list[Any]] = {"camera": [MASKED, OPEN, TURNING], "segment": [1, 2], "hold": [1], "request": [1, 2]}


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def as_text(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class Caller:
    """Asks as a role, and replaces some of what was made up by what the site has."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._chance = random.Random(3)
        consulting = ("police_reviewer", "evidence_officer")
        self._consultations = {role: site.consultation(site.client(role)) for role in consulting}

    def ask(self, case: Any, role: str) -> None:
        for values in (case.path_parameters, case.query, case.body):
            if isinstance(values, dict):
                self._make_real(values)
        headers = {"Authorization": f"Bearer token-{role}"}
        if role in self._consultations and self._chance.random() < 0.7:
            headers["X-Consultation"] = str(self._consultations[role])
        answer = case.call(headers=headers, timeout=30)
        checks = [check for check in CHECKS if check is not not_a_server_error or not told(answer)]
        case.validate_response(answer, checks=checks)

    def _make_real(self, values: dict[str, Any]) -> None:
        now = now_utc(self.site.clock)
        real = REAL | {
            "from_us": [self.site.clock.us - 3_600_000_000],
            "to_us": [self.site.clock.us - 3_540_000_000],
            "from": [(now - timedelta(hours=1)).isoformat()],
            "to": [(now - timedelta(minutes=59)).isoformat()],
            "cameras": [[MASKED]],
            "consultation": list(self._consultations.values()),
        }
        for name in real.keys() & values.keys():
            if self._chance.random() < 0.7:
                values[name] = self._chance.choice(real[name])


def told(answer: Any) -> bool:
    """A failure of somebody else, told in problem JSON: no bug."""
    return answer.status_code in KNOWN_FAILURES and answer.headers["content-type"] == ["application/problem+json"]


@pytest.fixture(scope="module")
def caller(steady_site: Site) -> Caller:
    steady_site.segment(OPEN, content=b"x" * 100)
    steady_site.segment(MASKED, content=b"y" * 100, profile="main")
    return Caller(steady_site)


def wrong_answers(caller: Caller, operation: Any, roles: Sequence[str]) -> str:
    """Of requests made up by its description; empty when there are none."""

    @settings(
        max_examples=max(2, CASES),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        for role in roles:
            caller.ask(case, role)

    try:
        ask()
    except (AssertionError, ExceptionGroup) as error:
        return f"{operation.label}: {error}"[:600]
    return ""


@pytest.mark.timeout(180 + 30 * CASES)
def test_every_operation_answers_as_described(caller: Caller) -> None:
    schema = schemathesis.openapi.from_url(f"{caller.site.url}/api/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 80
    turns = [ROLES if CASES else (ROLES[number % len(ROLES)],) for number in range(len(operations))]
    answers = (wrong_answers(caller, operation, roles) for operation, roles in zip(operations, turns, strict=True))
    assert [wrong for wrong in answers if wrong] == []


def test_a_failure_is_described_as_what_it_is(steady_site: Site) -> None:
    described = steady_site.client().get("/api/openapi.json").json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "application/problem+json" in answers["4XX"]["content"], (method, path)
            assert "422" not in answers, f"{method} {path}: FastAPI's own form of 422 is not what is answered"


def test_an_immense_number_is_wrong_input(steady_site: Site) -> None:
    client = steady_site.client("privacy_officer")
    for before in (2**63, 10**40):
        answer: httpx.Response = client.get("/api/audit", params={"before": before})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
