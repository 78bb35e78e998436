"""What is wrong with a drawing, in Dutch too: the rules speak English, whoever draws reads Dutch."""

from collections.abc import Mapping, Sequence
from typing import Final

_MAX_FIELDS = 50

DUTCH: Final[Mapping[str, str]] = {
    "crosses itself": "kruist zichzelf; geef de punten in volgorde langs de rand",
    "has no area": "heeft geen oppervlak",
    "is wider than": "is breder dan 170 graden pan; teken het als meer vlakken",
    "tilt must lie": "tilt moet tussen −90 en 90 liggen",
    "x and y must lie": "ligt buiten het beeld",
    "must be 3 to": "moet 3 tot 64 punten hebben",
    "covers next to nothing": "bedekt bijna niets; maak het groter of haal het weg",
    "lies outside what the camera can see": "ligt buiten wat de camera volgens haar kalibratie kan zien",
    "cover everything the camera sees": "bedekken alles wat de camera ziet; dek de camera dan af",
    "picture coordinates cannot follow": "beeldpunten kunnen niet meedraaien; teken in graden",
    "a fixed camera tells no direction": "een vaste camera kent geen richting; teken in beeldpunten",
    "must be text of 1 to": "moet een naam van 1 tot 80 tekens hebben",
    "must be text of at most": "is te lang",
    "must be a list of at most": "zijn er te veel (hooguit 100)",
    "must be a time with its zone": "moet een tijd met zone zijn",
    "is missing; masks on the sphere need": "ontbreekt: zonder kalibratie van de lens kan er niet getekend worden",
    "unknown key": "is een onbekend veld",
    "must be [lowest, highest]": "moet [laagste, hoogste] in graden zijn",
    "must be [[0.0, degrees]": "moet van zoom 0 tot 1 lopen, met beeldhoeken van 0,05 tot 160 graden",
    "is not JSON": "is geen JSON",
}
"""How each of the rules' sentences begins, and what it says in Dutch."""


def mask_fields(problems: Sequence[str]) -> dict[str, dict[str, str]]:
    """By field, as Problem wants it; one sentence per field."""
    fields: dict[str, dict[str, str]] = {}
    for problem in problems[:_MAX_FIELDS]:
        field, _, english = problem.partition(": ")
        fields.setdefault(field, {"nl": _dutch(english), "en": english})
    return fields


def _dutch(english: str) -> str:
    return next((dutch for beginning, dutch in DUTCH.items() if english.startswith(beginning)), english)
