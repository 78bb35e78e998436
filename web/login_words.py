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
    "accounts.grant": _m("rollen geven en intrekken"),
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
    "oidc_mfa": _m("account van elders, met tweede factor"),
}
"""How somebody proved who they are (of a login session)."""
TRIAL: Final[Mapping[str, str]] = {
    "certificate": _m("Proefopstelling: dit certificaat is zelf gemaakt; u kunt niet zien of dit de echte server is."),
    "second_factor": _m("Proefopstelling: er wordt niemand om een tweede factor gevraagd."),
}
"""What the login page says of a system that is set up for trials."""
ELSEWHERE: Final[Mapping[str, str]] = {
    "no_role": _m("Uw account heeft geen rol in dit systeem. Vraag uw beheerder om toegang."),
    "mfa": _m(
        "Bij uw rol hoort een tweede factor; die is bij deze aanmelding niet gebruikt. Meld u daar opnieuw mee aan."
    ),
    "no_name": _m("De aanmelddienst noemt geen gebruikersnaam waaronder wij u kunnen vastleggen. Vraag uw beheerder."),
    "name_taken": _m("Er bestaat hier al een account met uw gebruikersnaam. Vraag uw beheerder welk account van u is."),
    "off": _m("Uw account is uitgezet. Vraag uw beheerder."),
    "unknown": _m("Deze aanmelding is verlopen of begon in een andere browser. Begin opnieuw."),
    "cancelled": _m("U hebt u bij de aanmelddienst niet aangemeld."),
    "token": _m("Het antwoord van de aanmelddienst klopt niet. Begin opnieuw, en meld het als het blijft."),
    "away": _m("De aanmelddienst antwoordt niet. Probeer het zo opnieuw; in nood is er het noodaccount."),
}
"""Why a login with an account of elsewhere failed."""
