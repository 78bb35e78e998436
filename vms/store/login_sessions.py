"""Login sessions of browsers, known by the SHA-256 of the cookie's token."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vms.store.schema import LoginSessionRow, UserRow
from vms.store.users import User, user_of

_HANDLE_CHARS = 16


@dataclass(frozen=True, slots=True)
class LoginSession:
    """token_hash: SHA-256 of the cookie's token, hex. method: how they proved who they are."""

    token_hash: str
    user: User
    csrf_token: str
    workstation: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    method: str

    @property
    def handle(self) -> str:
        """Names it to people; nothing can be done with it but end it."""
        return self.token_hash[:_HANDLE_CHARS]


def add(
    tx: Session,
    *,
    token_hash: str,
    user_id: int,
    csrf_token: str,
    workstation: str,
    created_at: datetime,
    expires_at: datetime,
    method: str,
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
            method=method,
        )
    )


def find(tx: Session, token_hash: str, now: datetime) -> LoginSession | None:
    """None when unknown, over, or when the account was switched off."""
    row = tx.get(LoginSessionRow, token_hash)
    if row is None or row.expires_at <= now:
        return None
    user = tx.get_one(UserRow, row.user_id)
    if not user.active:
        return None
    return _session(row, user)


def touch(tx: Session, token_hash: str, seen_at: datetime) -> None:
    row = tx.get(LoginSessionRow, token_hash)
    if row is not None:
        row.seen_at = seen_at


def end(tx: Session, token_hash: str) -> None:
    tx.execute(delete(LoginSessionRow).where(LoginSessionRow.token_hash == token_hash))


def standing(tx: Session, now: datetime, username: str | None = None) -> list[LoginSession]:
    """Those that are not over, newest first: of one person, or of all."""
    query = (
        select(LoginSessionRow, UserRow)
        .join(UserRow, UserRow.id == LoginSessionRow.user_id)
        .where(LoginSessionRow.expires_at > now, UserRow.active)
        .order_by(LoginSessionRow.created_at.desc(), LoginSessionRow.token_hash)
    )
    if username is not None:
        query = query.where(UserRow.username == username)
    return [_session(row, user) for row, user in tx.execute(query)]


def _session(row: LoginSessionRow, user: UserRow) -> LoginSession:
    return LoginSession(
        row.token_hash,
        user_of(user),
        row.csrf_token,
        row.workstation,
        row.created_at,
        row.expires_at,
        row.seen_at,
        row.method,
    )
