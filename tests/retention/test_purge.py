"""The purge on a real store, real files, real keys; the clock is scripted."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from retention import purger as purger_module
from retention.purger import Purger
from tests.fakes import FakeClock
from tests.retention.world import CAMERA, NOW, World, days_ago
from vms.errors import Refused
from vms.rules.layout import segment_path, sidecar_path
from vms.rules.retention import EraseReason
from vms.rules.terms import Terms
from vms.store import catalog, holds, ledger
from vms.units import CameraId


@pytest.fixture
def site_database(store_url: str) -> str:
    return store_url


def test_what_passed_28_days_leaves_disk_keys_and_sight_and_the_rest_stays(world: World) -> None:
    old, young = world.record(days_ago(28.001)), world.record(days_ago(27.999))
    result = world.runner.run()
    assert (result.erased, result.bytes, result.failed) == (1, 700, 0)
    assert not (world.root / old.path).exists()
    assert not (world.root / sidecar_path(old.path)).exists()
    assert (world.root / young.path).exists()
    assert (world.state(old), world.state(young)) == ("purged", "recorded")
    assert world.ledger_kinds() == ["intent", "done", "run"]
    assert world.proof().findings == ()


def test_the_day_key_dies_with_the_last_segment_of_its_day(world: World) -> None:
    first, last = world.record(days_ago(29)), world.record(days_ago(29) + timedelta(minutes=1))
    purger = Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28))
    purger.erase([first])
    assert purger.destroy_keys() == 0
    key_file = world.keys_dir / CAMERA / f"{first.start_at:%Y-%m-%d}.public_order.json"
    assert key_file.exists()
    assert world.runner.run().keys_destroyed == 1
    assert not key_file.exists()
    assert world.state(last) == "purged"


@pytest.mark.parametrize(("reason", "rests"), [("expired", [0.25]), ("disk_pressure", [])])
def test_recording_has_the_disk_for_as_long_as_each_batch_took_but_not_when_it_is_full(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: EraseReason, rests: list[float]
) -> None:
    segments = [world.record(days_ago(29)), world.record(days_ago(29) + timedelta(minutes=1))]
    clock = _SlowDisk(world.clock.us)
    monkeypatch.setattr(purger_module, "BATCH_SEGMENTS", 1)
    Purger(world.store, [world.root], world.keys_dir, clock, Terms(28)).erase(segments, reason)
    assert [world.state(segment) for segment in segments] == ["purged", "purged"]
    assert clock.slept_s == rests


def test_a_batch_is_one_intent_and_a_done_for_each_part_of_it_and_the_proof_counts_them_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger_module, "_NOTE_SEGMENTS", 2)
    old = [world.record(days_ago(29) + timedelta(minutes=minute)) for minute in range(3)]
    assert world.runner.run().erased == 3
    assert world.ledger_kinds() == ["intent", "done", "done", "key", "run"]
    assert [world.state(segment) for segment in old] == ["purged"] * 3
    with world.store.reading() as tx:
        named = [entry.payload["segments"] for entry in ledger.entries(tx) if entry.kind == "done"]
    assert [[one["id"] for one in part] for part in named] == [[old[0].id, old[1].id], [old[2].id]]
    assert world.proof().findings == ()


class _SlowDisk(FakeClock):
    """A quarter of a second passes between any two looks at the clock."""

    def monotonic_s(self) -> float:
        self.mono_s += 0.25
        return self.mono_s


def test_footage_goes_before_its_limit_so_that_nothing_is_older_when_the_next_run_comes(world: World) -> None:
    soon = world.record(days_ago(28) + timedelta(seconds=119))
    later = world.record(days_ago(28) + timedelta(seconds=121))
    assert world.runner.run().erased == 0
    world.runner.ahead = timedelta(seconds=120)
    assert world.runner.run().erased == 1
    assert (world.state(soon), world.state(later)) == ("purged", "recorded")
    world.clock.advance(120)
    assert world.proof().findings == ()


def test_held_footage_survives_and_goes_at_the_first_run_after_its_release(world: World) -> None:
    held = world.record(days_ago(40))
    world.hold(held)
    assert world.runner.run().erased == 0
    assert (world.root / held.path).exists()
    proof = world.proof()
    assert proof.findings == ()
    assert proof.held_files >= 1
    with world.store.transaction() as tx:
        holds.release(tx, 1, "second.person", NOW)
    assert world.runner.run().erased == 1


def test_a_run_that_died_after_its_intent_is_finished_by_the_next(world: World) -> None:
    segment = world.record(days_ago(30))
    with world.store.transaction() as tx:
        catalog.set_state(tx, segment.id, "purging")
        ledger.append(tx, NOW, "intent", segment.id, {})
    (world.root / segment.path).unlink()
    assert world.runner.run().erased == 1
    assert world.state(segment) == "purged"
    assert world.proof().findings == ()


def test_a_batch_costs_as_many_statements_as_one_segment_and_its_ledger_stays_a_chain(world: World) -> None:
    """A database on another machine answers each statement a network away."""
    recorded = [world.record(days_ago(30) + timedelta(minutes=minute)) for minute in range(12)]
    purger = Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28))
    statements: list[str] = []
    event.listen(world.store._engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    assert purger.erase(recorded[:1]).erased == 1
    one = len(statements)
    assert purger.erase(recorded[1:]).erased == 11
    assert len(statements) == 2 * one
    assert world.ledger_kinds() == ["intent", "done"] * 2
    with world.store.reading() as tx:
        assert ledger.first_break(tx) is None
        _, _, intent, done = ledger.entries(tx)
    ids = [segment.id for segment in recorded[1:]]
    assert intent.payload == {"reason": "expired", "segments": ids}
    assert [one["id"] for one in done.payload["segments"]] == ids
    assert [one["chain_hash"] for one in done.payload["segments"]] == [s.chain_hash for s in recorded[1:]]


def test_a_link_in_the_store_is_not_followed(world: World, tmp_path: Path) -> None:
    segment = world.record(days_ago(30))
    elsewhere = tmp_path / "elsewhere"
    day = (world.root / segment.path).parent.parent
    day.rename(elsewhere)
    day.symlink_to(elsewhere)
    result = world.runner.run()
    assert (result.erased, result.failed) == (0, 1)
    assert next(elsewhere.rglob("*.mp4")).exists()
    assert world.ledger_kinds() == ["intent", "failed", "run"]


def test_an_unmounted_volume_erases_nothing_and_says_so(world: World) -> None:
    segment = world.record(days_ago(30))
    (world.root / ".uitkijk-volume").rename(world.root.parent / "away")
    assert world.runner.run().failed == 1
    assert world.state(segment) == "purging"
    assert "R7" in {finding.code for finding in world.proof().findings}


def test_a_clock_that_jumps_stops_the_purge_until_somebody_confirms(world: World) -> None:
    world.record(days_ago(1))
    world.runner.run()
    world.clock.us += 40 * 86_400 * 1_000_000  # the wall clock leaps, the monotonic one does not
    with pytest.raises(Refused, match="jumped forward"):
        world.runner.run()
    with pytest.raises(Refused):
        world.runner.run()
    assert world.ledger_kinds() == ["run", "refused"]
    assert world.runner.run(confirmed=True).erased == 1


def test_verify_reads_the_disk_and_not_the_plan(world: World) -> None:
    erased, young = world.record(days_ago(30)), world.record(days_ago(1))
    copy = (world.root / erased.path).read_bytes()
    world.runner.run()
    (world.root / erased.path).parent.mkdir(parents=True)
    (world.root / erased.path).write_bytes(copy)
    (world.root / "notes.txt").write_text("x")
    codes = {(finding.code, finding.subject) for finding in world.proof().findings}
    assert codes == {("R1", erased.path), ("R2", erased.path), ("R8", "notes.txt")}
    assert world.proof().oldest_frame_at == erased.start_at
    assert young.path not in {subject for _, subject in codes}


@pytest.mark.parametrize(
    "tampering",
    [
        "update ledger set payload = '{}' where seq = 2",
        "delete from ledger where seq = 2",
        "update ledger set at = at + 1 where seq = 1",
    ],
)
def test_any_edit_of_the_ledger_is_found(world: World, tampering: str) -> None:
    world.record(days_ago(30))
    world.runner.run()
    assert world.proof().findings == ()
    with world.store.transaction() as tx:
        tx.execute(text(tampering))
    assert "R3" in {finding.code for finding in world.proof().findings}


def test_a_key_left_behind_by_a_crash_is_destroyed_by_the_next_run(world: World) -> None:
    segment = world.record(days_ago(30))
    Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28)).erase([segment])
    assert "R6" in {finding.code for finding in world.proof().findings}
    assert world.runner.run().keys_destroyed == 1
    assert world.proof().findings == ()


def test_old_files_without_a_row_go_too_and_young_ones_stay(world: World) -> None:
    def stray(start_at: datetime, suffix: str = ".part") -> Path:
        file = world.root / (segment_path(CameraId("gone-09"), "main", start_at) + suffix)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"footage")
        return file

    old, young, copy = stray(days_ago(28.01)), stray(days_ago(1)), stray(days_ago(29), ".part.copy")
    quarantined = world.root / "quarantine" / segment_path(CAMERA, "sub", days_ago(33)).replace("/", "-")
    quarantined.parent.mkdir()
    quarantined.write_bytes(b"unreadable")
    assert {finding.code for finding in world.proof().findings} == {"R1"}
    assert world.runner.run().erased == 3
    assert not copy.exists()
    assert (old.exists(), quarantined.exists(), young.exists()) == (False, False, True)
    assert world.ledger_kinds() == [*["intent", "done"] * 3, "run"]
    assert world.proof().findings == ()


def test_a_stray_that_a_hold_may_need_stays(world: World) -> None:
    held = world.record(days_ago(35))
    world.hold(held)
    part = world.root / (segment_path(CAMERA, "main", held.start_at) + ".part")
    part.write_bytes(b"footage")
    assert world.runner.run().erased == 0
    assert part.exists()


def test_the_key_of_a_stray_that_a_hold_may_need_stays_until_the_hold_does_not_need_it(world: World) -> None:
    start_at = days_ago(35)
    lost = world.record(start_at)
    world.hold(lost)
    with world.store.transaction() as tx:
        catalog.set_states(tx, [lost.id], "purged")
    part = world.root / (segment_path(CAMERA, "main", start_at) + ".part")
    part.write_bytes(b"footage")
    key_file = world.keys_dir / CAMERA / f"{start_at:%Y-%m-%d}.public_order.json"
    assert world.runner.run().keys_destroyed == 0
    assert (part.exists(), key_file.exists()) == (True, True)
    assert "R6" not in {finding.code for finding in world.proof().findings}
    with world.store.transaction() as tx:
        holds.release(tx, 1, "a.second", NOW)
    assert world.runner.run().keys_destroyed == 1
    assert (part.exists(), key_file.exists()) == (False, False)


def test_what_is_kept_for_a_hold_without_a_row_is_no_finding_until_the_release(world: World) -> None:
    held = world.record(days_ago(35))
    world.hold(held)
    part = world.root / (segment_path(CAMERA, "main", held.start_at) + ".part")
    quarantined = world.root / "quarantine" / segment_path(CAMERA, "main", held.start_at).replace("/", "-")
    another = world.root / (segment_path(CameraId("gone-09"), "main", held.start_at) + ".part")
    for file in (part, quarantined, another):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"footage")
    before = world.proof()
    assert {finding.subject for finding in before.findings} == {str(another.relative_to(world.root))}
    world.runner.run()
    assert (part.exists(), quarantined.exists(), another.exists()) == (True, True, False)
    assert world.proof().findings == ()
    assert world.proof().held_files == 3
    with world.store.transaction() as tx:
        holds.release(tx, 1, "second.person", NOW)
    found = {(finding.code, finding.subject) for finding in world.proof().findings}
    assert {("R1", str(file.relative_to(world.root))) for file in (part, quarantined)} <= found
