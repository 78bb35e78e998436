"""Problems of the incident register, beside `problems`: code, status, Dutch, English."""

from typing import Final

INCIDENT_TEXTS: Final[dict[str, tuple[int, str, str]]] = {
    "incident_future": (422, "Dit tijdstip ligt in de toekomst.", "This moment lies in the future."),
    "incident_too_old": (
        422,
        "Een incident wordt binnen 31 dagen ingeschreven.",
        "An incident is registered within 31 days.",
    ),
    "category_missing": (422, "Kies een categorie.", "Choose a category."),
    "category_unknown": (422, "Deze categorie bestaat niet.", "There is no such category."),
    "category_not_offered": (
        422,
        "Deze categorie geldt niet in het jaar van het incident.",
        "This category does not hold in the incident's year.",
    ),
    "follow_up_kind": (
        422,
        "Een soort opvolging begint met een letter en heeft ten hoogste 40 tekens.",
        "A kind of follow-up begins with a letter and has at most 40 characters.",
    ),
    "follow_up_count": (422, "Een aantal ligt tussen 0 en 999.", "A count lies between 0 and 999."),
    "follow_up_many": (422, "Ten hoogste 30 soorten opvolging.", "At most 30 kinds of follow-up."),
    "incident_closed": (
        409,
        "Dit incident is afgesloten en verandert niet meer.",
        "This incident is closed and changes no more.",
    ),
    "incident_backwards": (
        409,
        "Een incident gaat van open naar opgevolgd naar afgesloten, niet terug.",
        "An incident goes from open to followed up to closed, not back.",
    ),
    "incident_changed": (
        409,
        "Iemand anders heeft dit incident intussen bijgewerkt; bekijk het opnieuw.",
        "Somebody else changed this incident meanwhile; look at it again.",
    ),
    "key_reused": (
        409,
        "Onder deze Idempotency-Key is al een ander incident ingeschreven.",
        "Another incident was registered under this Idempotency-Key.",
    ),
    "key_format": (
        422,
        "Een Idempotency-Key heeft 1 tot 64 letters, cijfers of streepjes.",
        "An Idempotency-Key has 1 to 64 letters, digits or dashes.",
    ),
    "trail_not_yours": (
        422,
        "Dit volgspoor is niet van u, of bestaat niet meer.",
        "This trail is not yours, or exists no more.",
    ),
    "category_name_taken": (
        422,
        "In die jaren is er al een categorie met deze naam.",
        "There is a category of this name in those years.",
    ),
    "category_years": (422, "Het laatste jaar ligt voor het eerste.", "The last year lies before the first."),
    "category_becomes_itself": (
        422,
        "Een categorie gaat niet verder als zichzelf.",
        "A category does not go on as itself.",
    ),
    "category_becomes_earlier": (
        422,
        "Een categorie gaat verder als een bestaande, die niet eerder eindigt.",
        "A category goes on as one that exists and does not end before it.",
    ),
    "category_used": (
        409,
        "Er zijn incidenten van na dat jaar in deze categorie.",
        "This category has incidents of after that year.",
    ),
}
