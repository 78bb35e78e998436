"""`vms import decisions FILE.json`: a year of decisions into the register, each row whole, with what is unclear."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

from vms.cli.import_json import read_rows
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import Clock, SystemClock, now_utc
from vms.config import SiteConfig
from vms.decision_register import DecisionPublisher
from vms.rules.decision_document import UNCLEAR, DecisionProblems, read_decision, unclear
from vms.store import Store, audit, decisions
from vms.store.audit import AuditEntry

MAX_DECISIONS = 5000
_AUTHOR = "command line"


def import_decisions(
    file: Path = typer.Argument(help="JSON: a list of decisions."),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import decisions. Unclear ones too, with what is unclear; exit code 1 only when a row is no decision at all.

    A row that was imported before, letter by letter, is left alone.
    """
    site = read_config(config)
    rows = read_rows(file, MAX_DECISIONS, "decisions")
    with open_store(site) as store:
        imported = import_rows(site, store, SystemClock(), rows)
        DecisionPublisher(site, store).publish()
    answer(imported, [_text(imported)], as_json=as_json)
    if imported["refused"]:
        raise typer.Exit(1)


def import_rows(site: SiteConfig, store: Store, clock: Clock, rows: list[Any]) -> dict[str, Any]:
    """{"imported", "known", "unclear": [{row, id, label, reasons, note}], "refused": [{row, problems}]}

    row: counted from 1, as people count them. imported, known: how many.
    """
    zone, now = ZoneInfo(site.site.timezone), now_utc(clock)
    said: dict[str, Any] = {"imported": 0, "known": 0, "unclear": [], "refused": []}
    with store.transaction() as tx:
        known = {_fingerprint(each.document) for each in decisions.first_versions(tx)}
        for row, document in enumerate(rows, 1):
            try:
                _check(document, zone)
            except DecisionProblems as error:
                said["refused"].append({"row": row, "problems": error.problems})
                continue
            if _fingerprint(document) in known:
                said["known"] += 1
                continue
            added = decisions.add(tx, document, _AUTHOR, now)
            audit.append(tx, _entry(added.decision_id, document, now))
            said["imported"] += 1
            decision = read_decision(document, added.decision_id, zone)
            if reasons := unclear(document, decision, zone):
                about = {"row": row, "id": added.decision_id, "label": decision.label, "reasons": reasons}
                said["unclear"].append({**about, "note": document.get("note")})
    return said


def _check(document: Any, zone: ZoneInfo) -> None:
    """Raises DecisionProblems."""
    if not isinstance(document, dict):
        raise DecisionProblems(["must be an object"])
    read_decision(document, 0, zone)


def _fingerprint(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True)


def _entry(decision_id: int, document: Mapping[str, Any], now: datetime) -> AuditEntry:
    numbers = " / ".join(document.get("registration_numbers") or ())
    return AuditEntry(
        at=now,
        actor=_AUTHOR,
        roles=(),
        action="decisions.import",
        object=f"decision:{decision_id}",
        result="allowed",
        detail={"numbers": numbers, "kind": str(document["kind"])},
    )


def _text(said: Mapping[str, Any]) -> str:
    lines = [f"{said['imported']} decisions imported, {said['known']} known already"]
    for one in said["unclear"]:
        lines.append(f"row {one['row']} ({one['label']}) is unclear:")
        lines += [f"  {UNCLEAR[reason]}" for reason in one["reasons"]]
    for one in said["refused"]:
        lines.append(f"row {one['row']} is no decision and was not imported:")
        lines += [f"  {problem}" for problem in one["problems"]]
    return "\n".join(lines)
