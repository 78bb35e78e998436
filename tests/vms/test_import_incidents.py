"""A real year's incident table comes in whole, with its holes, and its figures come out again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.sqlite import migrated_sqlite
from vms.cli.import_incidents import import_rows
from vms.rules.incident_figures import YearBook, lines
from vms.store import Store, audit, incident_categories

FILE = Path(__file__).parents[1] / "data" / "venlo-2023-incidents.json"


@pytest.fixture
def store(tmp_path: Path):
    made = Store(migrated_sqlite(tmp_path / "u.db"))
    yield made
    made.close()


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def test_all_55_rows_come_in_whole_and_what_is_unclear_is_named(store: Store) -> None:
    said = import_rows(store, FakeClock(), 2023, rows())
    assert (said["imported"], said["known"], said["total"], said["refused"]) == (55, 0, 3502, [])
    reasons = {one["row"]: one["reasons"] for one in said["unclear"]}
    assert [row for row, found in reasons.items() if "no_total" in found] == [22, 30, 37]
    assert sum("no_previous_total" in found for found in reasons.values()) == 24
    assert {20, 23, 27, 38, 40} <= {row for row, found in reasons.items() if "follow_up_above_total" in found}
    assert not any("total_differs" in found or "category_twice" in found for found in reasons.values())
    with store.reading() as tx:
        assert [document for _, document in incident_categories.printed_documents(tx, 2023)] == rows()
        assert audit.newest(tx, 1)[0].entry.action == "incidents.import"


def test_figures_of_the_imported_year_add_up_to_what_was_printed(store: Store) -> None:
    import_rows(store, FakeClock(), 2023, rows())
    with store.reading() as tx:
        known, printed = incident_categories.all_(tx), incident_categories.printed(tx, 2023)
    table = lines(2023, known, YearBook({}, printed, is_kept=False), YearBook({}, {}, is_kept=False))
    assert len(table) == 55
    assert sum(line.total or 0 for line in table) == 3502
    assert sum(line.previous or 0 for line in table) == 2514
    assert [line.category.name for line in table if line.total is None] == [
        rows()[21]["category"],
        "ontvoering",
        "steekpartij",
    ]
    by_name = {line.category.name: line for line in table}
    assert by_name["Winkeldiefstal"].follow_ups == {"aanhouding": 87, "winkelverbod": 5, "bekeurd": 1}


def test_a_row_that_is_known_is_left_alone_and_other_figures_of_it_are_refused(store: Store) -> None:
    import_rows(store, FakeClock(), 2023, rows())
    again = rows()
    again[2] |= {"total": 155}
    said = import_rows(store, FakeClock(), 2023, [*again, "geen rij", {"category": "Nieuw", "follow_ups": {}}])
    assert (said["imported"], said["known"]) == (1, 54)
    assert [one["row"] for one in said["refused"]] == [3, 56]
    assert "other figures of 'Wildplassen'" in said["refused"][0]["problems"][0]


def test_a_category_of_one_printed_year_is_not_offered_later(store: Store) -> None:
    import_rows(store, FakeClock(), 2023, [{"category": "Binnenstad", "total": 3, "follow_ups": {}}])
    with store.reading() as tx:
        [made] = [each for each in incident_categories.all_(tx) if each.name == "Binnenstad"]
    assert (made.first_year, made.last_year) == (2023, 2023)
