"""The retention proof and the audit log for those who oversee."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from retention.sealing import seal_audit, seal_ledger
from retention.verify import Proof, verify
from tests.web.served_site import OPEN, Site, eventually
from vms.clock import now_utc
from vms.signing import SiteSigner, create_signing_key
from vms.store import audit, catalog, ledger
from vms.store.schema import AuditRow, LedgerRow
from vms.units import us_from_utc
from vms.volume import MARKER_NAME


def test_the_audit_log_is_read_in_pages_and_that_is_written_down(site: Site) -> None:
    site.browser("observer")
    client = site.client("privacy_officer")
    first = client.get("/api/audit?limit=1").json()["rows"]
    assert [(row["action"], row["actor"]) for row in first] == [("audit.read", "token:privacy_officer")]
    older = client.get(f"/api/audit?before={first[0]['seq']}").json()["rows"]
    assert [(row["action"], row["actor"]) for row in older] == [("login", "observer")]
    assert client.get("/api/audit?limit=100000").status_code == 422
    with site.store.reading() as tx:
        assert audit.verify(tx) == []


def test_the_audit_log_is_filtered_by_person_and_action(site: Site) -> None:
    site.browser("observer"), site.browser("privacy_officer")
    site.client("observer").get("/api/audit")
    client = site.client("privacy_officer")

    def rows(query: str) -> list[tuple[str, str, str]]:
        found = client.get(f"/api/audit?{query}").json()["rows"]
        return [(row["actor"], row["action"], row["result"]) for row in found]

    assert rows("action=login") == [("privacy_officer", "login", "allowed"), ("observer", "login", "allowed")]
    assert rows("actor=observer") == [("observer", "login", "allowed")]
    assert rows("actor=token:obs") == [("token:observer", "audit.read", "refused")]
    assert rows("actor=%25") == rows("actor=_bserver") == []
    assert rows("actor=observer&action=logout") == []
    assert client.get(f"/api/audit?actor={'x' * 81}").status_code == 422


def test_rows_about_footage_say_which_camera_and_when_also_after_it_was_erased(site: Site) -> None:
    segment = site.segment(OPEN)
    with site.store.transaction() as tx:
        catalog.set_state(tx, segment.id, "purged")
    refused = site.browser("police_reviewer")
    consultation = site.consultation(refused)
    refused.get(f"/api/media/{segment.id}?consultation={consultation}")
    refused.get(f"/api/media/987654321?consultation={consultation}")
    rows = site.client("privacy_officer").get("/api/audit").json()["rows"]
    about = {row["object"]: row["about"] for row in rows}
    start_us, end_us = us_from_utc(segment.start_at), us_from_utc(segment.end_at)
    assert about[f"segment:{segment.id}"] == {
        "camera": OPEN,
        "camera_name": "Plein",
        "start_us": start_us,
        "end_us": end_us,
    }
    assert about["audit"] is None


def test_the_audit_chain_closes_until_a_row_is_changed(site: Site) -> None:
    site.browser("observer")
    client = site.client("shift_manager")
    whole = client.get("/api/audit/chain").json()
    assert (whole["closes"], whole["rows"], whole["findings"]) == (True, 2, [])
    with site.store.transaction() as tx:
        tx.get_one(AuditRow, 1).actor = "somebody.else"
    assert client.get("/api/audit/chain").json()["closes"] is True  # the answer is still fresh
    site.clock.advance(61)
    broken = client.get("/api/audit/chain").json()
    assert (broken["closes"], broken["findings"]) == (False, ["audit 1: was changed after it was written"])


def test_seals_are_said_to_be_unchecked_while_the_key_cannot_be_read(site: Site) -> None:
    key = site.config.signing_key_file
    create_signing_key(key)
    site.browser("observer")
    seal_audit(site.store, SiteSigner(key), now_utc(site.clock))
    client = site.client("shift_manager")
    checked = client.get("/api/audit/chain").json()
    assert (checked["key_read"], checked["closes"], checked["sealed_rows"]) == (True, True, 1)
    key.unlink()
    site.clock.advance(61)
    unchecked = client.get("/api/audit/chain").json()
    assert (unchecked["key_read"], unchecked["closes"], unchecked["sealed_rows"]) == (False, True, 1)


def test_the_proof_is_made_from_the_disk_and_kept_for_a_minute(site: Site) -> None:
    kept = site.segment(OPEN, age=timedelta(days=2), content=b"picture")
    client = site.client("privacy_officer")
    proof = client.get("/api/retention/proof").json()
    assert proof["findings"] == []
    assert (proof["files"], proof["held_files"], proof["erased_in_total"]) == (1, 0, 0)
    assert proof["bytes"] == (site.volume / kept.path).stat().st_size
    assert proof["oldest_frame_us"] == us_from_utc(kept.start_at)
    assert proof["limit_us"] == site.clock.us - 28 * 86_400_000_000
    assert (proof["days"], proof["last_run_us"], proof["ledger_closes"]) == (28, None, True)
    [public_order] = proof["purposes"]
    assert public_order["basis"] == "art. 151c Gemeentewet; Wet politiegegevens"
    assert public_order["days"] == [28]
    site.segment(OPEN, age=timedelta(days=29), content=b"too old")
    assert client.get("/api/retention/proof").json() == proof
    site.clock.advance(61)
    late = client.get("/api/retention/proof").json()
    assert {finding["code"] for finding in late["findings"]} == {"R1", "R5"}
    assert late["findings"][0]["nl"] == "Te oud beeld in de catalogus"
    assert [row.actor for row in site.audit("retention.proof")] == ["token:privacy_officer"] * 3


def test_a_proof_tells_of_a_lost_volume_a_purge_run_and_a_broken_ledger(site: Site) -> None:
    now = now_utc(site.clock)
    with site.store.transaction() as tx:
        ledger.append(tx, now - timedelta(minutes=10), "run", None, {"erased": 0})
        ledger.append(tx, now - timedelta(minutes=5), "run", None, {"erased": 0})
        tx.get_one(LedgerRow, 1).payload = {"erased": 7}
    (site.volume / MARKER_NAME).unlink()
    proof = site.client("shift_manager").get("/api/retention/proof").json()
    assert proof["last_run_us"] == site.clock.us - 300_000_000
    assert proof["ledger_closes"] is False
    assert {finding["code"] for finding in proof["findings"]} == {"R3", "R7"}


def test_a_proof_that_takes_long_is_made_once_and_waited_for_later(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, made = threading.Event(), []

    def slow(*arguments: Any) -> Proof:
        made.append(1)
        assert may_end.wait(20)
        return verify(*arguments)

    monkeypatch.setattr("web.oversight.verify", slow)
    monkeypatch.setattr("web.shared_answer.WAIT_S", 0.2)
    client = site.client("privacy_officer")
    for _ in range(2):
        answer = client.get("/api/retention/proof")
        assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "10", "busy")
    may_end.set()
    eventually(lambda: client.get("/api/retention/proof").status_code == 200)
    assert made == [1]


def test_certificates_are_listed_given_to_who_oversees_and_to_nobody_else(site: Site) -> None:
    directory = site.config.certificates_dir
    directory.mkdir(parents=True)
    for day in ("2026-11-23", "2026-11-24"):
        (directory / f"wiscertificaat-{day}.zip").write_bytes(b"zip of " + day.encode())
    (directory / "wiscertificaat-2026-11-25.zip.part").write_bytes(b"half")
    (directory / "wiscertificaat-2026-11-22.zip").symlink_to("/etc/passwd")
    client = site.client("privacy_officer")
    listed = client.get("/api/retention/certificates").json()
    assert [item["day"] for item in listed["items"]] == ["2026-11-24", "2026-11-23"]
    assert listed["seal"] is None
    answer = client.get(listed["items"][0]["url"])
    assert (answer.status_code, answer.content) == (200, b"zip of 2026-11-24")
    assert answer.headers["content-type"] == "application/zip"
    for day, status in (("2026-11-22", 404), ("2026-11-25", 404), ("..%2F..%2Fsite", 404), ("today", 422)):
        assert client.get(f"/api/retention/certificates/{day}").status_code == status, day
    assert site.client("observer").get(listed["items"][0]["url"]).status_code == 403
    assert "certificate:2026-11-24" in [row.object for row in site.audit("retention.proof")]


def test_the_newest_seal_and_its_key_are_told(site: Site, tmp_path: Path) -> None:
    create_signing_key(tmp_path / "signing.pem")
    signer = SiteSigner(tmp_path / "signing.pem")
    with site.store.transaction() as tx:
        ledger.append(tx, now_utc(site.clock), "run", None, {"erased": 0})
    seal_ledger(site.store, signer, now_utc(site.clock))
    told = site.client("shift_manager").get("/api/retention/certificates").json()["seal"]
    assert told == {"at_us": site.clock.us, "rows": 1, "key_id": signer.key_id, "stamped_us": None}
