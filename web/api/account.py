"""One's own account, and who is signed in."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from web.api.session import forget_cookie, slow_down
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.own_account import Consent

router = APIRouter(prefix="/api", tags=["session"])
OwnSession = Annotated[Actor, needs("session.own")]
Manager = Annotated[Actor, needs("accounts.manage")]


class Again(BaseModel):
    """Password, and code where one is needed: given again for what a session left open must not do."""

    model_config = ConfigDict(extra="forbid")
    password: str = Field(min_length=1, max_length=200)
    code: str = Field("", max_length=40, description="Of the telephone, or a recovery code.")

    @property
    def consent(self) -> Consent:
        return Consent(self.password, self.code)


class NewPassword(Again):
    new: str = Field(min_length=1, max_length=200)


@router.get("/account")
def about(services: ServicesDep, actor: OwnSession) -> dict[str, Any]:
    return services.own_account.about(actor)


@router.post("/account/password", status_code=204)
async def change_password(services: ServicesDep, actor: OwnSession, body: NewPassword) -> None:
    """Ends one's other sessions."""
    slow_down(services, actor.workstation)
    await anyio.to_thread.run_sync(
        services.own_account.change_password, actor, body.consent, body.new, limiter=services.limits.hashing
    )


@router.post("/account/second-factor/reset", status_code=204)
async def forget_telephone(services: ServicesDep, actor: OwnSession, body: Again, response: Response) -> None:
    """Ends all one's sessions; the next login couples another telephone."""
    slow_down(services, actor.workstation)
    await anyio.to_thread.run_sync(
        services.own_account.forget_telephone, actor, body.consent, limiter=services.limits.hashing
    )
    forget_cookie(response)


@router.post("/account/recovery-codes")
async def new_recovery_codes(services: ServicesDep, actor: OwnSession, body: Again) -> dict[str, Any]:
    """Shown once; the earlier ones end."""
    slow_down(services, actor.workstation)
    codes = await anyio.to_thread.run_sync(
        services.own_account.new_recovery_codes, actor, body.consent, limiter=services.limits.hashing
    )
    return {"recovery_codes": list(codes)}


@router.get("/sessions")
def own_sessions(services: ServicesDep, actor: OwnSession) -> dict[str, Any]:
    """Newest first."""
    return {"sessions": services.own_account.sessions(actor)}


@router.delete("/sessions/{session}", status_code=204)
async def end_own_session(services: ServicesDep, actor: OwnSession, session: str) -> None:
    """Its pictures and what it steers end within seconds."""
    await run_in_threadpool(services.own_account.end_session, actor, session)


@router.get("/users/sessions")
def all_sessions(services: ServicesDep, actor: Manager) -> dict[str, Any]:
    """Of everybody, newest first."""
    services.trail.allow(actor, "session.list", "users")
    return {"sessions": services.own_account.sessions(actor, of_all=True)}


@router.delete("/users/sessions/{session}", status_code=204)
async def end_any_session(services: ServicesDep, actor: Manager, session: str) -> None:
    """Its pictures and what it steers end within seconds."""
    await run_in_threadpool(services.own_account.end_session, actor, session, of_all=True)
