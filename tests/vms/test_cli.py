"""Wrong usage and wrong configuration: one clear line on stderr, exit code 2, never a traceback."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retention.controleer import Check
from vms.cli import main
from vms.volume import create_marker

SITE = """
[site]
data_dir = "data"
[[cameras]]
id = "markt-01"
number = 1
name = "Markt"
main = "rtsp://127.0.0.1:9/a"
"""


@pytest.fixture(autouse=True)
def no_config_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMS_CONFIG", raising=False)


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bogus"], "bogus"),
        (["serve", "--frob"], "--frob"),
        (["demo", "--cameras", "99"], "cameras"),
        (["users", "add"], "name"),
        (["serve"], "give --config FILE or set VMS_CONFIG"),
        (["check", "--config", "/nonexistent/site.toml"], "/nonexistent/site.toml: cannot read it"),
        (["config", "check", "/nonexistent/site.toml"], "cannot read it"),
        (["import", "masks", "nothing.json"], "give --config FILE"),
        (["retention", "verify", "--config", "/dev/null"], "site"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_2(capsys, arguments: list[str], expected: str) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert expected in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_no_mask_set_names_every_problem(capsys, site: str, tmp_path: Path) -> None:
    masks = tmp_path / "masks.json"
    masks.write_text(json.dumps({"camera": "nowhere", "masks": [{"name": "x"}]}), encoding="utf-8")
    code, out, _ = run(capsys, "import", "masks", str(masks), "--config", site, "--json")
    assert code == 1
    answer = json.loads(out)
    assert answer["imported"] == 0
    assert len(answer["unclear"][0]["problems"]) >= 3


def test_retention_answers_as_json_and_proves_an_empty_store(capsys, site: str) -> None:
    code, out, _ = run(capsys, "retention", "run", "--dry-run", "--config", site, "--json")
    assert (code, json.loads(out)["erase"]) == (0, 0)
    code, out, _ = run(capsys, "retention", "verify", "--config", site, "--json")
    assert code == 1
    assert [finding["code"] for finding in json.loads(out)["findings"]] == ["R7"]


def test_a_certificate_is_made_and_its_checker_agrees(capsys, site: str, tmp_path: Path) -> None:
    out_file = tmp_path / "c.zip"
    arguments = ["retention", "certificate", "--config", site, "--out", str(out_file)]
    code, _, err = run(capsys, *arguments)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "no purge has run" in err
    create_marker(tmp_path / "data" / "media", datetime.now(UTC))
    assert run(capsys, "retention", "run", "--config", site)[0] == 0
    code, out, _ = run(capsys, *arguments, "--json")
    assert (code, json.loads(out)["rows"]) == (0, 1)
    with zipfile.ZipFile(out_file) as package:
        checked = Check(package, json.loads(out)["key_id"], None)
        checked.run()
    assert checked.findings == []
    code, _, err = run(capsys, *arguments)
    assert (code, "choose another name" in err) == (2, True)


def test_the_schema_of_the_configuration_explains_every_key(capsys) -> None:
    code, out, _ = run(capsys, "config", "schema")
    schema = json.loads(out)
    unexplained = [
        f"{name}.{key}"
        for name, model in schema["$defs"].items()
        for key, value in model["properties"].items()
        if "description" not in value
    ]
    assert (code, unexplained) == (0, [])
