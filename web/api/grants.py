"""Accounts with their roles, and roles that were given for some cameras or some time."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.rules.granting import GrantWish
from vms.store.grants import MAX_REASON
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.grant_register import GrantRegister
from web.services import Services

router = APIRouter(prefix="/api", tags=["session"])
Manager = Annotated[Actor, needs("accounts.manage")]
Giver = Annotated[Actor, needs("accounts.grant")]
Name = Annotated[str, Path(max_length=80)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class Reasoned(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_REASON)] = Field(
        "", description="Why; needed."
    )

    @field_validator("reason")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


class NewGrant(Reasoned):
    """group, purpose: of cameras; empty: every one. start, until: YYYY-MM-DD (until: that day included) or
    YYYY-MM-DDTHH:MM, in the site's zone; empty: from now, and until it is withdrawn."""

    role: Word
    group: Word = ""
    purpose: Word = ""
    start: Word = ""
    until: Word = ""

    @property
    def wish(self) -> GrantWish:
        return GrantWish(role=self.role, group=self.group, purpose=self.purpose, start=self.start, until=self.until)


@router.get("/users")
def accounts(services: ServicesDep, actor: Manager) -> dict[str, Any]:
    """Every account with its roles and all that it was ever given, newest first; and what can be given."""
    services.trail.allow(actor, "users.list", "users")
    return _register(services).overview()


@router.post("/users/{name}/grants", status_code=201)
def give(services: ServicesDep, actor: Giver, name: Name, body: NewGrant) -> dict[str, Any]:
    """From its first grant of a role on, the account holds that role only as it was granted. Never to oneself."""
    given = _register(services).give(actor, name, body.wish, body.reason)
    return {"id": given.id, "from_us": given.start_us, "to_us": given.end_us}


@router.post("/users/{name}/grants/{grant}/withdraw", status_code=204)
def withdraw(
    services: ServicesDep, actor: Giver, name: Name, grant: Annotated[int, Path(ge=1, le=2**53)], body: Reasoned
) -> None:
    """Now; open pictures end within seconds. The role does not come back for every camera."""
    _register(services).withdraw(actor, name, grant, body.reason)


def _register(services: Services) -> GrantRegister:
    return GrantRegister(services.config, services.store, services.clock, services.trail)
