"""For machines that watch: alive, ready, metrics."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from vms.errors import StoreBusy
from vms.store import users
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.services import Services

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, Any]:
    """The process answers."""
    return {"ok": True}


@router.get("/readyz")
async def readyz(services: ServicesDep) -> JSONResponse:
    """200 when the live process and the database answer, else 503."""
    checks = {"database": await run_in_threadpool(_database_answers, services), "live": services.board.live_answers}
    ready = all(checks.values())
    return JSONResponse({"ready": ready, **checks}, 200 if ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep, _actor: Annotated[Actor, needs("metrics.read")]) -> Response:
    """Prometheus text; give the scraper a token of role technician."""
    return Response(await run_in_threadpool(services.metrics.text), media_type=CONTENT_TYPE_LATEST)


def _database_answers(services: Services) -> bool:
    try:
        with services.store.reading() as tx:
            users.by_name(tx, "")
    except StoreBusy:
        return False
    return True
