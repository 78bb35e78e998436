"""The catalog comes back from the disk alone."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recorder.check import run_check
from recorder.rebuild import GAP_DETAIL, Rebuild
from recorder.recovery import Recovery
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.cli import make_app
from vms.config import load_config
from vms.store import Store, catalog
from vms.store.catalog import Segment


@pytest.fixture
def site_database(store_url: str) -> str:
    return store_url


def record_two_runs(site: Site) -> None:
    """Main and sub, an outage between the runs, and a segment that a crash left unfinished."""
    for profile in ("main", "sub"):
        recorder = site.recorder(profile, segment_s=2)
        for packet in stream(65):
            recorder.offer(packet._replace(profile=profile))
        recorder.pump()
        recorder.source_down("unreachable", "no route", stream(1, first=66)[0].received_us)
        for number, packet in enumerate(stream(57, first=100)):
            recorder.offer(packet._replace(profile=profile, starts_run=number == 0))
        recorder.pump()
        if profile == "main":
            recorder.close()
    assert site.journal.stop()


def essence(segment: Segment) -> tuple[object, ...]:
    """All that the disk knows."""
    names = ("path", "start_at", "end_at", "duration_90k", "bytes", "codec", "sha256", "key_id", "starts_run")
    return tuple(getattr(segment, name) for name in names)


def rebuild(site: Site, store: Store) -> Rebuild:
    again = Rebuild(store, [site.volume], Recovery(site.keys), site.root / "journal")
    again.run()
    return again


def fresh_store(site: Site, tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/fresh.db")
    store.migrate()
    with store.transaction() as tx:
        catalog.register_volume(tx, site.volume.uuid, str(site.volume.root), site.segments("main")[0].start_at)
    return store


def test_without_the_database_coverage_comes_back_equal(site: Site, tmp_path: Path) -> None:
    record_two_runs(site)
    before = {profile: site.segments(profile) for profile in ("main", "sub")}
    holes = [(gap.start_at, gap.end_at) for gap in site.gaps("main") if gap.end_at]
    fresh = fresh_store(site, tmp_path)
    lost, site.store = site.store, fresh
    report = rebuild(site, fresh).report
    assert (report.locked, report.quarantined) == ([], [])
    assert [essence(s) for s in site.segments("main")] == [essence(s) for s in before["main"]]
    assert [essence(s) for s in site.segments()[: len(before["sub"])]] == [essence(s) for s in before["sub"]]
    assert len(site.segments()) == len(before["sub"]) + 1
    assert [(gap.start_at, gap.end_at) for gap in site.gaps("main")] == holes
    assert {(gap.reason, gap.detail) for gap in site.gaps("main")} == {("restart", GAP_DETAIL)}
    assert sum(len(brightness(site.reader, s)) for s in site.segments("main")) == 65 + 57
    again = rebuild(site, fresh).report
    assert (again.segments, again.gaps) == (0, 0)
    lost.close()


def test_footage_whose_key_is_gone_is_named_and_left_alone(site: Site, tmp_path: Path) -> None:
    record_two_runs(site)
    fresh = fresh_store(site, tmp_path)
    [key] = (site.root / "keys" / "markt-01").iterdir()
    key.unlink()
    report = rebuild(site, fresh).report
    assert report.segments == 0
    assert len(report.locked) == len(site.files()) + len(site.parts())
    fresh.close()


def test_the_command_rebuilds_and_refuses_while_it_records(tmp_path: Path, site: Site) -> None:
    record_two_runs(site)
    config = tmp_path / "site.toml"
    config.write_text(
        f'[site]\nname = "t"\ndata_dir = "{tmp_path}"\n[database]\nurl = "sqlite:///{tmp_path}/new.db"\n'
        '[[cameras]]\nid = "markt-01"\nnumber = 1\nname = "Markt"\nmain = "rtsp://127.0.0.1/x"\n'
    )
    result = CliRunner().invoke(make_app(), ["catalog", "rebuild", "--config", str(config), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["segments"] == len(site.files())
    store = Store(f"sqlite:///{tmp_path}/new.db")
    assert run_check(load_config(config), store, deep=True) == []
    store.close()
