"""The site's own certificate: what browsers will make of it, and one for trials."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vms.config import Web
from vms.errors import ConfigError
from vms.site_key import write_once

TRIAL_LASTS: Final = timedelta(days=90)
_MAX_FILE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    is_self_signed: bool
    ends_at: datetime


def read_certificate(web: Web) -> Certificate | None:
    """The first of the chain; None without TLS. Raises ConfigError."""
    if web.tls_cert_file is None:
        return None
    try:
        with web.tls_cert_file.open("rb") as file:
            found = x509.load_pem_x509_certificate(file.read(_MAX_FILE_BYTES))
    except (OSError, ValueError) as error:
        raise ConfigError([f"web.tls_cert_file: {web.tls_cert_file}: cannot read it as PEM: {error}"]) from error
    return Certificate(found.issuer == found.subject, found.not_valid_after_utc)


def may_pin_https(certificate: Certificate | None) -> bool:
    """HSTS lets nobody past a warning of the browser, and a self-signed certificate has no other way in."""
    return certificate is not None and not certificate.is_self_signed


def make_trial_certificate(directory: Path, hosts: Sequence[str], now: datetime) -> tuple[Path, Path]:
    """Certificate and key (mode 0600) for these names and addresses. Raises ConfigError when they exist, OSError."""
    cert_file, key_file = directory / "trial.pem", directory / "trial.key"
    if cert_file.exists() or key_file.exists():
        raise ConfigError([f"{directory}: holds trial.pem or trial.key already; give another --out"])
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + TRIAL_LASTS)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_once(key_file, secret.decode())
    write_once(cert_file, certificate.public_bytes(Encoding.PEM).decode())
    return cert_file, key_file


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise ConfigError([f"--host {host}: not a name or address; write it as browsers will"]) from error
