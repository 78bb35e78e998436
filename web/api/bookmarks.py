"""Markering: an observer marks a moment; who looks back sees it on the timeline (`/api/coverage`)."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.clock import now_utc
from vms.store import bookmarks, terms
from vms.units import US_PER_SECOND, utc_from_us
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem

router = APIRouter(prefix="/api/bookmarks", tags=["bookmarks"])

_OLDEST_US = 5 * 60 * US_PER_SECOND
_AHEAD_US = 2 * US_PER_SECOND
"""A page's idea of the server's clock may be off by so much."""


class NewBookmark(BaseModel):
    """at_us: when the key was pressed; default now. note: no personal data."""

    model_config = ConfigDict(extra="forbid")
    camera: str = Field(max_length=40)
    at_us: int | None = Field(None, ge=0, le=2**53)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""

    @field_validator("note")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


@router.post("", status_code=201)
def mark(body: NewBookmark, services: ServicesDep, actor: Annotated[Actor, needs("bookmarks.make")]) -> dict[str, Any]:
    camera = services.reach.camera(actor, "bookmarks.make", body.camera)
    now_us = services.clock.now_us()
    at_us = now_us if body.at_us is None else body.at_us
    if not now_us - _OLDEST_US <= at_us <= now_us + _AHEAD_US:
        raise Problem("bookmark_time")
    services.trail.allow(actor, "bookmarks.make", f"camera:{camera.id}", at_us=at_us, note=body.note)
    now = now_utc(services.clock)
    with services.store.transaction() as tx:
        acting = terms.acting(tx, services.config.terms, now)
        made = bookmarks.add(tx, camera.id, utc_from_us(at_us), body.note, actor.username, acting, now)
    return {"id": made.id, "camera": camera.id, "at_us": at_us, "note": made.note, "author": made.author}
