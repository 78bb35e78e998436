"""How the cameras, the disks and the processes are."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from web.audit_trail import Actor
from web.deps import ServicesDep, needs

router = APIRouter(prefix="/api", tags=["status"])


@router.get("/status")
async def status(services: ServicesDep, actor: Annotated[Actor, needs("status.read")]) -> dict[str, Any]:
    board = services.board
    await board.disk_board.refresh()
    processes = await run_in_threadpool(board.processes)
    reached = {camera.id for camera in services.reach.cameras(actor, "status.read")}
    return {
        "server_us": services.clock.now_us(),
        "cameras": {
            camera: state.seen_by(actor.username, streams=True)
            for camera, state in board.cameras().items()
            if camera in reached
        },
        "disk": board.disks(),
        "retention_days": services.config.terms.longest_days(),
        "encrypted": services.config.recorder.encrypt,
        "processes": processes,
        "live": {"up": board.live_answers, "viewers": board.viewers},
        "alarms": [alarm for alarm in services.alarms.recent() if alarm["camera"] in {"", *reached}],
    }
