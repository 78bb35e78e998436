"""What the fake backend knows of following: patrols, trails and bookmarks."""

from typing import TYPE_CHECKING, Any

from fake_records import now_us, problem
from fastapi import FastAPI, Request

if TYPE_CHECKING:
    from fake_backend import Backend

PATROLS = [
    {"name": "Nacht", "steps": [{"preset": "Terras", "dwell_s": 20}, {"preset": "Ingang", "dwell_s": 40}]},
    {"name": "Dag", "steps": [{"preset": "Overzicht", "dwell_s": 60}]},
]
LEFT_OUTLINE = [[0.0, 0.2], [0.2, 0.3], [0.2, 0.8], [0.0, 0.9]]


def ways(neighbours: list[str], *, turns: bool) -> list[dict[str, Any]]:
    """The first to the left with an outline where the camera stands still, the second to the right."""
    outlines = [None if turns else LEFT_OUTLINE, None]
    return [
        {"camera": neighbour, "side": side, "turns": False, "outline": outline}
        for neighbour, side, outline in zip(neighbours, ("left", "right"), outlines, strict=False)
    ]


def following_routes(app: FastAPI, backend: "Backend") -> None:
    """Before the other routes of cameras: those take any word after /ptz/."""
    _patrol_routes(app, backend)
    _trail_routes(app, backend)

    @app.post("/api/bookmarks", status_code=201)
    async def mark(request: Request) -> Any:
        body = await request.json()
        if "kenteken" in body["note"]:
            return problem(409, "refused", "Niet alle velden kloppen.")
        backend.bookmarks.append({**body, "author": "jan"})
        return backend.bookmarks[-1]


def _patrol_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/cameras/{camera}/ptz/patrols")
    def patrols(camera: str) -> dict[str, Any]:
        return {"patrols": PATROLS, "running": backend.states[camera]["patrol"]}

    @app.post("/api/cameras/{camera}/ptz/patrol")
    async def start(camera: str, request: Request) -> dict[str, Any]:
        running = {"name": (await request.json())["name"], "state": "running", "by": "Jan de Wit"}
        backend.states[camera] |= {"ptz": "patrol", "patrol": running}
        return {"patrols": PATROLS, "running": running}

    @app.delete("/api/cameras/{camera}/ptz/patrol")
    def stop(camera: str) -> dict[str, Any]:
        backend.states[camera] |= {"ptz": "free", "patrol": None}
        return {"patrols": PATROLS, "running": None}


def _trail_routes(app: FastAPI, backend: "Backend") -> None:
    def current() -> dict[str, Any] | None:
        return next((trail for trail in backend.trails if trail["ended_us"] is None), None)

    @app.get("/api/trails/mine")
    def mine() -> dict[str, Any]:
        return {"trail": current()}

    @app.post("/api/trails/steps", status_code=201)
    async def step(request: Request) -> dict[str, Any]:
        body = await request.json()
        trail = current()
        if trail is None:
            trail = {
                "id": len(backend.trails) + 1,
                "owner": "jan",
                "name": "",
                "started_us": now_us(),
                "ended_us": None,
            }
            trail["steps"] = [{"camera": body["came_from"], "at_us": body["since_us"]}]
            backend.trails.append(trail)
        trail["steps"].append({"camera": body["to"], "at_us": now_us()})
        return {"trail": trail, "turned": None}

    @app.patch("/api/trails/mine")
    async def rename(request: Request) -> dict[str, Any]:
        trail = current()
        assert trail
        trail |= await request.json()
        return {"trail": trail}

    @app.post("/api/trails/mine/end")
    def end() -> dict[str, Any]:
        trail = current()
        assert trail
        trail["ended_us"] = now_us()
        return {"trail": trail}

    @app.get("/api/trails")
    def look_back(consultation: int = 0) -> Any:
        if consultation != 7:
            return problem(403, "consultation_required", "Geef eerst doel en registratienummer op.")
        return {"trails": backend.trails}
