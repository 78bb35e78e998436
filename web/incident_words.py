"""What the incident register says, for people. Each text is the Dutch source message."""

from collections.abc import Mapping
from typing import Final

from web.i18n import marked as _m

STATUS: Final[Mapping[str, str]] = {
    "open": _m("open"),
    "followed_up": _m("opgevolgd"),
    "closed": _m("afgesloten"),
}
FIRST_SEEN: Final[Mapping[str, str]] = {
    "observer": _m("observant"),
    "police": _m("politie"),
    "emergency_room": _m("meldkamer"),
    "other": _m("iemand anders"),
}
FOLLOW_UP: Final[Mapping[str, str]] = {
    "gecontroleerd": _m("gecontroleerd"),
    "aangesproken": _m("aangesproken"),
    "waarschuwing": _m("waarschuwing"),
    "bekeurd": _m("bekeurd"),
    "proces_verbaal": _m("proces-verbaal"),
    "pv_bevindingen": _m("pv van bevindingen"),
    "aanhouding": _m("aanhouding"),
    "ambulance": _m("ambulance"),
    "winkelverbod": _m("winkelverbod"),
    "zorgkader": _m("zorgkader"),
    "getakeld": _m("getakeld"),
    "aangetroffen": _m("aangetroffen"),
    "loos": _m("loos"),
}
"""The usual kinds; what somebody named freely stays as it is."""
NOTE_HINT: Final[Mapping[str, str]] = {
    "plate": _m("een kenteken"),
    "phone": _m("een telefoonnummer"),
    "citizen_number": _m("een burgerservicenummer"),
    "birth_date": _m("een geboortedatum"),
    "person_name": _m("een naam"),
    "mail_address": _m("een e-mailadres"),
}
FOR_BROWSER: Final[Mapping[str, Mapping[str, str]]] = {
    "incident_status": STATUS,
    "incident_first_seen": FIRST_SEEN,
    "incident_follow_up": FOLLOW_UP,
    "incident_note_hint": NOTE_HINT,
}
