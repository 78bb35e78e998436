"""`vms check` compares the evidence store with its register."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.check import run_check
from tests.retention.evidence_world import EvidenceWorld
from vms.clock import now_utc
from vms.config import SiteConfig
from vms.keys import destroy_evidence_key
from vms.rules.layout import sidecar_path
from vms.store import evidence
from vms.store.catalog import Segment

LONG_AGO_S = 1_700_000_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EvidenceWorld]:
    world = EvidenceWorld(tmp_path)
    yield world
    world.store.close()


@pytest.fixture
def copy(world: EvidenceWorld) -> Segment:
    return world.secured_copy()


def codes(world: EvidenceWorld, *, deep: bool = False) -> list[str]:
    config = SiteConfig.model_validate(
        {"site": {"data_dir": world.root.parent}, "recorder": {"volumes": [{"path": world.root}]}}
    )
    return [finding.code for finding in run_check(config, world.store, clock=world.clock, deep=deep)]


def test_secured_footage_that_is_whole_is_no_finding(world: EvidenceWorld, copy: Segment) -> None:
    assert codes(world, deep=True) == []


def test_a_file_that_belongs_to_no_hold_is_found_unless_it_is_being_copied(world: EvidenceWorld, copy: Segment) -> None:
    stray = world.store_dir / "h1" / "stray.part"
    stray.write_bytes(b"half a copy")
    assert codes(world) == []
    os.utime(stray, (LONG_AGO_S, LONG_AGO_S))
    assert codes(world) == ["C601"]


def test_secured_footage_that_is_gone_changed_or_locked_is_found(world: EvidenceWorld, copy: Segment) -> None:
    file = world.store_dir / copy.path
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"!")
    assert (codes(world), codes(world, deep=True)) == ([], ["C603"])
    file.write_bytes(whole[:-1])
    assert codes(world) == ["C603"]
    file.write_bytes(whole)
    (world.store_dir / sidecar_path(copy.path)).unlink()
    assert codes(world) == ["C603"]
    destroy_evidence_key(world.keys_dir, 1)
    assert codes(world) == ["C603", "C302"]
    file.unlink()
    assert codes(world) == ["C602"]


def test_secured_footage_that_became_a_link_or_is_called_erased_while_held_is_found(
    world: EvidenceWorld, copy: Segment
) -> None:
    file = world.store_dir / copy.path
    file.rename(world.root.parent / "elsewhere")
    file.symlink_to(world.root.parent / "elsewhere")
    assert codes(world) == ["C603"]
    with world.store.transaction() as tx:
        evidence.set_erased(tx, [1], now_utc(world.clock))
    assert codes(world) == ["C602"]


def test_the_file_systems_own_directory_is_no_finding_and_a_link_to_a_directory_is(
    world: EvidenceWorld, copy: Segment
) -> None:
    (world.store_dir / "lost+found").mkdir()
    link = world.store_dir / "elsewhere"
    link.symlink_to(world.root)
    os.utime(link, (LONG_AGO_S, LONG_AGO_S), follow_symlinks=False)
    assert codes(world) == ["C601"]


def test_an_evidence_store_that_is_not_mounted_is_one_finding(world: EvidenceWorld, copy: Segment) -> None:
    world.store_dir.rename(world.store_dir.with_name("elsewhere"))
    assert codes(world) == ["C604"]


def test_a_hold_just_released_is_for_retention_to_erase(world: EvidenceWorld, copy: Segment) -> None:
    world.release(1)
    (world.store_dir / copy.path).unlink()
    assert codes(world) == []
    world.runner.run()
    assert codes(world) == []
