"""Layouts of the wall: everybody keeps their own under a name, the shift manager shares them with all."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vms.clock import now_utc
from vms.rules.access import Allow
from vms.store import wall_layouts
from vms.store.wall_layouts import WallLayout
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.problems import Problem, field_problem

router = APIRouter(prefix="/api/layouts", tags=["layouts"])

MAX_PER_PERSON = 50
UseActor = Annotated[Actor, needs("layouts.use")]
LayoutPath = Annotated[int, Path(ge=1, le=2**53)]
Slot = Annotated[int, Field(ge=0, le=24)]
CameraNumber = Annotated[int, Field(ge=0, le=99_999)]


class Arrangement(BaseModel):
    """Cameras by number; picks: slot to camera."""

    model_config = ConfigDict(extra="forbid")
    layout: Literal["1", "1+5", "1+12", "4", "9", "16", "25", "alle"]
    hero: CameraNumber = 0
    page: int = Field(0, ge=0, le=999)
    picks: dict[Slot, CameraNumber] = Field(default_factory=dict, max_length=25)


class NewLayout(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    wall: Arrangement


class Sharing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shared: bool


@router.get("")
def layouts(services: ServicesDep, actor: UseActor) -> dict[str, Any]:
    """One's own and the shared ones; for who may share them, everybody's."""
    with services.store.reading() as tx:
        found = wall_layouts.everybodys(tx) if _may_share(actor) else wall_layouts.seen_by(tx, actor.username)
    return {"layouts": [_layout(layout) for layout in found]}


@router.post("", status_code=201)
def save(body: NewLayout, services: ServicesDep, actor: UseActor) -> dict[str, Any]:
    """One's own of the same name is replaced, and then shared no longer."""
    with services.store.transaction() as tx:
        is_new = wall_layouts.named(tx, actor.username, body.name) is None
        if is_new and wall_layouts.count_of(tx, actor.username) >= MAX_PER_PERSON:
            raise field_problem("name", "too_many_layouts")
        arrangement = body.wall.model_dump(mode="json")
        saved = wall_layouts.save(tx, actor.username, body.name, arrangement, now_utc(services.clock))
    return _layout(saved)


@router.patch("/{layout}")
def share(
    layout: LayoutPath, body: Sharing, services: ServicesDep, actor: Annotated[Actor, needs("layouts.share")]
) -> dict[str, Any]:
    services.trail.allow(actor, "layouts.share", f"layout:{layout}", shared=int(body.shared))
    with services.store.transaction() as tx:
        changed = wall_layouts.share(tx, layout, now_utc(services.clock), shared=body.shared)
    if changed is None:
        raise Problem("not_found")
    return _layout(changed)


@router.delete("/{layout}", status_code=204)
def forget(layout: LayoutPath, services: ServicesDep, actor: UseActor) -> None:
    """One's own only; gone already is fine."""
    with services.store.transaction() as tx:
        known = wall_layouts.get(tx, layout)
        if known is not None and known.owner != actor.username:
            raise Problem("not_found")
        wall_layouts.forget(tx, layout)


def _may_share(actor: Actor) -> bool:
    return isinstance(actor.may("layouts.share"), Allow)


def _layout(layout: WallLayout) -> dict[str, Any]:
    return {
        "id": layout.id,
        "name": layout.name,
        "owner": layout.owner,
        "shared": layout.shared,
        "wall": dict(layout.arrangement),
    }
