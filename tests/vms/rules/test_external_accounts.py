"""What a provider's claims make of a person: roles only by the map, a second factor where the role needs one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.rules.access import Role
from vms.rules.account_names import is_account_name
from vms.rules.external_accounts import ExternalPerson, Mapped, account_name_of, person_of, roles_of

MAP: dict[str, tuple[Role, ...]] = {"kijken": ("observer",), "beheer": ("technician", "admin")}
CLAIMS: dict[str, Any] = {"iss": "https://i", "sub": "1", "preferred_username": "J.Jansen", "groups": ["kijken"]}


def mapped(**changes: Any) -> Mapped:
    return Mapped(**({"claim": "groups", "roles": MAP, "mfa": ("mfa",), "demand": "required"} | changes))


def test_a_person_has_the_roles_of_the_map_and_a_name_for_the_audit_log() -> None:
    person = person_of(CLAIMS | {"name": "  J. Jansen ", "groups": ["kijken", "x", "beheer"], "amr": ["mfa"]}, mapped())
    assert isinstance(person, ExternalPerson)
    assert (person.username, person.display_name) == ("j.jansen", "J. Jansen")
    assert person.roles == ("observer", "technician", "admin")


@pytest.mark.parametrize(
    ("value", "roles"),
    [
        ("kijken", ("observer",)),
        (["kijken", 7, None, {"beheer": 1}], ("observer",)),
        ({"beheer": True}, ()),
        (None, ()),
        (["Kijken", "kijken ", "observer", "*"], ()),
    ],
)
def test_only_an_exact_value_of_the_map_gives_a_role(value: object, roles: tuple[str, ...]) -> None:
    assert roles_of(value, MAP) == roles


def test_a_claim_within_another_is_found_and_a_claim_with_a_dot_in_its_name_too() -> None:
    within = {key: value for key, value in CLAIMS.items() if key != "groups"}
    for claims in (within | {"realm": {"roles": ["kijken"]}}, within | {"realm.roles": ["kijken"]}):
        assert isinstance(person_of(claims, mapped(claim="realm.roles")), ExternalPerson)
    assert person_of(within | {"realm": "roles"}, mapped(claim="realm.roles")) == "no_role"


@pytest.mark.parametrize(
    ("amr", "changes", "is_in"),
    [
        (None, {}, False),
        (["pwd"], {}, False),
        ("mfa", {}, True),
        (["pwd", "mfa"], {}, True),
        (["hwk"], {"mfa": ("mfa", "hwk")}, True),
        (None, {"mfa": ()}, True),
        (None, {"demand": "off"}, True),
    ],
)
def test_a_privileged_role_needs_a_second_factor_at_the_provider(
    amr: object, changes: dict[str, Any], is_in: bool
) -> None:
    claims = CLAIMS | {"groups": ["beheer"]} | ({} if amr is None else {"amr": amr})
    assert isinstance(person_of(claims, mapped(**changes)), ExternalPerson) is is_in


@pytest.mark.parametrize(
    ("amr", "mfa", "proved"), [(["pwd"], ("mfa",), False), (["mfa"], ("mfa",), True), ([], (), False)]
)
def test_whether_a_second_factor_was_proved_is_known_of_everybody(
    amr: object, mfa: tuple[str, ...], proved: bool
) -> None:
    person = person_of(CLAIMS | {"amr": amr}, mapped(mfa=mfa))
    assert isinstance(person, ExternalPerson)
    assert person.has_second_factor is proved


def test_the_same_person_stays_the_same_whatever_their_name_and_another_issuers_is_another() -> None:
    first = person_of(CLAIMS, mapped())
    renamed = person_of(CLAIMS | {"preferred_username": "other"}, mapped())
    elsewhere = person_of(CLAIMS | {"iss": "https://j"}, mapped())
    assert isinstance(first, ExternalPerson)
    assert isinstance(renamed, ExternalPerson)
    assert isinstance(elsewhere, ExternalPerson)
    assert first.external_id == renamed.external_id != elsewhere.external_id


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_whatever_a_provider_calls_people_is_a_name_here_or_none(text: str) -> None:
    name = account_name_of({"preferred_username": text})
    assert name is None or is_account_name(name)


def test_the_first_usable_name_counts() -> None:
    assert account_name_of({"preferred_username": "///", "email": "Jan@venlo.nl"}) == "jan@venlo.nl"
    assert account_name_of({"sub": "only"}) is None
