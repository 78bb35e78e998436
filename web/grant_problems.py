"""Problems of giving and withdrawing roles, beside `problems`: code, status, Dutch, English."""

from typing import Final

GRANT_TEXTS: Final[dict[str, tuple[int, str, str]]] = {
    "grant_role": (422, "Kies een rol uit de lijst.", "Choose a role from the list."),
    "grant_group": (
        422,
        "Geen camera heeft dit gebied; kies er een uit de lijst, of alle gebieden.",
        "No camera has this area; choose one from the list, or every area.",
    ),
    "grant_purpose": (
        422,
        "Kies een doel uit de lijst, of alle doelen.",
        "Choose a purpose from the list, or every purpose.",
    ),
    "grant_time": (422, "Deze dag bestaat niet; vul een andere in.", "There is no such day; give another one."),
    "grant_period": (
        422,
        "Het einde ligt niet na het begin; kies een latere dag, of laat het leeg.",
        "The end is not after the start; choose a later day, or leave it empty.",
    ),
    "grant_past": (
        422,
        "Deze dag is al voorbij: er blijft niets te geven. Kies een latere dag, of laat het leeg.",
        "This day is over: there is nothing left to give. Choose a later day, or leave it empty.",
    ),
    "grant_to_oneself": (
        403,
        "Niemand geeft zichzelf een rol; vraag een andere beheerder.",
        "Nobody gives oneself a role; ask another administrator.",
    ),
    "grant_ended": (
        409,
        "Deze toekenning was al ingetrokken of voorbij; de lijst is ververst.",
        "This grant was withdrawn already, or is over; the list was refreshed.",
    ),
    "crossing_oneself": (
        403,
        "Niemand geeft zichzelf inzage; vraag een collega die dit ook mag.",
        "Nobody lets oneself in; ask a colleague who may do this too.",
    ),
    "crossing_purpose": (
        422,
        "Kies een doel uit de lijst: een ander dan openbare orde, waarvoor er camera's zijn.",
        "Choose a purpose from the list: another than public order, that cameras have.",
    ),
    "crossing_group": (
        422,
        "Geen camera met een ander doel heeft dit gebied; kies er een uit de lijst.",
        "No camera of another purpose has this area; choose one from the list.",
    ),
    "crossing_hours": (422, "Vul 1 tot en met 24 uur in.", "Give 1 to 24 hours."),
    "crossing_basis": (
        422,
        "Noem de grondslag en waarom het nu nodig is (minstens 10 tekens).",
        "Name the ground in law and why it is needed now (10 characters at least).",
    ),
    "crossing_account": (
        422,
        "Dit account bestaat niet of staat uit; vul de inlognaam in.",
        "There is no such account, or it is off; give the name that signs in.",
    ),
    "crossing_role": (
        422,
        "Dit account heeft geen rol die beelden ziet; inzage geeft er geen.",
        "This account has no role that sees pictures, and a crossing gives none.",
    ),
    "crossing_ended": (
        409,
        "Deze inzage was al beëindigd of voorbij; de lijst is ververst.",
        "This was ended already, or is over; the list was refreshed.",
    ),
    "unknown_account": (
        404,
        "Dit account bestaat niet; ververs de pagina.",
        "There is no such account; refresh the page.",
    ),
}
