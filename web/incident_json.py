"""Incidents and their figures as the API tells them, and as a spreadsheet reads them."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from vms.rules.incident_categories import Category
from vms.rules.incident_figures import Line
from vms.rules.incidents import Incident, note_hints
from vms.rules.requests import safe_cell
from vms.store.incident_history import Change
from web.bundle.facts import local
from web.incident_words import FIRST_SEEN, FOLLOW_UP, STATUS


def incident_json(incident: Incident, category: str, username: str) -> dict[str, Any]:
    """note_hints: what in the note looks like personal data."""
    return {
        "id": incident.id,
        "at_us": incident.at_us,
        "cameras": list(incident.cameras),
        "trail": [{"camera": step.camera_id, "at_us": step.at_us} for step in incident.trail],
        "category": incident.category_id,
        "category_name": category,
        "first_seen": incident.first_seen,
        "requester": incident.requester,
        "follow_ups": dict(incident.follow_ups),
        "note": incident.note,
        "note_hints": note_hints(incident.note),
        "project": incident.project,
        "status": incident.status,
        "created_by": incident.created_by,
        "created_us": incident.created_us,
        "changed_by": incident.changed_by,
        "changed_us": incident.changed_us,
        "mine": incident.created_by == username,
        "revision": incident.revision,
    }


def history_json(history: Sequence[Change], categories: Mapping[int, str]) -> list[dict[str, Any]]:
    """changed: names of what became otherwise; empty: it was registered."""
    return [
        {
            "revision": change.revision,
            "at_us": change.at_us,
            "by": change.by,
            "category_name": categories[change.category_id],
            "status": change.status,
            "follow_ups": dict(change.follow_ups),
            "changed": ["category" if name == "category_id" else name for name in change.changed],
        }
        for change in history
    ]


def category_json(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "first_year": category.first_year,
        "last_year": category.last_year,
        "became": list(category.became),
    }


def figures_json(year: int, lines: Sequence[Line]) -> dict[str, Any]:
    """total, previous: sums of what is known; missing: how many categories have no total of this year."""
    return {
        "year": year,
        "total": sum(line.total or 0 for line in lines),
        "previous": sum(line.previous or 0 for line in lines),
        "missing": sum(line.total is None for line in lines),
        "categories": [
            {
                "category": line.category.id,
                "name": line.category.name,
                "total": line.total,
                "previous": line.previous,
                "previous_shared": list(line.shared),
                "followed_up": line.followed_up,
                "follow_ups": dict(line.follow_ups),
                "outcomes": list(line.outcomes),
                "remarks": list(line.remarks),
            }
            for line in lines
        ],
    }


_HEADINGS = (
    "nummer", "tijd", "camera's", "volgspoor", "categorie", "eerst gezien door", "aanvrager", "opvolging", "notitie",
    "project", "status", "ingeschreven door", "ingeschreven", "bijgewerkt door", "bijgewerkt",
)  # fmt: skip


def register_csv(found: Sequence[Incident], categories: Mapping[int, str], zone: ZoneInfo) -> str:
    """What somebody typed is never a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_HEADINGS)
    for incident in found:
        done = [f"{FOLLOW_UP.get(kind, kind)} {count}" for kind, count in incident.follow_ups.items()]
        cells = [
            str(incident.id),
            local(incident.at_us, zone),
            " ".join(incident.cameras),
            " > ".join(step.camera_id for step in incident.trail),
            categories.get(incident.category_id, ""),
            FIRST_SEEN[incident.first_seen],
            incident.requester,
            ", ".join(done),
            incident.note,
            incident.project,
            STATUS[incident.status],
            incident.created_by,
            local(incident.created_us, zone),
            incident.changed_by,
            local(incident.changed_us, zone),
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue()
