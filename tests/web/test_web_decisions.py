"""The register over HTTP: who may read and write it, and what comes of a change."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.web.served_site import MASKED, OFFER, OPEN, TURNING, Site, eventually
from vms.clock import now_utc
from vms.decision_register import DecisionPublisher
from vms.store import decisions
from vms.units import us_from_utc

PERIOD = [{"start": "2026-11-10", "end": "2026-12-31"}]
MARKT: dict[str, Any] = {
    "kind": "designation",
    "decided_on": ["2026-11-01"],
    "registration_numbers": ["135777"],
    "locations": ["Markt"],
    "periods": PERIOD,
    "flex": 1,
}
ENFORCED = {"enforce": True}


@pytest.fixture
def gated() -> Iterator[Site]:
    """Gates; the camera on the market square has an area."""
    made = Site({MASKED: {"area": "Markt"}}, decisions=ENFORCED)
    yield made
    made.close()


def register(site: Site) -> dict[str, Any]:
    answer = site.client("privacy_officer").get("/api/decisions")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_decision_is_written_down_read_and_corrected_with_its_history(gated: Site) -> None:
    clerk = gated.client("policy_officer")
    made = clerk.post("/api/decisions", json=MARKT)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    (known,) = register(gated)["decisions"]
    assert (known["label"], known["state"], known["cameras"]) == ("135777", "active", [MASKED])
    change = {"reason": "aantal vergeten", "document": {"flex": 2}}
    assert clerk.patch(f"/api/decisions/{number}", json=change).json()["version"] == 2
    told = clerk.get(f"/api/decisions/{number}").json()
    assert told["document"]["flex"] == 2
    assert told["document"]["locations"] == ["Markt"]
    assert [(each["version"], each["reason"]) for each in told["history"]] == [(1, ""), (2, "aantal vergeten")]
    assert [entry.action for entry in gated.audit() if entry.action.startswith("decisions.")][:2] != []
    assert gated.audit("decisions.correct")[0].detail == {"reason": "aantal vergeten"}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "wish"},
        {"kind": None},
        {"decided_on": ["19dec22"]},
        {"periods": [{"start": "morgen"}]},
        {"outline": [[51.0, 6.0], [51.1, 6.1]]},
        {"cameras": ["nergens-01"]},
        {"publication_url": "javascript:alert(1)"},
        {"surprise": 1},
    ],
)
def test_what_is_no_decision_is_refused_with_its_reason(steady_site: Site, changes: dict[str, Any]) -> None:
    answer = steady_site.client("policy_officer").post("/api/decisions", json=MARKT | changes)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


def test_decisions_and_gates_of_one_answer_are_of_one_moment(gated: Site) -> None:
    with gated.store.transaction() as tx:
        decisions.add(tx, MARKT, "command line", now_utc(gated.clock))
    told = register(gated)
    gates = {camera["id"]: camera["gate"] for area in told["areas"] for camera in area["cameras"]}
    assert [known["cameras"] for known in told["decisions"]] == [[MASKED]]
    assert gates[MASKED] == "open"


def test_a_decision_that_nobody_knows_is_not_found(steady_site: Site) -> None:
    clerk = steady_site.client("policy_officer")
    assert clerk.get("/api/decisions/99").status_code == 404
    assert clerk.patch("/api/decisions/99", json={"reason": "x", "document": {}}).status_code == 404


def test_a_privacy_officer_reads_and_does_not_write(steady_site: Site) -> None:
    answer = steady_site.client("privacy_officer").post("/api/decisions", json=MARKT)
    assert answer.status_code == 403
    assert steady_site.client("observer").get("/api/decisions").status_code == 403


def test_an_area_shows_its_cameras_and_when_its_signs_were_seen(gated: Site) -> None:
    clerk = gated.client("policy_officer")
    clerk.post("/api/decisions", json=MARKT)
    areas = {area["name"]: area for area in register(gated)["areas"]}
    assert areas["Markt"]["signs"] is None
    assert [(c["id"], c["gate"], c["decision"]) for c in areas["Markt"]["cameras"]] == [(MASKED, "open", "135777")]
    assert {c["id"]: c["gate"] for c in areas[""]["cameras"]}[OPEN] == "none"
    seen = {"area": "Markt", "checked_on": "2026-11-12", "note": "vier borden, foto in map 12"}
    assert clerk.post("/api/decisions/signs", json=seen).status_code == 201
    assert clerk.post("/api/decisions/signs", json=seen | {"area": "Mars"}).status_code == 404
    areas = {area["name"]: area for area in register(gated)["areas"]}
    assert areas["Markt"]["signs"]["checked_on"] == "2026-11-12"


def test_a_site_that_does_not_gate_says_so_and_holds_back_nothing(steady_site: Site) -> None:
    told = register(steady_site)
    assert told["enforce"] is False
    assert {camera["gate"] for area in told["areas"] for camera in area["cameras"]} == {"open"}


def test_what_an_imported_row_leaves_unclear_stays_visible(gated: Site) -> None:
    late = MARKT | {"decided_on": ["2026-11-12"], "registration_numbers": [], "note": "zonder nummer gedrukt"}
    gated.client("policy_officer").post("/api/decisions", json=late)
    (known,) = register(gated)["decisions"]
    assert known["unclear"] == ["decided_after_start", "no_number", "source_note"]
    assert known["document"]["note"] == "zonder nummer gedrukt"


def start(site: Site, camera: str) -> Any:
    return site.client("observer").post(f"/whep/{camera}", content=OFFER, headers={"Content-Type": "application/sdp"})


def test_outside_a_decision_every_way_to_a_picture_of_now_is_refused(gated: Site) -> None:
    observer, drawer = gated.client("observer"), gated.browser("privacy_officer")
    gated.client("policy_officer").post("/api/decisions", json=MARKT)
    session = start(gated, MASKED).headers["location"].rsplit("/", 1)[1]
    still = {"reason": "tekenen"}
    answers = [
        start(gated, OPEN),
        observer.patch(f"/api/live/{session}", json={"camera": OPEN}),
        observer.get(f"/api/cameras/{OPEN}/snapshot"),
        drawer.post(f"/api/cameras/{OPEN}/masks/still", json=still),
        observer.post(f"/api/cameras/{TURNING}/ptz/lock"),
        observer.post(f"/api/cameras/{TURNING}/ptz/move", json={"pan": 0.1}),
        observer.post(f"/api/cameras/{TURNING}/ptz/goto", json={"preset": "1"}),
        observer.post(f"/api/cameras/{TURNING}/ptz/home"),
        observer.post(f"/api/cameras/{TURNING}/ptz/look", json={"x": 0.5, "y": 0.5}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "decision_missing")] * 9
    refused = gated.audit("live.watch", "refused")
    assert {(row.object, row.detail["reason"]) for row in refused} == {(f"camera:{OPEN}", "decision_missing")}


def test_a_decision_opens_a_camera_and_a_withdrawal_closes_it_at_once(gated: Site) -> None:
    clerk = gated.client("policy_officer")
    assert start(gated, MASKED).json()["code"] == "decision_missing"
    clerk.post("/api/decisions", json=MARKT)
    assert start(gated, MASKED).status_code == 201
    ends = {"kind": "withdrawal", "decided_on": ["2026-11-18"], "cites_numbers": ["135777"]}
    clerk.post("/api/decisions", json=ends | {"periods": [{"start": "2026-11-18T11:00"}]})
    refused = start(gated, MASKED)
    assert refused.status_code == 403
    assert (refused.json()["code"], refused.json()["decision"]) == ("decision_expired", "135777")
    state = gated.client("observer").get("/api/status").json()
    markt = state["cameras"][MASKED]
    assert (markt["gate"], markt["decision"]) == ("expired", "135777")
    assert markt["gate_since_us"] == us_from_utc(datetime(2026, 11, 18, 10, 0, tzinfo=UTC))


def test_a_correction_closes_and_opens_without_a_restart(gated: Site) -> None:
    clerk = gated.client("policy_officer")
    number = clerk.post("/api/decisions", json=MARKT).json()["id"]
    later = {"reason": "begint later", "document": {"periods": [{"start": "2026-12-01", "end": "2026-12-31"}]}}
    clerk.patch(f"/api/decisions/{number}", json=later)
    assert start(gated, MASKED).json()["code"] == "decision_pending"
    clerk.patch(f"/api/decisions/{number}", json={"reason": "toch niet", "document": {"periods": PERIOD}})
    assert start(gated, MASKED).status_code == 201


def test_what_another_process_writes_into_the_register_works_within_seconds(gated: Site) -> None:
    with gated.store.transaction() as tx:
        decisions.add(tx, MARKT, "command line", now_utc(gated.clock))
    eventually(lambda: start(gated, MASKED).status_code == 201)


def test_a_web_process_that_starts_knows_what_is_open_before_the_database_answers(
    gated: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated.client("policy_officer").post("/api/decisions", json=MARKT)
    gated.stop_web()
    answers = threading.Event()
    monkeypatch.setattr(DecisionPublisher, "publish", lambda _: answers.wait(10))
    gated.start_web()
    try:
        assert start(gated, MASKED).status_code == 201
    finally:
        answers.set()
