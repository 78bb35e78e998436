"""Roles for a camera group, a purpose and a period (vms.rules.grants). No row is deleted: who had which is history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from vms.errors import UitkijkError
from vms.rules.grants import Grant, Rights, rights_at
from vms.store.schema_shifts import GrantRow
from vms.units import us_from_utc, utc_from_us

_COLUMNS = select(
    GrantRow.id,
    GrantRow.role,
    GrantRow.area,
    GrantRow.purpose,
    GrantRow.start_at,
    GrantRow.end_at,
    GrantRow.revoked_at,
).order_by(GrantRow.id)
"""Asked at every request: mapped objects would cost twice as much."""


MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """With who gave it, when and why; and who revoked it, if anybody did."""

    grant: Grant
    by: str
    given_us: int
    reason: str
    revoked_by: str


class NoSuchGrant(UitkijkError):
    """This account or token has no grant of that number."""


def of(tx: Session, holder: str) -> list[Grant]:
    """All that it was ever given, oldest first. holder: a username, or token:NAME."""
    return [_grant(row) for row in tx.execute(_COLUMNS.where(GrantRow.holder == holder))]


def by_id(tx: Session, grant_id: int) -> tuple[str, Grant] | None:
    """With its holder."""
    row = tx.get(GrantRow, grant_id)
    return None if row is None else (row.holder, _grant(row))


def rights_of(tx: Session, holder: str, roles: Collection[str], now: datetime) -> Rights:
    """roles: of the account or token itself."""
    return rights_at(roles, of(tx, holder), us_from_utc(now))


def everybodys(tx: Session) -> dict[str, list[Grant]]:
    """By holder."""
    found: dict[str, list[Grant]] = {}
    for row in tx.scalars(select(GrantRow).order_by(GrantRow.holder, GrantRow.id)):
        found.setdefault(row.holder, []).append(_grant(row))
    return found


def register(tx: Session) -> dict[str, list[GivenGrant]]:
    """By holder, oldest first."""
    found: dict[str, list[GivenGrant]] = {}
    for row in tx.scalars(select(GrantRow).order_by(GrantRow.holder, GrantRow.id)):
        given = GivenGrant(_grant(row), row.granted_by, us_from_utc(row.granted_at), row.reason, row.revoked_by)
        found.setdefault(row.holder, []).append(given)
    return found


def give(tx: Session, holder: str, grant: Grant, by: str, now: datetime, reason: str = "") -> Grant:
    """grant.id is left out of account. reason: at most MAX_REASON characters."""
    row = GrantRow(
        holder=holder,
        role=grant.role,
        area=grant.group,
        purpose=grant.purpose,
        start_at=utc_from_us(grant.start_us),
        end_at=None if grant.end_us is None else utc_from_us(grant.end_us),
        granted_by=by,
        granted_at=now,
        reason=reason,
        revoked_by="",
        revoked_at=None,
    )
    tx.add(row)
    tx.flush()
    return _grant(row)


def revoke(tx: Session, holder: str, ids: Sequence[int], by: str, now: datetime) -> list[Grant]:
    """Once revoked it stays so. Raises NoSuchGrant."""
    rows = [tx.get(GrantRow, grant_id) for grant_id in ids]
    revoked = []
    for grant_id, row in zip(ids, rows, strict=True):
        if row is None or row.holder != holder:
            raise NoSuchGrant(f"{holder} has no grant {grant_id}; see `vms users grants {holder}`")
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = now, by
        revoked.append(_grant(row))
    return revoked


def revoke_roles(tx: Session, holder: str, roles: Collection[str], by: str, now: datetime) -> list[Grant]:
    """Each grant of these roles that holds now, or would later."""
    standing = [each.id for each in of(tx, holder) if each.role in roles and not each.is_over(us_from_utc(now))]
    return revoke(tx, holder, standing, by, now)


def detail_of(grant: Grant) -> dict[str, str | int | None]:
    """For the audit row of one that is given or revoked."""
    return {
        "grant": grant.id,
        "role": grant.role,
        "group": grant.group,
        "purpose": grant.purpose,
        "from_us": grant.start_us,
        "to_us": grant.end_us,
    }


def as_detail(revoked: Sequence[Grant]) -> dict[str, str]:
    """For the audit row of what took them away; nothing of none."""
    return {"revoked": ", ".join(str(grant.id) for grant in revoked)} if revoked else {}


def _grant(row: GrantRow | Row[*tuple[Any, ...]]) -> Grant:
    return Grant(
        id=row.id,
        role=row.role,
        group=row.area,
        purpose=row.purpose,
        start_us=us_from_utc(row.start_at),
        end_us=None if row.end_at is None else us_from_utc(row.end_at),
        revoked_us=None if row.revoked_at is None else us_from_utc(row.revoked_at),
    )
