"""Every text the browser shows has an English translation, with the same places to fill in."""

import re
from string import Formatter

import pytest

from tools import messages
from web.i18n import SOURCE, as_language, read_catalog, texts


def used() -> set[str]:
    return {message for message, _ in messages.found()}


def test_messages_are_found_in_templates_scripts_and_pages() -> None:
    places = {path.rsplit(".", 1)[1] for _, path in messages.found()}
    assert places == {"html", "js", "py"}


def test_no_message_lacks_its_english() -> None:
    english = texts("en").messages
    assert sorted(used() - english.keys()) == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_catalog_keeps_a_message_nobody_uses(language: str) -> None:
    known = {message.id for message in read_catalog(language) if message.id}  # type: ignore[arg-type]
    assert sorted(known - used()) == []


def test_places_to_fill_in_are_the_same_in_both_languages() -> None:
    def fields(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    wrong = {dutch: english for dutch, english in texts("en").messages.items() if fields(dutch) != fields(english)}
    assert wrong == {}


def test_dutch_is_the_source_and_needs_no_translation() -> None:
    assert SOURCE == "nl"
    assert texts("nl")("Muur") == "Muur"
    assert texts("en")("Muur") == "Wall"
    assert texts("en")("onbekende tekst") == "onbekende tekst"


def test_the_browser_gets_only_what_scripts_use() -> None:
    english = texts("en")
    assert "Verbinden…" in english.browser
    assert "Gebruikersnaam" in english.messages
    assert "Gebruikersnaam" not in english.browser


def test_only_our_languages_are_taken_from_a_request() -> None:
    assert [as_language(value) for value in ("en", "nl", "de", "", None, "../en")] == [
        "en",
        "nl",
        None,
        None,
        None,
        None,
    ]


def test_no_script_builds_a_message_from_parts() -> None:
    """A message must be one literal, or nobody finds it to translate."""
    scripts = (messages.ROOT / "web" / "static" / "app").glob("*.js")
    built = [
        f"{file.name}: {call}"
        for file in scripts
        for call in re.findall(r"(?<![\w.])t\((?!\s*\")[^)]{0,40}", file.read_text())
        if file.name != "page.js"
    ]
    assert built == []
