"""Disk pressure, F3: oldest un-held first, held never, with scripted numbers and on a real small file system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.disk import MountedVolume, VolumeSet
from retention.pressure import look_at, relieve
from retention.purger import Purger, PurgeResult
from retention.runner import PurgeRunner
from tests.mounts import Mounts
from tests.retention.world import World, days_ago
from vms.rules.disk_space import Space
from vms.rules.terms import Terms
from vms.store import holds, ledger
from vms.volume_space import obstacle_noted

GIB = 1 << 30
FULL = 90 * GIB
"""What the catalog says of footage that fills the scripted disk up to its mark."""


def space(used_pct: float, *, files_used_pct: float = 0, refuses_writes: bool = False) -> Space:
    total, files = 100 * GIB, 1_000_000
    free, free_files = int(total * (1 - used_pct / 100)), int(files * (1 - files_used_pct / 100))
    return Space(total, free, files, free_files, refuses_writes)


def noted(world: World) -> str:
    obstacle = obstacle_noted(world.root)
    return obstacle.reason if obstacle else ""


def relieved(world: World, *looks: Space, mark: float = 90.0, search_held: bool = True) -> PurgeResult:
    """One look after the other; the last one stays."""
    script = iter(looks)
    last = looks[-1]
    purger = Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28))
    volumes = {world.volume_uuid: world.root}
    marks = {world.root: mark}
    return relieve(world.store, purger, volumes, marks, lambda _: next(script, last), search_held=search_held)


def test_below_its_mark_a_volume_loses_nothing(world: World) -> None:
    world.record(days_ago(5))
    assert relieved(world, space(89.9)).erased == 0
    assert world.ledger_kinds() == []


def test_the_oldest_unheld_footage_goes_early_with_its_reason_and_held_footage_never(world: World) -> None:
    held, older = world.record(days_ago(5), says=20 * GIB), world.record(days_ago(4), says=2 * GIB)
    newer, newest = world.record(days_ago(3), says=20 * GIB), world.record(days_ago(2), says=48 * GIB)
    world.hold(held)
    assert relieved(world, space(90.1), space(88)).erased == 1
    assert (world.state(held), world.state(older)) == ("recorded", "purged")
    relieved(world, space(99.9), space(79.9))
    assert [world.state(segment) for segment in (held, newer, newest)] == ["recorded", "purged", "recorded"]
    assert (world.root / held.path).exists()
    with world.store.reading() as tx:
        reasons = {entry.payload["reason"] for entry in ledger.entries(tx) if entry.kind == "intent"}
    assert reasons == {"disk_pressure"}
    assert world.proof().findings == ()


def test_a_recorder_that_fills_faster_than_one_round_frees_is_caught_up_with_in_the_same_look(world: World) -> None:
    segments = [world.record(days_ago(9 - n), says=2 * GIB) for n in range(6)]
    world.record(days_ago(1), says=FULL - 12 * GIB)
    result = relieved(world, space(90.1), space(90.1), space(90.1), space(88.9))
    assert result.erased == 3
    assert [world.state(segment) for segment in segments] == ["purged"] * 3 + ["recorded"] * 3


def test_held_footage_in_the_way_is_noted_on_the_volume_until_a_release_relieves_it(world: World) -> None:
    held, young = world.record(days_ago(5), says=FULL), world.record(days_ago(1), says=2 * GIB)
    world.hold(held)
    assert relieved(world, space(95)).erased == 0
    assert noted(world) == "held"
    assert world.state(young) == "recorded"
    with world.store.transaction() as tx:
        holds.release(tx, 1, "second.person", days_ago(0))
    assert relieved(world, space(95), search_held=False).erased == 0
    assert relieved(world, space(95), space(88)).erased == 1
    assert noted(world) == ""
    assert world.proof().findings == ()


def test_running_out_of_files_or_of_quota_counts_as_full(world: World) -> None:
    first, second = world.record(days_ago(5)), world.record(days_ago(4))
    relieved(world, Space(100 * GIB, 90 * GIB, 400, 7), Space(100 * GIB, 90 * GIB, 400, 9), mark=98.0)
    assert noted(world) == "foreign"
    relieved(world, space(10, refuses_writes=True), space(10))
    assert [world.state(segment) for segment in (first, second)] == ["purged", "purged"]


def test_a_volume_that_gives_errors_costs_the_others_nothing(world: World) -> None:
    world.record(days_ago(5))

    def broken(_root: Path) -> Space:
        raise OSError(5, "Input/output error")

    purger = Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28))
    assert relieve(world.store, purger, {world.volume_uuid: world.root}, {}, broken) == PurgeResult()


@pytest.fixture
def small_disk(tmp_path: Path, mounts: Mounts) -> Iterator[World]:
    """A world whose volume is a real file system of 32 MiB."""
    mounts.tmpfs(tmp_path / "media", "size=32m,nr_inodes=400")
    world = World(tmp_path)
    yield world
    world.store.close()


def test_f3_on_a_real_full_disk_the_oldest_goes_until_the_mark_and_a_guarded_clock_does_not_stop_it(
    small_disk: World,
) -> None:
    world = small_disk
    segments = [world.record(days_ago(20 - n), size=1 << 20) for n in range(30)]
    world.hold(segments[0])
    runner = PurgeRunner(world.store, {world.root: 80.0}, world.keys_dir, world.clock, Terms(28), 0.5)
    assert look_at(world.root).used_pct > 90
    result = runner.relieve()
    assert 4 <= result.erased <= 6
    assert look_at(world.root).used_pct < 80
    assert [world.state(segment) for segment in segments[:2]] == ["recorded", "purged"]
    assert world.state(segments[-1]) == "recorded"
    assert Terms(28).oldest_allowed("markt-01", world.now) < segments[1].start_at
    assert runner.relieve().erased == 0


def test_f3_on_a_disk_without_room_for_files_the_oldest_goes_too(small_disk: World) -> None:
    world = small_disk
    segments = [world.record(days_ago(20) + n * world.minute, size=700) for n in range(165)]
    runner = PurgeRunner(world.store, {world.root: 80.0}, world.keys_dir, world.clock, Terms(28), 0.5)
    assert runner.relieve().erased > 5
    assert world.state(segments[-1]) == "recorded"
    space = look_at(world.root)
    assert space.free_files > 0.2 * space.total_files


def test_f3_other_files_that_crowd_the_footage_out_cost_none_of_it_and_stop_that_volume_until_they_go(
    small_disk: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = small_disk
    segments = [world.record(days_ago(20 - n), size=1 << 20) for n in range(4)]
    other = world.root / "backup.tar"
    other.write_bytes(bytes(24 << 20))
    runner = PurgeRunner(world.store, {world.root: 80.0}, world.keys_dir, world.clock, Terms(28), 0.5)
    assert runner.relieve(search_held=True).erased == 0
    assert {world.state(segment) for segment in segments} == {"recorded"}
    obstacle = obstacle_noted(world.root)
    assert obstacle is not None
    assert obstacle.reason == "foreign"
    assert obstacle.foreign_bytes == pytest.approx(24 << 20, rel=0.02)
    [event] = [record for record in caplog.records if record.msg == "disk_full_of_other_files"]
    assert vars(event)["foreign_bytes"] == obstacle.foreign_bytes
    [usage] = VolumeSet([MountedVolume(world.volume_uuid, world.root, 80.0)], world.clock).usage()
    assert (usage.fault, usage.detail) == ("crowded", "0.0 GB of files that are not ours lie on it")
    other.unlink()
    assert runner.relieve().erased == 0
    assert obstacle_noted(world.root) is None


def test_f3_some_other_files_make_the_oldest_footage_go_as_long_as_that_helps(small_disk: World) -> None:
    world = small_disk
    segments = [world.record(days_ago(20 - n), size=1 << 20) for n in range(20)]
    (world.root / "backup.tar").write_bytes(bytes(8 << 20))
    runner = PurgeRunner(world.store, {world.root: 80.0}, world.keys_dir, world.clock, Terms(28), 0.5)
    assert 2 <= runner.relieve().erased <= 5
    assert (world.state(segments[0]), world.state(segments[-1])) == ("purged", "recorded")
    assert obstacle_noted(world.root) is None
