"""Small secrets that the database must keep and give back: sealed with a key that is not in it."""

import binascii
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.errors import KeyUnavailable
from vms.site_key import write_once

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """AES-256-GCM. The key file is made at first use (mode 0600, off the media volumes)."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """bound_to: what must be said again to open it. Raises KeyUnavailable."""
        try:
            write_once(self._key_file, secrets.token_hex(_KEY_BYTES) + "\n")
        except OSError as error:
            raise KeyUnavailable(f"{self._key_file}: cannot create it: {error.strerror}") from error
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key()).encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Raises KeyUnavailable; ValueError when it was sealed with another key, for another, or changed."""
        try:
            return AESGCM(self._key()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise ValueError("does not open") from error

    def _key(self) -> bytes:
        try:
            return binascii.unhexlify(self._key_file.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError, binascii.Error) as error:
            raise KeyUnavailable(f"{self._key_file}: cannot read it ({type(error).__name__})") from error
