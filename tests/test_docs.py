"""The documents tell the truth: links lead somewhere, commands and configuration keys exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from vms.cli import make_app
from vms.config import SiteConfig

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "vms" / "README.md"]
PATHS = re.compile(
    r"`((?:vms|ingest|recorder|retention|web|tests|docs|configs|tools)/[\w./-]+\.(?:py|md|toml|js|sh|lock))`"
)


def relative_links(text: str) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", link):
            yield link.split("#")[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_named_files_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [link for link in relative_links(text) if not (document.parent / link).exists()]
    missing += [path for path in PATHS.findall(text) if not (ROOT / path).exists()]
    assert missing == []


def missing_tests(text: str) -> list[str]:
    """Of those that a document names."""
    return [
        f"{file}::{name}"
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
        if not re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]


def test_every_class_of_holes_has_tests_that_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.split("## Classes of holes, and their tests")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?!class|-)(.*)$", table, re.MULTILINE)
    assert len(rows) >= 20
    assert [row for row in rows if "::test_" not in row] == []
    assert missing_tests(table) == []


def test_every_test_that_the_acceptance_table_names_exists() -> None:
    text = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
    assert missing_tests(text) == []
    rows = {int(number): row for number, row in re.findall(r"^\| (\d+) (\|.*)$", text, re.MULTILINE)}
    assert set(rows) == {*range(1, 18), *range(19, 26)}
    assert [number for number, row in rows.items() if "::test_" not in row] == []


def known_commands() -> set[str]:
    found = set()

    def walk(command, words: tuple[str, ...]) -> None:
        found.add(" ".join(words))
        for name, sub in getattr(command, "commands", {}).items():
            walk(sub, (*words, name))

    walk(get_command(make_app()), ("vms",))
    return found


def test_every_command_in_the_documents_exists() -> None:
    known = known_commands()
    unknown = set()
    for document in DOCUMENTS:
        for words in re.findall(r"`(?:\.venv/bin/)?(vms(?: [a-z|]+)+)", document.read_text(encoding="utf-8")):
            for variant in expand(words.split()):
                longest = next((n for n in range(len(variant), 1, -1) if " ".join(variant[:n]) in known), 0)
                if not longest:
                    unknown.add(f"{document.name}: {' '.join(variant)}")
    assert unknown == set()


def expand(words: list[str]) -> list[list[str]]:
    """`vms serve capture|live` names two."""
    variants: list[list[str]] = [[]]
    for word in words:
        variants = [[*variant, choice] for variant in variants for choice in word.split("|") if choice]
    return variants


def test_every_section_of_the_configuration_is_explained_in_the_installation_guide() -> None:
    text = (ROOT / "docs" / "installatie.md").read_text(encoding="utf-8")
    assert [name for name in SiteConfig.model_fields if f"[{name}]" not in text and f"[[{name}]]" not in text] == []
