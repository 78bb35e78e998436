"""Prints the matrix role × camera group × endpoint; `--write` puts it into docs/security.md. A test compares them."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts

from vms.clock import SystemClock
from vms.config import SiteConfig
from vms.rules.access import ALLOWED, ROLES, Action
from vms.store import Store
from web.app import create_app
from web.deps import Guard
from web.reach_routes import ROUTES

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- access matrix: tools/access_matrix.py --write -->", "<!-- end of access matrix -->"
_HEADINGS = {
    "observer": "observer",
    "police_reviewer": "police",
    "evidence_officer": "evidence",
    "technician": "technician",
    "privacy_officer": "privacy",
    "shift_manager": "shift",
    "policy_officer": "policy",
    "admin": "admin",
}
_BEYOND = {"path": "403", "named": "403", "listed": "left out", "whole": "403 for all", "none": "–"}


def guarded(app: FastAPI) -> Iterator[tuple[str, Action]]:
    """Method and path of every route behind a guard, with its action."""
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute | APIWebSocketRoute):
            continue
        for guard in _guards(context.dependant):
            for method in sorted(context.methods or ("WEBSOCKET",)):
                yield f"{method} {context.path}", guard.action


def table(app: FastAPI) -> str:
    """Markdown."""
    lines = ["| endpoint | " + " | ".join(_HEADINGS[role] for role in ROLES) + " | beyond its group |"]
    lines.append("|---|" + "---|" * (len(ROLES) + 1))
    for route, action in sorted(guarded(app), key=lambda each: each[0].split(" ")[::-1]):
        cells = ["●" if role in ALLOWED[action] else "" for role in ROLES]
        lines.append(f"| `{route}` | " + " | ".join(cells) + f" | {_BEYOND[ROUTES[route]]} |")
    return "\n".join(lines)


def with_table(document: str, printed: str) -> str:
    """The document with this table between its marks."""
    before, rest = document.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{printed}\n{END}{after}"


def _guards(dependant: Dependant) -> Iterator[Guard]:
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _guards(inner)


def _empty_app(directory: str) -> FastAPI:
    camera = {"id": "a", "number": 1, "name": "A", "main": "rtsp://127.0.0.1:9/a", "masks": "none"}
    given = {"site": {"name": "-", "data_dir": directory}, "cameras": [camera]}
    config = SiteConfig.model_validate(given)
    return create_app(config, Store(config.database_url), SystemClock())


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        printed = table(_empty_app(directory))
    if "--write" in sys.argv:
        DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8"), printed), encoding="utf-8")
    else:
        sys.stdout.write(printed + "\n")


if __name__ == "__main__":
    main()
