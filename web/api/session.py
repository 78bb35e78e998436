"""Signing in and out, and who I am."""

import math
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from vms.rules.access import OBSERVER_REPLAY_S
from web.audit_trail import Actor
from web.auth import COOKIE, SESSION_LASTS, address_of
from web.deps import ServicesDep, check_origin, needs
from web.problems import Problem

router = APIRouter(prefix="/api", tags=["session"])


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)


@router.post("/login")
async def login(request: Request, response: Response, body: Credentials, services: ServicesDep) -> dict[str, Any]:
    """Sets the cookie `uitkijk_session` (HttpOnly, SameSite=Strict) for 12 hours."""
    check_origin(request)
    address = address_of(request)
    wait_s = services.limits.login.take(address)
    if wait_s:
        raise Problem("login_paused", headers={"Retry-After": str(math.ceil(wait_s))})
    opened = await anyio.to_thread.run_sync(
        services.accounts.login, body.username, body.password, address, limiter=services.limits.hashing
    )
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return {"user": _user(opened.actor), "csrf_token": opened.actor.csrf_token}


@router.post("/logout", status_code=204)
async def logout(response: Response, services: ServicesDep, actor: Annotated[Actor, needs("session.own")]) -> None:
    """Ends the session, its pictures and what it steers."""
    await anyio.to_thread.run_sync(services.accounts.logout, actor)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    await services.ptz.release_all(actor.username)
    await services.live_sessions.hang_up_login(actor)


@router.get("/me")
def me(services: ServicesDep, actor: Annotated[Actor, needs("session.own")]) -> dict[str, Any]:
    site = services.config.site
    return {
        **_user(actor),
        "csrf_token": actor.csrf_token,
        "site": {"name": site.name, "timezone": site.timezone},
        "server_us": services.clock.now_us(),
        "limits": {"observer_replay_s": OBSERVER_REPLAY_S, "retention_days": services.config.retention.days},
    }


def _user(actor: Actor) -> dict[str, Any]:
    return {"username": actor.username, "display_name": actor.display_name, "roles": sorted(actor.roles)}
