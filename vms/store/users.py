"""Accounts, login sessions and bearer tokens. Passwords and tokens come here already hashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.errors import UitkijkError
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


@dataclass(frozen=True, slots=True)
class LoginSession:
    """token_hash: SHA-256 of the cookie's token, hex."""

    token_hash: str
    user: User
    csrf_token: str
    workstation: str
    expires_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    token_hash: str
    name: str
    roles: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None


def add(
    tx: Session, username: str, display_name: str, password_hash: str, roles: Sequence[str], created_at: datetime
) -> User:
    """Raises NameTaken."""
    if by_name(tx, username) is not None:
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
    )
    tx.add(row)
    tx.flush()
    return _user(row)


def by_name(tx: Session, username: str) -> User | None:
    row = tx.scalars(select(UserRow).where(UserRow.username == username)).first()
    return _user(row) if row else None


def all_users(tx: Session) -> list[User]:
    return [_user(row) for row in tx.scalars(select(UserRow).order_by(UserRow.username))]


def set_failures(tx: Session, user_id: int, failed_logins: int, locked_until: datetime | None) -> None:
    row = tx.get_one(UserRow, user_id)
    row.failed_logins = failed_logins
    row.locked_until = locked_until


def set_active(tx: Session, username: str, *, active: bool) -> User:
    """Also ends every session. Raises NoSuchName."""
    row = _changing(tx, username)
    row.active = active
    return _user(row)


def set_password(tx: Session, username: str, password_hash: str) -> User:
    """Also ends every session and the pause after wrong passwords. Raises NoSuchName."""
    row = _changing(tx, username)
    row.password_hash = password_hash
    row.failed_logins, row.locked_until = 0, None
    return _user(row)


def set_roles(tx: Session, username: str, roles: Sequence[str]) -> User:
    """Also ends every session: a login keeps the roles it began with. Raises NoSuchName."""
    row = _changing(tx, username)
    row.roles = list(roles)
    return _user(row)


def _changing(tx: Session, username: str) -> UserRow:
    row = tx.scalars(select(UserRow).where(UserRow.username == username)).first()
    if row is None:
        raise NoSuchName(f"no user {username!r}; see `vms users list`")
    tx.execute(delete(LoginSessionRow).where(LoginSessionRow.user_id == row.id))
    return row


def open_session(
    tx: Session,
    *,
    token_hash: str,
    user_id: int,
    csrf_token: str,
    workstation: str,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    """Also forgets the sessions that are over."""
    tx.execute(delete(LoginSessionRow).where(LoginSessionRow.expires_at <= created_at))
    tx.add(
        LoginSessionRow(
            token_hash=token_hash,
            user_id=user_id,
            csrf_token=csrf_token,
            workstation=workstation[:80],
            created_at=created_at,
            expires_at=expires_at,
            seen_at=created_at,
        )
    )


def session(tx: Session, token_hash: str, now: datetime) -> LoginSession | None:
    """None when unknown, over, or when the account was switched off."""
    row = tx.get(LoginSessionRow, token_hash)
    if row is None or row.expires_at <= now:
        return None
    user = tx.get_one(UserRow, row.user_id)
    if not user.active:
        return None
    return LoginSession(row.token_hash, _user(user), row.csrf_token, row.workstation, row.expires_at, row.seen_at)


def touch_session(tx: Session, token_hash: str, seen_at: datetime) -> None:
    row = tx.get(LoginSessionRow, token_hash)
    if row is not None:
        row.seen_at = seen_at


def close_session(tx: Session, token_hash: str) -> None:
    tx.execute(delete(LoginSessionRow).where(LoginSessionRow.token_hash == token_hash))


def add_token(
    tx: Session, name: str, token_hash: str, roles: Sequence[str], created_at: datetime, expires_at: datetime | None
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
    return ApiToken(row.token_hash, row.name, tuple(row.roles), row.expires_at, row.revoked_at)


def _user(row: UserRow) -> User:
    return User(
        row.id,
        row.username,
        row.display_name,
        row.password_hash,
        tuple(row.roles),
        row.active,
        row.failed_logins,
        row.locked_until,
    )
