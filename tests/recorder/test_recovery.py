"""What a crash leaves is put right; the database may be away while recording goes on."""

import shutil
from pathlib import Path

import pytest

from recorder.journal import Journal
from recorder.recovery import Recovery
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.rules.layout import QUARANTINE
from vms.store import Store, catalog
from vms.store.catalog import NewSegment
from vms.units import utc_from_us


@pytest.fixture
def site_database(store_url: str) -> str:
    return store_url


def crash_after(site: Site, count: int, segment_s: int = 5) -> None:
    """Packets come in, and then the process is gone: nothing is closed."""
    recorder = site.recorder(segment_s=segment_s)
    for packet in stream(count):
        recorder.offer(packet)
    recorder.pump()
    assert recorder._segment is not None
    recorder._segment._file.close()
    assert site.journal.stop()


def run(site: Site):
    return Recovery(site.keys).run(site.volume, site.store, {"markt-01"})


def test_a_part_is_cut_finished_and_catalogued(site: Site) -> None:
    crash_after(site, 97)
    [part] = site.parts()
    with part.open("ab") as file:
        file.write(b"half a fragment")
    report = run(site)
    assert len(report.finished) == 1
    assert site.parts() == []
    segments = site.segments()
    assert [len(brightness(site.reader, s)) for s in segments] == [50, 46]
    assert segments[1].start_at == segments[0].end_at
    assert segments[1].prev_hash == segments[0].chain_hash
    assert run(site).finished == []


def test_parts_without_a_fragment_leave_nothing_behind(site: Site) -> None:
    crash_after(site, 1)
    [part] = site.parts()
    empty = part.with_name("20261118T110640.000001Z-sub.mp4.part")
    empty.touch()
    report = run(site)
    assert len(report.emptied) == 2
    assert site.files() == site.parts() == []
    assert site.segments() == []


def test_files_without_a_row_are_catalogued_from_their_own_content(site: Site, tmp_path: Path) -> None:
    recorder = site.recorder()
    for packet in stream(120):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    before = site.segments()
    fresh = Store(f"sqlite:///{tmp_path}/fresh.db")
    fresh.migrate()
    with fresh.transaction() as tx:
        catalog.register_volume(tx, site.volume.uuid, str(site.volume.root), before[0].start_at)
    site.store.close()
    site.store = fresh
    report = run(site)
    assert len(report.catalogued) == 3
    assert site.segments() == before


def test_what_cannot_be_read_goes_to_quarantine_and_missing_files_are_named(site: Site) -> None:
    crash_after(site, 120)
    first, second = site.segments()[:2]
    (site.volume.root / first.path).unlink()
    rubbish = (site.volume.root / second.path).with_name("20261118T110641.000000Z-sub.mp4")
    rubbish.write_bytes(b"rubbish" * 100)
    report = run(site)
    assert report.missing == [first.path]
    assert len(report.quarantined) == 1
    assert not rubbish.exists()
    assert [p.read_bytes()[:7] for p in (site.volume.root / QUARANTINE).iterdir()] == [b"rubbish"]


def test_without_its_key_a_part_is_left_alone(site: Site) -> None:
    crash_after(site, 45)
    shutil.rmtree(site.root / "keys" / "markt-01")
    report = run(site)
    assert len(report.locked) == 1
    assert len(site.parts()) == 1


def test_a_database_that_is_locked_for_a_while_gets_every_row_later_in_order(
    site: Site, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("vms.store.engine.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("recorder.journal._RETRY_S", (0.01,))
    impatient, blocker = Store(site.store.url), Store(site.store.url)
    journal = Journal(impatient, tmp_path / "impatient.jsonl")
    journal.start()
    site.journal.stop()
    site.journal = journal
    recorder = site.recorder(segment_s=2)
    with blocker.transaction() as blocking:
        catalog.register_volume(blocking, "another", "/mnt/x", utc_from_us(0))
        for packet in stream(100):
            recorder.offer(packet)
        recorder.close()
        assert len(site.files()) == 5
        assert site.segments() == []
        assert not journal.stop(0.1)
    assert journal.stop(5)
    starts = [s.start_at for s in site.segments()]
    assert len(starts) == 5
    with site.store.reading() as tx:
        assert [s.start_at for s in catalog.page(tx)] == starts
    impatient.close()
    blocker.close()


def test_an_entry_the_database_can_never_take_does_not_hold_up_the_others(site: Site, tmp_path: Path) -> None:
    recorder = site.recorder(segment_s=2)
    for packet in stream(60):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    first, *_ = site.segments()
    journal = Journal(site.store, tmp_path / "other.jsonl")
    good = {name: getattr(first, name) for name in NewSegment.__dataclass_fields__}
    journal.add_segment(NewSegment(**{**good, "path": "markt-01/x.mp4", "volume_uuid": "never seen"}))
    journal.add_segment(NewSegment(**{**good, "path": "markt-01/y.mp4"}))
    journal.start()
    assert journal.stop(5)
    with site.store.reading() as tx:
        assert catalog.by_path(tx, first.volume_uuid, "markt-01/y.mp4") is not None
        assert len(catalog.page(tx)) == 4
