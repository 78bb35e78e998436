"""The retention process' own loop."""

import threading
from pathlib import Path

import pytest

from retention.__main__ import run_retention
from retention.purger import PurgeResult
from retention.runner import PurgeRunner
from tests.retention.world import World
from vms.config import load_config
from vms.errors import Refused


def test_full_volumes_are_looked_at_between_purges_also_when_a_guard_stops_those(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text(f'''
[site]
name = "Proef"
data_dir = "{tmp_path}"
[database]
url = "{world.store.url}"
[retention]
purge_interval_s = 3600
''')
    stop = threading.Event()
    done: list[str] = []

    def purge(_runner: PurgeRunner) -> PurgeResult:
        done.append("purge")
        raise Refused("the clock jumped")

    def relieve(_runner: PurgeRunner) -> PurgeResult:
        done.append("relieve")
        if len(done) == 4:
            stop.set()
        return PurgeResult()

    monkeypatch.setattr(PurgeRunner, "run", purge)
    monkeypatch.setattr(PurgeRunner, "relieve", relieve)
    monkeypatch.setattr("retention.__main__.PRESSURE_EVERY_S", 0.001)
    run_retention(load_config(file), stop)
    assert done == ["purge", "relieve", "relieve", "relieve"]
