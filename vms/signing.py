"""The site's signature (Ed25519, RFC 8032) under statements that others must be able to check without the server.

The private key lies off the media volumes, readable by the owner alone. Whoever checks compares the public key, or
its short id, with the one that the municipality handed out; a key that comes with the statement proves nothing.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_pem

from vms.errors import KeyUnavailable
from vms.rules.chain import canonical_json
from vms.site_key import write_once

_MAX_FILE_BYTES = 4096


def signed_bytes(kind: str, content: Mapping[str, object]) -> bytes:
    """What is signed. The kind stands in it, so that a signature under one thing never fits another."""
    return b"uitkijk-1 " + kind.encode() + b"\n" + canonical_json(content)


def key_id(public: bytes) -> str:
    """Short name of a public key (32 bytes): 16 hex digits that fit on paper."""
    return hashlib.sha256(public).hexdigest()[:16]


class SiteSigner:
    """Thread-safe. `public`: the raw public key, 32 bytes; `key_id`: its short name."""

    def __init__(self, path: Path) -> None:
        """Raises KeyUnavailable."""
        try:
            with path.open("rb") as file:
                key = load_pem(file.read(_MAX_FILE_BYTES), password=None)
        except OSError as error:
            raise KeyUnavailable(f"{path}: cannot read the signing key: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise KeyUnavailable(f"{path}: not a signing key in PEM (PKCS #8)") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnavailable(f"{path}: the signing key must be an Ed25519 key")
        self._key = key
        self.public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id(self.public)

    def sign(self, kind: str, content: Mapping[str, object]) -> bytes:
        """64 bytes. content: texts and integers only, see `canonical_json`."""
        return self._key.sign(signed_bytes(kind, content))

    def public_pem(self) -> str:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def create_signing_key(path: Path) -> None:
    """Make a new one; keeps one that exists. Raises KeyUnavailable when it cannot be written."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.path.lexists(path):
            write_once(path, pem.decode())
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot create the signing key: {error.strerror}") from error


def is_signed(public: bytes, kind: str, content: Mapping[str, object], signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed_bytes(kind, content))
    except (InvalidSignature, ValueError):
        return False
    return True
