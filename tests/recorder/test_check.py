"""vms check finds each kind of damage, and repairs what it safely can."""

import fcntl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from recorder.check import run_check
from recorder.findings import CODES
from recorder.journal_entries import Entry, gap_data
from recorder.journal_file import JournalFile
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.clock import now_utc
from vms.config import Camera, SiteConfig, Volume
from vms.config import Recorder as RecorderSection
from vms.config import Site as SiteSection
from vms.store import catalog, ledger


@pytest.fixture
def site_database(store_url: str) -> str:
    return store_url


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


def numbers(site: Site, config: SiteConfig, *, repair: bool = False, deep: bool = False) -> list[tuple[str, bool]]:
    findings = run_check(config, site.store, repair=repair, deep=deep, clock=site.clock)
    return [(finding.code, finding.repaired) for finding in findings]


def sql(site: Site, statement: str) -> None:
    with site.store.transaction() as tx:
        tx.execute(text(statement))


def test_a_sound_store_has_no_findings(site: Site, config: SiteConfig, recorded) -> None:
    assert numbers(site, config, deep=True) == []


def test_a_file_without_row_is_found_and_catalogued(site: Site, config: SiteConfig, recorded) -> None:
    sql(site, f"delete from segment where id = {recorded[-1].id}")
    assert numbers(site, config) == [("C101", False)]
    assert numbers(site, config, repair=True) == [("C101", True)]
    assert numbers(site, config, deep=True) == []
    assert len(brightness(site.reader, site.segments()[-1])) == 20


def test_a_row_without_file_becomes_a_gap_with_a_word_in_the_ledger(site: Site, config: SiteConfig, recorded) -> None:
    (site.volume.root / recorded[1].path).unlink()
    assert numbers(site, config) == [("C102", False)]
    assert numbers(site, config, repair=True) == [("C102", True)]
    assert numbers(site, config) == []
    assert len(site.segments()) == 2
    assert site.gaps()[0].reason == "disk"


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-50] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("damage", "number", "shallow"), [(cut_short, "C103", True), (flip_a_bit, "C105", False)])
def test_changed_content_is_found(
    site: Site, config: SiteConfig, recorded, damage: Callable[[Path], None], number: str, shallow: bool
) -> None:
    damage(site.volume.root / recorded[0].path)
    assert numbers(site, config, deep=True) == [(number, False)]
    assert bool(numbers(site, config)) is shallow


def test_an_unfinished_file_is_a_finding_unless_its_recorder_runs(site: Site, config: SiteConfig, recorded) -> None:
    recorder = site.recorder()
    for packet in stream(35, first=100):
        recorder.offer(packet)
    recorder.pump()
    assert numbers(site, config) == [("C104", False)]
    config.run_dir.mkdir(parents=True)
    site.clock.us = (site.parts()[0].stat().st_mtime_ns // 1000) + 1_000_000
    with (config.run_dir / "capture-0.lock").open("w") as lock:
        lock.write("1")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert numbers(site, config, repair=True) == []
    assert numbers(site, config, repair=True) == [("C104", True)]
    assert numbers(site, config, deep=True) == []


def test_an_edited_or_removed_row_breaks_the_chain(site: Site, config: SiteConfig, recorded) -> None:
    sql(site, f"update segment set start_at = start_at - 1 where id = {recorded[1].id}")
    assert numbers(site, config) == [("C201", False), ("C202", False)]
    sql(site, f"update segment set start_at = start_at + 1 where id = {recorded[1].id}")
    sql(site, f"delete from segment where id = {recorded[0].id}")
    assert numbers(site, config) == [("C201", False), ("C101", False)]


def test_erasure_that_did_not_happen_or_was_not_written_down_shows(site: Site, config: SiteConfig, recorded) -> None:
    with site.store.transaction() as tx:
        catalog.set_state(tx, recorded[0].id, "purged")
    assert numbers(site, config) == [("C110", False), ("C402", False)]


def test_an_unmounted_volume_is_one_finding_and_never_repaired_away(site: Site, config: SiteConfig, recorded) -> None:
    (site.volume.root / ".uitkijk-volume").unlink()
    found = numbers(site, config, repair=True)
    assert {number for number, _ in found} == {"C501"}
    assert len(site.segments()) == 3


def test_foreign_files_and_links_are_named_and_never_followed(site: Site, config: SiteConfig, recorded) -> None:
    outside = site.root / "outside"
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(b"secret")
    hour = (site.volume.root / recorded[0].path).parent
    (hour / "notes.txt").write_text("mine")
    (hour / "20261118T110659.000000Z-sub.mp4").symlink_to(outside / "secret.mp4")
    (site.volume.root / "haven-02").symlink_to(outside, target_is_directory=True)
    (site.volume.root / "thumbs.db").touch()
    found = [("C109", False), ("C109", False), ("C108", False), ("C108", False)]
    assert sorted(numbers(site, config)) == sorted(found)
    assert sorted(numbers(site, config, repair=True)) == sorted(found)
    assert (outside / "secret.mp4").read_bytes() == b"secret"
    assert (hour / "notes.txt").exists()


def test_a_segment_replaced_by_a_link_is_not_read_through_it(site: Site, config: SiteConfig, recorded) -> None:
    path = site.volume.root / recorded[0].path
    path.rename(site.root / "moved.mp4")
    path.symlink_to(site.root / "moved.mp4")
    assert numbers(site, config, deep=True) == [("C109", False)]


def test_a_sidecar_that_lost_its_segment_goes_to_quarantine(site: Site, config: SiteConfig, recorded) -> None:
    path = site.volume.root / recorded[0].path
    lonely = path.with_name("20261118T110659.000000Z-sub.poses.jsonl")
    lonely.write_text("{}\n")
    assert numbers(site, config) == [("C107", False)]
    assert numbers(site, config, repair=True) == [("C107", True)]
    assert [p.read_text() for p in (site.volume.root / "quarantine").iterdir()] == ["{}\n"]
    assert numbers(site, config) == []


def test_a_gap_where_there_is_footage_is_cut(site: Site, config: SiteConfig, recorded) -> None:
    first, second, third = recorded
    with site.store.transaction() as tx:
        catalog.add_gap(tx, "markt-01", "sub", second.start_at, third.end_at + timedelta(seconds=5), "stalled")
        catalog.add_gap(tx, "markt-01", "sub", first.start_at, first.end_at, "overflow")
    closed = [gap for gap in site.gaps() if gap.end_at and gap.reason != "restart"]
    assert len(closed) == 2
    assert {code for code, _ in numbers(site, config)} == {"C203"}
    assert {code for code, _ in numbers(site, config, repair=True)} == {"C203"}
    assert numbers(site, config) == []
    [left] = [gap for gap in site.gaps() if gap.reason == "stalled"]
    assert (left.start_at, left.end_at) == (third.end_at, third.end_at + timedelta(seconds=5))


def test_several_open_gaps_become_one(site: Site, config: SiteConfig, recorded) -> None:
    end = recorded[-1].end_at
    with site.store.transaction() as tx:
        for number in range(1, 4):
            catalog.add_gap(tx, "markt-01", "sub", end + timedelta(seconds=number), None, "stalled")
    assert numbers(site, config, repair=True) == [("C204", True)]
    assert numbers(site, config) == []
    assert [gap.end_at is None for gap in site.gaps()] == [False, False, False, True]


def test_rows_left_in_the_journal_of_a_process_that_is_gone(site: Site, config: SiteConfig, recorded) -> None:
    path = config.journal_file(7)
    journal = JournalFile(path)
    journal.open()
    gap = gap_data("markt-01", "main", recorded[0].start_at, end=recorded[0].end_at, reason="stalled")
    journal.append([Entry(1, "gap", gap)], sync=True)
    journal.close()
    assert numbers(site, config) == [("C205", False)]
    assert numbers(site, config, repair=True) == [("C205", True)]
    assert numbers(site, config) == []
    assert [g.reason for g in site.gaps("main")] == ["stalled"]


def test_keys_that_are_missing_wrong_or_without_footage(site: Site, config: SiteConfig, recorded) -> None:
    site.keys.data_key("markt-01", recorded[0].start_at.date() - timedelta(days=9), "public_order")
    assert numbers(site, config) == [("C303", False)]
    [today] = (site.root / "keys" / "markt-01").glob(f"{recorded[0].start_at:%Y-%m-%d}.*.json")
    today.write_text("{}")
    assert numbers(site, config) == [("C302", False), ("C303", False)]
    (site.root / "keys" / "site.key").unlink()
    assert numbers(site, config) == [("C301", False)]


def test_an_erasure_that_was_announced_and_never_reported_shows_after_a_while(
    site: Site, config: SiteConfig, recorded
) -> None:
    with site.store.transaction() as tx:
        catalog.set_state(tx, recorded[0].id, "purging")
        ledger.append(tx, now_utc(site.clock), "intent", recorded[0].id, {})
    assert numbers(site, config) == []
    site.clock.advance(3600)
    assert numbers(site, config) == [("C403", False)]


def test_every_code_says_what_to_do_and_stands_in_the_guide(site: Site, config: SiteConfig, recorded) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "beheer.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"| {code} |" not in guide] == []
    (site.volume.root / recorded[0].path).unlink()
    [finding] = run_check(config, site.store, clock=site.clock)
    assert finding.as_line().startswith(f"C102 row without file: markt-01 {recorded[0].path} (segment")
    assert finding.as_dict()["fix"] == CODES["C102"].fix
