"""The first account of a new system."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from web.api.session import slow_down
from web.auth import address_of
from web.deps import ServicesDep, check_origin
from web.first_run import FirstAdmin

router = APIRouter(prefix="/api", tags=["session"])


class NewAdmin(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str = Field(min_length=1, max_length=100, description="First line of `first-run.code` in data_dir.")
    username: str = Field(min_length=1, max_length=80)
    display_name: Annotated[str, Field(min_length=1, max_length=80)]
    password: str = Field(min_length=1, max_length=200)


@router.post("/first-run", status_code=201)
async def first_run(request: Request, body: NewAdmin, services: ServicesDep) -> dict[str, str]:
    """Makes exactly one admin, while there is no account at all."""
    check_origin(request)
    address = address_of(request)
    slow_down(services, address)
    wanted = FirstAdmin(body.code, body.username, body.display_name, body.password)
    await anyio.to_thread.run_sync(services.first_run.make_admin, wanted, address, limiter=services.limits.hashing)
    return {"username": body.username}
