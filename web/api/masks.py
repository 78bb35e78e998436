"""Mask sets of a camera: drawn by one person, approved by another. Versions are added, never changed."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from vms.clock import now_utc
from vms.rules.masks import MaskImport, MaskProblems, MaskSet, lens_document, masks_document, parse_mask_import
from vms.store import masks as mask_store
from vms.units import us_from_utc
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.problems import Problem
from web.services import Services

router = APIRouter(prefix="/api/cameras/{camera}/masks", tags=["masks"])

CameraPath = Annotated[str, Path(max_length=40)]
WriteActor = Annotated[Actor, needs("masks.write")]


@router.get("")
def versions(
    camera: CameraPath, services: ServicesDep, _actor: Annotated[Actor, needs("masks.read")]
) -> dict[str, Any]:
    """Every version, the oldest first; `in_force` names the one that masks now."""
    camera_or_404(services, camera)
    with services.store.reading() as tx:
        history = mask_store.history(tx, camera)
        now_in_force = mask_store.in_force(tx, camera, now_utc(services.clock))
    return {
        "camera": camera,
        "in_force": now_in_force.version if now_in_force else None,
        "versions": [_mask_set(mask_set) for mask_set in history],
    }


@router.post("", status_code=201)
async def draw(request: Request, camera: CameraPath, services: ServicesDep, actor: WriteActor) -> dict[str, Any]:
    """A draft by whoever is signed in, in the shape of the import; somebody else approves it."""
    camera_or_404(services, camera)
    try:
        document = json.loads(await request.body())
        if isinstance(document, dict):
            document = {**document, "camera": camera, "author": actor.username, "approver": None}
        new = parse_mask_import(document)
    except MaskProblems as error:
        raise _invalid(error.problems) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(["body: is not JSON"]) from error
    return _mask_set(await run_in_threadpool(_add, services, actor, new, "masks.draw"))


@router.post("/{version}/approve", status_code=201)
def approve(
    camera: CameraPath,
    version: Annotated[int, Path(ge=1, le=1_000_000)],
    services: ServicesDep,
    actor: WriteActor,
) -> dict[str, Any]:
    """Puts a draft in force as the next version, from now on at the earliest: never over footage of before."""
    camera_or_404(services, camera)
    with services.store.reading() as tx:
        draft = next((found for found in mask_store.history(tx, camera) if found.version == version), None)
    if draft is None or draft.approver is not None:
        raise Problem("not_found")
    if draft.author.lower() == actor.username.lower():
        services.trail.refuse(actor, "masks.approve", f"camera:{camera}", version=version, reason="own draft")
        raise Problem("second_person")
    approved = MaskImport(
        camera_id=camera,
        lens=draft.lens,
        masks=draft.masks,
        author=draft.author,
        approver=actor.username,
        valid_from=max(draft.valid_from, now_utc(services.clock)),
    )
    return _mask_set(_add(services, actor, approved, "masks.approve"))


def _add(services: Services, actor: Actor, new: MaskImport, action: str) -> MaskSet:
    services.trail.allow(actor, action, f"camera:{new.camera_id}", masks=len(new.masks), author=new.author)
    with services.store.transaction() as tx:
        return mask_store.add(tx, new, now_utc(services.clock))


def _invalid(problems: list[str]) -> Problem:
    fields = {}
    for problem in problems[:50]:
        field, _, message = problem.partition(": ")
        fields[field] = {"nl": message, "en": message}
    return Problem("invalid_input", detail="; ".join(problems)[:2000], fields=fields)


def _mask_set(mask_set: MaskSet) -> dict[str, Any]:
    return {
        "camera": mask_set.camera_id,
        "version": mask_set.version,
        "lens": lens_document(mask_set.lens),
        "masks": masks_document(mask_set.masks),
        "author": mask_set.author,
        "approver": mask_set.approver,
        "valid_from": mask_set.valid_from.isoformat(),
        "valid_from_us": us_from_utc(mask_set.valid_from),
    }
