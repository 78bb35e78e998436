"""Accounts and bearer tokens. Passwords and tokens come here already hashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vms.errors import UitkijkError
from vms.rules.grants import Grant
from vms.store import grants
from vms.store.schema import ApiTokenRow, LoginSessionRow, UserRow


class NameTaken(UitkijkError):
    """An account or token of this name exists."""


class NoSuchName(UitkijkError):
    """No account or token of this name."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    username: str
    display_name: str
    password_hash: str
    roles: tuple[str, ...]
    active: bool
    failed_logins: int
    locked_until: datetime | None
    is_break_glass: bool
    external_id: str | None
    spent_at: datetime | None
    """When the password of a break-glass account was used; it needs another one since."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    token_hash: str
    name: str
    roles: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    actions: tuple[str, ...] | None
    """Narrows the roles to these. None: not."""


NOT_HERE = "!"
"""In place of a hash: no password fits."""


def add(
    tx: Session,
    username: str,
    display_name: str,
    password_hash: str,
    roles: Sequence[str],
    created_at: datetime,
    *,
    is_break_glass: bool = False,
    external_id: str | None = None,
) -> User:
    """Raises NameTaken, also when a name differs in case alone: to people, and to four eyes, that is one person."""
    if tx.scalars(select(UserRow.id).where(func.lower(UserRow.username) == username.lower())).first() is not None:
        raise NameTaken(f"user {username!r} exists already; choose another name")
    row = UserRow(
        username=username,
        display_name=display_name,
        password_hash=password_hash,
        roles=list(roles),
        active=True,
        failed_logins=0,
        locked_until=None,
        created_at=created_at,
        is_break_glass=is_break_glass,
        external_id=external_id,
    )
    tx.add(row)
    tx.flush()
    return user_of(row)


def is_empty(tx: Session) -> bool:
    """No account was ever made."""
    return tx.scalars(select(UserRow.id).limit(1)).first() is None


def by_external_id(tx: Session, external_id: str) -> User | None:
    row = tx.scalars(select(UserRow).where(UserRow.external_id == external_id)).first()
    return user_of(row) if row else None


def by_name(tx: Session, username: str) -> User | None:
    row = tx.scalars(select(UserRow).where(UserRow.username == username)).first()
    return user_of(row) if row else None


def all_users(tx: Session) -> list[User]:
    return [user_of(row) for row in tx.scalars(select(UserRow).order_by(UserRow.username))]


def set_failures(tx: Session, user_id: int, failed_logins: int, locked_until: datetime | None) -> None:
    row = tx.get_one(UserRow, user_id)
    row.failed_logins = failed_logins
    row.locked_until = locked_until


def end_sessions(tx: Session, username: str) -> User:
    """Raises NoSuchName."""
    return user_of(_changing(tx, username))


def set_active(tx: Session, username: str, *, active: bool) -> User:
    """Also ends every session. Raises NoSuchName."""
    row = _changing(tx, username)
    row.active = active
    return user_of(row)


def set_password(tx: Session, username: str, password_hash: str, *, keep_session: str = "") -> User:
    """Also ends every session but that of this token hash, and the pause after wrong passwords; a break-glass account
    may be used once more. Raises NoSuchName."""
    row = _changing(tx, username, keep_session)
    row.password_hash = password_hash
    row.failed_logins, row.locked_until, row.spent_at = 0, None, None
    return user_of(row)


def spend(tx: Session, user_id: int, now: datetime) -> bool:
    """The one login of a break-glass password. False: somebody had it already."""
    unspent = update(UserRow).where(UserRow.id == user_id, UserRow.spent_at.is_(None)).values(spent_at=now)
    return tx.execute(unspent.returning(UserRow.id)).first() is not None


def set_roles(tx: Session, username: str, roles: Sequence[str], by: str, now: datetime) -> tuple[User, list[Grant]]:
    """These instead of the account's own. Grants of a role that it loses are revoked, and returned: whoever takes a
    role away means all of it. Also ends every session. Raises NoSuchName."""
    row = _changing(tx, username)
    lost = set(row.roles) - set(roles)
    row.roles = list(roles)
    return user_of(row), grants.revoke_roles(tx, username, lost, by, now)


def _changing(tx: Session, username: str, keep_session: str = "") -> UserRow:
    row = tx.scalars(select(UserRow).where(UserRow.username == username)).first()
    if row is None:
        raise NoSuchName(f"no user {username!r}; see `vms users list`")
    ended = LoginSessionRow.user_id == row.id, LoginSessionRow.token_hash != keep_session
    tx.execute(delete(LoginSessionRow).where(*ended))
    return row


def add_token(
    tx: Session,
    name: str,
    token_hash: str,
    roles: Sequence[str],
    created_at: datetime,
    expires_at: datetime | None,
    actions: Sequence[str] | None = None,
) -> None:
    """Raises NameTaken."""
    if tx.scalars(select(ApiTokenRow).where(ApiTokenRow.name == name)).first() is not None:
        raise NameTaken(f"token {name!r} exists already; choose another name")
    tx.add(
        ApiTokenRow(
            token_hash=token_hash,
            name=name,
            roles=list(roles),
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=None,
            actions=None if actions is None else list(actions),
        )
    )
    tx.flush()


def token(tx: Session, token_hash: str, now: datetime) -> ApiToken | None:
    """None when unknown, over or revoked."""
    row = tx.get(ApiTokenRow, token_hash)
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return _token(row)


def all_tokens(tx: Session) -> list[ApiToken]:
    return [_token(row) for row in tx.scalars(select(ApiTokenRow).order_by(ApiTokenRow.name))]


def revoke_token(tx: Session, name: str, now: datetime) -> ApiToken:
    """Once revoked it stays so; its name stays taken, for the audit log. Raises NoSuchName."""
    row = tx.scalars(select(ApiTokenRow).where(ApiTokenRow.name == name)).first()
    if row is None:
        raise NoSuchName(f"no token {name!r}; see `vms tokens list`")
    row.revoked_at = row.revoked_at or now
    return _token(row)


def _token(row: ApiTokenRow) -> ApiToken:
    actions = None if row.actions is None else tuple(row.actions)
    return ApiToken(row.token_hash, row.name, tuple(row.roles), row.expires_at, row.revoked_at, actions)


def user_of(row: UserRow) -> User:
    return User(
        row.id,
        row.username,
        row.display_name,
        row.password_hash,
        tuple(row.roles),
        row.active,
        row.failed_logins,
        row.locked_until,
        row.is_break_glass,
        row.external_id,
        row.spent_at,
    )
