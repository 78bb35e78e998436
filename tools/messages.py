"""Collect the messages of templates, scripts and pages; bring both .po files up to date.

`python tools/messages.py` rewrites the files and keeps every translation; new messages appear with an
empty msgstr. A script's message is a call `t("…")` with one literal; a template's is `_("…")`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from web.i18n import LANGUAGES, po_file, read_catalog  # noqa: E402 – needs the path above

_CALL_IN_SCRIPT = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
_CALL_IN_PYTHON = re.compile(r'\b_m\(\s*"((?:[^"\\]|\\.)*)"')


def found() -> Iterator[tuple[str, str]]:
    """(message, file it is used in), repeated per use."""
    for file in sorted((ROOT / "web" / "templates").rglob("*.html")):
        with file.open("rb") as source:
            for _, _, message, _ in babel_extract(source, ("_",), (), {}):
                if isinstance(message, str):
                    yield message, file.relative_to(ROOT).as_posix()
    for pattern, files in (
        (_CALL_IN_SCRIPT, sorted((ROOT / "web" / "static" / "app").glob("*.js"))),
        (
            _CALL_IN_PYTHON,
            [
                ROOT / "web" / f"{name}.py"
                for name in ("pages", "state_words", "decision_words", "incident_words", "login_words")
            ],
        ),
    ):
        for file in files:
            for match in pattern.finditer(file.read_text()):
                yield match[1].replace('\\"', '"'), file.relative_to(ROOT).as_posix()


def template() -> Catalog:
    catalog = Catalog(domain="uitkijk", project="Uitkijk", charset="utf-8")
    for message, path in found():
        catalog.add(message, locations=[(path, 0)])
    return catalog


def main() -> int:
    source = template()
    for language in LANGUAGES:
        file = po_file(language)
        catalog = read_catalog(language) if file.exists() else Catalog(locale=language, domain="uitkijk")
        catalog.update(source, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            write_po(out, catalog, width=110, sort_output=True, include_lineno=False, omit_header=False)
        missing = sum(1 for message in catalog if message.id and not message.string)
        sys.stderr.write(f"{language}: {len(catalog)} messages, {missing} untranslated\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
