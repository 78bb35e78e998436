"""`vms volumes`: a disk that will never come back is given up, loudly, and an empty one takes its place."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recorder.check import run_check
from recorder.disk import VolumeFinder, VolumeSet
from recorder.volume_care import VolumeCare
from tests.fakes import FakeClock
from tests.retention.world import CAMERA, World, days_ago
from vms.cli.volumes import volumes_app
from vms.config import Volume, load_config
from vms.errors import ConfigError, Refused, StorageError
from vms.rules.terms import Terms
from vms.store import audit, catalog, ledger
from web.footage import Footage
from web.time_range import TimeRange

LOST = ("--confirm", "--reason", "controller burned out")


@pytest.fixture
def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    world.store.close()


@pytest.fixture
def config(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    camera = f'[[cameras]]\nid = "{CAMERA}"\nnumber = 1\nname = "A"\nmain = "rtsp://127.0.0.1:9/a"\n'
    volume = f'[[recorder.volumes]]\npath = "{world.root}"\n'
    database = f'[database]\nurl = "sqlite:///{tmp_path}/u.db"\n'
    path.write_text(f'[site]\ndata_dir = "{tmp_path}"\n{database}{volume}{camera}', encoding="utf-8")
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(volumes_app, [*arguments, "--config", str(config)], standalone_mode=False)


def replace_by_an_empty_disk(world: World) -> None:
    shutil.rmtree(world.root)
    world.root.mkdir()


def test_without_confirmation_it_only_tells_what_would_be_lost(world: World, config: Path) -> None:
    world.hold(world.record(days_ago(3)))
    world.record(days_ago(2))
    replace_by_an_empty_disk(world)
    told = run(config, "forget", world.volume_uuid)
    assert told.return_value == 1
    assert "2 segments of 1 cameras" in told.output
    assert "HELD by B. Smits for case PL2300-2026118822" in told.output
    assert "empty, NOT MOUNTED" in told.output
    [listed] = json.loads(run(config, "list", "--json").output)
    assert (listed["state"], listed["segments"], listed["held"][0]["segments"]) == ("missing", 2, 1)


def test_a_disk_that_is_there_and_lost_held_footage_are_refused(world: World, config: Path) -> None:
    world.hold(world.record(days_ago(3)))
    present = run(config, "forget", world.volume_uuid, *LOST)
    assert isinstance(present.exception, Refused)
    assert "is there" in str(present.exception)
    replace_by_an_empty_disk(world)
    held = run(config, "forget", world.volume_uuid, *LOST)
    assert isinstance(held.exception, Refused)
    assert "hold 1 (PL2300-2026118822)" in str(held.exception)
    assert isinstance(run(config, "forget", world.volume_uuid, "--confirm").exception, ConfigError)
    assert isinstance(run(config, "forget", "another", *LOST).exception, ConfigError)


def test_lost_footage_becomes_gaps_tombstones_ledger_lines_and_audit_rows(world: World, config: Path) -> None:
    first = world.record(days_ago(3))
    following = world.record(first.end_at)
    later = world.record(days_ago(2))
    world.hold(later)
    replace_by_an_empty_disk(world)
    done = run(config, "forget", world.volume_uuid, *LOST, "--lose-held")
    assert done.return_value == 0, done.exception
    assert {world.state(segment) for segment in (first, following, later)} == {"purged"}
    with world.store.reading() as tx:
        gaps = catalog.gaps(tx, CAMERA, "sub", days_ago(28), days_ago(0))
        reasons = [entry.payload["reason"] for entry in ledger.entries(tx) if entry.kind == "done"]
        audited = {row.entry.object: row.entry for row in audit.newest(tx, 10)}
        assert audit.verify(tx) == []
        assert ledger.first_break(tx) is None
    spans = [(gap.start_at, gap.end_at, gap.reason) for gap in gaps]
    assert spans == [
        (first.start_at, following.end_at, "volume_lost"),
        (later.start_at, later.end_at, "volume_lost"),
    ]
    assert reasons == ["volume_lost"] * 3
    entry = audited[f"volume:{world.volume_uuid}"]
    assert (entry.action, entry.detail["segments"], entry.detail["reason"]) == (
        "volumes.forget",
        3,
        "controller burned out",
    )
    assert audited["hold:1"].action == "holds.footage_lost"
    shown = Footage(world.store, world.clock, Terms(28)).window(CAMERA, "sub", TimeRange(days_ago(4), days_ago(1)))
    assert [gap.reason for gap in shown.gaps] == ["volume_lost", "volume_lost"]
    assert [f.code for f in run_check(load_config(config), world.store, clock=world.clock)] == ["C501"]
    with world.store.transaction() as tx:
        catalog.add_gap(tx, CAMERA, "sub", days_ago(1), days_ago(1) + timedelta(minutes=1), "disk")
    again = run(config, "forget", world.volume_uuid, *LOST)
    assert "0 segments are lost" in again.output


def test_a_running_recorder_takes_the_empty_disk_after_the_old_one_was_forgotten(world: World, config: Path) -> None:
    clock = FakeClock()
    finder = VolumeFinder([Volume(path=world.root)], world.store, clock)
    volumes = VolumeSet([finder.find(world.root)], clock)
    care = VolumeCare(world.root, 0, volumes, finder, clock, lambda volume, lost_at: None)
    old = world.root.rename(world.root.with_name("old"))
    world.root.mkdir()
    care.turn()
    assert volumes.usage()[0].fault == "missing"
    assert run(config, "forget", world.volume_uuid, *LOST).return_value == 0
    for _ in range(2):
        care.turn()
    usage = volumes.usage()[0]
    assert (usage.fault, usage.uuid == world.volume_uuid) == ("", False)
    shutil.rmtree(world.root)
    old.rename(world.root)
    with pytest.raises(StorageError, match="given up as lost"):
        finder.find(world.root)
