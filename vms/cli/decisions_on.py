"""`vms decisions on DATE`: which decisions were in force on a day, where, and for which cameras."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.config import SiteConfig
from vms.decision_file import place_of
from vms.errors import ConfigError
from vms.placement_file import PlacementBook
from vms.rules.decision_document import DecisionProblems, read_decision, unclear
from vms.rules.decisions import covers, windows
from vms.rules.local_time import end_us, start_us
from vms.store import Store, decisions
from vms.units import utc_from_us


def decisions_on(
    day: str = typer.Argument(metavar="DATE", help="YYYY-MM-DD, or a minute of it: YYYY-MM-DDTHH:MM (site's zone)."),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which decisions were in force on DATE, from when to when, and which cameras of this site they cover."""
    site = read_config(config)
    zone = ZoneInfo(site.site.timezone)
    try:
        first_us, last_us = start_us(day, zone), end_us(day, zone)
    except ValueError as error:
        raise ConfigError([f"{day!r}: must be YYYY-MM-DD or YYYY-MM-DDTHH:MM"]) from error
    with open_store(site) as store:
        found = in_force_between(site, store, first_us, max(last_us, first_us + 1))
    answer({"date": day, "decisions": found}, [_text(day, found)], as_json=as_json)


def in_force_between(site: SiteConfig, store: Store, first_us: int, last_us: int) -> list[dict[str, Any]]:
    """Blocking. Half-open; by start."""
    zone = ZoneInfo(site.site.timezone)
    hanging = PlacementBook(site)
    with store.reading() as tx:
        written = {each.decision_id: each.document for each in decisions.current(tx)}
    try:
        read = [read_decision(document, key, zone) for key, document in written.items()]
    except DecisionProblems as error:
        raise ConfigError([f"the register holds a decision that cannot be read: {error}"]) from error
    return [
        {
            "id": window.decision.id,
            "label": window.decision.label,
            "kind": window.decision.kind,
            "from": _local(window.start_us, zone),
            "to": None if window.end_us is None else _local(window.end_us, zone),
            "locations": list(window.decision.locations),
            "flex": written[window.decision.id].get("flex"),
            "fixed": written[window.decision.id].get("fixed"),
            "cameras": [camera.id for camera in site.cameras if covers(window.decision, place_of(hanging.now(camera)))],
            "unclear": unclear(written[window.decision.id], window.decision, zone),
        }
        for window in windows(read, zone)
        if window.start_us < last_us and (window.end_us is None or window.end_us > first_us)
    ]


def _local(at_us: int, zone: ZoneInfo) -> str:
    return datetime.isoformat(utc_from_us(at_us).astimezone(zone), timespec="minutes")


def _text(day: str, found: list[dict[str, Any]]) -> str:
    if not found:
        return f"{day}: no decision was in force"
    lines = [f"{day}: {len(found)} decisions in force"]
    for one in found:
        count = ", ".join(f"{one[kind]} {kind}" for kind in ("flex", "fixed") if one[kind]) or "no count"
        lines.append(f"  {one['label']} ({one['kind']}, {count}) {one['from']} – {one['to'] or 'until further notice'}")
        lines.append(f"    {'; '.join(one['locations']) or 'no location'}")
        lines.append(f"    covers {', '.join(one['cameras']) or 'no camera of this site by its configuration'}")
    return "\n".join(lines)
