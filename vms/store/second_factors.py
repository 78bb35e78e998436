"""Second factors (TOTP) and the recovery codes that stand in for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vms.store.schema_logins import RecoveryCodeRow, SecondFactorRow


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """sealed_secret: see web.second_factor. confirmed_at None: begun, not in use."""

    sealed_secret: bytes
    confirmed_at: datetime | None
    last_step: int


def of(tx: Session, user_id: int) -> SecondFactor | None:
    row = tx.get(SecondFactorRow, user_id)
    return SecondFactor(row.sealed_secret, row.confirmed_at, row.last_step) if row else None


def begin(tx: Session, user_id: int, sealed_secret: bytes) -> bool:
    """In place of one that was never confirmed. False when one is in use."""
    row = tx.get(SecondFactorRow, user_id)
    if row is not None and row.confirmed_at is not None:
        return False
    if row is None:
        row = SecondFactorRow(user_id=user_id, confirmed_at=None, last_step=0)
        tx.add(row)
    row.sealed_secret = sealed_secret
    return True


def confirm(tx: Session, user_id: int, now: datetime) -> None:
    tx.get_one(SecondFactorRow, user_id).confirmed_at = now


def take_step(tx: Session, user_id: int, step: int) -> bool:
    """Once: False when this code or a later one was taken before."""
    row = tx.get(SecondFactorRow, user_id)
    if row is None or step <= row.last_step:
        return False
    row.last_step = step
    return True


def reset(tx: Session, user_id: int) -> bool:
    """Forget telephone and recovery codes. False when there was nothing."""
    tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
    row = tx.get(SecondFactorRow, user_id)
    if row is not None:
        tx.delete(row)
    return row is not None


def set_recovery_codes(tx: Session, user_id: int, hashes: Sequence[str]) -> None:
    """These and no others."""
    tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
    tx.add_all(RecoveryCodeRow(code_hash=code_hash, user_id=user_id, used_at=None) for code_hash in hashes)


def take_recovery_code(tx: Session, user_id: int, code_hash: str, now: datetime) -> bool:
    """Once, and only its owner's."""
    fits = (
        RecoveryCodeRow.code_hash == code_hash,
        RecoveryCodeRow.user_id == user_id,
        RecoveryCodeRow.used_at.is_(None),
    )
    if tx.scalars(select(RecoveryCodeRow).where(*fits)).first() is None:
        return False
    tx.execute(update(RecoveryCodeRow).where(*fits).values(used_at=now))
    return True


def recovery_codes_left(tx: Session, user_id: int) -> int:
    unused = RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.used_at.is_(None)
    return tx.scalar(select(func.count()).select_from(RecoveryCodeRow).where(*unused)) or 0
