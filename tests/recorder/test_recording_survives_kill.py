"""kill -9 of a real recording process, again and again, at random moments (invariants I1 and I2)."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from recorder.check import run_check
from recorder.clip import SegmentReader
from recorder.disk import identify_volumes
from recorder.journal import Journal
from recorder.recovery import Recovery
from tests.fakes import FakeClock
from tests.forked import serving
from tests.recorder.encoded import FPS, GOP, brightness
from tests.recorder.recording_child import BATCH
from vms.config import Camera, Recorder, Site, SiteConfig, Volume
from vms.keys import KeyRing, create_site_key
from vms.store import Store, catalog

ROUNDS = int(os.environ.get("UITKIJK_KILLS", "20"))
"""More for a soak: UITKIJK_KILLS=300."""
HELD_BACK = 1


@pytest.fixture
def recorders(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    with serving("tests.recorder.recording_child", tmp_path) as process:
        yield process


def record_and_kill(recorders: "subprocess.Popen[str]", first: int, chance: random.Random) -> int:
    """Number of the last picture that the process took before it was killed."""
    assert recorders.stdin is not None
    assert recorders.stdout is not None
    recorders.stdin.write(f"{first}\n")
    pid = int(recorders.stdout.readline())
    last = first
    for _ in range(chance.randrange(15, 160)):
        last = int(recorders.stdout.readline())
    time.sleep(chance.random() * 0.004)
    os.kill(pid, signal.SIGKILL)
    while (line := recorders.stdout.readline()) != "gone\n":
        last = int(line) if line.endswith("\n") else last
    return last


def test_i1_kill_at_any_moment_costs_less_than_a_second_and_no_segment(recorders, tmp_path: Path) -> None:
    chance = random.Random(151)
    data = tmp_path / "data"
    config = SiteConfig(
        site=Site(data_dir=data),
        recorder=Recorder(volumes=(Volume(path=data / "media"),)),
        cameras=(Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1/x"),),
    )
    store = Store(config.database_url)
    store.migrate()
    create_site_key(config.site_key_file)
    keys = KeyRing(data / "keys", config.site_key_file)
    lost: list[int] = []
    seen: set[str] = set()
    first = 0
    for _ in range(ROUNDS):
        last = record_and_kill(recorders, first, chance)
        with store.reading() as tx:
            acknowledged = {row.sha256 for row in catalog.page(tx, limit=10_000)}
        assert seen <= acknowledged
        journal = Journal(store, config.journal_file(0))
        journal.catch_up()
        journal.close()
        [volume] = identify_volumes(config.volumes, store, FakeClock())
        report = Recovery(keys).run(volume, store, {"markt-01"})
        assert report.missing == report.quarantined == report.locked == []
        assert run_check(config, store, deep=True) == []
        with store.reading() as tx:
            rows = catalog.page(tx, limit=10_000)
        assert acknowledged <= {row.sha256 for row in rows}
        reader = SegmentReader([volume.root], keys)
        new = [row for row in rows if row.sha256 not in seen]
        pictures = [number for row in new for _, number in brightness(reader, row)]
        assert pictures == [(first + n) % 100 for n in range(len(pictures))]
        assert all(reader.poses(row) for row in new)
        lost.append(last + 1 - first - len(pictures))
        seen = {row.sha256 for row in rows}
        first = (last // GOP + 2) * GOP
    for one, next_one in pairwise(rows):
        assert one.end_at <= next_one.start_at
    store.close()
    assert max(lost) <= BATCH + HELD_BACK < FPS, "more than what came since the last batch, or than a second"
    assert any(lost), "the kills never hit an open segment"
