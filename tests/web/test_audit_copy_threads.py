"""What the threads of the copies tell: how far each is, when it fails, and when it is back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.otlp_collector import Answer, Collector, fields_of, partial
from tests.web.served_site import Site, eventually
from vms.audit_copies import AuditCopier, PositionFile, accept
from vms.config.audit import AuditCopy
from vms.copy_targets import open_target
from vms.store.schema import AuditRow
from web.audit_copies import CopyAlarmWatch, CopyStatus, CopyThread


def test_an_act_goes_on_while_its_copy_fails_and_the_copy_is_made_good(site: Site, tmp_path: Path) -> None:
    directory = tmp_path / "mount"
    copy = AuditCopy(name="nas", to=f"file://{directory / 'audit.jsonl'}")
    thread = CopyThread("nas", AuditCopier(site.store, open_target(copy), PositionFile(tmp_path / "nas.json")))
    watch = CopyAlarmWatch()
    site.browser("observer")
    assert not thread.look()
    assert thread.status.state == "failing"
    assert [alarm.code for alarm in watch.look([thread.status])] == ["audit_copy_fault"]
    site.browser("privacy_officer")
    thread.look()
    assert watch.look([thread.status]) == [], "told once"
    directory.mkdir()
    thread.look()
    assert (thread.status.state, thread.status.seq) == ("ok", 2)
    [back] = watch.look([thread.status])
    assert (back.code, back.text_en) == ("audit_copy_back", "Copy nas of the audit log is up to date")
    actors = [json.loads(line)["actor"] for line in (directory / "audit.jsonl").read_text().splitlines()]
    assert actors == ["observer", "privacy_officer"]
    with site.store.transaction() as tx:
        tx.delete(tx.get_one(AuditRow, 2))
    thread.look()
    [differs] = watch.look([thread.status])
    assert (differs.code, differs.detail) == ("audit_differs", "row 2 of the audit log is not the one that was copied")


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def test_a_collector_that_is_busy_or_rejects_is_told_until_somebody_accepts(
    site: Site, collector: Collector, tmp_path: Path
) -> None:
    copy = AuditCopy(name="otlp", to=f"otlp+http://127.0.0.1:{collector.port}")
    position = PositionFile(tmp_path / "otlp.json")
    thread = CopyThread("otlp", AuditCopier(site.store, open_target(copy), position))
    watch = CopyAlarmWatch()
    site.browser("observer")
    collector.answer = Answer(503, headers={"Retry-After": "40"})
    assert not thread.look()
    assert [alarm.code for alarm in watch.look([thread.status])] == ["audit_copy_fault"]
    assert thread.rest_s == 40, "as long as it asked for"
    collector.answer = partial(1, "no")
    thread.look()
    [rejected] = watch.look([thread.status])
    assert (rejected.code, rejected.detail) == ("audit_copy_rejected", "1 of rows 1 to 1: no")
    assert (thread.status.seq, thread.status.rejected, thread.rest_s) == (1, 1, 1.0)
    collector.answer = Answer()
    thread.look()
    assert (thread.status.state, watch.look([thread.status])) == ("rejected", []), "what is missing stays so"
    accept(position)
    thread.look()
    assert [alarm.code for alarm in watch.look([thread.status])] == ["audit_copy_back"]
    assert collector.seqs == [1, 1, 1]


def test_the_application_copies_what_people_do_to_a_collector_and_tells_how_far_it_is(
    collector: Collector, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    copy = {"name": "otel", "to": f"otlp+http://127.0.0.1:{collector.port}", "token_file": str(token)}
    site = Site(audit={"copies": [copy]})
    try:
        site.browser("observer")
        eventually(lambda: collector.seqs == [1])
        assert collector.headers[0]["authorization"] == "Bearer s3cret"
        assert fields_of(collector.records[0])["uitkijk.audit.actor"] == "observer"
        officer = site.client("privacy_officer")
        eventually(lambda: officer.get("/api/audit/copies").json()["copies"][0]["seq"] >= 1)
        [told] = officer.get("/api/audit/copies").json()["copies"]
        assert (told["name"], told["state"], told["rejected"]) == ("otel", "ok", 0)
    finally:
        site.close()


class Broken(AuditCopier):
    """Falls over an error that nobody thought of."""

    def step(self) -> bool:
        raise ArithmeticError("unforeseen")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_fell_over_is_told_as_failing(site: Site, tmp_path: Path) -> None:
    copy = AuditCopy(name="nas", to=f"file://{tmp_path / 'audit.jsonl'}")
    thread = CopyThread("nas", Broken(site.store, open_target(copy), PositionFile(tmp_path / "nas.json")))
    assert thread.told().state == "ok", "not begun"
    thread.start()
    eventually(lambda: thread.told().state == "failing")
    [alarm] = CopyAlarmWatch().look([thread.told()])
    assert (alarm.code, alarm.detail) == ("audit_copy_fault", "its thread ended: see the log, and restart web")
    thread.stop()


def test_what_is_wrong_at_the_first_look_is_told_and_two_copies_are_told_apart() -> None:
    watch = CopyAlarmWatch()
    found = watch.look([CopyStatus("a", 0, "failing", "away"), CopyStatus("b", 7, "ok"), CopyStatus("c", 1, "differs")])
    assert [(alarm.code, alarm.text_nl.split()[1]) for alarm in found] == [
        ("audit_copy_fault", "a"),
        ("audit_differs", "auditlog"),
    ]


def test_who_oversees_is_told_how_far_copies_are(site: Site) -> None:
    client = site.client("privacy_officer")
    assert client.get("/api/audit/copies").json() == {"rows": 1, "copies": []}
    assert site.client("technician").get("/api/audit/copies").status_code == 403
