"""What the source never does, whatever the input: each closes a class of holes that products like this one had."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.test_architecture import PACKAGES, ROOT, sources

SCRIPTS = [*(ROOT / "web" / "static" / "app").rglob("*.js"), *(ROOT / "web" / "templates").rglob("*.html")]
RAW_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|unsafeStatic|\|\s*safe\b|eval\(|new Function"
)
MAY_BUILD_SQL = {"vms/store/bulk.py", "vms/store/engine.py"}
"""From constants of their own: a benchmark's rows, and BEGIN with its mode."""
UNCHECKED_TLS = {"vms/cli/healthy.py"}
"""Asks its own process on the same machine whether it lives."""


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    return [(name, node) for name, tree in sources() for node in ast.walk(tree)]


def calls() -> Iterator[tuple[str, ast.Call]]:
    return ((name, node) for name, node in nodes() if isinstance(node, ast.Call))


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_no_text_becomes_code() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, node in calls()
        if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "compile")
    ]
    modules = [(name, one.name) for name, node in nodes() if isinstance(node, ast.Import) for one in node.names]
    modules += [(name, node.module or "") for name, node in nodes() if isinstance(node, ast.ImportFrom)]
    banned = {"yaml", "pickle", "marshal", "shelve", "dill", "jsonpickle"}
    assert found + [f"{name}: {module}" for name, module in modules if module.split(".")[0] in banned] == []


def test_sql_is_never_put_together_from_text() -> None:
    found = [
        f"{name}:{node.lineno}: {ast.unparse(node)[:80]}"
        for name, node in calls()
        if called(node) in ("text", "exec_driver_sql", "literal_column")
        and name.startswith("vms/store/")
        and name not in MAY_BUILD_SQL
        and not isinstance(node.args[0], ast.Constant)
    ]
    assert found == []


def test_certificates_are_always_checked() -> None:
    unchecked = re.compile(r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified")
    found = {name for name, _ in sources() if unchecked.search((ROOT / name).read_text(encoding="utf-8"))}
    assert found == UNCHECKED_TLS


def test_no_page_puts_text_into_html_unescaped() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in SCRIPTS
        for match in RAW_HTML.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert len(SCRIPTS) > 50


def test_archives_are_read_and_never_unpacked() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, node in calls()
        if called(node) in ("extract", "extractall", "unpack_archive") and not name.startswith("web/live/")
    ]
    assert found == []


def test_the_lint_sees_every_package() -> None:
    assert {name.split("/")[0] for name, _ in sources()} == set(PACKAGES)
    assert Path(__file__).is_relative_to(ROOT)
