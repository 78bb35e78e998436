"""The proof covers the evidence store: what is held is there, what was released is gone, strays are named."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from recorder.secured_copies import CopyCheck, check_copy, files_below
from retention import verify_evidence as verifying
from retention.certificate import write_certificate
from retention.verify_evidence import every_copy, no_copy, turn_of, verify_evidence
from tests.retention.evidence_world import EvidenceWorld
from tests.retention.test_certificate import check
from tests.retention.world import days_ago
from vms.clock import now_utc
from vms.keys import destroy_evidence_key, evidence_key_file
from vms.rules.layout import sidecar_path
from vms.rules.terms import Terms
from vms.signing import SiteSigner, create_signing_key
from vms.store import evidence
from vms.store.catalog import Segment
from vms.store.schema import EvidenceItemRow

LONG_AGO_S = 1_700_000_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EvidenceWorld]:
    world = EvidenceWorld(tmp_path)
    yield world
    world.store.close()


@pytest.fixture
def copy(world: EvidenceWorld) -> Segment:
    return world.secured_copy()


def codes(world: EvidenceWorld) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in world.proof().findings]


def test_what_is_secured_and_whole_is_counted_and_read(world: EvidenceWorld, copy: Segment) -> None:
    proof = world.proof()
    assert proof.findings == ()
    secured = proof.evidence
    size = (world.store_dir / copy.path).stat().st_size
    assert (secured.holds, secured.files, secured.bytes, secured.read, secured.leaving) == (1, 1, size, 1, 0)


def flip(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))


WRONG: dict[str, Callable[[Path], None]] = {
    "a byte was changed": flip,
    "it was cut": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "it is gone": Path.unlink,
    "its poses were changed": lambda file: flip(Path(sidecar_path(str(file)))),
    "its poses are gone": lambda file: Path(sidecar_path(str(file))).unlink(),
    "it became a link": lambda file: (
        file.rename(file.parent.parent / "x") and file.symlink_to(file.parent.parent / "x")
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_secured_footage_that_is_not_as_it_was_is_named(world: EvidenceWorld, copy: Segment, wrong) -> None:
    wrong(world.store_dir / copy.path)
    assert ("R10", copy.path) in codes(world)


def test_secured_footage_without_its_key_is_named(world: EvidenceWorld, copy: Segment) -> None:
    destroy_evidence_key(world.keys_dir, 1)
    assert codes(world) == [("R10", copy.path)]


def test_a_register_of_copies_that_was_changed_is_named(world: EvidenceWorld, copy: Segment) -> None:
    with world.store.transaction() as tx:
        tx.get_one(EvidenceItemRow, 1).source_sha256 = "0" * 64
    assert codes(world) == [("R10", "hold 1")]


def test_copies_of_a_released_hold_are_gone_or_named(world: EvidenceWorld, copy: Segment) -> None:
    kept = (world.store_dir / copy.path).read_bytes()
    key_file = evidence_key_file(world.keys_dir, 1)
    key = key_file.read_bytes()
    world.release(1)
    proof = world.proof()
    assert (proof.findings, proof.evidence.leaving) == ((), 1)
    world.clock.advance(3601)
    assert codes(world) == [("R11", "hold 1"), ("R11", copy.path), ("R11", sidecar_path(copy.path))]
    world.runner.run()
    proof = world.proof()
    assert (proof.findings, proof.evidence.holds, proof.evidence.files, proof.evidence.leaving) == ((), 0, 0, 0)
    (world.store_dir / copy.path).parent.mkdir(parents=True)
    (world.store_dir / copy.path).write_bytes(kept)
    key_file.write_bytes(key)
    assert codes(world) == [("R11", "hold 1"), ("R11", copy.path)]


def test_what_belongs_to_no_hold_is_named_unless_it_may_be_a_copy_in_the_making(
    world: EvidenceWorld, copy: Segment
) -> None:
    stray, foreign = world.store_dir / "h1" / "half.part", world.store_dir / "holiday.mp4"
    stray.write_bytes(b"half a copy")
    foreign.write_bytes(b"not ours")
    now_s = world.clock.now_us() / 1e6
    os.utime(stray, (now_s, now_s))
    assert codes(world) == [("R12", "holiday.mp4")]
    os.utime(stray, (LONG_AGO_S, LONG_AGO_S))
    (world.store_dir / "elsewhere").symlink_to(world.root)
    assert codes(world) == [("R12", "elsewhere"), ("R12", "holiday.mp4"), ("R12", "h1/half.part")]


def test_an_evidence_store_that_is_not_mounted_is_one_finding(world: EvidenceWorld, copy: Segment) -> None:
    world.store_dir.rename(world.store_dir.with_name("elsewhere"))
    assert codes(world) == [("R7", str(world.store_dir))]


def test_a_site_that_holds_nothing_needs_no_evidence_store(world: EvidenceWorld) -> None:
    world.film(days_ago(2))
    proof = world.proof()
    assert (proof.findings, proof.evidence.holds, proof.evidence.files) == ((), 0, 0)


def test_a_copy_that_is_released_while_it_is_looked_at_is_no_finding(
    world: EvidenceWorld, copy: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def released() -> None:
        world.release(1)
        world.runner.run()

    while_a_copy_is_looked_at(monkeypatch, released)
    assert codes(world) == []


def while_a_copy_is_looked_at(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    def looked_at(*arguments: Any, **options: Any) -> CopyCheck:
        happens()
        return check_copy(*arguments, **options)

    monkeypatch.setattr(verifying, "check_copy", looked_at)


def secure_another(world: EvidenceWorld) -> None:
    other = world.film(days_ago(1))
    world.secure(other.start_at, other.end_at)
    world.runner.run()


def test_a_hold_set_while_the_copies_are_read_is_no_finding(
    world: EvidenceWorld, copy: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_a_copy_is_looked_at(monkeypatch, lambda: secure_another(world))
    assert codes(world) == []


def test_a_hold_set_while_the_store_is_walked_is_no_finding(
    world: EvidenceWorld, copy: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def walked(root: Path) -> Iterator[str]:
        secure_another(world)
        yield from files_below(root)

    monkeypatch.setattr(verifying, "files_below", walked)
    (world.store_dir / "holiday.mp4").write_bytes(b"not ours")
    assert codes(world) == [("R12", "holiday.mp4")]


def test_a_copy_that_the_register_calls_erased_while_it_is_held_is_named_and_nobody_is_told_to_remove_it(
    world: EvidenceWorld, copy: Segment
) -> None:
    with world.store.transaction() as tx:
        evidence.set_erased(tx, [1], now_utc(world.clock))
    for name in (copy.path, sidecar_path(copy.path)):
        os.utime(world.store_dir / name, (LONG_AGO_S, LONG_AGO_S))
    assert codes(world) == [("R10", copy.path)]
    (world.store_dir / copy.path).unlink()
    (world.store_dir / sidecar_path(copy.path)).unlink()
    assert codes(world) == [("R10", copy.path)]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize(("wrong", "compared"), [(flip, 1), (cut, 0), (Path.unlink, 0)])
def test_only_a_copy_that_was_compared_with_its_hash_counts_as_read(
    world: EvidenceWorld, copy: Segment, wrong: Callable[[Path], None], compared: int
) -> None:
    wrong(world.store_dir / copy.path)
    assert world.proof().evidence.read == compared


def test_every_copy_has_its_day_and_the_page_reads_none(world: EvidenceWorld, copy: Segment) -> None:
    flip(world.store_dir / copy.path)
    now = now_utc(world.clock)

    def found(reads: verifying.Reads) -> tuple[int, int]:
        proof = verify_evidence(world.store, world.store_dir, world.keys_dir, now, reads)
        return proof.read, len(proof.findings)

    days = [found(turn_of((now + timedelta(days=day)).date())) for day in range(verifying.READ_ALL_IN_DAYS)]
    assert sorted(days) == [(0, 0)] * 27 + [(1, 1)]
    assert (found(every_copy), found(no_copy)) == ((1, 1), (0, 0))


def test_the_certificate_tells_of_the_evidence_store_and_its_checker_counts_what_was_released(
    world: EvidenceWorld, copy: Segment, tmp_path: Path
) -> None:
    create_signing_key(tmp_path / "signing.pem")
    world.runner.signer = signer = SiteSigner(tmp_path / "signing.pem")
    other = world.film(days_ago(1))
    world.secure(other.start_at, other.end_at)
    world.runner.run()
    world.release(2)
    world.runner.run()

    def certify(name: str) -> tuple[int, str]:
        now, path = now_utc(world.clock), tmp_path / name
        write_certificate(
            path,
            "Ergens",
            world.store,
            [world.root],
            world.keys_dir,
            signer,
            now,
            Terms(28),
            world.store_dir,
            every_copy,
        )
        return check(path)

    code, text = certify("good.zip")
    assert code == 0, text
    assert "Bewijsopslag: 1 kopieën voor 1 veiligstellingen" in text
    assert "1 geheel gelezen; na vrijgave gewist: 1, nog te wissen: 0" in text
    flip(world.store_dir / copy.path)
    code, text = certify("changed.zip")
    assert code == 1
    assert f"BEVINDING: de server vond: [R10] {copy.path}" in text
