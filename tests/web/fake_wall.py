"""What the fake backend knows of the wall beside pictures: map, alarms and layouts."""

from typing import TYPE_CHECKING, Any

from fake_records import now_us, problem
from fastapi import FastAPI, Request, Response
from starlette.responses import FileResponse

if TYPE_CHECKING:
    from fake_backend import Backend


def wall_routes(app: FastAPI, backend: "Backend") -> None:
    _map_routes(app, backend)
    _alarm_routes(app, backend)
    _layout_routes(app, backend)


def _map_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/map")
    def street_map() -> dict[str, Any]:
        return {"areas": backend.areas, "ground": backend.ground and "/api/map/ground?version=1"}

    @app.get("/api/map/views")
    def views() -> dict[str, Any]:
        return {"views": backend.views}

    @app.get("/api/map/ground")
    def ground() -> Response:
        if backend.ground is None:
            return problem(404, "not_found", "Dit bestaat niet.")
        return FileResponse(str(backend.ground), media_type="application/vnd.pmtiles")


def _alarm_routes(app: FastAPI, backend: "Backend") -> None:
    @app.post("/api/alarms/{alarm}/acknowledge")
    def acknowledge(alarm: int) -> dict[str, Any]:
        found = backend.alarms[alarm - 1]
        found |= {"acknowledged_by": "Jan de Wit", "acknowledged_us": now_us()}
        return found


def _layout_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/layouts")
    def layouts() -> dict[str, Any]:
        return {"layouts": backend.layouts}

    @app.post("/api/layouts")
    async def save(request: Request) -> dict[str, Any]:
        body = await request.json()
        backend.layouts.append({"id": len(backend.layouts) + 1, "owner": "jan", "shared": False, **body})
        return backend.layouts[-1]

    @app.patch("/api/layouts/{layout}")
    async def share(layout: int, request: Request) -> dict[str, Any]:
        backend.layouts[layout - 1] |= await request.json()
        return backend.layouts[layout - 1]
