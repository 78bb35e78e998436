"""Purposes in the configuration: each with its basis and term, and errors that say how to fix them."""

from pathlib import Path

import pytest

from tests.vms.test_config import GOOD, problems_of
from vms.config import load_config
from vms.config.purpose_checks import purposes_without_basis

HARBOUR = '[purposes.harbour]\nbasis = "Havenverordening"\nretention_days = 60\n'


@pytest.mark.parametrize(
    ("text", "key", "fix"),
    [
        ("[purposes.public_order]\nretention_days = 29\n", "purposes.public_order.retention_days", "28"),
        (HARBOUR.replace("60", "93"), "purposes.harbour.retention_days", "92"),
        ("[purposes.harbour]\nretention_days = 7\n", "purposes.harbour.basis", "add it"),
        ('[purposes.haven]\nbasis = "Havenverordening"\n', "purposes.haven", "unknown key"),
    ],
)
def test_each_problem_names_file_key_and_fix(tmp_path: Path, text: str, key: str, fix: str) -> None:
    [problem] = problems_of(tmp_path, GOOD + text)
    assert f": {key}: " in problem
    assert fix in problem


def test_a_camera_is_kept_shorter_than_its_purpose_and_never_longer(tmp_path: Path) -> None:
    [problem] = problems_of(tmp_path, GOOD + "retention_days = 30\n")
    assert "cameras[markt-01].retention_days: public_order is kept 28 days; give 28 or less" in problem
    path = tmp_path / "site.toml"
    path.write_text(GOOD + 'retention_days = 10\npurpose = "harbour"\n' + HARBOUR)
    config = load_config(path)
    assert config.terms.days_of("markt-01") == 10
    assert purposes_without_basis(config) == []


def test_a_purpose_without_basis_is_told_and_has_the_sites_term(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD + 'purpose = "traffic"\n[retention]\ndays = 21\n')
    config = load_config(path)
    assert purposes_without_basis(config) == ["traffic"]
    assert config.terms.days_of("markt-01") == 21
