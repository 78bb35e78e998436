"""Signing in and out, and who I am."""

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from vms.rules.access import OBSERVER_REPLAY_S
from web.alarms import Alarm
from web.audit_trail import Actor
from web.auth import COOKIE, Attempt, Login, address_of
from web.deps import ServicesDep, check_origin, needs
from web.problems import Problem
from web.services import Services

router = APIRouter(prefix="/api", tags=["session"])
Answer = TypeVar("Answer")


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)

    def attempt(self, address: str) -> Attempt:
        return Attempt(self.username, self.password, address)


class FullCredentials(Credentials):
    code: str = Field("", max_length=40, description="Of the telephone, or a recovery code.")
    reason: str = Field("", max_length=200, description="Why a break-glass account is used.")

    def attempt(self, address: str) -> Attempt:
        return Attempt(self.username, self.password, address, self.code, self.reason)


@router.post("/login")
async def login(request: Request, response: Response, body: FullCredentials, services: ServicesDep) -> dict[str, Any]:
    """Sets the cookie `uitkijk_session` (HttpOnly, SameSite=Strict) for 12 hours; of a break-glass account for 2."""
    opened = await _with_credentials(request, services, services.accounts.login, body)
    if opened.method == "break_glass":
        services.alarms.raise_alarm(_break_glass(opened.actor))
    return _signed_in(request, response, opened)


@router.post("/login/second-factor")
async def couple_telephone(request: Request, body: Credentials, services: ServicesDep) -> dict[str, str]:
    """For who needs a second factor and has none: what the telephone takes over. In use after its first code."""
    enrolment = await _with_credentials(request, services, services.accounts.begin_second_factor, body)
    return {"secret": enrolment.secret, "uri": enrolment.uri, "qr": enrolment.qr}


@router.post("/login/second-factor/confirm")
async def confirm_telephone(
    request: Request, response: Response, body: FullCredentials, services: ServicesDep
) -> dict[str, Any]:
    """The first code of the telephone: signs in, and answers the recovery codes, once."""
    opened = await _with_credentials(request, services, services.accounts.confirm_second_factor, body)
    return {**_signed_in(request, response, opened), "recovery_codes": list(opened.recovery_codes)}


@router.post("/logout", status_code=204)
async def logout(response: Response, services: ServicesDep, actor: Annotated[Actor, needs("session.own")]) -> None:
    """Ends the session, its pictures and what it steers."""
    await anyio.to_thread.run_sync(services.accounts.logout, actor)
    forget_cookie(response)
    await services.ptz.release_all(actor.username)
    await services.live_sessions.hang_up_login(actor)


def set_cookie(request: Request, response: Response, opened: Login) -> None:
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=int(opened.lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def forget_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def slow_down(services: Services, address: str) -> None:
    """Raises Problem login_paused when this address tried too often."""
    wait_s = services.limits.login.take(address)
    if wait_s:
        raise Problem("login_paused", headers={"Retry-After": str(math.ceil(wait_s))})


async def _with_credentials(
    request: Request, services: Services, step: Callable[[Attempt], Answer], body: Credentials
) -> Answer:
    check_origin(request)
    address = address_of(request)
    slow_down(services, address)
    return await anyio.to_thread.run_sync(step, body.attempt(address), limiter=services.limits.hashing)


def _signed_in(request: Request, response: Response, opened: Login) -> dict[str, Any]:
    set_cookie(request, response, opened)
    return {"user": _user(opened.actor), "csrf_token": opened.actor.csrf_token}


def _break_glass(actor: Actor) -> Alarm:
    """The reason is in the audit log, for who oversees."""
    renew = f"vms users password {actor.username}"
    nl = f"Noodaccount gebruikt: {actor.display_name} op {actor.workstation}. Na afloop nieuw wachtwoord: {renew}"
    en = f"Break-glass account used: {actor.display_name} at {actor.workstation}. Afterwards a new password: {renew}"
    return Alarm("", "break_glass", nl, en)


@router.get("/me")
def me(services: ServicesDep, actor: Annotated[Actor, needs("session.own")]) -> dict[str, Any]:
    site = services.config.site
    return {
        **_user(actor),
        "csrf_token": actor.csrf_token,
        "site": {"name": site.name, "timezone": site.timezone},
        "server_us": services.clock.now_us(),
        "limits": {"observer_replay_s": OBSERVER_REPLAY_S, "retention_days": services.config.terms.longest_days()},
    }


def _user(actor: Actor) -> dict[str, Any]:
    return {"username": actor.username, "display_name": actor.display_name, "roles": sorted(actor.roles)}
