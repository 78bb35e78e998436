"""Exports: masked clips with their hash, for an hour at most and never past retention."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import T0_US
from tests.web.served_site import MASKED, Site, eventually
from vms.clock import now_utc
from vms.config import Retention
from vms.export_certificate import ExportSealer, create_export_key
from vms.units import utc_from_us
from web import exports
from web.api import controle
from web.bundle.eff import box
from web.bundle.verify import Verdict

CONTENT = b"original " * 100


@pytest.fixture(scope="module")
def export_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An RSA key takes a while to find: one for all sites of this module."""
    path = tmp_path_factory.mktemp("key") / "export.pem"
    create_export_key(path, "Venlo", utc_from_us(T0_US))
    return path


@pytest.fixture(autouse=True)
def has_key(request: pytest.FixtureRequest, export_key: Path) -> None:
    for name in {"site", "steady_site"} & set(request.fixturenames):
        shutil.copy(export_key, request.getfixturevalue(name).config.export_key_file)


@pytest.fixture
def officer(site: Site) -> httpx.Client:
    client = site.client("evidence_officer")
    client.headers["X-Test-Consultation"] = str(site.consultation(client))
    return client


@pytest.fixture(scope="module")
def steady_officer(steady_site: Site) -> httpx.Client:
    steady_site.segment(MASKED, content=CONTENT)
    client = steady_site.client("evidence_officer")
    client.headers["X-Test-Consultation"] = str(steady_site.consultation(client))
    return client


def body(site: Site, client: httpx.Client, age: timedelta = timedelta(hours=1), **changes: Any) -> dict[str, Any]:
    start = now_utc(site.clock) - age
    known = {
        "camera": MASKED, "from": start.isoformat(), "to": (start + timedelta(seconds=30)).isoformat(),
        "profile": "sub", "consultation": int(client.headers["X-Test-Consultation"]),
    }  # fmt: skip
    return {**known, **changes}


def finished(client: httpx.Client, export: str) -> dict[str, Any]:
    def ready() -> dict[str, Any] | None:
        known = client.get(f"/api/exports/{export}").json()
        return known if known["state"] in ("done", "failed") else None

    return eventually(ready)


def make(site: Site, client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/exports", json=body(site, client, **changes))
    assert answer.status_code == 202, answer.text
    return finished(client, answer.json()["id"])


def files(site: Site) -> list[str]:
    return sorted(path.name for path in (site.directory / "exports").iterdir())


def test_an_export_is_the_masked_clip_with_its_hash(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    answer = officer.get(job["url"])
    assert (job["state"], job["progress"], job["bytes"]) == ("done", 1.0, len(answer.content))
    assert answer.content.startswith(site.live.clip)
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest() == job["sha256"]
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{MASKED}_20261118T')
    [asked] = site.live.paths("GET")
    assert asked.startswith(f"/clip?camera={MASKED}&profile=sub&from_us=")
    assert [row.action for row in site.audit() if row.action.startswith("footage.")] == [
        "footage.consult",
        "footage.export",
        "footage.download",
    ]


def test_it_is_sealed_and_a_changed_byte_shows(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    site.live.clip = box(b"ftyp", b"iso5", bytes(4), b"mp41") + box(b"moof", b"1") + box(b"mdat", b"picture")
    job = make(site, officer)
    content = bytearray(officer.get(job["url"]).content)
    verdict = officer.post("/api/controle", content=bytes(content)).json()
    assert (verdict["intact"], verdict["own_key"], verdict["key_id"]) == (True, True, job["certificate_id"])
    assert verdict["certificate_sha256"] == ExportSealer(site.config.export_key_file).certificate_sha256
    content[content.index(b"picture")] ^= 1
    verdict = officer.post("/api/controle", content=bytes(content)).json()
    assert (verdict["intact"], [one["code"] for one in verdict["findings"]]) == (False, ["not_sealed"])
    create_export_key(site.directory / "theirs.pem", "Elders", utc_from_us(T0_US))
    (site.directory / "theirs.pem").rename(site.config.export_key_file)
    verdict = officer.post("/api/controle", content=officer.get(job["url"]).content).json()
    assert (verdict["intact"], verdict["own_key"]) == (True, False), "sealed by somebody else"


def test_a_certificate_that_is_only_called_as_ours_is_not_ours(
    site: Site, officer: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ExportSealer(site.config.export_key_file).certificate_sha256
    theirs = ours[:16] + "0" * 48
    for certificate, own in ((ours, True), (theirs, False)):
        verdict = Verdict((), {}, ours[:16], is_package=False, certificate_sha256=certificate)
        monkeypatch.setattr(controle, "verify_export", lambda *_, told=verdict: told)
        assert officer.post("/api/controle", content=b"video").json()["own_key"] is own


def test_parts_of_a_clip_can_be_fetched(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    answer = officer.get(job["url"], headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (206, site.live.clip[5:10])


def test_it_is_the_makers_only(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    other = site.client("police_reviewer")
    assert other.get(f"/api/exports/{job['id']}").status_code == 410
    assert other.get(job["url"]).status_code == 410
    assert other.get("/api/exports").json() == {"exports": []}
    assert len(officer.get("/api/exports").json()["exports"]) == 1


def test_it_is_deleted_after_an_hour(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    site.clock.advance(3599)
    assert officer.get(job["url"]).status_code == 200
    site.clock.advance(1)
    assert officer.get(job["url"]).status_code in (404, 410)
    eventually(lambda: files(site) == [])
    assert officer.get(f"/api/exports/{job['id']}").status_code == 410


def test_it_never_outlives_the_retention_of_its_footage(site: Site, officer: httpx.Client) -> None:
    age = timedelta(days=28) - Retention().ahead - timedelta(minutes=10)
    site.segment(MASKED, age=age, content=CONTENT)
    job = make(site, officer, age=age)
    assert job["delete_at_us"] == site.clock.us + 600 * 1_000_000
    site.clock.advance(600)
    eventually(lambda: files(site) == [])


def test_a_restart_keeps_nothing(site: Site, officer: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    make(site, officer)
    (site.directory / "exports" / "left-by-a-crash.mp4").write_bytes(b"x")
    site.stop_web()
    site.start_web()
    assert files(site) == []


def test_expired_footage_cannot_be_exported_nor_what_was_never_recorded(site: Site, officer: httpx.Client) -> None:
    old = timedelta(days=28, minutes=5)
    site.segment(MASKED, age=old, content=CONTENT)
    cases = [(old, 410, "expired"), (timedelta(days=40), 410, "expired"), (timedelta(hours=3), 404, "no_footage")]
    for age, status, code in cases:
        answer = officer.post("/api/exports", json=body(site, officer, age=age))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert site.live.asked == []
    assert site.audit("footage.export") == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"consultation": None}, 403, "consultation_required"),
        ({"consultation": 999}, 403, "consultation_over"),
        ({"camera": "nowhere"}, 404, "unknown_camera"),
        ({"from": "2026-11-18T10:00:00"}, 422, "time_zone_missing"),
        ({"from": "2026-11-18T06:00:00Z"}, 422, "export_span"),
        ({"to": "2026-11-18T11:59:00Z"}, 422, "time_future"),
        ({"profile": "raw"}, 422, "invalid_input"),
        ({"path": "/etc/passwd"}, 422, "invalid_input"),
    ],
)
def test_a_wrong_request_is_named(
    steady_site: Site, steady_officer: httpx.Client, changes: Any, status: int, code: str
) -> None:
    answer = steady_officer.post("/api/exports", json=body(steady_site, steady_officer, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_render_that_breaks_off_fails_and_leaves_no_file(site: Site, officer: httpx.Client) -> None:
    site.live.break_clip = True
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    assert (job["state"], job["error"]["code"], job["url"]) == ("failed", "live_down", None)
    assert job["error"]["nl"]
    assert files(site) == []
    assert officer.get(f"/api/exports/{job['id']}/file").json()["code"] == "export_not_ready"


def test_an_endless_clip_is_cut_off(site: Site, officer: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORT_BYTES", 100)
    site.segment(MASKED, content=CONTENT)
    job = make(site, officer)
    assert (job["state"], job["error"]["code"]) == ("failed", "too_large")
    assert files(site) == []


def test_jobs_are_bounded_and_wait_their_turn(site: Site, officer: httpx.Client) -> None:
    site.live.hold_clip.clear()
    site.segment(MASKED, content=CONTENT)
    answers = [officer.post("/api/exports", json=body(site, officer)) for _ in range(exports.MAX_JOBS_PER_USER + 1)]
    assert [answer.status_code for answer in answers[:-1]] == [202] * exports.MAX_JOBS_PER_USER
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (503, "busy")
    eventually(lambda: len(site.live.paths("GET")) == exports.MAX_AT_ONCE)
    states = [job["state"] for job in officer.get("/api/exports").json()["exports"]]
    assert states == ["busy"] * 2 + ["queued"] * 6
    site.live.hold_clip.set()
    assert finished(officer, answers[-2].json()["id"])["state"] == "done"


def test_stopping_in_the_middle_leaves_no_file(site: Site, officer: httpx.Client) -> None:
    site.live.hold_clip.clear()
    site.segment(MASKED, content=CONTENT)
    officer.post("/api/exports", json=body(site, officer))
    eventually(lambda: files(site))
    site.stop_web()
    assert files(site) == []
    site.live.hold_clip.set()
