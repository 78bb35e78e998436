"""What the fake backend has on record: footage, exports, retention proof and audit log."""

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fake_pictures import jpeg
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

if TYPE_CHECKING:
    from fake_backend import Backend


def now_us() -> int:
    return time.time_ns() // 1000


def problem(status: int, code: str, text: str, **extra: Any) -> JSONResponse:
    return JSONResponse({"code": code, "nl": text, "en": text, "detail": text, **extra}, status)


def oversight_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/retention/proof")
    def proof() -> dict[str, Any]:
        return backend.proof

    @app.get("/api/retention/certificates")
    def certificates() -> dict[str, Any]:
        items = [
            {"day": f"2026-11-{day:02}", "bytes": 5_000_000, "url": f"/api/retention/certificates/2026-11-{day:02}"}
            for day in range(24, 12, -1)
        ]
        seal = {"at_us": now_us(), "rows": 4711, "key_id": "0123456789abcdef", "stamped_us": None}
        return {"items": items, "seal": seal}

    @app.get("/api/coverage/days")
    def days(from_us: int, to_us: int) -> dict[str, Any]:
        return {"from_us": from_us, "to_us": to_us, "now_us": now_us(), "cameras": {}}

    @app.get("/api/audit/chain")
    def chain() -> dict[str, Any]:
        return backend.chain

    @app.get("/api/audit/copies")
    def copies() -> dict[str, Any]:
        return {"rows": 4711, "copies": backend.copies}

    _oversight_routes(app, backend)

    @app.get("/api/audit")
    def audit(limit: int, actor: str = "", action: str = "") -> dict[str, Any]:
        common = {"at_us": now_us(), "roles": ["observer"], "object": "camera:camera-01", "workstation": "10.0.0.7"}
        about = {"camera": "camera-01", "camera_name": "Markt"}
        rows = [
            common
            | {
                "seq": 2,
                "actor": "jan",
                "action": "live.watch",
                "result": "allowed",
                "detail": {"profile": "hero"},
                "about": about,
            },
            common
            | {
                "seq": 1,
                "actor": "piet",
                "action": "footage.view",
                "result": "refused",
                "detail": {"purpose": "openbare_orde"},
            }
            | {
                "object": "segment:450",
                "about": about | {"start_us": 1_795_000_000_000_000, "end_us": 1_795_000_060_000_000},
            },
        ]
        wanted = [row for row in rows if row["actor"].startswith(actor) and action in ("", row["action"])]
        return {"rows": wanted[:limit]}


def _oversight_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/audit/queries")
    def queries() -> dict[str, Any]:
        return {"queries": backend.queries}

    @app.post("/api/audit/queries", status_code=201)
    async def keep_query(request: Request) -> dict[str, Any]:
        backend.queries.append({"id": len(backend.queries) + 1, **await request.json()})
        return backend.queries[-1]

    @app.delete("/api/audit/queries/{query}", status_code=204)
    def forget_query(query: int) -> None:
        backend.queries[:] = [one for one in backend.queries if one["id"] != query]

    @app.get("/api/oversight/alerts")
    def alerts() -> dict[str, Any]:
        return {"alerts": sorted(backend.signals, key=lambda one: one["handled_us"] is not None)}

    @app.patch("/api/oversight/alerts/{alert}")
    async def handle(alert: int, request: Request) -> dict[str, Any]:
        found = next(one for one in backend.signals if one["id"] == alert)
        found |= {"handled_by": "k.visser", "handled_us": now_us(), **await request.json()}
        return found

    @app.get("/api/oversight/logins")
    def logins() -> dict[str, Any]:
        rows = [
            {"seq": seq, "at_us": now_us() - seq * 10**9, "actor": actor, "roles": ["observer"], "result": result,
             "workstation": "10.0.0.7"}
            for seq, actor, result in ((12, "jan", "allowed"), (15, "piet", "refused"))
        ]  # fmt: skip
        return {"seed": "0" * 64, "drawn_from": 40, "rows": rows}

    @app.post("/api/oversight/logins", status_code=201)
    async def sign(request: Request) -> dict[str, Any]:
        body = await request.json()
        bad = [one for one in body["verdicts"] if not one["good"]]
        backend.reviews.append({
            "from_us": now_us() - 30 * 86_400_000_000, "to_us": now_us(), "drawn": 2, "drawn_from": 40, "bad": bad,
            "note": body["note"], "reviewer": "m.smit", "at_us": now_us(),
        })  # fmt: skip
        return backend.reviews[-1]

    @app.get("/api/crossings")
    def crossings() -> dict[str, Any]:
        purposes = ["traffic"] if backend.crossings else []
        bases = {"traffic": "Wegenverkeerswet 1994, art. 2"}
        return {"crossings": backend.crossings, "purposes": purposes, "groups": ["Binnenstad"], "bases": bases}

    @app.get("/api/oversight/reviews")
    def reviews() -> dict[str, Any]:
        return {"reviews": backend.reviews}


def footage_routes(app: FastAPI, backend: "Backend") -> None:
    @app.post("/api/consultations")
    async def consult(request: Request) -> Any:
        body = await request.json()
        if not body.get("reference"):
            return problem(422, "invalid_input", "Niet alle velden kloppen.")
        return {"id": 7, "expires_us": now_us() + 4 * 3600 * 10**6}

    @app.get("/api/coverage")
    def coverage(from_us: int, to_us: int, camera: str, consultation: int = 0, profile: str = "sub") -> Any:
        if consultation != 7:
            return problem(403, "consultation_required", "Geef eerst doel en registratienummer op.")
        absent = backend.absent.get(camera, set())
        inside = [part for part in backend.segments if part["start_us"] < to_us and part["end_us"] > from_us]
        skew_ms = backend.skew_ms.get(camera)
        inside = [part | {"skew_ms": skew_ms} for part in inside if part["id"] not in absent]
        return {
            "camera": camera, "from_us": from_us, "to_us": to_us, "retention_from_us": backend.retention_from_us,
            "segments": inside, "gaps": backend.gaps, "holds": [
                {"start_us": one["from_us"], "end_us": one["to_us"], "case_number": one["case_number"]}
                for one in backend.holds
            ], "stretches": backend.stretches,
            "bookmarks": [mark for mark in backend.bookmarks if mark["camera"] == camera],
            "incidents": [each for each in backend.incidents if camera in each["cameras"]],
        }  # fmt: skip

    @app.get("/api/media/{segment}")
    def media(segment: int) -> Response:
        if backend.refuse_media:
            return problem(backend.refuse_media, "expired", "De bewaartermijn van deze beelden is voorbij.")
        return Response(backend.media[str(segment)], media_type="video/mp4")

    _still_routes(app, backend)
    exports: dict[str, float] = {}

    @app.post("/api/exports")
    def export() -> JSONResponse:
        exports["e1"] = time.monotonic()
        return JSONResponse({"id": "e1"}, 202)

    @app.get("/api/exports/{export}")
    def progress(export: str) -> dict[str, Any]:
        done = min(1.0, (time.monotonic() - exports[export]) / 1.5)
        if done < 1:
            return {
                "id": export,
                "state": "busy",
                "progress": done,
                **dict.fromkeys(("bytes", "sha256", "certificate_id", "error", "url")),
            }
        url = f"/api/exports/{export}/file"
        return {
            "id": export,
            "state": "done",
            "progress": 1,
            "bytes": 4_200_000,
            "sha256": "ab" * 32,
            "certificate_id": "cd" * 8,
            "error": None,
            "url": url,
        }


def _still_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/media/{segment}/{kind}")
    def still(segment: int, kind: str, at_us: int) -> Response:
        size = {"thumbnail": (240, 136), "photo": (640, 360)}[kind]
        headers = {"Content-Disposition": f'attachment; filename="camera-01-{at_us}.jpg"'} if kind == "photo" else {}
        return Response(jpeg(2, segment, *size), headers=headers, media_type="image/jpeg")

    @app.get("/api/movements")
    def movements(camera: str) -> dict[str, Any]:
        return {"camera": camera, "movements": backend.movements}

    @app.post("/api/motion-searches")
    def motion() -> StreamingResponse:
        return StreamingResponse(
            (json.dumps(line) + "\n" for line in backend.motion), media_type="application/x-ndjson"
        )


def a_hold(number: int, from_us: int, to_us: int, **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": number, "state": "requested", "cameras": ["camera-01"], "from_us": from_us, "to_us": to_us,
        "case_number": "PL2300-2026118822", "basis": "sv_126nd", "legal_basis": "sv_126nd", "requester": "B. Smits",
        "created_by": "iemand", "created_us": now_us(), "review_us": now_us() + 90 * 86_400 * 10**6,
        "review_due": False, "secured_us": None, "root": None, "released_us": None, "released_by": None,
        "erased_us": None, "problem": "", "files": 0, "bytes": 0, "damaged": 0,
    }  # fmt: skip
    return {**known, **changes}


def hold_routes(app: FastAPI, backend: "Backend") -> None:
    @app.get("/api/holds")
    def holds() -> dict[str, Any]:
        return {"now_us": now_us(), "holds": backend.holds[::-1]}

    @app.get("/api/holds/{number}")
    def hold(number: int) -> dict[str, Any]:
        return {**backend.holds[number - 1], "missing": []}

    @app.post("/api/holds")
    async def secure(request: Request) -> Any:
        body = await request.json()
        if not body["basis"]:
            text = "Kies een grondslag uit de lijst."
            return problem(422, "invalid_input", text, fields={"basis": {"nl": text, "en": text}})
        from_us, to_us = (round(datetime.fromisoformat(body[name]).timestamp() * 1e6) for name in ("from", "to"))
        kept = {name: body[name] for name in ("cameras", "case_number", "basis", "legal_basis", "requester")}
        made = a_hold(len(backend.holds) + 1, from_us, to_us, **kept)
        backend.holds.append(made)
        lack = {"camera": "camera-01", "start_us": from_us, "end_us": to_us, "reason": "purging"}
        return JSONResponse({**made, "missing": [lack]}, 201)
