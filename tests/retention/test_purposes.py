"""A purge by purpose: each camera's footage and day keys go at its own term, and a change is noted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retention.verify import verify
from retention.verify_evidence import every_copy
from tests.retention.world import CAMERA, NOW, World, days_ago
from vms.clock import now_utc
from vms.errors import FootageExpired
from vms.keys import DayKey, KeyRing, day_keys
from vms.rules.terms import CameraTerm, Terms
from vms.store import ledger, terms
from vms.store.schema import SegmentRow
from vms.units import CameraId
from web.footage import Footage

HARBOUR = CameraId("haven-01")


def site(market: int = 28, harbour: int = 7, purpose: str = "harbour") -> Terms:
    return Terms(28, {CAMERA: CameraTerm("public_order", market), HARBOUR: CameraTerm(purpose, harbour)})


def test_each_purpose_goes_at_its_own_term_and_the_disk_proves_it(world: World) -> None:
    world.runner.terms = site(harbour=7)
    kept, gone = world.record(days_ago(8)), world.record(days_ago(8), HARBOUR)
    world.runner.run(confirmed=True)
    assert (world.state(kept), world.state(gone)) == ("recorded", "purged")
    assert {key.camera_id for key in day_keys(world.keys_dir)} == {CAMERA}
    proof = verify(world.store, [world.root], world.keys_dir, NOW, site(), world.evidence_dir, every_copy)
    assert proof.findings == ()
    assert [(one.camera_id, one.purpose, one.days) for one in proof.kept] == [
        (HARBOUR, "harbour", 7),
        (CAMERA, "public_order", 28),
    ]


def test_a_longer_purpose_outlives_28_days_and_public_order_does_not(world: World) -> None:
    world.runner.terms = site(harbour=60)
    gone, kept = world.record(days_ago(29)), world.record(days_ago(29), HARBOUR)
    world.runner.run(confirmed=True)
    assert (world.state(kept), world.state(gone)) == ("recorded", "purged")


def test_the_proof_finds_what_is_too_old_for_its_own_purpose(world: World) -> None:
    late = world.record(days_ago(8), HARBOUR)
    proof = verify(world.store, [world.root], world.keys_dir, NOW, site(), world.evidence_dir, every_copy)
    assert {(finding.code, finding.subject) for finding in proof.findings} >= {("R1", late.path), ("R5", late.path)}


def test_a_shorter_term_acts_at_the_next_run_and_a_longer_one_revives_nothing(world: World) -> None:
    world.runner.terms = site(harbour=14)
    world.runner.run()
    old, young = world.record(days_ago(15), HARBOUR), world.record(days_ago(8), HARBOUR)
    longer = site(harbour=28)
    with pytest.raises(FootageExpired):
        Footage(world.store, world.clock, longer).segment(old.id)
    world.runner.terms = longer
    world.runner.run(confirmed=True)
    assert (world.state(old), world.state(young)) == ("purged", "recorded")
    with world.store.reading() as tx:
        [changed] = [entry for entry in ledger.entries(tx) if entry.kind == "term"]
    assert changed.payload == {"cameras": {HARBOUR: {"purpose": "harbour", "days": 28, "before": 14}}}
    world.runner.terms = site(harbour=7)
    world.runner.run(confirmed=True)
    assert world.state(young) == "purged"


def test_footage_of_a_camera_that_left_goes_at_its_own_term(world: World) -> None:
    world.runner.terms = site(harbour=7)
    world.runner.run()
    left = world.record(days_ago(6), HARBOUR)
    world.runner.terms = Terms(28, {CAMERA: CameraTerm("public_order", 28)})
    world.runner.run()
    assert world.state(left) == "recorded"
    world.clock.advance(86_400 + 1)
    world.runner.run(confirmed=True)
    assert world.state(left) == "purged"


def test_a_purposes_day_is_shredded_without_anothers(world: World) -> None:
    noon = NOW
    day = noon.date()
    for purpose in ("traffic", "public_order"):
        world.keys.data_key(CAMERA, day, purpose)
    world.runner.terms = Terms(28, {CAMERA: CameraTerm("traffic", 7)})
    world.runner.run()
    world.runner.terms = Terms(28, {CAMERA: CameraTerm("public_order", 28)})
    world.runner.run()
    world.clock.advance(7 * 86_400)
    world.runner.run(confirmed=True)
    assert list(day_keys(world.keys_dir)) == [DayKey(CAMERA, day, "public_order")]


def test_keys_from_before_purposes_open_their_footage_and_die_with_it(world: World) -> None:
    start = days_ago(27)
    segment = world.record(start)
    new = DayKey(CAMERA, start.date(), "public_order")
    old = replace(new, purpose="")
    text = new.file(world.keys_dir).read_text().replace("/public_order/", "/")
    old.file(world.keys_dir).write_text(text)
    new.file(world.keys_dir).unlink()
    with world.store.transaction() as tx:
        row = tx.get(SegmentRow, segment.id)
        assert row is not None
        assert row.key_id is not None
        row.key_id = row.key_id.replace("/public_order/", "/")
        key_id = row.key_id
    assert KeyRing(world.keys_dir, world.keys_dir / "site.key").find(key_id).key_id == key_id
    assert world.runner.run().keys_destroyed == 0
    world.clock.advance(2 * 86_400)
    assert world.runner.run(confirmed=True).keys_destroyed == 1
    assert list(day_keys(world.keys_dir)) == []


def test_every_change_of_term_is_history(world: World) -> None:
    for days in (28, 14):
        with world.store.transaction() as tx:
            terms.note(tx, site(harbour=days), now_utc(world.clock))
        world.clock.advance(60)
    with world.store.reading() as tx:
        told = [(one.days, one.until) for one in terms.history(tx) if one.camera_id == HARBOUR]
    assert told == [(28, NOW + timedelta(seconds=60)), (14, None)]
