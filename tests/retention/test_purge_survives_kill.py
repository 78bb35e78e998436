"""kill -9 of a real purge, again and again, at random moments: nothing held is lost, nothing is left dangling."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.retention.world import World, days_ago
from vms.rules.layout import sidecar_path
from vms.signing import create_signing_key
from vms.store import catalog, ledger
from vms.units import CameraId

ROUNDS = int(os.environ.get("UITKIJK_PURGE_KILLS", "8"))
"""More for a soak: UITKIJK_PURGE_KILLS=200."""
REPOSITORY = Path(__file__).parents[2]
PER_ROUND = 40
LONGEST_S = 0.25


@pytest.fixture
def purges(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.retention.purging_child", str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True, bufsize=1
    ) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def purge(purges: "subprocess.Popen[str]", killed_after_s: float | None) -> None:
    assert purges.stdin is not None
    assert purges.stdout is not None
    purges.stdin.write("go\n")
    pid = int(purges.stdout.readline())
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        with contextlib.suppress(ProcessLookupError):  # it was done already
            os.kill(pid, signal.SIGKILL)
    assert purges.stdout.readline() == "gone\n"


def test_kill_at_any_moment_of_a_purge_loses_nothing_that_is_held(purges, tmp_path: Path) -> None:
    world, chance = World(tmp_path), random.Random(7)
    create_signing_key(tmp_path / "signing.pem")
    held, expired = [], []
    left: list[int] = []
    for number in range(ROUNDS):
        for n in range(PER_ROUND):
            camera = CameraId(f"markt-{n % 2:02}")
            segment = world.record(days_ago(29 + number) + timedelta(minutes=n), camera)
            if chance.random() < 0.1:
                world.hold(segment)
                held.append(segment)
            else:
                expired.append(segment)
        purge(purges, chance.random() * LONGEST_S)
        with world.store.reading() as tx:
            assert ledger.first_break(tx) is None
            left.append(sum(catalog.count(tx, state)[0] for state in ("recorded", "purging")) - len(held))
        for segment in held:
            assert (world.root / segment.path).exists()
    purge(purges, None)
    assert any(left), "the kills never came before the end"
    assert world.proof().findings == ()
    for segment in held:
        assert world.state(segment) == "recorded"
        assert (world.root / segment.path).read_bytes() == b"footage" * 100
        assert (world.root / sidecar_path(segment.path)).exists()
        assert segment.key_id is not None
        assert world.keys.find(segment.key_id)
    for segment in expired:
        assert world.state(segment) == "purged"
        assert not (world.root / segment.path).exists()
    world.store.close()
