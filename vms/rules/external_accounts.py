"""What the claims of an OpenID Connect provider make of a person here. Pure."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from vms.rules.access import ROLES, Role
from vms.rules.account_names import is_account_name
from vms.rules.second_factor import Demand, is_demanded

ExternalRefusal = Literal["no_role", "mfa", "no_name", "name_taken", "off"]
_MAX_DISPLAY_CHARS: Final = 80
_MAX_VALUES: Final = 1000


@dataclass(frozen=True, slots=True)
class ExternalPerson:
    """external_id: the same for as long as the provider keeps its subject, whatever else changes.

    has_second_factor: the provider says that one of ours was used.
    """

    external_id: str
    username: str
    display_name: str
    roles: tuple[Role, ...]
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Mapped:
    """roles: what each value of the claim gives. mfa: methods of which a privileged role needs one; empty: trusted."""

    claim: str
    roles: Mapping[str, Sequence[Role]]
    mfa: Sequence[str]
    demand: Demand


def person_of(claims: Mapping[str, Any], mapped: Mapped) -> ExternalPerson | ExternalRefusal:
    """claims: of an ID token that was checked."""
    roles = roles_of(_value(claims, mapped.claim), mapped.roles)
    if not roles:
        return "no_role"
    has_second_factor = not set(_texts(claims.get("amr"))).isdisjoint(mapped.mfa)
    if not has_second_factor and is_asked(roles, mapped):
        return "mfa"
    username = account_name_of(claims)
    if username is None:
        return "no_name"
    name = claims.get("name")
    display_name = name.strip()[:_MAX_DISPLAY_CHARS] if isinstance(name, str) else ""
    external_id = hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()
    return ExternalPerson(external_id, username, display_name or username, roles, has_second_factor)


def is_asked(roles: Collection[str], mapped: Mapped) -> bool:
    """Must the provider say that a second factor was used? roles: all that are held, granted ones too."""
    return bool(mapped.mfa) and is_demanded(roles, mapped.demand)


def roles_of(value: object, mapping: Mapping[str, Sequence[Role]]) -> tuple[Role, ...]:
    """In the order of the table of roles; what is not mapped gives nothing."""
    given = {role for text in _texts(value) for role in mapping.get(text, ())}
    return tuple(role for role in ROLES if role in given)


def account_name_of(claims: Mapping[str, Any]) -> str | None:
    """What the audit log will call them."""
    for claim in ("preferred_username", "upn", "email"):
        text = claims.get(claim)
        if isinstance(text, str):
            name = re.sub(r"[^a-z0-9._@-]", "-", text.strip().lower()).lstrip("-._@")
            if is_account_name(name):
                return name
    return None


def _value(claims: Mapping[str, Any], claim: str) -> object:
    """`realm_access.roles` also finds what lies within another claim."""
    if claim in claims:
        return claims[claim]
    found: object = claims
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value[:_MAX_VALUES] if isinstance(text, str)] if isinstance(value, list) else []
