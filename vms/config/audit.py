"""Where copies of the audit log go, and what those who oversee are warned of."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from vms.config.section import Section

CopyKind = Literal["file", "udp", "tcp", "tls", "unix", "otlp+http", "otlp+https"]
_PORTS = {"udp": 514, "tcp": 601, "tls": 6514, "otlp+http": 4318, "otlp+https": 4318}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SET_BY_HTTP = frozenset({"host", "connection", "content-length", "content-type", "transfer-encoding"})


class AuditCopy(Section):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Stable: its position is kept under it.")
    to: str = Field(
        max_length=300,
        description="file:///PATH, or syslog (RFC 5424): udp://HOST[:514], tcp://HOST[:601], tls://HOST[:6514], "
        "unix:///dev/log; or OTLP logs (protobuf): otlp+https://HOST[:4318][/v1/logs], otlp+http://….",
    )
    ca_file: Path | None = Field(
        None,
        description="For tls and otlp+https: PEM of who vouches for the receiver. Empty = the system's authorities.",
    )
    token_file: Path | None = Field(
        None, description="For otlp: file whose first line is the collector's token; read anew for each sending."
    )
    token_header: str = Field(
        "Authorization",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header that carries the token: as `Bearer TOKEN` in Authorization, as it is in another.",
    )

    @field_validator("to")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme in ("file", "unix"):
            if parts.netloc or len(parts.path) < 2:
                raise ValueError(f"must be {parts.scheme}:///PATH")
        elif parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "must be file:///PATH, unix:///PATH, udp://HOST, tcp://HOST, tls://HOST, otlp+https://HOST or otlp+http://HOST"
            )
        elif parts.username is not None:
            raise ValueError("holds a credential; move it to token_file (otlp), or leave it out")
        elif parts.query or parts.fragment:
            raise ValueError("may not have a ? or #; give host, port and path only")
        elif not (value.isascii() and value.isprintable()) or " " in value:
            raise ValueError("may hold ASCII without spaces only; percent-encode the path, punycode the host")
        _ = parts.port  # raises ValueError
        return value

    @field_validator("token_header")
    @classmethod
    def _is_ours_to_set(cls, value: str) -> str:
        if value.lower() in _SET_BY_HTTP:
            raise ValueError(f"{value} is set by HTTP itself; name the header that the collector reads its token from")
        return value

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "AuditCopy":
        if self.ca_file is not None and self.kind not in ("tls", "otlp+https"):
            raise ValueError("ca_file is for tls://… and otlp+https://… only")
        if self.token_file is None:
            if "token_header" in self.model_fields_set:
                raise ValueError("token_header needs token_file; without a token no header is sent")
            return self
        if self.kind not in ("otlp+http", "otlp+https"):
            raise ValueError("token_file is for otlp+https://… and otlp+http://… only")
        if self.kind == "otlp+http" and self.address[0] not in _LOOPBACK:
            raise ValueError("token_file over otlp+http://… would send the token in the clear; use otlp+https://…")
        return self

    @property
    def kind(self) -> CopyKind:
        kind: CopyKind = urlsplit(self.to).scheme  # type: ignore[assignment] # checked above
        return kind

    @property
    def url_path(self) -> str:
        """Of otlp."""
        path = urlsplit(self.to).path
        return path if len(path) > 1 else "/v1/logs"

    @property
    def path(self) -> Path:
        """Of file and unix."""
        return Path(urlsplit(self.to).path)

    @property
    def address(self) -> tuple[str, int]:
        """Of udp, tcp, tls and otlp."""
        parts = urlsplit(self.to)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]


class Audit(Section):
    copies: tuple[AuditCopy, ...] = Field(
        (), max_length=8, description="Where each row of the audit log is copied to within seconds; off this machine."
    )
    processing_activity: str = Field(
        "urn:uitkijk:cameratoezicht",
        max_length=200,
        description="URI of the activity in the register of processing activities, for `vms audit logboek`.",
    )

    former_keys: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        (), description="Public signing keys (64 hex digits) that this site had before; their seals stay its own."
    )

    @field_validator("copies")
    @classmethod
    def _names_differ(cls, value: tuple[AuditCopy, ...]) -> tuple[AuditCopy, ...]:
        if len({copy.name for copy in value}) < len(value):
            raise ValueError("two copies have the same name")
        return value


class Oversight(Section):
    """Bounds of vms.rules.oversight; an alert at /toezicht is a question, never a verdict."""

    watch_minutes: int = Field(
        180, ge=10, le=1440, description="One person has one camera as the large picture for so long on one day."
    )
    looks_back: int = Field(
        10, ge=2, le=1000, description="One person looks back so often at one camera, or around one place, in a week."
    )
    place_m: float = Field(
        50, ge=0, le=1000, description="Cameras within so many metres of each other count as one place."
    )
    refusals: int = Field(10, ge=2, le=1000, description="One person or machine is refused so often within an hour.")
    office_from: str = Field(
        "06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time from which office roles sign in."
    )
    office_to: str = Field(
        "22:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time after which their log-in is unusual."
    )
    round_the_clock: tuple[str, ...] = Field(
        ("observer", "police_reviewer", "technician"), description="Roles that work at night: no alert for their hours."
    )
    sample: int = Field(20, ge=1, le=200, description="Log-ins drawn for a review by the shift manager.")
