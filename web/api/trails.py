"""Volgspoor: following somebody from camera to camera. Who watches makes it; who looks back reads it."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.errors import CameraError, StoreBusy
from vms.rules import ptz_patrol
from vms.rules.follow_trail import MAX_STEPS, RESTS_US, TrailStep, follow, is_over
from vms.rules.terms import Terms
from vms.store import Transaction, terms, trails
from vms.store.trails import Trail
from vms.units import us_from_utc, utc_from_us
from web.api.consultations import ConsultingDep
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.services import Services

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/trails", tags=["trails"])

MAX_LISTED = 200
MakeActor = Annotated[Actor, needs("trails.make")]
CameraId = Annotated[str, Field(max_length=40)]


class Step(BaseModel):
    """From the camera that was looked at since then, to its neighbour."""

    model_config = ConfigDict(extra="forbid")
    came_from: CameraId
    since_us: int = Field(ge=0, le=2**53)
    to: CameraId


class Naming(BaseModel):
    """No personal data: the trail is no police file."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""

    @field_validator("name")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value


@router.get("/mine")
def mine(services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    """The one that goes on, or null."""
    with services.store.reading() as tx:
        known = trails.open_of(tx, actor.username)
    going = known is not None and not is_over(known.steps[-1], services.clock.now_us())
    return {"trail": _trail(known) if known and going else None}


@router.post("/steps", status_code=201)
async def step(body: Step, services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    """One step on, in the trail that goes on or in a new one. turned: the neighbour went to its linked preset."""
    added = await run_in_threadpool(_follow, services, actor, body)
    return {"trail": _trail(added), "turned": await _turn(services, actor, body)}


@router.patch("/mine")
def name(body: Naming, services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    known = _open(services, actor)
    with services.store.transaction() as tx:
        return {"trail": _trail(trails.rename(tx, known.id, body.name))}


@router.post("/mine/end")
def end(services: ServicesDep, actor: MakeActor) -> dict[str, Any]:
    known = _open(services, actor)
    services.trail.allow(actor, "trails.end", f"trail:{known.id}", name=known.name)
    with services.store.transaction() as tx:
        return {"trail": _trail(trails.end(tx, known.id, now_utc(services.clock)))}


@router.get("")
def look_back(services: ServicesDep, consulting: ConsultingDep) -> dict[str, Any]:
    """Everybody's of which there may still be footage, newest first."""
    consultation = consulting.consultation
    services.trail.allow(
        consulting.actor, "trails.read", "trails", consultation=consultation.id, reference=consultation.reference
    )
    now = now_utc(services.clock)
    with services.store.reading() as tx:
        acting = terms.acting(tx, services.config.terms, now)
        found = trails.since(tx, acting.base(now), MAX_LISTED)
    reached = [_within_reach(services, consulting.actor, trail, acting, now) for trail in found]
    return {"trails": [_trail(trail) for trail in reached if trail.steps]}


def _within_reach(services: Services, actor: Actor, trail: Trail, acting: Terms, now: datetime) -> Trail:
    """Without the steps at cameras that this person may not look back at, and those of which the footage is gone."""
    steps = [
        step
        for step in trail.steps
        if services.reach.may(actor, "footage.view", step.camera_id)
        and not acting.is_expired(step.camera_id, utc_from_us(step.at_us), now)
    ]
    return replace(trail, steps=tuple(steps))


def _follow(services: Services, actor: Actor, body: Step) -> Trail:
    """Blocking."""
    came_from = services.reach.camera(actor, "trails.make", body.came_from)
    to = services.reach.camera(actor, "trails.make", body.to)
    if to.id not in [neighbour.id for neighbour in came_from.neighbours]:
        raise Problem("no_neighbour")
    services.trail.allow(actor, "trails.step", f"camera:{to.id}", came_from=came_from.id)
    now_us = services.clock.now_us()
    with services.store.transaction() as tx:
        known = trails.open_of(tx, actor.username)
        if known is not None and is_over(known.steps[-1], now_us):
            trails.end(tx, known.id, utc_from_us(known.steps[-1].at_us + RESTS_US))
            known = None
        steps = follow(known.steps[-1] if known else None, TrailStep(came_from.id, body.since_us), to.id, now_us)
        if known is None:
            known = trails.begin(tx, actor.username, utc_from_us(steps[0].at_us), _keep_from(services, tx))
        if len(known.steps) + len(steps) > MAX_STEPS:
            raise Problem("trail_full")
        return trails.add_steps(tx, known.id, steps)


async def _turn(services: Services, actor: Actor, body: Step) -> bool | None:
    """None: no preset is linked, or not theirs to steer. A camera that somebody steers, or that is silent, stays."""
    came_from = camera_or_404(services, body.came_from)
    preset = next((each.preset for each in came_from.neighbours if each.id == body.to), None)
    if preset is None:
        return None
    try:
        if not await run_in_threadpool(_may_steer, services, actor, body.to):
            return None
        services.decisions.require_open(body.to)
        token = ptz_patrol.token_of(preset, await services.capture.presets(body.to))
        if isinstance(token, ptz_patrol.UnknownPreset):
            log.warning("neighbour_preset_unknown", extra={"camera": body.to, "preset": preset})
            return False
        await services.ptz.goto(actor, body.to, token)
    except (CameraError, Problem, StoreBusy) as error:
        log.info("neighbour_not_turned", extra={"camera": body.to, "reason": str(error)})
        return False
    return True


def _may_steer(services: Services, actor: Actor, camera_id: str) -> bool:
    """Blocking."""
    return services.reach.may(actor, "ptz.steer", camera_id) and services.shifts.lets(actor, "ptz.steer")


def _open(services: Services, actor: Actor) -> Trail:
    """Blocking."""
    with services.store.reading() as tx:
        known = trails.open_of(tx, actor.username)
    if known is None:
        raise Problem("no_trail")
    return known


def _keep_from(services: Services, tx: Transaction) -> datetime:
    now = now_utc(services.clock)
    return terms.acting(tx, services.config.terms, now).base(now)


def _trail(trail: Trail) -> dict[str, Any]:
    return {
        "id": trail.id,
        "owner": trail.owner,
        "name": trail.name,
        "started_us": us_from_utc(trail.started_at),
        "ended_us": us_from_utc(trail.ended_at) if trail.ended_at else None,
        "steps": [{"camera": step.camera_id, "at_us": step.at_us} for step in trail.steps],
    }
