"""Texts in two languages: Dutch is the source, English is read from its .po file.

A message is its own Dutch text; a missing translation shows the Dutch. `tools/messages.py` collects the
messages from templates and scripts, `tests/web/test_i18n.py` fails on one that has no English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("nl", "en")
SOURCE: Final[Language] = "nl"
LOCALE_DIR: Final = Path(__file__).parent / "locale"
DOMAIN: Final = "uitkijk"


@dataclass(frozen=True, slots=True)
class Texts:
    """The messages of one language. `browser` holds only those the scripts use."""

    language: Language
    messages: Mapping[str, str]
    browser: Mapping[str, str]

    def __call__(self, message: str) -> str:
        return self.messages.get(message, message)


def marked(message: str) -> str:
    """Mark a message for collection, imported as `_m`; it is translated where it is shown."""
    return message


def po_file(language: Language) -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalog(language: Language) -> Catalog:
    """Read one .po file. Raises OSError and babel's PoFileError: a broken installation should not start."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


@cache
def texts(language: Language) -> Texts:
    messages: dict[str, str] = {}
    browser: dict[str, str] = {}
    for message in read_catalog(language):
        if not (isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string):
            continue
        messages[message.id] = message.string
        if any(path.endswith(".js") for path, _ in message.locations):
            browser[message.id] = message.string
    return Texts(language, messages, browser)


def as_language(value: str | None) -> Language | None:
    """The language a cookie or query names, or None when it is not one of ours."""
    return next((language for language in LANGUAGES if language == value), None)
