"""What the fake backend knows of incidents: registered once per key, changed under their revision, counted by year."""

from typing import TYPE_CHECKING, Any

from fake_records import now_us, problem
from fastapi import FastAPI, Request

if TYPE_CHECKING:
    from fake_backend import Backend

CATEGORIES = [
    {"id": number, "name": name, "first_year": 2000, "last_year": None, "became": []}
    for number, name in enumerate(
        ("Drugsoverlast", "Geluidsoverlast", "Geweld en vechtpartijen", "Verkeer", "Winkeldiefstal", "Wildplassen"), 1
    )
]
OLD = {"id": 7, "name": "Diefstal uit winkel", "first_year": 2000, "last_year": 2025, "became": [5]}


def an_incident(number: int, at_us: int, **change: Any) -> dict[str, Any]:
    return {
        "id": number, "at_us": at_us, "cameras": ["camera-01"], "trail": [], "category": 2,
        "category_name": "Geluidsoverlast", "first_seen": "observer", "requester": "", "follow_ups": {}, "note": "",
        "note_hints": [], "project": "", "status": "open", "created_by": "jan", "created_us": at_us,
        "changed_by": "jan", "changed_us": at_us, "mine": True, "revision": 1, **change,
    }  # fmt: skip


def incident_routes(app: FastAPI, backend: "Backend") -> None:
    _category_routes(app)
    _reading_routes(app, backend)
    _writing_routes(app, backend)


def _category_routes(app: FastAPI) -> None:
    @app.get("/api/incidents/categories")
    def categories(year: int = 0) -> dict[str, Any]:
        return {"categories": CATEGORIES if year else [*CATEGORIES, OLD]}

    @app.post("/api/incidents/categories", status_code=201)
    async def add(request: Request) -> dict[str, Any]:
        body = await request.json()
        return {"id": 8, "last_year": None, "became": [], **body}


def _reading_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/incidents")
    def newest(status: str = "", category: int = 0, camera: str = "") -> dict[str, Any]:
        found = [
            each
            for each in sorted(backend.incidents, key=lambda each: -each["at_us"])
            if status in ("", each["status"])
            and category in (0, each["category"])
            and (not camera or camera in each["cameras"])
        ]
        return {"incidents": found, "before": None}

    @app.get("/api/incidents/figures")
    def figures(year: int) -> dict[str, Any]:
        line = {
            "category": 5, "name": "Winkeldiefstal", "total": 19, "previous": 14, "previous_shared": [],
            "followed_up": 9, "follow_ups": {"aanhouding": 4, "aangesproken": 6}, "outcomes": [], "remarks": [],
        }  # fmt: skip
        split = line | {
            "category": 2, "name": "Geluidsoverlast", "total": None, "previous": None, "previous_shared": ["Overlast"],
            "outcomes": ["3 x doorverwezen"], "remarks": ["zie bijlage"],
        }  # fmt: skip
        return {"year": year, "total": 19, "previous": 14, "missing": 1, "categories": [line, split]}

    @app.get("/api/incidents/{incident}")
    def one(incident: int) -> dict[str, Any]:
        return backend.incidents[incident - 1]

    @app.get("/api/incidents/{incident}/history")
    def history(incident: int) -> dict[str, Any]:
        made = backend.incidents[incident - 1]
        first = {
            "revision": 1, "at_us": made["created_us"], "by": made["created_by"], "status": "open", "follow_ups": {},
            "category_name": made["category_name"], "changed": [],
        }  # fmt: skip
        later = first | {"revision": 2, "at_us": made["changed_us"], "by": made["changed_by"], "status": made["status"],
                         "follow_ups": made["follow_ups"], "changed": ["follow_ups", "note", "status"]}  # fmt: skip
        return {"history": [first, later][: made["revision"]]}


def _writing_routes(app: FastAPI, backend: "Backend") -> None:
    @app.post("/api/incidents/note-hints")
    async def hints(request: Request) -> dict[str, Any]:
        return {"note_hints": _hints((await request.json())["note"])}

    @app.post("/api/incidents", status_code=201)
    async def register(request: Request) -> Any:
        body, key = await request.json(), request.headers["idempotency-key"]
        if key in backend.incident_keys and backend.incidents[backend.incident_keys[key] - 1]["note"] != body["note"]:
            used = backend.incident_keys[key]
            return problem(409, "key_reused", "Al een ander incident onder deze sleutel.", incident=used)
        if key not in backend.incident_keys:
            trail = next((each for each in backend.trails if each["id"] == body["trail"]), {"steps": []})
            name = next(each["name"] for each in CATEGORIES if each["id"] == body["category"])
            done = {"follow_ups": {kind: count for kind, count in body["follow_ups"].items() if count}}
            done |= {"status": "followed_up" if done["follow_ups"] else "open", "trail": list(trail["steps"])}
            made = an_incident(len(backend.incidents) + 1, body.pop("at_us"), category_name=name, **(body | done))
            backend.incidents.append(made | {"note_hints": _hints(body["note"])})
            backend.incident_keys[key] = made["id"]
        return backend.incidents[backend.incident_keys[key] - 1]

    @app.patch("/api/incidents/{incident}")
    async def change(incident: int, request: Request) -> Any:
        body = await request.json()
        known = backend.incidents[incident - 1]
        if body.pop("revision") != known["revision"]:
            return problem(409, "incident_changed", "Iemand anders heeft dit incident intussen bijgewerkt.")
        known |= body | {"revision": known["revision"] + 1, "changed_us": now_us()}
        return known


def _hints(note: str) -> list[str]:
    return ["plate"] if "AB-123-C" in note else []
