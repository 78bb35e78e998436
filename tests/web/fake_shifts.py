"""What the fake backend knows of shifts and of where flex cameras hang."""

from typing import Any

from fake_records import now_us
from fastapi import FastAPI

HOUR_US = 3_600_000_000


def shift_routes(app: FastAPI) -> None:
    @app.get("/api/shifts/mine")
    def mine() -> dict[str, Any]:
        return {
            "required": True,
            "now_us": now_us(),
            "shift": None,
            "colleagues": [{"username": "a.aydin", "display_name": "A. Aydin"}],
            "before": {"coordinator": "B. Smits", "workstation": "Werkplek 2"},
            "handover": _shift(1),
        }

    @app.get("/api/shifts")
    def register() -> dict[str, Any]:
        return {"shifts": [_shift(number) for number in (2, 1)], "more": True}

    @app.get("/api/shifts/figures")
    def figures(year: int) -> dict[str, Any]:
        hours = {"manned_us": 160 * HOUR_US, "person_us": 320 * HOUR_US}
        watched = {"watched_us": 90 * HOUR_US, "viewer_us": 130 * HOUR_US}
        camera = {"id": "camera-01", "number": 1, "name": "Parade", "area": "Binnenstad"}
        areas = [{"name": name, **watched} for name in ("Binnenstad", "")]
        return {"year": year, "shifts": 20, **hours, "months": [hours] * 12, "areas": areas,
                "cameras": [camera | watched]}  # fmt: skip

    @app.get("/api/shifts/viewing")
    def viewing(from_us: int) -> dict[str, Any]:
        shares = [(0, 0.004, 0.2, 0.45, 0.7, 1)[hour % 6] for hour in range(24)]
        return {"hours_us": [from_us + hour * HOUR_US for hour in range(24)], "cameras": {"camera-01": shares}}


def _shift(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "people": ["Jan de Wit", "A. Aydin"],
        "coordinator": "B. Smits",
        "workstation": "Werkplek 2",
        "started_us": now_us() - 9 * HOUR_US,
        "over_us": now_us() - HOUR_US,
        "closed": True,
        "note": "Camera 3 trilt bij wind.",
    }


def placement_routes(app: FastAPI) -> None:
    @app.get("/api/decisions")
    def decisions() -> dict[str, Any]:
        return {"enforce": True, "now_us": now_us(), "decisions": [], "areas": []}

    @app.get("/api/placements")
    def placements() -> dict[str, Any]:
        where = {"area": "Markt", "lat": 51.37, "lon": 6.17, "author": "jan", "reason": "kermis"}
        history = [
            where | {"id": number, "placement": f"paal {number}", "decision": "1001", "from_us": now_us() - HOUR_US}
            for number in (2, 1)
        ]
        flex = {"id": "camera-02", "number": 2, "name": "Flex", "needs_decision": True, "area": "Markt"}
        return {
            "now_us": now_us(),
            "cameras": [flex | {"placement": "paal 2", "history": history}],
            "areas": ["Binnenstad", "Markt"],
            "decisions": [{"id": 1, "label": "1001", "locations": ["Markt"]}],
        }
