"""`vms import incidents FILE.json`: a year's printed table into the register, each row whole, with what is unclear."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

from vms.cli.import_json import read_rows
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import Clock, SystemClock, now_utc
from vms.errors import ConfigError
from vms.rules.incident_categories import Category, named
from vms.rules.incident_document import UNCLEAR, IncidentRowProblems, YearRow, read_row, unclear
from vms.store import Store, Transaction, audit, incident_categories
from vms.store.audit import AuditEntry

MAX_ROWS = 2000
_AUTHOR = "command line"
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def import_incidents(
    file: Path = typer.Argument(help="JSON: a list of rows."),
    year: int | None = typer.Option(None, min=2000, max=2100, help="Of the table; default: the year in FILE's name."),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import the incidents of a year before the register. Unclear rows too, with what is unclear; exit code 1 only when
    a row is none at all, or has other figures than the register has of that category.

    A row that was imported before, letter by letter, is left alone. What has no total keeps none.
    """
    site = read_config(config)
    clock = SystemClock()
    of_year = year or _year_in_name(file)
    this_year = now_utc(clock).astimezone(ZoneInfo(site.site.timezone)).year
    if of_year > this_year:
        raise ConfigError([f"{file}: {of_year} has not begun"])
    rows = read_rows(file, MAX_ROWS, "rows")
    with open_store(site) as store:
        imported = import_rows(store, clock, of_year, rows)
    answer(imported, [_text(imported)], as_json=as_json)
    if imported["refused"]:
        raise typer.Exit(1)


def import_rows(store: Store, clock: Clock, year: int, rows: list[Any]) -> dict[str, Any]:
    """{"year", "imported", "known", "total", "unclear": [{row, label, reasons, note}], "refused": [{row, problems}]}

    row: counted from 1, as people count them. total: of the imported rows that have one.
    """
    now = now_utc(clock)
    said: dict[str, Any] = {"year": year, "imported": 0, "known": 0, "total": 0, "unclear": [], "refused": []}
    with store.transaction() as tx:
        before = incident_categories.printed_documents(tx, year)
        known = Counter(_fingerprint(document) for _, document in before)
        taken = {category_id for category_id, _ in before}
        here: set[int] = set()
        for number, document in enumerate(rows, 1):
            try:
                row = read_row(document)
            except IncidentRowProblems as error:
                said["refused"].append({"row": number, "problems": error.problems})
                continue
            if known[_fingerprint(document)]:
                known[_fingerprint(document)] -= 1
                said["known"] += 1
                continue
            category = _category(tx, row.category, year)
            if category.id in taken:
                problem = f"the register has other figures of {row.category!r} in {year}"
                said["refused"].append({"row": number, "problems": [problem]})
                continue
            incident_categories.add_printed(tx, year, category.id, document, now)
            _note(said, number, document, row, is_twice=category.id in here)
            here.add(category.id)
        if said["imported"]:
            audit.append(tx, _entry(said, now))
    return said


def _note(said: dict[str, Any], number: int, document: Mapping[str, Any], row: YearRow, *, is_twice: bool) -> None:
    said["imported"] += 1
    said["total"] += row.total or 0
    if reasons := unclear(document, row, is_twice):
        about = {"row": number, "label": row.category, "reasons": reasons, "note": document.get("note")}
        said["unclear"].append(about)


def _category(tx: Transaction, name: str, year: int) -> Category:
    """Of that year's list, or one for that year alone: what a table prints is not what people choose from later."""
    found = named(incident_categories.all_(tx), name, year)
    return found or incident_categories.put(tx, Category(0, name, year, year))


def _fingerprint(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True)


def _entry(said: Mapping[str, Any], now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=_AUTHOR,
        roles=(),
        action="incidents.import",
        object=f"incidents:{said['year']}",
        result="allowed",
        detail={"rows": said["imported"]},
    )


def _year_in_name(file: Path) -> int:
    years = _YEAR.findall(file.stem)
    if len(years) != 1:
        raise ConfigError([f"{file}: its name does not say of which year it is; give --year"])
    return int(years[0])


def _text(said: Mapping[str, Any]) -> str:
    lines = [f"{said['year']}: {said['imported']} rows imported, {said['known']} known already"]
    for one in said["unclear"]:
        lines.append(f"row {one['row']} ({one['label']}) is unclear:")
        lines += [f"  {UNCLEAR[reason]}" for reason in one["reasons"]]
    for one in said["refused"]:
        lines.append(f"row {one['row']} was not imported:")
        lines += [f"  {problem}" for problem in one["problems"]]
    return "\n".join(lines)
