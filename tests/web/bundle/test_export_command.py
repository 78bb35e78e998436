"""`vms export create` and `verify`, by the functions that the command registers."""

import errno
import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.forked import serving
from tests.web.bundle.evidence import MASKED, OPEN, SEGMENT_S, Evidence
from tests.web.bundle.export_child import MOMENTS
from vms.cli.export import export_app
from vms.clock import SystemClock
from vms.errors import ConfigError, FootageExpired, FootageMissing
from vms.store import audit, requests
from vms.units import utc_from_us
from web.bundle import make, workshop
from web.bundle.package import write_package
from web.bundle.verify import verify_export
from web.bundle.workshop import NoRoom

HOUR_US = 3600 * 1_000_000
open_ = os.open


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Footage of an hour ago, by the clock on the wall: the command has no other."""
    made = Evidence(tmp_path_factory.mktemp("now"), SystemClock().now_us())
    cameras = "".join(
        f'[[cameras]]\nid = "{id_}"\nnumber = {number}\nname = "{name}"\nmain = "rtsp://127.0.0.1:9/a"\n'
        for id_, number, name in ((OPEN, 1, "Plein"), (MASKED, 2, "Markt"))
    )
    (made.directory / "site.toml").write_text(f'[site]\nname = "Gemeente Ergens"\ndata_dir = "."\n{cameras}')
    yield made
    made.store.close()


def options_of(evidence: Evidence, out: Path, **changes: Any) -> list[str]:
    known = {
        "from": utc_from_us(evidence.start_us).isoformat(),
        "to": utc_from_us(evidence.start_us + SEGMENT_S * 1_000_000).isoformat(),
        "case": "PL2300-1", "basis": "art. 126nd Sv", "camera": MASKED,
    }  # fmt: skip
    options = [part for name, value in {**known, **changes}.items() for part in (f"--{name}", str(value))]
    return [*options, "--out", str(out), "--config", str(evidence.directory / "site.toml")]


def create(evidence: Evidence, out: Path, *more: str, **changes: Any) -> Any:
    return CliRunner().invoke(export_app, ["create", *options_of(evidence, out, **changes), *more])


def test_an_export_is_made_registered_audited_and_found_unchanged(now: Evidence, tmp_path: Path) -> None:
    done = create(now, tmp_path / "e.zip", "--json", recipient="OvJ", approver="a.bakker")
    assert done.exit_code == 0, done.output + repr(done.exception)
    made = json.loads(done.output)
    assert list(tmp_path.iterdir()) == [tmp_path / "e.zip"]
    assert stat.S_IMODE((tmp_path / "e.zip").stat().st_mode) == 0o600
    with now.store.reading() as tx:
        request, [row] = requests.get(tx, made["request"]), audit.newest(tx, 1)
    assert request is not None
    assert (request.state, request.decided_by, request.recipient) == ("granted", "a.bakker", "OvJ")
    assert (row.entry.action, row.entry.object) == ("export.create", f"request:{made['request']}")
    checked = CliRunner().invoke(export_app, ["verify", str(tmp_path / "e.zip"), "--key", made["key_id"], "--json"])
    assert (checked.exit_code, json.loads(checked.output)["intact"]) == (0, True)


def test_a_changed_export_ends_with_1_and_says_what(evidence: Evidence, package: Path, tmp_path: Path) -> None:
    data = bytearray(package.read_bytes())
    data[len(data) // 3] ^= 1
    (tmp_path / "x.zip").write_bytes(data)
    checked = CliRunner().invoke(export_app, ["verify", str(tmp_path / "x.zip"), "--json"])
    answer = json.loads(checked.output)
    assert (checked.exit_code, answer["intact"]) == (1, False)
    assert {"file", "changed"} <= {one["code"] for one in answer["findings"]}
    assert CliRunner().invoke(export_app, ["verify", str(tmp_path / "x.zip")]).output.splitlines()[-1] == "CHANGED"


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"case": " "}, ConfigError, "--case: must not be empty"),
        ({"case": "a\nb"}, ConfigError, "cannot be printed"),
        ({"camera": "nowhere"}, ConfigError, "no such camera"),
        ({"from": "2026-11-14T13:00:00"}, ConfigError, "has no zone"),
        ({"from": "gisteren"}, ConfigError, "not a time"),
        ({"to": "2020-01-01T00:00:00Z"}, ConfigError, "must lie after"),
        ({"to": "2099-01-01T00:00:00Z"}, ConfigError, "hours long"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z"}, FootageExpired, "retention"),
    ],
)
def test_a_wrong_wish_is_named_and_leaves_nothing(
    now: Evidence, tmp_path: Path, changes: dict[str, str], error: type[Exception], says: str
) -> None:
    with now.store.reading() as tx:
        before = len(requests.newest(tx, 100))
    done = create(now, tmp_path / "e.zip", **changes)
    assert isinstance(done.exception, error)
    assert says in str(done.exception)
    assert list(tmp_path.iterdir()) == []
    with now.store.reading() as tx:
        assert len(requests.newest(tx, 100)) == before


def test_the_future_and_what_was_never_recorded_are_refused(now: Evidence, tmp_path: Path) -> None:
    at_us = SystemClock().now_us()
    soon, later = utc_from_us(at_us - HOUR_US).isoformat(), utc_from_us(at_us + HOUR_US).isoformat()
    assert "future" in str(create(now, tmp_path / "e.zip", **{"from": soon, "to": later}).exception)
    start, end = utc_from_us(at_us - 4 * HOUR_US), utc_from_us(at_us - 3 * HOUR_US)
    done = create(now, tmp_path / "e.zip", **{"from": start.isoformat(), "to": end.isoformat()})
    assert isinstance(done.exception, FootageMissing)


def test_what_does_not_fit_on_the_disk_is_refused_with_both_figures(
    now: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "_ROOM_BYTES", 1 << 60)
    done = create(now, tmp_path / "e.zip")
    assert isinstance(done.exception, NoRoom)
    assert done.exception.needed_bytes > done.exception.free_bytes > 0
    assert str(done.exception.free_bytes) in str(done.exception)


def test_an_existing_file_is_not_written_over(now: Evidence, tmp_path: Path) -> None:
    (tmp_path / "e.zip").write_bytes(b"mine")
    assert "exists already" in str(create(now, tmp_path / "e.zip").exception)
    assert (tmp_path / "e.zip").read_bytes() == b"mine"


def test_a_file_that_appears_meanwhile_is_not_written_over_and_nothing_else_is_left(
    now: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_writes_it(*arguments: Any) -> None:
        write_package(*arguments)
        (tmp_path / "e.zip").write_bytes(b"mine")

    monkeypatch.setattr(make, "write_package", another_writes_it)
    assert "File exists" in str(create(now, tmp_path / "e.zip").exception)
    assert list(tmp_path.iterdir()) == [tmp_path / "e.zip"]
    assert (tmp_path / "e.zip").read_bytes() == b"mine"


def knows_no_nameless_files(path: Any, flags: int, *more: Any, **options: Any) -> int:
    if flags & os.O_TMPFILE == os.O_TMPFILE:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    return open_(path, flags, *more, **options)


def test_on_a_disk_without_nameless_files_an_export_is_made_or_gone_all_the_same(
    now: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", knows_no_nameless_files)
    assert create(now, tmp_path / "e.zip").exit_code == 0
    [made] = tmp_path.iterdir()
    assert (made.name, stat.S_IMODE(made.stat().st_mode)) == ("e.zip", 0o600)
    with made.open("rb") as file:
        assert verify_export(file).is_intact
    monkeypatch.setattr(make, "write_package", no_space)
    assert "No space" in str(create(now, tmp_path / "f.zip").exception)
    assert list(tmp_path.iterdir()) == [made]


def no_space(file: Any, _: Any) -> None:
    file.write(b"PK")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_export_that_is_killed_leaves_no_picture_behind(now: Evidence, tmp_path: Path) -> None:
    with serving("tests.web.bundle.export_child", now.directory) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for moment in MOMENTS:
            process.stdin.write(json.dumps({"moment": moment, "options": options_of(now, tmp_path / "e.zip")}) + "\n")
            pid = int(process.stdout.readline())
            os.kill(pid, signal.SIGKILL)
            assert process.stdout.readline() == "gone\n"
            assert list(tmp_path.iterdir()) == [], moment
