"""`vms import masks FILE.json`: mask sets into the register, each with author and a different approver.

Each becomes a version like one that was drawn here, with a row in the audit log that names both persons.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from vms.cli.import_json import read_json
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import Clock, SystemClock, now_utc
from vms.config import Camera, SiteConfig
from vms.decision_register import DecisionPublisher
from vms.errors import ConfigError
from vms.placement_file import PlacementBook
from vms.rules.mask_check import set_problems
from vms.rules.masks import MaskImport, MaskProblems, parse_mask_import
from vms.store import Store, audit
from vms.store import masks as mask_store
from vms.store.audit import AuditEntry

MAX_SETS = 5000


def import_masks(
    file: Path = typer.Argument(help="JSON: one mask set or a list of them."),
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import mask sets. Exit code 1 when something was unclear; what is clear is imported all the same."""
    site = read_config(config)
    documents = _documents(file)
    with open_store(site) as store:
        imported = import_documents(site, store, SystemClock(), documents)
    answer(imported, [_text(imported)], as_json=as_json)
    if imported["unclear"]:
        raise typer.Exit(1)


def import_documents(site: SiteConfig, store: Store, clock: Clock, documents: list[Any]) -> dict[str, Any]:
    """{"imported": n, "sets": [{camera, version, masks, valid_from, draft}], "unclear": [{index, camera, problems}]}"""
    sets: list[dict[str, Any]] = []
    unclear: list[dict[str, Any]] = []
    DecisionPublisher(site, store).publish_placements()
    hanging = PlacementBook(site)
    with store.transaction() as tx:
        for index, document in enumerate(documents):
            try:
                new = parse_mask_import(document)
                camera = _check_against_site(site, new)
            except MaskProblems as error:
                unclear.append({"index": index, "camera": _camera_of(document), "problems": error.problems})
                continue
            now = now_utc(clock)
            audit.append(tx, _entry(new, now))
            added = mask_store.add(tx, new, now, hanging.now(camera).placed)
            sets.append(
                {
                    "camera": added.camera_id,
                    "version": added.version,
                    "masks": len(added.masks),
                    "valid_from": added.valid_from.isoformat(),
                    "draft": added.approver is None,
                }
            )
    return {"imported": len(sets), "sets": sets, "unclear": unclear}


def _entry(new: MaskImport, now: datetime) -> AuditEntry:
    """Who drew and who approved is what the file says; that it came by file is said too."""
    return AuditEntry(
        at=now,
        actor="command line",
        roles=(),
        action="masks.import",
        object=f"camera:{new.camera_id}",
        result="allowed",
        detail={"author": new.author, "approver": new.approver, "masks": len(new.masks)},
    )


def _check_against_site(site: SiteConfig, new: MaskImport) -> Camera:
    camera = site.camera(new.camera_id)
    if camera is None:
        raise MaskProblems([f"camera: {new.camera_id!r} is not in the configuration"])
    problems: list[str] = []
    if camera.masks == "none":
        problems.append('camera: the configuration says masks = "none"; set it to "required" first')
    problems += set_problems(new.masks, new.lens, can_turn=camera.can_turn)
    if problems:
        raise MaskProblems(problems)
    return camera


def _documents(file: Path) -> list[Any]:
    document = read_json(file)
    documents = document if isinstance(document, list) else [document]
    if len(documents) > MAX_SETS:
        raise ConfigError([f"{file}: more than {MAX_SETS} mask sets; split it"])
    return documents


def _camera_of(document: object) -> str | None:
    camera = document.get("camera") if isinstance(document, dict) else None
    return camera[:80] if isinstance(camera, str) else None


def _text(answer: dict[str, Any]) -> str:
    lines = [f"{answer['imported']} mask sets imported"]
    lines += [
        f"  {item['camera']} version {item['version']}: {item['masks']} masks from {item['valid_from']}"
        + (" (draft: no approver)" if item["draft"] else "")
        for item in answer["sets"]
    ]
    for item in answer["unclear"]:
        lines.append(f"unclear: set {item['index'] + 1} ({item['camera'] or 'no camera'}) was not imported")
        lines += [f"  {problem}" for problem in item["problems"]]
    return "\n".join(lines)
