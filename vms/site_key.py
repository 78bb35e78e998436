"""The site key's file: wraps all day keys, lives off the media volumes.

32 random bytes in hexadecimal on the first line. While a rotation is under way the key before stands on the second
line, so that day keys that are not yet wrapped anew still open. Whoever wraps, destroys or rotates holds the lock of
the keys directory: nothing is wrapped with a key that is about to go, and a destroyed key is never written again.
"""

import binascii
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from vms.durable import sync_directory
from vms.errors import KeyUnavailable

KEY_BYTES = 32
_MAX_FILE_BYTES = 4096
_MAX_KEYS = 2
_LOCK = ".lock"


def read_site_keys(path: Path) -> list[bytes]:
    """The key in use, then the one before it if a rotation has not ended. Raises KeyUnavailable."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_FILE_BYTES).split()[:_MAX_KEYS]
        keys = [binascii.unhexlify(line) for line in lines]
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot read the site key: {error.strerror}") from error
    except binascii.Error as error:
        raise KeyUnavailable(f"{path}: not a site key; it must be {2 * KEY_BYTES} hexadecimal digits") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise KeyUnavailable(f"{path}: a site key has {2 * KEY_BYTES} hexadecimal digits")
    return keys


def unwrap(site_keys: list[bytes], wrapped: bytes) -> bytes:
    """With whichever of them fits. Raises InvalidUnwrap when none does."""
    for key in site_keys:
        try:
            return aes_key_unwrap(key, wrapped)
        except InvalidUnwrap:
            continue
    raise InvalidUnwrap


def create_site_key(path: Path) -> None:
    """Make a new site key; keeps one that exists. Raises KeyUnavailable when it cannot be written."""
    try:
        write_once(path, secrets.token_hex(KEY_BYTES) + "\n")
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot create the site key: {error.strerror}") from error


def replace_site_keys(path: Path, keys: list[bytes]) -> None:
    """Whole or not at all. Raises KeyUnavailable."""
    try:
        replace_file(path, "".join(f"{key.hex()}\n" for key in keys))
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot write the site key: {error.strerror}") from error


@contextmanager
def keys_lock(keys_dir: Path, *, exclusive: bool) -> Iterator[None]:
    """Shared for who makes or destroys a day key, exclusive for who wraps them anew. Raises OSError."""
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(keys_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def write_once(path: Path, text: str) -> None:
    """Whole or not at all, synced, mode 0600; whoever comes second leaves the first one's file. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = _write_beside(path, text.encode("ascii"))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    sync_directory(path.parent)


def replace_file(path: Path, text: str) -> None:
    """In place of what is there, synced, mode 0600. Raises OSError."""
    replace_bytes(path, text.encode("ascii"))


def replace_bytes(path: Path, content: bytes) -> None:
    """The same."""
    temporary = _write_beside(path, content)
    try:
        temporary.rename(path)
    except OSError:
        temporary.unlink()
        raise
    sync_directory(path.parent)


def _write_beside(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink()
        raise
    return temporary
