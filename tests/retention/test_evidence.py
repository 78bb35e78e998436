"""I3: what is held is never erased; secured, it lies in the evidence store, and the original dies on time."""

import errno
import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from recorder import segment_file
from retention.purger import Purger
from tests.retention.evidence_world import MINUTE, POSES, EvidenceWorld
from tests.retention.world import CAMERA, NOW, days_ago
from vms.errors import KeyUnavailable
from vms.keys import evidence_key_file
from vms.rules.layout import sidecar_path
from vms.rules.terms import Terms
from vms.store import catalog, evidence, holds, ledger
from vms.units import CameraId

DAY_S = 86_400.0


@pytest.fixture
def world(tmp_path: Path, site_database: str) -> Iterator[EvidenceWorld]:
    world = EvidenceWorld(tmp_path, site_database)
    yield world
    world.store.close()


def test_held_footage_is_copied_and_secured_and_the_original_and_its_key_die_on_time(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(27))
    original = world.content(segment)
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.runner.run()
    hold = world.held(hold_id)
    assert (hold.state, hold.problem) == ("secured", "")
    assert hold.secured_root is not None
    assert len(hold.secured_root) == 64
    assert world.state(segment) == "recorded"
    world.clock.advance(2 * DAY_S)
    assert world.runner.run().keys_destroyed == 1
    assert world.state(segment) == "purged"
    assert not (world.root / segment.path).exists()
    copy = world.copy_of(segment)
    assert copy is not None
    assert world.content(copy) == original
    assert (world.store_dir / sidecar_path(copy.path)).read_bytes() == POSES
    assert original not in (world.store_dir / copy.path).read_bytes()
    assert world.proof().findings == ()


def test_what_is_not_copied_yet_stays_and_its_key_with_it(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(29))
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.runner.evidence = None
    assert world.runner.run().keys_destroyed == 0
    assert world.state(segment) == "recorded"
    assert world.held(hold_id).state == "requested"


def test_a_hold_is_secured_only_when_its_last_minute_is_in_the_catalog(world: EvidenceWorld) -> None:
    segment = world.film(NOW - 2 * MINUTE)
    hold_id = world.secure(segment.start_at, NOW)
    world.keeper.run()
    assert world.held(hold_id).state == "requested"
    last = world.film(NOW - MINUTE)
    world.keeper.run()
    assert world.held(hold_id).state == "secured"
    assert world.copy_of(last) is not None


def test_a_camera_that_fell_silent_does_not_keep_a_hold_open_for_ever(world: EvidenceWorld) -> None:
    segment = world.film(NOW - 5 * MINUTE)
    hold_id = world.secure(segment.start_at, NOW)
    world.keeper.run()
    assert world.held(hold_id).state == "requested"
    world.clock.advance(16 * 60)
    world.keeper.run()
    assert world.held(hold_id).state == "secured"


def test_a_hold_of_which_nothing_was_recorded_is_not_called_secured(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    hold_id = world.secure(segment.end_at, segment.end_at + MINUTE)
    world.runner.run()
    assert world.held(hold_id).state == "requested"
    assert "nothing was recorded" in world.held(hold_id).problem


def test_footage_that_comes_late_into_the_catalog_is_copied_after_all(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    hold_id = world.secure(segment.start_at, segment.end_at + MINUTE)
    world.runner.run()
    before = world.held(hold_id)
    late = world.film(segment.end_at)
    world.runner.run()
    after = world.held(hold_id)
    assert (before.state, after.state) == ("secured", "secured")
    assert before.secured_root != after.secured_root
    assert world.copy_of(late) is not None


def test_holds_that_overlap_have_copies_of_their_own(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    first = world.secure(segment.start_at, segment.end_at)
    second = world.secure(segment.start_at, segment.end_at)
    world.runner.run()
    assert len(world.evidence_files()) == 4
    world.release(first)
    world.clock.advance(27 * DAY_S)
    world.runner.run()
    copy = world.copy_of(segment)
    assert copy is not None
    assert copy.path.startswith(f"h{second}/")
    assert world.content(copy)
    assert len(world.evidence_files()) == 2


def test_released_evidence_is_erased_with_its_key_and_stands_in_the_ledger(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.runner.run()
    copy = world.copy_of(segment)
    assert copy is not None
    leftover = world.store_dir / f"h{hold_id}" / "crashed.part"
    leftover.write_bytes(b"half a copy")
    world.release(hold_id)
    assert world.copy_of(segment) is None
    world.runner.run()
    assert world.evidence_files() == []
    assert not (world.store_dir / f"h{hold_id}").exists()
    assert not evidence_key_file(world.keys_dir, hold_id).exists()
    with pytest.raises(KeyUnavailable):
        world.keys.find(str(copy.key_id))
    assert world.held(hold_id).erased_at == NOW
    with world.store.reading() as tx:
        written = [entry for entry in ledger.entries(tx) if "hold" in entry.payload]
        assert ledger.first_break(tx) is None
    assert [entry.kind for entry in written] == ["key", "intent", "done", "intent", "done"]
    [gone] = written[2].payload["evidence"]
    assert (gone["sha256"], gone["source_chain_hash"]) == (copy.sha256, segment.chain_hash)
    assert written[4].payload["leftovers"] == [f"h{hold_id}/crashed.part"]
    assert world.state(segment) == "recorded", "the original is young, and has its own term"
    assert world.content(segment)


def test_release_before_anything_was_copied_lets_the_original_go(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(30))
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.release(hold_id)
    assert world.runner.run().erased == 1
    assert world.state(segment) == "purged"
    assert world.held(hold_id).erased_at is not None


def test_a_full_evidence_store_keeps_the_original_and_says_so(
    world: EvidenceWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = world.film(days_ago(29))
    hold_id = world.secure(segment.start_at, segment.end_at)

    class Full:
        fsync, open, O_WRONLY, O_CREAT, O_EXCL, close, ftruncate = (
            os.fsync,
            os.open,
            os.O_WRONLY,
            os.O_CREAT,
            os.O_EXCL,
            os.close,
            os.ftruncate,
        )

        @staticmethod
        def write(_descriptor: int, _data: memoryview) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(segment_file, "os", Full)
        world.runner.run()
    hold = world.held(hold_id)
    assert hold.state == "requested"
    assert "No space left" in hold.problem
    assert world.state(segment) == "recorded"
    assert world.evidence_files() == []
    world.runner.run()
    assert (world.held(hold_id).state, world.held(hold_id).problem) == ("secured", "")
    assert world.state(segment) == "purged"


def test_past_its_mark_the_evidence_store_takes_nothing_more(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.keeper.high_water_pct = 0.001
    world.runner.run()
    assert "% full" in world.held(hold_id).problem


def test_an_evidence_store_that_is_not_mounted_is_not_made_anew(world: EvidenceWorld) -> None:
    first = world.film(days_ago(2))
    hold_id = world.secure(first.start_at, first.end_at)
    world.runner.run()
    world.store_dir.rename(world.store_dir.with_name("elsewhere"))
    world.store_dir.mkdir()
    later = world.film(first.end_at)
    second = world.secure(later.start_at, later.end_at)
    world.runner.run()
    assert "not mounted" in world.held(second).problem
    assert list(world.store_dir.iterdir()) == []
    world.release(hold_id)
    world.runner.run()
    assert world.held(hold_id).erased_at is None


def test_an_original_that_was_changed_is_copied_and_marked(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    with (world.root / segment.path).open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"!")
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.runner.run()
    with world.store.reading() as tx:
        [item] = evidence.items(tx, hold_id)
        assert evidence.secured(tx)[hold_id].damaged == 1
    assert not item.is_intact
    assert item.source_sha256 != segment.sha256


def test_one_original_that_cannot_be_read_does_not_hold_up_the_others(world: EvidenceWorld) -> None:
    lost, whole = world.film(days_ago(2)), world.film(days_ago(2) + MINUTE)
    (world.root / lost.path).unlink()
    hold_id = world.secure(lost.start_at, whole.end_at)
    world.runner.run()
    hold = world.held(hold_id)
    assert hold.state == "requested"
    assert "is not on disk" in hold.problem or "No such file" in hold.problem
    assert world.copy_of(whole) is not None


def test_a_second_process_leaves_the_round_to_the_first(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.keeper.run()
    later = world.film(segment.end_at)
    second = world.secure(later.start_at, later.end_at)
    with (world.store_dir / ".uitkijk-volume.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        world.keeper.run()
    assert (world.held(hold_id).state, world.held(second).state) == ("secured", "requested")
    world.keeper.run()
    assert world.held(second).state == "secured"


def test_every_camera_of_a_hold_is_copied_and_no_other(world: EvidenceWorld) -> None:
    other, third = CameraId("markt-02"), CameraId("markt-03")
    ours = [world.film(days_ago(2), camera) for camera in (CAMERA, other)]
    stranger = world.film(days_ago(2), third)
    world.secure(ours[0].start_at, ours[0].end_at, CAMERA, other)
    world.runner.run()
    assert [world.copy_of(segment) is not None for segment in (*ours, stranger)] == [True, True, False]


def test_disk_pressure_takes_the_original_only_after_it_was_secured(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    world.secure(segment.start_at, segment.end_at)
    purger = Purger(world.store, [world.root], world.keys_dir, world.clock, Terms(28))
    assert purger.erase([segment], "disk_pressure").held == 1
    world.runner.run()
    assert purger.erase([segment], "disk_pressure").erased == 1
    copy = world.copy_of(segment)
    assert copy is not None
    assert world.content(copy)


def test_extending_a_secured_hold_secures_the_rest_before_it_is_secured_again(world: EvidenceWorld) -> None:
    segment = world.film(days_ago(2))
    rest = world.film(segment.end_at)
    hold_id = world.secure(segment.start_at, segment.end_at)
    world.runner.run()
    with world.store.transaction() as tx:
        holds.extend(tx, hold_id, rest.end_at, NOW + timedelta(days=100))
    world.runner.run()
    assert world.held(hold_id).state == "secured"
    assert world.copy_of(rest) is not None
    with world.store.reading() as tx:
        assert catalog.count(tx) == (2, segment.bytes + rest.bytes)
