"""vms check finds each kind of damage, and repairs what it safely can."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from recorder.check import run_check
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.config import Camera, SiteConfig, Volume
from vms.config import Recorder as RecorderSection
from vms.config import Site as SiteSection
from vms.store import catalog


@pytest.fixture
def config(site: Site) -> SiteConfig:
    return SiteConfig(
        site=SiteSection(data_dir=site.root),
        recorder=RecorderSection(volumes=(Volume(path=site.volume.root),)),
        cameras=(Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1/x"),),
    )


@pytest.fixture
def recorded(site: Site) -> list[catalog.Segment]:
    recorder = site.recorder(segment_s=2)
    for packet in stream(60):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    return site.segments()


def numbers(site: Site, config: SiteConfig, *, repair: bool = False, deep: bool = False) -> list[tuple[int, bool]]:
    findings = run_check(config, site.store, repair=repair, deep=deep, clock=site.clock)
    return [(finding.number, finding.repaired) for finding in findings]


def sql(site: Site, statement: str) -> None:
    with site.store.transaction() as tx:
        tx.execute(text(statement))


def test_a_sound_store_has_no_findings(site: Site, config: SiteConfig, recorded) -> None:
    assert numbers(site, config, deep=True) == []


def test_a_file_without_row_is_found_and_catalogued(site: Site, config: SiteConfig, recorded) -> None:
    sql(site, f"delete from segment where id = {recorded[-1].id}")
    assert numbers(site, config) == [(1, False)]
    assert numbers(site, config, repair=True) == [(1, True)]
    assert numbers(site, config, deep=True) == []
    assert len(brightness(site.reader, site.segments()[-1])) == 20


def test_a_row_without_file_becomes_a_gap_with_a_word_in_the_ledger(site: Site, config: SiteConfig, recorded) -> None:
    (site.volume.root / recorded[1].path).unlink()
    assert numbers(site, config) == [(2, False)]
    assert numbers(site, config, repair=True) == [(2, True)]
    assert numbers(site, config) == []
    assert len(site.segments()) == 2
    assert site.gaps()[0].reason == "disk"


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-50] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("damage", "number", "shallow"), [(cut_short, 3, True), (flip_a_bit, 5, False)])
def test_changed_content_is_found(
    site: Site, config: SiteConfig, recorded, damage: Callable[[Path], None], number: int, shallow: bool
) -> None:
    damage(site.volume.root / recorded[0].path)
    assert numbers(site, config, deep=True) == [(number, False)]
    assert bool(numbers(site, config)) is shallow


def test_an_unfinished_file_is_a_finding_unless_its_recorder_runs(site: Site, config: SiteConfig, recorded) -> None:
    recorder = site.recorder()
    for packet in stream(35, first=100):
        recorder.offer(packet)
    recorder.pump()
    assert numbers(site, config) == [(4, False)]
    config.run_dir.mkdir(parents=True)
    site.clock.us = (site.parts()[0].stat().st_mtime_ns // 1000) + 1_000_000
    with (config.run_dir / "capture-0.lock").open("w") as lock:
        lock.write("1")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert numbers(site, config, repair=True) == []
    assert numbers(site, config, repair=True) == [(4, True)]
    assert numbers(site, config, deep=True) == []


def test_an_edited_or_removed_row_breaks_the_chain(site: Site, config: SiteConfig, recorded) -> None:
    sql(site, f"update segment set start_at = start_at - 1 where id = {recorded[1].id}")
    assert numbers(site, config) == [(6, False)]
    sql(site, f"update segment set start_at = start_at + 1 where id = {recorded[1].id}")
    sql(site, f"delete from segment where id = {recorded[0].id}")
    assert numbers(site, config) == [(6, False), (1, False)] or (6, False) in numbers(site, config)


def test_erasure_that_did_not_happen_or_was_not_written_down_shows(site: Site, config: SiteConfig, recorded) -> None:
    with site.store.transaction() as tx:
        catalog.set_state(tx, recorded[0].id, "purged")
    assert numbers(site, config) == [(8, False), (11, False)]


def test_an_unmounted_volume_is_one_finding_and_never_repaired_away(site: Site, config: SiteConfig, recorded) -> None:
    (site.volume.root / ".uitkijk-volume").unlink()
    found = numbers(site, config, repair=True)
    assert {number for number, _ in found} == {9}
    assert len(site.segments()) == 3
