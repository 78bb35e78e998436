from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recorder.clip import SegmentReader
from recorder.disk import MountedVolume, VolumeSet, identify_volumes
from recorder.journal import Journal
from recorder.poses import PoseTrack
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder, StreamSettings
from tests.fakes import FakeClock
from vms.config import Volume
from vms.keys import KeyRing, create_site_key
from vms.rules.gating import NOWHERE, Standing
from vms.store import Store, catalog
from vms.store.catalog import Gap, Segment
from vms.units import CameraId, Profile, utc_from_us


@dataclass
class Site:
    """A volume, a key ring, a database and a journal, as a capture process has them."""

    root: Path
    clock: FakeClock
    store: Store
    keys: KeyRing
    volume: MountedVolume
    volumes: VolumeSet
    journal: Journal
    reader: SegmentReader
    recorders: list[StreamRecorder] = field(default_factory=list)
    recovery: Recovery = field(init=False)

    def __post_init__(self) -> None:
        self.recovery = Recovery(self.keys)

    def recorder(
        self,
        profile: Profile = "sub",
        segment_s: int = 5,
        *,
        encrypt: bool = True,
        poses: PoseTrack | None = None,
        last_end_us: int | None = None,
        max_queue_bytes: int = 16 << 20,
        standing: Callable[[int], Standing] = lambda _at_us: NOWHERE,
    ) -> StreamRecorder:
        key = self.keys.data_key if encrypt else None
        settings = StreamSettings(segment_s, "public_order", max_queue_bytes, key, standing=standing)
        recorder = StreamRecorder(
            CameraId("markt-01"),
            profile,
            settings,
            self.volumes,
            self.journal,
            self.recovery.finish_part,
            poses,
            last_end_us,
        )
        self.recorders.append(recorder)
        return recorder

    def segments(self, profile: Profile = "sub") -> list[Segment]:
        with self.store.reading() as tx:
            return catalog.segments(tx, "markt-01", profile, utc_from_us(0), utc_from_us(4_000_000_000_000_000))

    def gaps(self, profile: Profile = "sub") -> list[Gap]:
        with self.store.reading() as tx:
            return catalog.gaps(tx, "markt-01", profile, utc_from_us(0), utc_from_us(4_000_000_000_000_000))

    def parts(self) -> list[Path]:
        return sorted(self.volume.root.rglob("*.part"))

    def files(self) -> list[Path]:
        return sorted(self.volume.root.rglob("*.mp4"))


@pytest.fixture
def make_site(tmp_path: Path, site_database: str) -> Iterator[Callable[[], Site]]:
    made: list[Site] = []

    def make() -> Site:
        clock = FakeClock()
        store = Store(site_database)
        store.migrate()
        create_site_key(tmp_path / "keys" / "site.key")
        keys = KeyRing(tmp_path / "keys", tmp_path / "keys" / "site.key")
        [volume] = identify_volumes([Volume(path=tmp_path / "media")], store, clock)
        journal = Journal(store, tmp_path / "journal" / "capture-0.jsonl")
        journal.start()
        reader = SegmentReader([volume.root], keys)
        site = Site(tmp_path, clock, store, keys, volume, VolumeSet([volume], clock), journal, reader)
        made.append(site)
        return site

    yield make
    for site in made:
        site.journal.stop()
        site.store.close()


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()
