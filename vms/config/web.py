"""Keys of `[web]`, and of `[web.oidc]`: signing in with the municipality's own accounts."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from vms.config.section import Section
from vms.rules.access import Role
from vms.rules.second_factor import Demand


def _is_https(value: str) -> str:
    parts = urlsplit(value)
    is_local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not is_local):
        raise ValueError("must be https://… (http:// only on this machine)")
    return value.rstrip("/")


class Oidc(Section):
    issuer: str = Field(description="Address of the OpenID Connect provider, as it names itself.")
    client_id: str = Field(min_length=1, max_length=200, description="As the provider knows this system.")
    client_secret_file: Path = Field(description="File whose first line is the client secret.")
    address: str = Field(
        description="How browsers reach this system; the provider must allow a return to ADDRESS/inloggen/oidc/terug."
    )
    label: str = Field("gemeenteaccount", min_length=1, max_length=40, description="What the button calls the account.")
    claim: str = Field("roles", min_length=1, max_length=100, description="Claim of the ID token that maps to roles.")
    roles: dict[str, tuple[Role, ...]] = Field(
        min_length=1, max_length=100, description="Value of that claim = roles it gives. Nobody without one gets in."
    )
    mfa: tuple[str, ...] = Field(
        ("mfa",),
        max_length=20,
        description="Privileged roles need one of these in the ID token's amr; [] = the provider is trusted with that.",
    )
    tls_ca_file: Path | None = Field(
        None, description="PEM of who vouches for the provider. Empty = the system's authorities."
    )

    _addresses = field_validator("issuer", "address")(_is_https)


class Web(Section):
    listen: str = Field("127.0.0.1:8080", description="HOST:PORT the browsers use; port 0 = any free one.")
    tls_cert_file: Path | None = Field(None, description="PEM certificate chain; required off localhost.")
    tls_key_file: Path | None = Field(None, description="PEM private key belonging to tls_cert_file.")
    second_factor: Demand = Field(
        "required",
        description="required: privileged roles also give a code of their telephone (TOTP); off: for trials only.",
    )
    oidc: Oidc | None = Field(None, description="Signing in with accounts of an OpenID Connect provider.")

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("must be HOST:PORT, for example 127.0.0.1:8080")
        return value

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @model_validator(mode="after")
    def _both_tls_files(self) -> "Web":
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file belong together; give both or neither")
        return self
