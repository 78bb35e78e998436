"""Mask sets: append-only versions per camera. What was in force then is what playback paints.

Functions take a Session of `Store.transaction()` or `Store.reading()`; the caller owns the transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.errors import StorageError
from vms.rules import masks as rules
from vms.rules.masks import MaskImport, MaskProblems, MaskSet
from vms.store.schema import MaskSetRow


def add(tx: Session, new: MaskImport, now: datetime) -> MaskSet:
    """Becomes the camera's next version. An unapproved one is kept as a draft and is not in force."""
    highest = tx.scalar(select(func.max(MaskSetRow.version)).where(MaskSetRow.camera_id == new.camera_id))
    row = MaskSetRow(
        camera_id=new.camera_id,
        version=(highest or 0) + 1,
        lens=rules.lens_document(new.lens),
        masks=rules.masks_document(new.masks),
        author=new.author,
        approver=new.approver,
        valid_from=new.valid_from,
        created_at=now,
    )
    tx.add(row)
    tx.flush()
    return _mask_set(row)


def history(tx: Session, camera_id: str) -> list[MaskSet]:
    """Every version, drafts too, the oldest first."""
    rows = tx.scalars(select(MaskSetRow).where(MaskSetRow.camera_id == camera_id).order_by(MaskSetRow.version))
    return [_mask_set(row) for row in rows]


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


def _mask_set(row: MaskSetRow) -> MaskSet:
    problems: list[str] = []
    lens = rules.parse_lens(row.lens, problems)
    try:
        masks = rules.masks_of_document(row.masks)
    except MaskProblems as error:
        problems += error.problems
    if problems:
        raise StorageError(f"mask set {row.camera_id} version {row.version} is damaged: {'; '.join(problems)}")
    return MaskSet(row.camera_id, row.version, lens, masks, row.author, row.approver, row.valid_from)
