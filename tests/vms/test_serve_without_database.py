"""`vms serve` starts recording while its database is down, and migrates it when it is back."""

import subprocess
import sys
from pathlib import Path

from vms.cli.serve import prepare
from vms.config import SiteConfig, load_config
from vms.store import Store, catalog
from vms.volume import read_marker


def site(tmp_path: Path, url: str) -> SiteConfig:
    (tmp_path / "site.toml").write_text(
        f'[site]\nname = "t"\ndata_dir = "{tmp_path}/d"\n[database]\nurl = "{url}"\n'
        '[[cameras]]\nid = "markt-01"\nnumber = 1\nname = "Markt"\nmain = "rtsp://127.0.0.1/x"\n'
    )
    return load_config(tmp_path / "site.toml")


def test_a_database_that_is_down_is_left_to_a_job_that_migrates_it_later(tmp_path: Path, postgres) -> None:
    url = postgres.new_database(template="template0")
    config = site(tmp_path, url)
    command = [sys.executable, "-m", "vms.cli", "migrate", "--config", str(tmp_path / "site.toml")]
    postgres.stop()
    try:
        assert prepare(config) is False
        assert config.site_key_file.exists()
        early = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        postgres.start()
    assert early.returncode == 1
    assert early.stderr.startswith("the database cannot be migrated now")
    subprocess.run(command, capture_output=True, check=True)
    store = Store(url)
    with store.reading() as tx:
        assert catalog.volumes(tx) == []
    store.close()
    assert prepare(config) is True
    postgres.drop(url)


def test_a_new_volume_is_ready_before_the_first_process_starts(tmp_path: Path) -> None:
    config = site(tmp_path, f"sqlite:///{tmp_path}/u.db")
    assert prepare(config) is True
    marked = read_marker(config.volumes[0].path)
    store = Store(config.database_url)
    with store.reading() as tx:
        assert [volume.uuid for volume in catalog.volumes(tx)] == [marked]
    store.close()
    assert prepare(config) is True
    assert read_marker(config.volumes[0].path) == marked
