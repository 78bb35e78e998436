"""kill -9 while footage is secured, and while it is erased after its release: nothing lost, nothing left dangling."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.retention.evidence_world import MINUTE, EvidenceWorld
from tests.retention.world import days_ago
from vms.store import evidence, ledger

ROUNDS = int(os.environ.get("UITKIJK_EVIDENCE_KILLS", "5"))
"""More for a soak: UITKIJK_EVIDENCE_KILLS=200."""
REPOSITORY = Path(__file__).parents[2]
LONGEST_S = 0.12
Round = Callable[[float | None], None]


@pytest.fixture
def run_round(tmp_path: Path) -> Iterator[Round]:
    command = [sys.executable, "-m", "tests.retention.securing_child", str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def run(killed_after_s: float | None) -> None:
            stdin.write("go\n")
            pid = int(stdout.readline())
            if killed_after_s is not None:
                time.sleep(killed_after_s)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert stdout.readline() == "gone\n"

        yield run
        stdin.close()


def test_kill_at_any_moment_loses_no_evidence_and_leaves_nothing_dangling(run_round: Round, tmp_path: Path) -> None:
    world, chance = EvidenceWorld(tmp_path), random.Random(7)
    segments = [world.film(days_ago(20) + n * MINUTE) for n in range(6 * ROUNDS)]
    content = {segment.id: world.content(segment) for segment in segments}
    hold_id = world.secure(segments[0].start_at, segments[-1].end_at)
    for _ in range(ROUNDS):
        run_round(chance.random() * LONGEST_S)
        for segment in segments:
            copy = world.copy_of(segment)
            assert copy is None or world.content(copy) == content[segment.id], "a row promised what is not there"
    run_round(None)
    assert world.held(hold_id).state == "secured"
    for segment in segments:
        copy = world.copy_of(segment)
        assert copy is not None
        assert world.content(copy) == content[segment.id]
    with world.store.reading() as tx:
        assert len(world.evidence_files()) == 2 * len(evidence.paths(tx))
    world.release(hold_id)
    for _ in range(ROUNDS):
        run_round(chance.random() * LONGEST_S)
    run_round(None)
    assert world.evidence_files() == []
    assert world.held(hold_id).erased_at is not None
    with world.store.reading() as tx:
        assert ledger.first_break(tx) is None
        done = [one for entry in ledger.entries(tx) if entry.kind == "done" for one in entry.payload["evidence"]]
    assert {one["source_chain_hash"] for one in done} == {segment.chain_hash for segment in segments}
    world.store.close()
