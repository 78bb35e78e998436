"""Mask sets: append-only versions per camera. What was in force then is what playback paints.

Functions take a Session of `Store.transaction()` or `Store.reading()`; the caller owns the transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.errors import StorageError
from vms.rules import masks as rules
from vms.rules.mask_governance import MaskStep, StepKind
from vms.rules.masks import Closing, MaskImport, MaskProblems, MaskSet
from vms.rules.placements import Placement, is_moved, placement_document, placement_of_document
from vms.store.schema import MaskSetRow, MaskStepRow

SYSTEM = "uitkijk"
"""Who closes a camera that was moved."""


def add(
    tx: Session, new: MaskImport, now: datetime, placement: Placement | None = None, approves: int | None = None
) -> MaskSet:
    """Becomes the camera's next version. An unapproved one is kept as a draft and is not in force.

    placement: where the camera hangs. approves: the draft that it is a copy of.
    """
    row = MaskSetRow(
        camera_id=new.camera_id,
        version=_next_version(tx, new.camera_id),
        lens=rules.lens_document(new.lens),
        masks=rules.masks_document(new.masks),
        author=new.author,
        approver=new.approver,
        valid_from=new.valid_from,
        created_at=now,
        reason=new.reason,
        placement=placement_document(placement),
        approves=approves,
        closes=None,
    )
    tx.add(row)
    tx.flush()
    return _mask_set(row)


def close(
    tx: Session, camera_id: str, kind: Closing, actor: str, reason: str, valid_from: datetime, now: datetime
) -> MaskSet:
    """The camera's next version says that nothing may be seen of it, until a later version is approved."""
    row = MaskSetRow(
        camera_id=camera_id,
        version=_next_version(tx, camera_id),
        lens={},
        masks=[],
        author=actor,
        approver=actor,
        valid_from=valid_from,
        created_at=now,
        reason=reason,
        placement=None,
        approves=None,
        closes=kind,
    )
    tx.add(row)
    tx.flush()
    return _mask_set(row)


def moved(tx: Session, placements: Mapping[str, Placement], now: datetime) -> list[str]:
    """Cameras whose masks, in force or planned, were drawn for another placement than the configuration's.

    A camera with a damaged row is passed over: nothing of it is shown as it is.
    """
    found = []
    for camera_id, placement in placements.items():
        try:
            approved = [s for s in history(tx, camera_id) if s.approver is not None]
        except StorageError:
            continue
        current = rules.in_force(approved, now)
        last = [current, *approved[-1:]]
        if any(s is not None and is_moved(s.placement, placement) for s in last):
            found.append(camera_id)
    return found


def add_step(tx: Session, camera_id: str, step: MaskStep) -> None:
    tx.add(
        MaskStepRow(
            camera_id=camera_id, version=step.version, kind=step.kind, actor=step.actor, at=step.at, note=step.note
        )
    )
    tx.flush()


def cameras(tx: Session) -> list[str]:
    """Those that ever had a mask set."""
    return list(tx.scalars(select(MaskSetRow.camera_id).distinct().order_by(MaskSetRow.camera_id)))


def steps(tx: Session, camera_id: str) -> list[MaskStep]:
    """Of all drafts of a camera, the oldest first."""
    rows = tx.scalars(select(MaskStepRow).where(MaskStepRow.camera_id == camera_id).order_by(MaskStepRow.id))
    return [MaskStep(row.version, cast(StepKind, row.kind), row.actor, row.at, row.note) for row in rows]


def history(tx: Session, camera_id: str) -> list[MaskSet]:
    """Every version, drafts too, the oldest first."""
    rows = tx.scalars(select(MaskSetRow).where(MaskSetRow.camera_id == camera_id).order_by(MaskSetRow.version))
    return [_mask_set(row) for row in rows]


def created_at(tx: Session, camera_id: str) -> dict[int, datetime]:
    """When each version came into the register."""
    rows = tx.execute(select(MaskSetRow.version, MaskSetRow.created_at).where(MaskSetRow.camera_id == camera_id))
    return {row.version: row.created_at for row in rows}


def in_force(tx: Session, camera_id: str, at: datetime) -> MaskSet | None:
    row = tx.scalar(
        select(MaskSetRow)
        .where(MaskSetRow.camera_id == camera_id, MaskSetRow.approver.is_not(None), MaskSetRow.valid_from <= at)
        .order_by(MaskSetRow.version.desc())
        .limit(1)
    )
    return None if row is None else _mask_set(row)


def in_force_between(tx: Session, camera_id: str, start: datetime, end: datetime) -> list[MaskSet]:
    """Every approved set that may be in force at some time in [start, end), for `rules.masks.in_force`."""
    approved = [s for s in history(tx, camera_id) if s.approver is not None and s.valid_from < end]
    at_start = rules.in_force(approved, start)
    return [s for s in approved if at_start is None or s.version >= at_start.version]


def approved_sets(tx: Session, camera_ids: Sequence[str]) -> dict[str, list[MaskSet]]:
    """All approved versions of these cameras, for a process that keeps them in memory."""
    found: dict[str, list[MaskSet]] = {camera_id: [] for camera_id in camera_ids}
    rows = tx.scalars(
        select(MaskSetRow)
        .where(MaskSetRow.camera_id.in_(list(camera_ids)), MaskSetRow.approver.is_not(None))
        .order_by(MaskSetRow.camera_id, MaskSetRow.version)
    )
    for row in rows:
        found[row.camera_id].append(_mask_set(row))
    return found


def newest_id(tx: Session) -> int:
    """Rises with every set added: a cheap "did anything change?"."""
    return tx.scalar(select(func.max(MaskSetRow.id))) or 0


def _next_version(tx: Session, camera_id: str) -> int:
    return (tx.scalar(select(func.max(MaskSetRow.version)).where(MaskSetRow.camera_id == camera_id)) or 0) + 1


def _mask_set(row: MaskSetRow) -> MaskSet:
    problems: list[str] = []
    lens = rules.parse_lens(row.lens, problems)
    try:
        masks = rules.masks_of_document(row.masks)
    except MaskProblems as error:
        problems += error.problems
    if problems:
        raise StorageError(f"mask set {row.camera_id} version {row.version} is damaged: {'; '.join(problems)}")
    return MaskSet(
        row.camera_id,
        row.version,
        lens,
        masks,
        row.author,
        row.approver,
        row.valid_from,
        reason=row.reason,
        placement=placement_of_document(row.placement),
        approves=row.approves,
        closes=cast(Closing | None, row.closes),
    )
