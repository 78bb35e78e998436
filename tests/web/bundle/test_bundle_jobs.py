"""Requests, their decision by a second person, and the export that follows, over the real application."""

import csv
import io
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.web.bundle.evidence import Evidence, recorded_mp4
from tests.web.served_site import MASKED, OPEN, Site, eventually
from vms.clock import now_utc
from vms.store import bundles
from web import background, bundle_jobs
from web.bundle import workshop
from web.bundle.verify import verify_export

AGE = timedelta(hours=1)


@pytest.fixture(scope="module")
def mp4() -> bytes:
    return recorded_mp4(0)


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Nobody waits for the next round."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_jobs, "_IDLE_S", 0.1)
        patch.setattr(background, "_BUNDLES_EVERY_S", 0.1)
        yield


def with_footage(site: Site, mp4: bytes, evidence: Evidence) -> Site:
    """And with keys: an RSA key takes a while to find."""
    shutil.copy(evidence.config.export_key_file, site.config.export_key_file)
    site.live.clip = mp4
    site.segment(MASKED, age=AGE, content=mp4, profile="main")
    return site


@pytest.fixture
def stocked(quick: None, site: Site, mp4: bytes, evidence: Evidence) -> Site:
    return with_footage(site, mp4, evidence)


@pytest.fixture(scope="module")
def shared(quick: None, steady_site: Site, mp4: bytes, evidence: Evidence) -> Site:
    return with_footage(steady_site, mp4, evidence)


def wanted(site: Site, age: timedelta = AGE, **changes: Any) -> dict[str, Any]:
    start = now_utc(site.clock) - age
    known = {
        "organisation": "Politie Limburg", "requester": "B. Smits", "case_number": "PL2300-2026118822",
        "legal_basis": "art. 126nd Sv", "recipient": "Officier van Justitie", "cameras": [MASKED],
        "from": start.isoformat(), "to": (start + timedelta(seconds=30)).isoformat(),
    }  # fmt: skip
    return {**known, **changes}


def asked(site: Site, role: str = "police_reviewer", **changes: Any) -> int:
    answer = site.person(role).post("/api/requests", json=wanted(site, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def granted(site: Site, **changes: Any) -> int:
    request = asked(site, **changes)
    answer = site.person("evidence_officer").patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert answer.status_code == 200, answer.text
    return request


def started(site: Site, request: int, **changes: Any) -> str:
    answer = site.person("evidence_officer").post("/api/bundles", json={"request": request, **changes})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def state(site: Site, bundle: str) -> dict[str, Any]:
    return site.person("evidence_officer").get(f"/api/bundles/{bundle}").json()


def ended(site: Site, bundle: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        job = state(site, bundle)
        return job if job["state"] not in ("queued", "busy") else None

    return eventually(over)


def left(site: Site) -> list[str]:
    return sorted(path.name for path in site.config.bundles_dir.iterdir())


def test_a_granted_request_becomes_an_export_that_proves_itself_and_is_signed_for(stocked: Site) -> None:
    request = granted(stocked)
    bundle = started(stocked, request, watermark=True)
    job = ended(stocked, bundle)
    assert (job["state"], job["error"], job["progress"]) == ("done", None, 1.0)
    officer = stocked.person("evidence_officer")
    answer = officer.get(job["url"])
    assert answer.headers["content-disposition"] == 'attachment; filename="export-PL2300-2026118822.zip"'
    assert verify_export(io.BytesIO(answer.content)).is_intact
    assert answer.headers["x-content-sha256"] == job["sha256"]
    [query] = [path for path in stocked.live.paths("GET") if path.startswith("/clip")]
    assert "use=evidence" in query
    assert "watermark=Officier+van+Justitie" in query
    noted = officer.patch(f"/api/requests/{request}", json={"receipt": "B. Smits, bon 12"}).json()
    assert (noted["receipt"], noted["received_by"]) == ("B. Smits, bon 12", "evidence_officer")
    again = officer.patch(f"/api/requests/{request}", json={"receipt": "een ander"})
    assert (again.status_code, again.json()["code"]) == (409, "request_received")
    rows = [row for row in stocked.audit(result="allowed") if row.action.startswith(("requests.", "export."))]
    assert [row.action for row in rows] == [
        "requests.ask", "requests.decide", "export.create", "export.download", "requests.receipt",
    ]  # fmt: skip
    assert {row.detail["reference"] for row in rows} == {"PL2300-2026118822"}


def test_nobody_decides_about_their_own_request(shared: Site) -> None:
    request = asked(shared, "evidence_officer")
    answer = shared.person("evidence_officer").patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert (answer.status_code, answer.json()["code"]) == (403, "second_person")
    answer = shared.person("police_reviewer").patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    answer = shared.person("privacy_officer").patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert answer.json()["decided_by"] == "privacy_officer"


def test_a_refusal_needs_its_reason_and_stands(shared: Site) -> None:
    request, officer = asked(shared), shared.person("evidence_officer")
    before = shared.live.paths("GET")
    answer = officer.patch(f"/api/requests/{request}", json={"decision": "refused"})
    assert (answer.status_code, answer.json()["fields"]["reason"]["nl"]) == (422, "Geef een reden op.")
    answer = officer.patch(f"/api/requests/{request}", json={"decision": "refused", "reason": "geen grondslag"})
    assert (answer.json()["state"], answer.json()["reason"]) == ("refused", "geen grondslag")
    answer = officer.patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert (answer.status_code, answer.json()["code"]) == (409, "request_decided")
    answer = officer.post("/api/bundles", json={"request": request})
    assert (answer.status_code, answer.json()["code"]) == (409, "request_not_granted")
    answer = officer.patch(f"/api/requests/{request}", json={"receipt": "x"})
    assert answer.json()["code"] == "request_not_granted"
    assert shared.live.paths("GET") == before


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"case_number": " "}, 422, "invalid_input"),
        ({"case_number": "PL\n1"}, 422, "invalid_input"),
        ({"cameras": []}, 422, "invalid_input"),
        ({"cameras": ["../etc"]}, 404, "unknown_camera"),
        ({"from": "2026-11-18T10:00:00"}, 422, "time_zone_missing"),
        ({"from": "2026-11-18T11:00:00Z", "to": "2026-11-18T10:00:00Z"}, 422, "time_order"),
        ({"from": "2026-11-17T10:00:00Z"}, 422, "bundle_span"),
        ({"to": "2026-11-18T11:30:00Z"}, 422, "time_future"),
        ({"approver": "me"}, 422, "invalid_input"),
    ],
)
def test_a_wrong_request_is_named(steady_site: Site, changes: Any, status: int, code: str) -> None:
    answer = steady_site.client("police_reviewer").post("/api/requests", json=wanted(steady_site, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_expired_footage_and_what_was_never_recorded_make_no_export(shared: Site) -> None:
    officer = shared.person("evidence_officer")
    for age, status, code in ((timedelta(days=29), 410, "expired"), (timedelta(hours=9), 404, "no_footage")):
        answer = officer.post("/api/bundles", json={"request": granted(shared, age=age)})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert officer.get("/api/bundles").json() == {"bundles": []}


def test_what_does_not_fit_is_refused_before_it_begins_with_both_figures(
    shared: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "_ROOM_BYTES", 1 << 60)
    before = shared.live.paths("GET")
    answer = shared.person("evidence_officer").post("/api/bundles", json={"request": granted(shared)})
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    assert answer.json()["needed_bytes"] > answer.json()["free_bytes"] > 0
    assert shared.live.paths("GET") == before


def test_a_cancelled_export_stops_and_leaves_nothing(stocked: Site) -> None:
    stocked.live.hold_clip.clear()
    bundle = started(stocked, granted(stocked))
    eventually(lambda: stocked.live.paths("GET"))
    answer = stocked.person("evidence_officer").delete(f"/api/bundles/{bundle}")
    assert answer.json()["state"] == "cancelled"
    stocked.live.hold_clip.set()
    eventually(lambda: left(stocked) == [])
    assert state(stocked, bundle)["state"] == "cancelled"
    gone = stocked.person("evidence_officer").get(f"/api/bundles/{bundle}/file")
    assert (gone.status_code, gone.json()["code"]) == (410, "export_gone")


def test_a_restart_goes_on_with_what_was_not_finished(stocked: Site) -> None:
    stocked.live.hold_clip.clear()
    bundle = started(stocked, granted(stocked))
    eventually(lambda: stocked.live.paths("GET"))
    stocked.live.hold_clip.set()
    stocked.stop_web()
    with stocked.store.reading() as tx:
        job = bundles.get(tx, bundle)
    assert job is not None
    stocked.start_web()
    assert ended(stocked, bundle)["state"] == "done"


def test_videos_that_were_finished_before_a_restart_are_not_rendered_again(stocked: Site, mp4: bytes) -> None:
    stocked.segment(OPEN, age=AGE, content=mp4, profile="main")
    stocked.live.refuse_clips_of = OPEN
    bundle = started(stocked, granted(stocked, cameras=[MASKED, OPEN]))
    eventually((stocked.config.bundles_dir / bundle / "staged" / "000.json").exists)
    stocked.stop_web()
    stocked.live.refuse_clips_of = ""
    stocked.start_web()
    assert ended(stocked, bundle)["state"] == "done"
    assert len([path for path in stocked.live.paths("GET") if f"camera={MASKED}" in path]) == 1
    assert left(stocked) == [bundle]


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"half"), lambda file: file.unlink()])
def test_a_finished_video_that_a_power_cut_took_away_is_rendered_again(stocked: Site, mp4: bytes, damage) -> None:
    stocked.segment(OPEN, age=AGE, content=mp4, profile="main")
    stocked.live.refuse_clips_of = OPEN
    bundle = started(stocked, granted(stocked, cameras=[MASKED, OPEN]))
    staged = stocked.config.bundles_dir / bundle / "staged"
    eventually((staged / "000.json").exists)
    stocked.stop_web()
    damage(staged / "000.mp4")
    stocked.live.refuse_clips_of = ""
    stocked.start_web()
    job = ended(stocked, bundle)
    assert job["state"] == "done", job
    answer = stocked.person("evidence_officer").get(job["url"])
    assert verify_export(io.BytesIO(answer.content)).is_intact


def test_it_is_deleted_after_a_day_and_never_outlives_its_footage(stocked: Site, mp4: bytes) -> None:
    bundle = started(stocked, granted(stocked))
    job = ended(stocked, bundle)
    assert job["delete_at_us"] == stocked.clock.us + 24 * 3600 * 1_000_000
    old = timedelta(days=28) - timedelta(minutes=10)
    stocked.segment(MASKED, age=old, content=mp4, profile="main")
    short = ended(stocked, started(stocked, granted(stocked, age=old)))
    assert short["delete_at_us"] == stocked.clock.us + 600 * 1_000_000
    stocked.clock.advance(600)
    eventually(lambda: left(stocked) == [bundle])
    assert state(stocked, short["id"])["state"] == "deleted"
    stocked.clock.advance(24 * 3600)
    eventually(lambda: left(stocked) == [])


def test_what_expired_while_web_was_off_for_days_is_gone_at_its_start(
    stocked: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = started(stocked, granted(stocked))
    assert ended(stocked, made)["state"] == "done"
    stocked.stop_web()
    (stocked.config.bundles_dir / "of-nobody").mkdir()
    (stocked.config.bundles_dir.parent / "exports" / "left.mp4").write_bytes(b"fragment")
    stocked.clock.advance(3 * 24 * 3600)
    monkeypatch.setattr(background, "_BUNDLES_EVERY_S", 3600.0)
    stocked.start_web()
    eventually(lambda: left(stocked) == [] and state(stocked, made)["state"] == "deleted")
    assert list((stocked.config.bundles_dir.parent / "exports").iterdir()) == []


def test_a_render_that_fails_says_why_and_leaves_nothing(shared: Site, mp4: bytes) -> None:
    shared.live.clip = b"no video"
    job = ended(shared, started(shared, granted(shared)))
    shared.live.clip = mp4
    assert (job["state"], job["error"]["code"], job["url"]) == ("failed", "storage", None)
    assert job["id"] not in left(shared)


REASON = "gezicht onder het masker is voor de identificatie nodig"


def test_masks_are_lifted_by_right_reason_and_a_second_person_only(shared: Site) -> None:
    reviewer, officer = shared.client("police_reviewer"), shared.person("evidence_officer")
    body = wanted(shared, unmasked=True, note=REASON)
    assert reviewer.post("/api/requests", json=body).json()["code"] == "forbidden"
    short = officer.post("/api/requests", json={**body, "note": "zomaar"})
    assert (short.status_code, list(short.json()["fields"])) == (422, ["note"])
    request = officer.post("/api/requests", json=body).json()["id"]
    own = officer.patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert own.json()["code"] == "second_person"
    assert officer.post("/api/bundles", json={"request": request}).json()["code"] == "request_not_granted"
    granted_by = shared.person("privacy_officer").patch(f"/api/requests/{request}", json={"decision": "granted"})
    assert granted_by.json()["unmasked"] is True
    marked = officer.post("/api/bundles", json={"request": request, "watermark": True})
    assert marked.status_code == 422
    assert ended(shared, started(shared, request))["state"] == "done"
    assert f"lift={request}" in shared.live.paths("GET")[-1]
    [row] = [row for row in shared.audit("masks.lift", "allowed") if row.object == f"request:{request}"]
    assert row.detail == {"reference": "PL2300-2026118822", "reason": REASON}


def test_the_figures_count_by_month(stocked: Site) -> None:
    granted(stocked)
    refused = asked(stocked)
    officer = stocked.person("evidence_officer")
    officer.patch(f"/api/requests/{refused}", json={"decision": "refused", "reason": "te laat"})
    asked(stocked)
    assert officer.get("/api/requests/figures").json() == {
        "months": [{"month": "2026-11", "asked": 3, "granted": 1, "refused": 1, "given": 0}]
    }
    assert [one["state"] for one in officer.get("/api/requests").json()["requests"]] == ["asked", "refused", "granted"]


@pytest.mark.parametrize("typed", ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_the_register_for_a_spreadsheet_runs_nothing(steady_site: Site, typed: str) -> None:
    asked(steady_site, case_number=f"{typed}" if typed.isprintable() else f"x{typed.strip()}", organisation='a";b')
    answer = steady_site.client("privacy_officer").get("/api/requests/register.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert heading[:2] == ["nummer", "gevraagd"]
    assert rows[-1][3] == 'a";b'
    assert typed.strip() in rows[-1][5]
    assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")] == []


def test_anybody_may_check_an_export_and_nothing_of_it_stays(shared: Site) -> None:
    bundle = started(shared, granted(shared))
    officer = shared.person("evidence_officer")
    data = officer.get(ended(shared, bundle)["url"]).content
    kept = left(shared)
    for role in ("observer", "admin"):
        answer = shared.client(role).post("/api/controle", content=data).json()
        assert (answer["intact"], answer["own_key"], answer["findings"]) == (True, True, [])
        assert answer["about"]["case_number"] == "PL2300-2026118822"
    changed = bytearray(data)
    changed[len(data) // 4] ^= 1
    answer = shared.client("observer").post("/api/controle", content=bytes(changed)).json()
    assert answer["intact"] is False
    assert {"file", "changed"} <= {one["code"] for one in answer["findings"]}
    assert left(shared) == kept
    assert [row.detail["intact"] for row in shared.audit("export.check")][-3:] == [1, 1, 0]


def test_a_large_file_that_is_no_export_streams_through(steady_site: Site) -> None:
    def large() -> Any:
        yield b"PK\3\4"
        for _ in range(24):
            yield bytes(1 << 20)

    answer = steady_site.client("observer").post("/api/controle", content=large())
    assert answer.status_code == 200, answer.text
    assert answer.json()["intact"] is False


def test_a_foreign_zip_is_no_export(steady_site: Site) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        package.writestr("manifest.json", "{}")
    answer = steady_site.client("observer").post("/api/controle", content=made.getvalue()).json()
    assert "no_manifest" in {one["code"] for one in answer["findings"]}
