"""What the audit log says of signing in and of accounts, for people. Part of the tables of `state_words`."""

from collections.abc import Mapping
from typing import Final

from web.i18n import marked as _m

AUDIT_ACTION: Final[Mapping[str, str]] = {
    "login.break_glass": _m("inloggen met noodaccount"),
    "second_factor.enrol": _m("telefoon koppelen"),
    "second_factor.reset": _m("telefoon ontkoppelen"),
    "second_factor.recovery_codes": _m("nieuwe herstelcodes"),
    "account.password": _m("eigen wachtwoord wijzigen"),
    "session.end": _m("aanmelding beëindigen"),
    "session.list": _m("aanmeldingen inzien"),
    "accounts.manage": _m("accounts en aanmeldingen beheren"),
    "users.first": _m("eerste beheerder maken"),
    "users.totp-reset": _m("telefoon ontkoppelen"),
    "users.external": _m("account van elders opnemen"),
}
AUDIT_DETAIL: Final[Mapping[str, str]] = {
    "session": _m("aanmelding"),
    "method": _m("wijze van aanmelden"),
    "can": _m("alleen voor"),
}
METHOD: Final[Mapping[str, str]] = {
    "password": _m("wachtwoord"),
    "totp": _m("wachtwoord en telefoon"),
    "recovery": _m("wachtwoord en herstelcode"),
    "break_glass": _m("noodaccount"),
    "oidc": _m("account van elders"),
}
"""How somebody proved who they are (of a login session)."""
