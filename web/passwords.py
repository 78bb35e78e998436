"""Passwords (argon2id) and opaque tokens (only their SHA-256 is stored)."""

import hashlib
import secrets

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 200
_argon2id = PasswordHash((Argon2Hasher(),))
_NOBODY = _argon2id.hash(secrets.token_urlsafe(16))
"""Checked for names that do not exist, so that they take as long as names that do."""


def hash_password(password: str) -> str:
    """Raises ValueError for a password that is too short or too long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ValueError(f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters")
    return _argon2id.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """About 50 ms and 64 MiB; as much where there is nothing to fit: no such account (None), or one of elsewhere."""
    try:
        return _argon2id.verify(password, password_hash or _NOBODY) and password_hash is not None
    except UnknownHashError:
        _argon2id.verify(password, _NOBODY)
        return False


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
