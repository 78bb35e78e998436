"""./check says with its exit code whether every part passed, and with nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Stands in for pytest: fails when the part that FAILING names is run (which part: told by its arguments), or only
# in the crowd when CROWDED says so.
PYTEST = """#!/bin/sh
case "$*" in
    *"--ignore tests/web/live"*) part=pages ;;
    *"--ignore tests/e2e"*) part=rest ;;
    *) part=live ;;
esac
case "$*" in *"--lf "*) [ -z "$CROWDED" ] || exit 0 ;; esac
[ "$part" != "$FAILING" ]
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory in which ./check runs with tools that all say yes."""
    shutil.copy(ROOT / "check", tmp_path / "check")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "setup.sh").write_text("say() { :; }\nsetup_venv() { :; }\napt_install() { :; }\n")
    for package in ("mp4box", "whip-whep"):
        (tmp_path / "node_modules" / package).mkdir(parents=True)
    tools = [tmp_path / ".venv" / "bin" / name for name in ("ruff", "mypy", "lint-imports", "pytest")]
    tools.append(tmp_path / "node_modules" / ".bin" / "tsc")
    for tool in tools:
        tool.parent.mkdir(parents=True, exist_ok=True)
        tool.write_text(PYTEST if tool.name == "pytest" else "#!/bin/sh\n")
        tool.chmod(0o755)
    return tmp_path


def checked(clone: Path, failing: str, crowded: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FAILING": failing, "CROWDED": crowded}
    return subprocess.run(["bash", "./check"], cwd=clone, env=environment, timeout=60, capture_output=True, text=True)


@pytest.mark.parametrize("failing", ["", "pages", "rest", "live"])
def test_check_fails_just_when_a_part_of_the_tests_fails(clone: Path, failing: str) -> None:
    assert (checked(clone, failing).returncode != 0) == bool(failing)


@pytest.mark.parametrize("failing", ["pages", "rest", "live"])
def test_what_fails_only_beside_the_others_is_tried_once_more_by_itself(clone: Path, failing: str) -> None:
    assert checked(clone, failing, crowded="yes").returncode == 0
