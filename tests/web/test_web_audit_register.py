"""Filters, file and kept questions of the audit log; alerts and the review of log-ins."""

import csv
import io
from datetime import timedelta

import pytest

from tests.web.served_site import OPEN, Site
from vms.clock import now_utc
from vms.store import audit
from vms.store.audit import AuditEntry


def write(site: Site, actor: str, action: str, object_: str, ago: timedelta = timedelta(0), **detail: str) -> None:
    refused = detail.pop("result", "") == "refused"
    entry = AuditEntry(
        at=now_utc(site.clock) - ago, actor=actor, roles=("admin",), action=action, object=object_,
        result="refused" if refused else "allowed", detail=detail, workstation="10.0.0.7",
    )  # fmt: skip
    with site.store.transaction() as tx:
        audit.append(tx, entry)


def test_rows_are_asked_for_by_person_act_camera_outcome_and_day(site: Site) -> None:
    write(site, "observer", "live.watch", f"camera:{OPEN}", timedelta(days=3))
    write(site, "observer", "footage.view", "segment:3", camera=OPEN, result="refused")
    write(site, "admin", "login", "user:admin")
    client = site.client("privacy_officer")
    local_day = f"{now_utc(site.clock) - timedelta(days=3):%Y-%m-%d}"

    def found(query: str) -> list[int]:
        return [row["seq"] for row in client.get(f"/api/audit?{query}").json()["rows"] if row["seq"] <= 3]

    assert found("") == [3, 2, 1]
    assert found(f"camera={OPEN}") == [2, 1]
    assert found("result=refused") == [2]
    assert found(f"from={local_day}&to={local_day}") == [1]
    assert found(f"from={local_day}&actor=admin&action=login") == [3]
    assert client.get("/api/audit?from=22-11-2026").status_code == 422
    assert client.get("/api/audit?from=2026-99-99").status_code == 422
    told = site.audit("audit.read")[1].detail
    assert told["about"] == OPEN


def test_the_file_has_what_was_asked_and_no_formula(site: Site) -> None:
    write(site, "=cmd()", "login", "user:=cmd()", result="refused")
    write(site, "b", "live.watch", f"camera:{OPEN}", note="+1;2\n@x")
    client = site.client("shift_manager")
    answer = client.get("/api/audit/register.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [row["nr"] for row in rows] == ["3", "2", "1"]
    assert rows[0]["handeling"] == "auditlog als bestand"
    assert (rows[2]["wie"], rows[2]["uitkomst"], rows[2]["handeling"]) == ("'=cmd()", "geweigerd", "inloggen")
    assert (rows[1]["camera"], rows[1]["bijzonderheden"][0]) == (OPEN, "{")
    assert all(cell[:1] not in "=+-@\t\r" or not cell for row in rows for cell in row.values())
    asked = client.get(f"/api/audit/register.csv?camera={OPEN}").content.decode("utf-8-sig")
    assert len(asked.splitlines()) == 2
    assert site.client("observer").get("/api/audit/register.csv").status_code == 403


def test_the_file_goes_on_over_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.audit_register._PAGE", 2)
    monkeypatch.setattr("web.api.audit_register.MOST_ROWS", 4)
    for number in range(6):
        write(site, f"p{number}", "login", "user:x")
    text = site.client("shift_manager").get("/api/audit/register.csv?action=login").content.decode("utf-8-sig")
    assert [line.split(";")[0] for line in text.splitlines()] == ["nr", "6", "5", "4", "3"], "and no more than allowed"


def test_questions_are_kept_for_who_asked_them(site: Site) -> None:
    manager, officer = site.browser("shift_manager"), site.browser("privacy_officer")
    made = manager.post("/api/audit/queries", json={"name": "Nacht", "filters": {"actor": "a", "from": "2026-11-01"}})
    assert made.status_code == 201
    again = manager.post("/api/audit/queries", json={"name": " Nacht ", "filters": {"result": "refused"}}).json()
    assert again == {"id": made.json()["id"], "name": "Nacht", "filters": {"result": "refused"}}
    assert manager.get("/api/audit/queries").json()["queries"] == [again]
    assert officer.get("/api/audit/queries").json()["queries"] == []
    officer.delete(f"/api/audit/queries/{again['id']}")
    assert len(manager.get("/api/audit/queries").json()["queries"]) == 1
    assert manager.delete(f"/api/audit/queries/{again['id']}").status_code == 204
    assert manager.get("/api/audit/queries").json()["queries"] == []
    assert manager.post("/api/audit/queries", json={"name": "x", "filters": {"sql": "1"}}).status_code == 422


def test_a_pattern_becomes_an_alert_that_somebody_else_looks_into_once(site: Site) -> None:
    for _ in range(10):
        write(site, "shift_manager", "login", "user:shift_manager", result="refused")
    services = site.app.state.services
    assert services.patterns.look() == 1
    write(site, "shift_manager", "login", "user:shift_manager", result="refused")
    assert services.patterns.look() == 0, "the same one, with its new figure"
    manager, officer = site.browser("shift_manager"), site.browser("privacy_officer")
    [alert] = officer.get("/api/oversight/alerts").json()["alerts"]
    assert (alert["code"], alert["actor"], alert["figure"], alert["bound"]) == (
        "refused_often",
        "shift_manager",
        11,
        10,
    )
    own = manager.patch(f"/api/oversight/alerts/{alert['id']}", json={"note": "dat was ik"})
    assert (own.status_code, own.json()["code"]) == (403, "second_person")
    done = officer.patch(f"/api/oversight/alerts/{alert['id']}", json={"note": "wachtwoord vergeten"}).json()
    assert (done["handled_by"], done["note"]) == ("privacy_officer", "wachtwoord vergeten")
    assert officer.patch("/api/oversight/alerts/99", json={"note": "niets"}).status_code == 404
    write(site, "shift_manager", "login", "user:shift_manager", result="refused")
    assert services.patterns.look() == 0
    assert officer.get("/api/oversight/alerts").json()["alerts"][0]["figure"] == 11, "as it was handled"
    for _ in range(8):  # the one above, and the refusal to handle it, count too
        write(site, "shift_manager", "login", "user:shift_manager", result="refused")
    assert (services.patterns.look(), services.patterns.look()) == (1, 0), "as many again"
    assert [one["figure"] for one in officer.get("/api/oversight/alerts").json()["alerts"]] == [10, 11]
    assert [(row.result, row.detail.get("note")) for row in site.audit("audit.alert")] == [
        ("refused", None),
        ("allowed", "wachtwoord vergeten"),
    ]


def test_an_alert_about_ones_own_name_as_it_was_typed_at_the_door_is_ones_own(site: Site) -> None:
    for _ in range(10):
        site.client().post("/api/login", json={"username": " Shift_Manager", "password": "met-caps-lock"})
        site.clock.advance(120)
    services = site.app.state.services
    assert services.patterns.look() >= 1
    manager, officer = site.browser("shift_manager"), site.browser("privacy_officer")
    [alert] = officer.get("/api/oversight/alerts").json()["alerts"]
    assert alert["actor"].strip() == "Shift_Manager"
    own = manager.patch(f"/api/oversight/alerts/{alert['id']}", json={"note": "dat was ik"})
    assert (own.status_code, own.json().get("code")) == (403, "second_person")
    assert officer.patch(f"/api/oversight/alerts/{alert['id']}", json={"note": "was verkeerd"}).status_code == 200


def test_a_shift_manager_signs_for_a_sample_of_log_ins_that_nobody_could_choose(site: Site) -> None:
    day = timedelta(days=1)
    for number in range(30):
        write(site, f"p{number:02}", "login", f"user:p{number:02}", 2 * day)
    for number in range(30, 35):
        write(site, f"p{number:02}", "login.break_glass", f"user:p{number:02}", 2 * day, reason="storing")
    write(site, "shift_manager", "login", "user:shift_manager", 2 * day)
    write(site, "shift_manager", "login.break_glass", "user:shift_manager", 2 * day)
    write(site, "Shift_Manager ", "login", "user:Shift_Manager ", 2 * day, result="refused")
    manager = site.browser("shift_manager")
    on = f"{now_utc(site.clock) - 2 * day:%Y-%m-%d}"
    path = f"/api/oversight/logins?from={on}&to={on}"
    drawn = manager.get(path).json()
    assert (len(drawn["rows"]), drawn["drawn_from"]) == (20, 35)
    assert {row["actor"] for row in drawn["rows"] if row["emergency"]} == {
        row["actor"] for row in drawn["rows"] if row["actor"] >= "p30"
    }
    assert drawn == manager.get(path).json()
    assert "shift_manager" not in [row["actor"].strip().lower() for row in drawn["rows"]]
    verdicts = [{"seq": row["seq"], "good": True} for row in drawn["rows"]]
    verdicts[0] |= {"good": False, "note": "was met verlof"}
    body = {"from": on, "to": on, "verdicts": verdicts, "note": "maandcontrole"}
    short = manager.post("/api/oversight/logins", json=body | {"verdicts": verdicts[1:]})
    assert (short.status_code, "verdicts" in short.json()["fields"]) == (422, True)
    signed = manager.post("/api/oversight/logins", json=body)
    assert signed.status_code == 201
    [review] = site.browser("privacy_officer").get("/api/oversight/reviews").json()["reviews"]
    assert (review["reviewer"], review["drawn"], review["drawn_from"]) == ("shift_manager", 20, 35)
    assert review["bad"] == [{"seq": verdicts[0]["seq"], "note": "was met verlof"}]
    [row] = site.audit("audit.review")
    assert (row.detail["drawn"], row.detail["findings"]) == (20, 1)
    today = f"{now_utc(site.clock):%Y-%m-%d}"
    assert manager.get(f"/api/oversight/logins?from={today}&to={today}").status_code == 422, "not over yet"
    assert site.browser("privacy_officer").get(path).status_code == 403
    assert manager.get("/api/oversight/logins?from=2020-01-01&to=2020-01-02").json() == {
        "seed": "", "drawn_from": 0, "rows": [],
    }  # fmt: skip
