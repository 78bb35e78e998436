"""kill -9 of a real purge, again and again, at random moments: nothing held is lost, nothing is left dangling."""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.forked import Round, killable
from tests.retention.world import World, days_ago
from vms.rules.layout import sidecar_path
from vms.signing import create_signing_key
from vms.store import catalog, ledger
from vms.units import CameraId

ROUNDS = int(os.environ.get("UITKIJK_PURGE_KILLS", "8"))
"""More for a soak: UITKIJK_PURGE_KILLS=200."""
PER_ROUND = 40
LONGEST_S = 0.25


@pytest.fixture
def purge(tmp_path: Path) -> Iterator[Round]:
    with killable("tests.retention.purging_child", tmp_path) as run:
        yield run


def test_kill_at_any_moment_of_a_purge_loses_nothing_that_is_held(purge: Round, tmp_path: Path) -> None:
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
        purge(chance.random() * LONGEST_S)
        with world.store.reading() as tx:
            assert ledger.first_break(tx) is None
            left.append(sum(catalog.count(tx, state)[0] for state in ("recorded", "purging")) - len(held))
        for segment in held:
            assert (world.root / segment.path).exists()
    purge(None)
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
