"""The key and certificate that seal exported videos (ONVIF Export File Format: RSASSA-PSS, SHA-256, salt of 20 bytes).

One PEM file holds both: RSA-3072 and a self-signed certificate that names the site. It proves that a file did not
change since; that it is the site's own is proven by the site's signature over the manifest, which names it.
"""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from vms.errors import KeyUnavailable
from vms.site_key import write_once

SIGNATURE_BYTES: Final = 384
_KEY_BITS: Final = SIGNATURE_BYTES * 8
_VALID: Final = timedelta(days=3652)
_MAX_FILE_BYTES: Final = 16384
_PADDING: Final = PSS(mgf=MGF1(hashes.SHA256()), salt_length=20)
_DIGEST: Final = Prehashed(hashes.SHA256())


class ExportSealer:
    """Thread-safe. certificate: DER. certificate_sha256: of that, hexadecimal."""

    def __init__(self, path: Path) -> None:
        """Raises KeyUnavailable."""
        try:
            with path.open("rb") as file:
                pem = file.read(_MAX_FILE_BYTES)
            key = load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificate(pem)
        except OSError as error:
            raise KeyUnavailable(f"{path}: cannot read the export key: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise KeyUnavailable(f"{path}: not a private key and its certificate in PEM") from error
        if not isinstance(key, RSAPrivateKey) or key.key_size != _KEY_BITS:
            raise KeyUnavailable(f"{path}: the export key must be an RSA key of {_KEY_BITS} bits")
        if key.public_key() != certificate.public_key():
            raise KeyUnavailable(f"{path}: the certificate is of another key")
        self._key = key
        self.certificate = certificate.public_bytes(Encoding.DER)
        self.certificate_pem = certificate.public_bytes(Encoding.PEM)
        self.certificate_sha256 = hashlib.sha256(self.certificate).hexdigest()

    def sign(self, digest: bytes) -> bytes:
        """digest: SHA-256. The answer has SIGNATURE_BYTES bytes."""
        return self._key.sign(digest, _PADDING, _DIGEST)


def create_export_key(path: Path, site_name: str, now: datetime) -> None:
    """Make a new one; keeps one that exists. Raises KeyUnavailable when it cannot be written."""
    if os.path.lexists(path):
        return
    key = generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{site_name} export"[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_once(path, (secret + certificate.public_bytes(Encoding.PEM)).decode())
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot create the export key: {error.strerror}") from error


def is_sealed(certificate: bytes, digest: bytes, signature: bytes) -> bool:
    """certificate: DER, of anybody. digest: SHA-256."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, digest, _PADDING, _DIGEST)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
