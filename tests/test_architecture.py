"""I8, I9: the shape of the code. import-linter has the layers; here is what it cannot see."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("vms", "ingest", "recorder", "retention", "web")
CLOCK_FREE = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
ON_THEIR_OWN = {"retention/controleer.py", "retention/controleer_audit.py", "web/bundle/controleer_export.py"}
"""No part of the product that runs: whoever checks a certificate or an export starts them, and they start openssl."""
MAY_START_PROCESSES = {"vms/supervise.py", "vms/spare.py", *ON_THEIR_OWN}
MAY_BE_ASYNC = ("web/", "ingest/simulator/")
MAX_LINES = 500


@cache
def sources() -> list[tuple[str, ast.Module]]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def test_only_the_clock_reads_the_time() -> None:
    found = [
        f"{name}:{line}: {call}"
        for name, tree in sources()
        if name != "vms/clock.py" and not name.startswith("vms/cli/")
        for line, call in calls(tree)
        if call in CLOCK_FREE
    ]
    assert found == []


def test_async_lives_in_the_web_and_the_simulator_only() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        if not name.startswith(MAY_BE_ASYNC)
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert found == []


def test_only_the_supervisor_starts_processes_and_none_uses_a_shell_or_pickle() -> None:
    banned = {"subprocess", "pickle", "shelve", "marshal"}
    found = []
    for name, tree in sources():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for module in names:
                allowed = name in MAY_START_PROCESSES or name.startswith("vms/cli/bench")
                if module.split(".")[0] in banned and not (module == "subprocess" and allowed):
                    found.append(f"{name}: {module}")
            if isinstance(node, ast.keyword) and node.arg == "shell":
                found.append(f"{name}:{node.value.lineno}: shell=")
    assert found == []


def test_one_module_speaks_to_onvif_zeep() -> None:
    found = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        for module in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
        if module.split(".")[0] in ("onvif", "zeep")
    }
    assert found == {"ingest/onvif_client.py"}


def test_blind_excepts_live_in_the_supervisor_only() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        if name != "vms/supervise.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(step, ast.Raise) for step in ast.walk(node))
    ]
    assert found == []


def test_no_module_grew_into_a_wall() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {len(lines)} lines"
        for package in PACKAGES
        for pattern in ("*.py", "*.js")
        for path in (ROOT / package).rglob(pattern)
        if "vendor" not in path.parts
        for lines in [path.read_text(encoding="utf-8").splitlines()]
        if len(lines) > MAX_LINES
    ]
    assert found == []


def test_a_recorder_imports_nothing_that_it_may_need_later_only() -> None:
    """Each of these costs a start, and every recorder, more than all of its own code."""
    late = ("zeep", "onvif", "requests", "httpx", "alembic", "fastapi", "numpy", "cv2")
    code = f"import sys, recorder.__main__; print([name for name in {late} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_dependency_ships_a_package_of_our_names() -> None:
    ours = set(PACKAGES)
    found = [
        f"{distribution.name}: {file}"
        for distribution in distributions()
        if distribution.name != "uitkijk"
        for file in distribution.files or ()
        if file.parts[0] in ours
    ]
    assert found == []
