"""Holds set, extended and released on a real store with footage of any age."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.retention.world import CAMERA, NOW, World, days_ago
from vms.rules.holds import HoldRequest
from vms.rules.terms import Terms
from vms.store import catalog, holding, holds
from vms.store.holding import HoldRefused, NoSuchHold, Placed

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path, site_database: str) -> Iterator[World]:
    world = World(tmp_path, site_database)
    yield world
    world.store.close()


def request(start: datetime, end: datetime, *cameras: str) -> HoldRequest:
    return HoldRequest(
        cameras=cameras or (CAMERA,),
        start_at=start,
        end_at=end,
        case_number="PL2300-2026118822",
        basis="sv_126nd",
        legal_basis="",
        requester="B. Smits",
        review_at=NOW + 90 * DAY,
    )


def place(world: World, start: datetime, end: datetime, *cameras: str) -> Placed:
    with world.store.transaction() as tx:
        return holding.place(tx, request(start, end, *cameras), {CAMERA, "markt-02"}, "e.officer", NOW, Terms(28))


def test_a_hold_over_whole_footage_misses_nothing(world: World) -> None:
    first = world.record(days_ago(2))
    world.record(first.end_at)
    placed = place(world, first.start_at, first.end_at + MINUTE)
    assert placed.missing == ()
    assert placed.hold.state == "requested"
    assert (placed.hold.basis, placed.hold.legal_basis) == ("sv_126nd", "sv_126nd")


def test_partly_expired_and_partly_missing_is_accepted_and_told(world: World) -> None:
    old = world.record(days_ago(28) - timedelta(seconds=59))
    young = world.record(old.end_at)
    with world.store.transaction() as tx:
        catalog.add_gap(tx, CAMERA, "main", young.end_at, young.end_at + MINUTE, "unreachable")
    placed = place(world, old.start_at, young.end_at + MINUTE)
    assert [lack.reason for lack in placed.missing] == ["expired", "unreachable"]


def test_a_hold_brings_nothing_back_that_had_expired(world: World) -> None:
    old, young = world.record(days_ago(28)), world.record(days_ago(28) + MINUTE)
    place(world, old.start_at, young.end_at)
    assert world.runner.run(confirmed=True).erased == 1
    world.clock.advance(DAY.total_seconds())
    assert world.runner.run(confirmed=True).erased == 0
    assert (world.state(old), world.state(young)) == ("purged", "recorded")


def test_a_segment_whose_purge_has_begun_is_refused_with_that_reason(world: World) -> None:
    begun = world.record(days_ago(27))
    with world.store.transaction() as tx:
        catalog.set_state(tx, begun.id, "purging")
    with pytest.raises(HoldRefused, match="purge of this footage has begun"):
        place(world, begun.start_at, begun.end_at)
    world.record(begun.end_at)
    assert [lack.reason for lack in place(world, begun.start_at, begun.end_at + MINUTE).missing] == ["purging"]


def test_a_hold_does_not_stop_a_purge_that_had_begun(world: World) -> None:
    begun = world.record(days_ago(28))
    with world.store.transaction() as tx:
        catalog.set_state(tx, begun.id, "purging")
    world.hold(begun)
    assert world.runner.run(confirmed=True).erased == 1
    assert world.state(begun) == "purged"


def test_an_interval_without_footage_is_refused_and_nothing_is_written(world: World) -> None:
    with pytest.raises(HoldRefused, match="still there"):
        place(world, days_ago(2), days_ago(1))
    with pytest.raises(HoldRefused, match="no such camera"):
        place(world, days_ago(2), days_ago(1), "nergens-01")
    with world.store.reading() as tx:
        assert holds.everything(tx) == []


def test_release_needs_a_second_person_and_happens_once(world: World) -> None:
    hold = place(world, (segment := world.record(days_ago(2))).start_at, segment.end_at).hold
    with world.store.transaction() as tx:
        with pytest.raises(HoldRefused, match="second person"):
            holding.release(tx, hold.id, "e.officer", NOW)
        assert holding.release(tx, hold.id, "second", NOW).state == "released"
        with pytest.raises(NoSuchHold):
            holding.release(tx, hold.id, "second", NOW)
        with pytest.raises(NoSuchHold):
            holding.release(tx, 99, "second", NOW)


def test_an_extension_makes_it_unsecured_again_and_tells_what_the_new_part_misses(world: World) -> None:
    segment = world.record(days_ago(2))
    hold = place(world, segment.start_at, segment.end_at).hold
    with world.store.transaction() as tx:
        holds.set_secured(tx, hold.id, NOW, "0" * 64)
        catalog.add_gap(tx, CAMERA, "main", segment.end_at, segment.end_at + MINUTE, "stalled")
    with world.store.transaction() as tx:
        later = holding.extend(tx, hold.id, None, NOW + 100 * DAY, NOW, Terms(28))
    assert (later.hold.state, later.hold.review_at, later.missing) == ("secured", NOW + 100 * DAY, ())
    with world.store.transaction() as tx:
        longer = holding.extend(tx, hold.id, segment.end_at + MINUTE, None, NOW, Terms(28))
    assert longer.hold.state == "requested"
    assert [lack.reason for lack in longer.missing] == ["stalled"]
    with world.store.transaction() as tx, pytest.raises(HoldRefused, match="only gets longer"):
        holding.extend(tx, hold.id, segment.end_at, None, NOW, Terms(28))


def test_a_camera_named_twice_counts_once(world: World) -> None:
    segment = world.record(days_ago(2))
    assert place(world, segment.start_at, segment.end_at, CAMERA, CAMERA).hold.cameras == (CAMERA,)
    bad = replace(request(segment.start_at, segment.end_at), case_number="=1+1")
    with world.store.transaction() as tx, pytest.raises(HoldRefused):
        holding.place(tx, bad, {CAMERA}, "e.officer", NOW, Terms(28))
