"""The observers' incident register over HTTP: who writes and reads it, what is refused where, and its figures."""

import csv
import io
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OPEN, TURNING, Site
from vms.clock import now_utc
from vms.rules.grants import Grant
from vms.rules.incidents import FIRST_SEEN, FOLLOW_UPS, STATUSES, NoteHint
from vms.store import grants, incident_categories
from vms.store.schema_incidents import IncidentRow
from vms.units import us_from_utc, utc_from_us
from web import incident_words

S = 1_000_000
YEAR = utc_from_us(T0_US).year


def category(site: Site, name: str = "Winkeldiefstal") -> int:
    listed = site.client("observer").get("/api/incidents/categories", params={"year": YEAR}).json()["categories"]
    return next(each["id"] for each in listed if each["name"] == name)


def register(site: Site, role: str = "observer", key: str | None = None, **change: Any) -> Any:
    body = {"cameras": [MASKED], "category": category(site), "follow_ups": {"aanhouding": 1}, **change}
    headers = {"Idempotency-Key": key} if key else {}
    return site.client(role).post("/api/incidents", json=body, headers=headers)


def registered(site: Site, **change: Any) -> dict[str, Any]:
    answer = register(site, **change)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_incident_keeps_time_cameras_category_counts_and_trail_and_is_audited(site: Site) -> None:
    observer = site.client("observer")
    step = {"came_from": OPEN, "to": MASKED, "since_us": T0_US - 10 * S}
    trail = observer.post("/api/trails/steps", json=step).json()["trail"]
    made = registered(
        site,
        at_us=T0_US - 5 * S,
        cameras=[MASKED, OPEN, MASKED],
        trail=trail["id"],
        first_seen="police",
        requester="meldkamer",
        follow_ups={"loos": 0, "aanhouding": 2, "gecontroleerd": 85, "fiets terug": 1},
        note="  man in\nrode jas ",
        project="Hoover",
    )
    assert (made["at_us"], made["cameras"], made["category_name"]) == (T0_US - 5 * S, [MASKED, OPEN], "Winkeldiefstal")
    assert made["trail"] == trail["steps"]
    assert list(made["follow_ups"].items()) == [("gecontroleerd", 85), ("aanhouding", 2), ("fiets terug", 1)]
    assert (made["note"], made["project"], made["status"]) == ("man in rode jas", "Hoover", "followed_up")
    assert site.client("police_reviewer").get(f"/api/incidents/{made['id']}").json() == made | {"mine": False}
    [row] = site.audit("incidents.write")
    assert (row.object, row.detail["cameras"]) == (f"incident:{made['id']}", f"{MASKED},{OPEN}")
    assert "rode jas" not in str(row.detail)


def test_a_note_that_looks_like_personal_data_is_kept_and_hinted_at(site: Site) -> None:
    made = registered(site, note="kenteken AB-123-C")
    assert (made["note"], made["note_hints"]) == ("kenteken AB-123-C", ["plate"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": None}, "category"),
        ({"category": 10**6}, "category"),
        ({"at_us": T0_US + 3 * S}, "at_us"),
        ({"at_us": T0_US - 32 * 86_400 * S}, "at_us"),
        ({"cameras": []}, "cameras"),
        ({"follow_ups": {"aanhouding": -1}}, "follow_ups"),
        ({"follow_ups": {"=cmd|' /C calc'!A0": 1}}, "follow_ups"),
        ({"trail": 999}, "trail"),
        ({"first_seen": "neighbour"}, "first_seen"),
        ({"note": "x\u202ey"}, "note"),
        ({"note": "x" * 501}, "note"),
        ({"status": "closed"}, "status"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(steady_site: Site, change: dict[str, Any], field: str) -> None:
    answer = register(steady_site, **change)
    assert answer.status_code == 422
    assert field in answer.json()["fields"], answer.text


def test_all_that_is_wrong_is_named_at_once(steady_site: Site) -> None:
    answer = register(steady_site, category=None, follow_ups={"loos": 1000}, at_us=T0_US + 9 * S).json()
    assert set(answer["fields"]) == {"category", "follow_ups", "at_us"}
    assert answer["fields"]["category"]["nl"] == "Kies een categorie."


def test_a_camera_that_is_not_there_and_somebody_elses_trail_are_refused(site: Site) -> None:
    step = {"came_from": OPEN, "to": MASKED, "since_us": T0_US}
    trail = site.client("police_reviewer").post("/api/trails/steps", json=step).json()["trail"]
    assert register(site, cameras=["nergens"]).json()["code"] == "unknown_camera"
    assert set(register(site, trail=trail["id"]).json()["fields"]) == {"trail"}


def test_what_is_sent_twice_under_a_key_is_registered_once(site: Site) -> None:
    first, again = (register(site, key="abc-1", note="één", at_us=T0_US) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = register(site, key="abc-1", note="twee", at_us=T0_US).json()
    assert (other["code"], other["incident"]) == ("key_reused", first.json()["id"])
    assert set(register(site, key="no spaces").json()["fields"]) == {"idempotency-key"}
    assert len(site.audit("incidents.write")) == 1
    assert registered(site, key="abc-2", note="één", at_us=T0_US)["id"] != first.json()["id"]


def test_it_goes_from_open_to_followed_up_to_closed_and_never_back(site: Site) -> None:
    observer = site.client("observer")
    made = registered(site, follow_ups={})
    path = f"/api/incidents/{made['id']}"
    assert made["status"] == "open"
    done = observer.patch(path, json={"revision": 1, "status": "followed_up", "follow_ups": {"ambulance": 1}}).json()
    assert (done["status"], done["follow_ups"], done["revision"]) == ("followed_up", {"ambulance": 1}, 2)
    assert observer.patch(path, json={"revision": 2, "status": "open"}).json()["code"] == "incident_backwards"
    assert observer.patch(path, json={"revision": 1, "note": "oud"}).json()["code"] == "incident_changed"
    wrong = observer.patch(path, json={"revision": 2, "follow_ups": {"ambulance": 1000}})
    assert set(wrong.json()["fields"]) == {"follow_ups"}
    assert observer.patch(path, json={"revision": 2, "status": "closed"}).json()["status"] == "closed"
    assert observer.patch(path, json={"revision": 3, "note": "nog"}).json()["code"] == "incident_closed"
    assert [row.detail["status"] for row in site.audit("incidents.change")] == ["followed_up", "closed"]
    assert observer.get("/api/incidents/99").status_code == 404


def test_the_list_is_by_time_and_narrows_by_day_camera_category_status_and_mine(site: Site) -> None:
    old = registered(site, at_us=T0_US - 86_400 * S, cameras=[OPEN], follow_ups={})
    new = registered(site, category=category(site, "Wildplassen"))
    reader = site.client("shift_manager")

    def ids(**query: Any) -> list[int]:
        return [each["id"] for each in reader.get("/api/incidents", params=query).json()["incidents"]]

    assert ids() == [new["id"], old["id"]]
    assert ids(camera=OPEN) == ids(status="open") == ids(category=old["category"]) == [old["id"]]
    assert ids(**{"from": utc_from_us(T0_US - S).isoformat()}) == [new["id"]]
    assert ids(to=utc_from_us(T0_US - S).isoformat()) == [old["id"]]
    assert ids(mine="true") == []
    assert ids(before=new["id"]) == [old["id"]]
    assert ids(before=999) == []
    mine = site.client("observer").get("/api/incidents", params={"mine": "true"}).json()
    assert (len(mine["incidents"]), mine["before"]) == (2, None)


def test_long_lists_go_on_where_they_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.incident_register.PAGE", 2)
    made = [registered(site, at_us=T0_US)["id"] for _ in range(3)]
    first = site.client("observer").get("/api/incidents").json()
    assert [each["id"] for each in first["incidents"]] == made[:0:-1]
    rest = site.client("observer").get("/api/incidents", params={"before": first["before"]}).json()
    assert ([each["id"] for each in rest["incidents"]], rest["before"]) == (made[:1], None)


def test_the_file_for_a_spreadsheet_runs_nothing_that_somebody_typed(site: Site) -> None:
    registered(site, note="=HYPERLINK(1)", requester="+31", project="@som", follow_ups={"loos": 2})
    answer = site.client("policy_officer").get("/api/incidents/register.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    [head, row] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    told = dict(zip(head, row, strict=True))
    assert (told["notitie"], told["aanvrager"], told["project"]) == ("'=HYPERLINK(1)", "'+31", "'@som")
    assert told["categorie"] == "Winkeldiefstal"
    assert [entry.actor for entry in site.audit("incidents.export")] == ["token:policy_officer"]


def test_only_observers_write_in_their_shift_and_who_manages_or_looks_back_reads() -> None:
    site = Site(shifts={"required": True})
    try:
        observer = site.browser("observer")
        body = {"cameras": [MASKED], "category": category(site)}
        assert observer.post("/api/incidents", json=body).json()["code"] == "shift_required"
        assert observer.get("/api/incidents").status_code == 200
        observer.post("/api/shifts", json={"coordinator": "B. Smits", "workstation": "Werkplek 1"})
        assert observer.post("/api/incidents", json=body).status_code == 201
        assert site.client("police_reviewer").post("/api/incidents", json=body).status_code == 403
        with site.store.reading() as tx:
            assert tx.get_one(IncidentRow, 1).shift_id == 1
    finally:
        site.close()


def test_who_has_a_part_of_the_cameras_reads_and_counts_those_alone() -> None:
    site = Site({MASKED: {"area": "Haven"}})
    try:
        here, there = registered(site)["id"], registered(site, cameras=[OPEN])["id"]
        site.client("observer").post("/api/trails/steps", json={"came_from": OPEN, "to": MASKED, "since_us": T0_US - S})
        trail = site.client("observer").get("/api/trails/mine").json()["trail"]
        followed = registered(site, trail=trail["id"])["id"]
        for role in ("observer", "shift_manager"):
            give(site, f"token:{role}", role, "Haven")
        reader = site.client("shift_manager")
        seen = reader.get("/api/incidents").json()["incidents"]
        assert {each["id"] for each in seen} == {here, followed}
        assert [step["camera"] for each in seen for step in each["trail"]] == [MASKED]
        assert reader.get(f"/api/incidents/{there}").status_code == 403
        assert reader.get("/api/incidents", params={"camera": OPEN}).status_code == 403
        assert reader.get("/api/incidents/figures", params={"year": YEAR}).json()["total"] == 2
        assert reader.post("/api/incidents/categories", json={"name": "X"}).status_code == 403
        observer = site.client("observer")
        assert observer.patch(f"/api/incidents/{there}", json={"revision": 1, "note": "x"}).status_code == 403
        assert register(site, cameras=[MASKED, OPEN]).status_code == 403
    finally:
        site.close()


def give(site: Site, holder: str, role: str, area: str) -> None:
    now = now_utc(site.clock)
    with site.store.transaction() as tx:
        grants.give(tx, holder, Grant(id=0, role=role, group=area, start_us=us_from_utc(now)), "test", now)


def test_figures_map_the_year_before_and_a_category_that_ended_is_not_offered(site: Site) -> None:
    """T0 lies in a year; the next one begins with a renamed category."""
    registered(site)
    registered(site, follow_ups={})
    keeper = site.client("policy_officer")
    old = category(site)
    made = keeper.post(
        "/api/incidents/categories", json={"name": "Diefstal uit winkel", "first_year": YEAR + 1, "replaces": [old]}
    ).json()
    site.clock.advance((us_from_utc(datetime(YEAR + 1, 1, 2, tzinfo=UTC)) - site.clock.now_us()) / 1e6)
    assert set(register(site, category=old).json()["fields"]) == {"category"}
    registered(site, category=made["id"], follow_ups={"aanhouding": 3})
    figures = keeper.get("/api/incidents/figures", params={"year": YEAR + 1}).json()
    [line] = [each for each in figures["categories"] if each["total"]]
    assert (line["name"], line["total"], line["previous"]) == ("Diefstal uit winkel", 1, 2)
    assert (line["followed_up"], line["follow_ups"]) == (1, {"aanhouding": 3})
    assert (figures["total"], figures["previous"]) == (1, 2)
    kept = site.client("observer").get("/api/incidents", params={"category": old}).json()["incidents"]
    assert {each["category_name"] for each in kept} == {"Winkeldiefstal"}
    path = f"/api/incidents/categories/{made['id']}"
    assert keeper.patch(path, json={"last_year": YEAR}).json()["fields"].keys() == {"last_year"}
    assert keeper.patch(f"/api/incidents/categories/{old}", json={"last_year": YEAR - 1}).json()["code"] == (
        "category_used"
    )
    assert [row.detail["category"] for row in site.audit("incidents.categories")] == ["Diefstal uit winkel"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Winkeldiefstal", "first_year": 2027}, "name"),
        ({"name": "Nieuw", "first_year": 1999}, "first_year"),
        ({"name": "Nieuw", "first_year": 2027, "replaces": [10**6]}, "replaces"),
        ({"name": "N", "first_year": 2027}, "name"),
    ],
)
def test_a_category_that_cannot_be_is_refused_at_its_field(steady_site: Site, body: dict[str, Any], field: str) -> None:
    answer = steady_site.client("shift_manager").post("/api/incidents/categories", json=body)
    assert field in answer.json()["fields"], answer.text
    with steady_site.store.reading() as tx:
        assert all(each.name not in ("Nieuw", "N") for each in incident_categories.all_(tx))


def test_who_looks_back_finds_incidents_on_each_camera_of_theirs_at_its_time(site: Site) -> None:
    step = {"came_from": OPEN, "to": TURNING, "since_us": T0_US - 20 * S}
    trail = site.client("observer").post("/api/trails/steps", json=step).json()["trail"]
    site.clock.advance(5)
    made = registered(site, cameras=[TURNING], at_us=T0_US + 5 * S, trail=trail["id"])
    police = site.client("police_reviewer")
    consultation = police.post("/api/consultations", json={"purpose": "heterdaad", "reference": "BVH 2026-1"}).json()

    def at(camera: str) -> list[tuple[int, int, str]]:
        query = {
            "camera": camera,
            "from_us": T0_US - 60 * S,
            "to_us": T0_US + 60 * S,
            "consultation": consultation["id"],
        }
        found = police.get("/api/coverage", params=query).json()["incidents"]
        return [(each["id"], (each["at_us"] - T0_US) // S, each["category_name"]) for each in found]

    assert at(TURNING) == [(made["id"], 5, "Winkeldiefstal")]  # not also where its trail comes along
    assert at(OPEN) == [(made["id"], -20, "Winkeldiefstal")]
    assert at(MASKED) == []


def test_every_code_of_the_register_has_its_text() -> None:
    assert list(incident_words.STATUS) == list(STATUSES)
    assert list(incident_words.FIRST_SEEN) == list(FIRST_SEEN)
    assert list(incident_words.FOLLOW_UP) == list(FOLLOW_UPS)
    assert set(incident_words.NOTE_HINT) == set(get_args(NoteHint))


def test_its_history_says_who_did_what_when_and_of_a_note_only_that_it_changed(site: Site) -> None:
    observer = site.client("observer")
    made = registered(site, follow_ups={}, note="zwart AB-123-C")
    path = f"/api/incidents/{made['id']}"
    site.clock.advance(60)
    observer.patch(
        path, json={"revision": 1, "status": "followed_up", "follow_ups": {"loos": 1}, "note": "zwarte auto"}
    )
    answer = site.client("policy_officer").get(f"{path}/history")
    first, second = answer.json()["history"]
    assert (first["revision"], first["by"], first["status"], first["changed"]) == (1, "token:observer", "open", [])
    assert (second["at_us"] - first["at_us"], second["follow_ups"]) == (60 * S, {"loos": 1})
    assert second["changed"] == ["follow_ups", "note", "status"]
    assert (second["category_name"], "auto" in answer.text) == ("Winkeldiefstal", False)


def test_a_note_is_hinted_at_before_it_is_sent_and_nothing_of_it_is_kept(site: Site) -> None:
    answer = site.client("observer").post("/api/incidents/note-hints", json={"note": "mw. Jansen, AB-123-C"})
    assert answer.json() == {"note_hints": ["plate", "person_name"]}
    assert site.client("observer").get("/api/incidents").json()["incidents"] == []
