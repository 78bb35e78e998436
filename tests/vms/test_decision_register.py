"""The register: imported whole, corrected without forgetting, and as a file that outlives its database."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from tests import venlo
from tests.fakes import T0_US, FakeClock
from vms.cli.import_decisions import import_rows
from vms.cli.registers import decisions_app, import_app
from vms.clock import now_utc
from vms.config.model import SiteConfig
from vms.decision_file import DecisionBook, decisions_path, write_register
from vms.decision_register import DecisionPublisher
from vms.placement_file import placements_path, write_placements
from vms.store import Store, audit, decisions

SITE = """
[site]
data_dir = "data"
[[cameras]]
id = "markt-01"
number = 1
name = "Markt"
area = "Markt"
main = "rtsp://127.0.0.1:9/a"
"""
NOW = {"kind": "deployment", "decided_on": ["2026-11-01"], "locations": ["Markt"], "registration_numbers": ["77"]}
DAY_US = 86_400_000_000


def site(tmp_path: Path, purpose: str = "public_order", *, enforce: bool = True) -> SiteConfig:
    camera = {"id": "markt-01", "number": 1, "name": "Markt", "area": "Markt", "main": "rtsp://127.0.0.1:9/a"}
    return SiteConfig.model_validate(
        {
            "site": {"data_dir": tmp_path},
            "decisions": {"enforce": enforce},
            "cameras": [{**camera, "purpose": purpose}],
        }
    )


def cli(tmp_path: Path, *arguments: str) -> tuple[int, Any]:
    config = tmp_path / "site.toml"
    config.write_text(SITE, encoding="utf-8")
    app = Typer()
    app.add_typer(import_app, name="import")
    app.add_typer(decisions_app, name="decisions")
    result = CliRunner().invoke(app, [*arguments, "--config", str(config), "--json"])
    return result.exit_code, json.loads(result.stdout)


def written(**fields: Any) -> dict[str, Any]:
    return NOW | {"periods": [{"start": "2026-11-10", "end": "2026-12-31"}]} | fields


def published(config: SiteConfig, store: Store, *documents: dict[str, Any]) -> DecisionBook:
    with store.transaction() as tx:
        for document in documents:
            decisions.add(tx, document, "beleid", now_utc(FakeClock()))
    DecisionPublisher(config, store).publish()
    book = DecisionBook(config)
    book.refresh()
    return book


def test_the_import_keeps_every_row_whole_and_says_what_is_unclear(store: Store, tmp_path: Path) -> None:
    rows = venlo.documents()
    said = import_rows(site(tmp_path), store, FakeClock(), rows)
    assert (said["imported"], said["known"], said["refused"]) == (28, 0, [])
    with store.reading() as tx:
        kept = decisions.current(tx)
        assert [record.entry.action for record in audit.newest(tx, 50)] == ["decisions.import"] * 28
    assert [each.document for each in kept] == rows
    reasons = {one["row"]: one["reasons"] for one in said["unclear"]}
    assert "decided_after_start" in reasons[27]
    assert 28 not in reasons
    again = import_rows(site(tmp_path), store, FakeClock(), rows)
    assert (again["imported"], again["known"]) == (0, 28)


def test_a_row_that_is_no_decision_is_named_and_the_others_are_kept(store: Store, tmp_path: Path) -> None:
    said = import_rows(site(tmp_path), store, FakeClock(), ["what", {"kind": "wish"}, written()])
    assert said["imported"] == 1
    assert [one["row"] for one in said["refused"]] == [1, 2]


def test_the_commands_import_a_year_and_tell_a_day(tmp_path: Path) -> None:
    assert cli(tmp_path, "import", "decisions", str(venlo.FILE))[1]["imported"] == 28
    code, told = cli(tmp_path, "decisions", "on", "2023-02-18")
    assert code == 0
    assert {one["id"] for one in told["decisions"]} == venlo.rows_on(date(2023, 2, 18))
    (markt,) = [one for one in told["decisions"] if one["label"] == "1929572"]
    assert markt["from"] == "2023-02-18T00:00+01:00"
    assert markt["to"] == "2023-02-23T00:00+01:00"
    assert markt["cameras"] == ["markt-01"]
    assert cli(tmp_path, "decisions", "on", "2023-12-25T12:00")[1]["decisions"] != []
    register = json.loads(decisions_path(tmp_path / "data").read_bytes())
    assert len(register["decisions"]) == 28


def test_a_correction_keeps_what_was_written_before(store: Store) -> None:
    now = now_utc(FakeClock())
    with store.transaction() as tx:
        first = decisions.add(tx, written(), "beleid", now)
        before = decisions.newest_id(tx)
        decisions.revise(tx, first.decision_id, written(flex=2), "beleid", now, "aantal vergeten")
        assert decisions.newest_id(tx) > before
        assert [each.version for each in decisions.history(tx, first.decision_id)] == [1, 2]
        assert [each.document.get("flex") for each in decisions.current(tx)] == [2]
        with pytest.raises(KeyError):
            decisions.revise(tx, 99, written(), "beleid", now, "")


def test_the_last_check_of_the_signs_is_told_by_area(store: Store) -> None:
    with store.transaction() as tx:
        for day in (date(2026, 3, 1), date(2026, 9, 1), date(2026, 5, 1)):
            decisions.add_sign_check(tx, decisions.SignCheck("Markt", day, "", "beleid"), now_utc(FakeClock()))
        assert decisions.last_sign_checks(tx)["Markt"].checked_on == date(2026, 9, 1)


def test_a_camera_is_gated_by_the_file(store: Store, tmp_path: Path) -> None:
    book = published(site(tmp_path), store, written())
    assert book.gate("markt-01", T0_US).is_open
    assert book.gate("markt-01", T0_US).number == "77"
    assert book.gate("markt-01", T0_US - 30 * DAY_US).state == "pending"
    assert book.gate("markt-01", T0_US + 60 * DAY_US).state == "expired"


def test_without_a_register_nothing_that_needs_a_decision_records(tmp_path: Path) -> None:
    book = DecisionBook(site(tmp_path))
    book.refresh()
    assert book.gate("markt-01", T0_US).state == "unknown"
    assert not book.gate("markt-01", T0_US).is_open


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": 1, "decisions": [{"id": 1, "document": {"kind": "x"}}]}'])
def test_what_was_known_holds_until_its_own_end_whatever_becomes_of_the_file(
    store: Store, tmp_path: Path, damage: str
) -> None:
    config = site(tmp_path)
    book = published(config, store, written())
    decisions_path(tmp_path).write_text(damage, encoding="utf-8")
    assert book.refresh() is False
    assert book.gate("markt-01", T0_US).is_open
    assert not book.gate("markt-01", T0_US + 60 * DAY_US).is_open
    decisions_path(tmp_path).unlink()
    assert book.refresh() is False
    assert book.gate("markt-01", T0_US).is_open
    assert DecisionPublisher(config, store).publish() is True
    assert book.refresh() is True


def test_the_file_is_written_once_per_change(store: Store, tmp_path: Path) -> None:
    config = site(tmp_path)
    published(config, store, written())
    publisher = DecisionPublisher(config, store)
    assert publisher.publish() is False
    with store.transaction() as tx:
        ends = {**NOW, "kind": "withdrawal", "cites_numbers": ["77"], "periods": [{"start": "2026-11-15", "end": None}]}
        decisions.add(tx, ends, "beleid", now_utc(FakeClock()))
    assert publisher.publish() is True
    book = DecisionBook(config)
    assert book.refresh() is True
    assert book.gate("markt-01", T0_US).state == "expired"


@pytest.mark.parametrize(("purpose", "enforce"), [("traffic", True), ("public_order", False)])
def test_another_purpose_or_a_site_that_does_not_gate_needs_no_decision(
    tmp_path: Path, purpose: str, enforce: bool
) -> None:
    assert DecisionBook(site(tmp_path, purpose, enforce=enforce)).gate("markt-01", T0_US).is_open


def test_a_thousand_decisions_are_asked_in_no_time(tmp_path: Path) -> None:
    days = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(1000)]
    many = [written(registration_numbers=[day], decided_on=[day], periods=[{"start": day, "end": day}]) for day in days]
    write_register(decisions_path(tmp_path), 1, list(enumerate(many)))
    write_placements(placements_path(tmp_path), 0, [])
    book = DecisionBook(site(tmp_path))
    assert book.refresh() is True
    assert [book.gate("markt-01", T0_US - number).state for number in range(10_000)] == ["expired"] * 10_000
