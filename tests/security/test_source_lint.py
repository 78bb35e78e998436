"""What the source never does, whatever the input: each line here closes a class of holes that this kind of product had."""

import ast
import re
from collections.abc import Iterator
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


def calls() -> Iterator[tuple[str, ast.Call]]:
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def test_no_text_becomes_code() -> None:
    found = [f"{name}:{node.lineno}" for name, node in calls() if ast.unparse(node.func) in ("eval", "exec", "compile")]
    imported = [
        f"{name}: {module}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if module.split(".")[0] in {"yaml", "pickle", "marshal", "shelve", "dill", "jsonpickle"}
    ]
    assert found + imported == []


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
    found = []
    for name, tree in sources():
        if name in UNCHECKED_TLS:
            continue
        text = ast.unparse(tree)
        found += [f"{name}: {bad}" for bad in ("verify=False", "CERT_NONE", "check_hostname = False") if bad in text]
    assert found == []


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
