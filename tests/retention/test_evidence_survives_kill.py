"""kill -9 while footage is secured, and while it is erased after its release: nothing lost, nothing left dangling."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked import Round, killable
from tests.retention.evidence_world import MINUTE, EvidenceWorld
from tests.retention.world import days_ago
from vms.store import evidence, ledger

ROUNDS = int(os.environ.get("UITKIJK_EVIDENCE_KILLS", "5"))
"""More for a soak: UITKIJK_EVIDENCE_KILLS=200."""
LONGEST_S = 0.12


@pytest.fixture
def run_round(tmp_path: Path) -> Iterator[Round]:
    with killable("tests.retention.securing_child", tmp_path) as run:
        yield run


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
